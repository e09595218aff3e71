"""The HTTP client of a hub, for nodes, scenarios and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from exchange.bulletin import Bulletin
from exchange.regions import NodeExpected

_EXAMPLE = "http://127.0.0.1:8080"
_FHIR_JSON = "application/fhir+json; charset=utf-8"
# A large submission may wait behind others for the writer; connecting to a hub that is there takes no time.
_TIMEOUT = httpx.Timeout(120.0, connect=10.0)


Shape = TypeVar("Shape")


class HubError(RuntimeError):
    """The hub answered with a refusal, or not at all; the sentence says which request and what the hub said."""


@dataclass(frozen=True, slots=True)
class HubTime:
    """A hub's present instant, and whether a scenario may set it."""

    now: datetime
    simulated: bool


class ReceiptCounts(msgspec.Struct, frozen=True):
    """What became of a submission, in numbers; submitted = new + updated + repeated + refused."""

    submitted: int
    new: int
    updated: int
    repeated: int
    refused: int
    usable: int


class HubClient:
    """A connection to one hub. `transport` replaces the network in tests. Raises HubError for what is no address."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        try:
            self._client = httpx.Client(base_url=self.url, transport=transport, timeout=_TIMEOUT)
        except httpx.InvalidURL as error:
            raise HubError(f"{url}: found no address of a hub ({error}), expected one such as {_EXAMPLE}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def push(self, bundle: bytes, node: str) -> httpx.Response:
        """Push a Bundle as a node and return the hub's answer, whatever it is; httpx.TransportError where none came."""
        return self._client.post("/fhir", content=bundle, headers={"Content-Type": _FHIR_JSON, "X-Node": node})

    def is_ready(self) -> bool:
        """Whether the hub takes submissions."""
        try:
            return self._client.get("/health/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def time(self) -> HubTime:
        """The hub's clock. Raises HubError."""
        return self._ask_for(HubTime, "/api/clock")

    def set_time(self, now: datetime) -> None:
        """Set a simulated hub's clock, forward only. Raises HubError."""
        self._ask("POST", "/api/clock", {"now": now})

    def replace_expected_volumes(self, volumes: Sequence[NodeExpected]) -> None:
        """Give the hub the denominators of its rates. Raises HubError."""
        self._ask("PUT", "/api/expected-volumes", volumes)

    def bulletin(self, first: date, last: date, by: str, as_of: date | None = None) -> Bulletin:
        """The hub's bulletin of a period. Raises HubError."""
        query = {"from": first.isoformat(), "to": last.isoformat(), "by": by}
        if as_of is not None:
            query["as_of"] = as_of.isoformat()
        return self._ask_for(Bulletin, "/api/bulletin", query)

    def receipt(self, submission: str) -> ReceiptCounts:
        """The counts of a submission's receipt. Raises HubError."""
        return self._ask_for(ReceiptCounts, f"/api/submissions/{submission}")

    def _ask_for(self, shape: type[Shape], path: str, query: dict[str, str] | None = None) -> Shape:
        content = self._ask("GET", path, query=query)
        try:
            return msgspec.json.decode(content, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HubError(f"GET {self.url}{path}: found an answer that no hub gives ({error})") from error

    def _ask(self, method: str, path: str, content: Any = None, query: dict[str, str] | None = None) -> bytes:
        body = None if content is None else msgspec.json.encode(content)
        try:
            response = self._client.request(method, path, content=body, params=query)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise HubError(f"{method} {self.url}{path}: no answer ({error}); is a hub running there?") from error
        if not response.is_success:
            raise HubError(f"{method} {self.url}{path}: {response.status_code} {diagnostics(response)}")
        return response.content


def diagnostics(response: httpx.Response) -> str:
    """What an OperationOutcome says, in one line; the beginning of the body where it is none."""
    try:
        outcome = response.json()
        return " ".join(issue["diagnostics"] for issue in outcome["issue"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]
