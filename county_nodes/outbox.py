"""The outbox (发件箱): a bundle is kept until its receipt is in, and what is transient is tried again.

Transient are 429, 502, 503 and 504 (RFC 9110, RFC 6585), connection errors and timeouts; a `Retry-After` is
honoured.
"""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Literal

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
)

TRANSIENT: Final = frozenset({429, 502, 503, 504})
_NO_ANSWER: Final = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
_LONGEST_PAUSE: Final = 60.0

Send = Callable[[bytes], httpx.Response]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a bundle.

    `received`: the receipt is in `answer` and the bundle is gone from the outbox. `refused`: the answer is
    final, sending it again changes nothing. `waiting`: no answer that counts came in these attempts. In the
    last two cases the bundle is kept and `problem` says why.
    """

    number: str
    outcome: Literal["received", "refused", "waiting"]
    attempts: int
    status: int | None
    answer: bytes
    problem: str


class Outbox:
    """Keeps bundles by submission number and delivers them, one after the other.

    `send` pushes bytes and returns the hub's answer; `pause` waits for some seconds. With a `directory` the
    bundles outlast the process: what was kept there before is still kept.
    """

    def __init__(
        self, send: Send, pause: Callable[[float], None], attempts: int = 6, directory: Path | None = None
    ) -> None:
        self._send = send
        self._pause = pause
        self._attempts = attempts
        self._directory = directory
        self._kept: dict[str, bytes] = {}
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            for file in sorted(directory.glob("*.json")):
                self._kept[file.stem] = file.read_bytes()

    @property
    def kept(self) -> tuple[str, ...]:
        """The numbers of the bundles that have no receipt yet, oldest first."""
        return tuple(self._kept)

    def bundle(self, number: str) -> bytes:
        """Return a bundle that is kept. Raises KeyError for any other."""
        return self._kept[number]

    def deliver(self, number: str, bundle: bytes) -> Delivery:
        """Keep a bundle, send it, and let go of it when its receipt is in."""
        self._keep(number, bundle)
        return self._try(number)

    def deliver_kept(self) -> list[Delivery]:
        """Try everything again that is still kept, oldest first."""
        return [self._try(number) for number in self.kept]

    def discard(self, number: str) -> None:
        """Give a bundle up for good. Raises KeyError where it is not kept."""
        del self._kept[number]
        if self._directory is not None:
            (self._directory / f"{number}.json").unlink(missing_ok=True)

    def _keep(self, number: str, bundle: bytes) -> None:
        if self._directory is not None:
            # A file appears whole or not at all.
            draft = self._directory / f"{number}.part"
            draft.write_bytes(bundle)
            draft.replace(self._directory / f"{number}.json")
        self._kept[number] = bundle

    def _try(self, number: str) -> Delivery:
        retrying = Retrying(
            stop=stop_after_attempt(self._attempts),
            wait=_pause_before_next,
            sleep=self._pause,
            retry=retry_if_exception_type(_NO_ANSWER) | retry_if_result(_is_transient),
            retry_error_callback=lambda state: state,
        )
        state = retrying(self._send, self._kept[number])
        if isinstance(state, RetryCallState):
            return _waiting(number, state)
        attempts = int(retrying.statistics["attempt_number"])
        if state.is_success:
            self.discard(number)
            return Delivery(number, "received", attempts, state.status_code, state.content, "")
        problem = (
            f"the hub answered {state.status_code} to submission {number}, which sending it again does not change;"
            " correct the bundle and send it under a new number"
        )
        return Delivery(number, "refused", attempts, state.status_code, state.content, problem)


def _is_transient(response: httpx.Response) -> bool:
    return response.status_code in TRANSIENT


def _pause_before_next(state: RetryCallState) -> float:
    """Seconds to wait: as the hub asks, else 1, 2, 4 ... up to a minute."""
    outcome = state.outcome
    if outcome is not None and not outcome.failed:
        asked = retry_after(outcome.result())
        if asked is not None:
            return asked
    return min(2.0 ** (state.attempt_number - 1), _LONGEST_PAUSE)


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that `Retry-After` asks for (RFC 9110, 10.2.3); None where it does not.

    A date is taken against the answer's own `Date`, so that the clocks of the two sides need not agree.
    """
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(response.headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _waiting(number: str, state: RetryCallState) -> Delivery:
    outcome = state.outcome
    error = None if outcome is None else outcome.exception()
    if outcome is None or error is not None:
        said, status, answer = f"no answer ({error})", None, b""
    else:
        response: httpx.Response = outcome.result()
        said, status, answer = f"the answer {response.status_code}", response.status_code, response.content
    problem = f"submission {number} got {said} in {state.attempt_number} attempts; it is kept and can be sent again"
    return Delivery(number, "waiting", state.attempt_number, status, answer, problem)
