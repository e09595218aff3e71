"""A hub as a process of its own, for as long as a scenario needs it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from exchange.scenario.file import ScenarioError

ANNOUNCEMENT = "hub ready at "
"""What a hub prints on its first line of output, before its address."""

_STOPS_WITHIN = 30.0


@contextlib.contextmanager
def running_hub(store: str, region: str, log: Path) -> Iterator[str]:
    """A hub with a simulated clock on a free loopback port; yields its address. Its output goes to `log`.

    Raises ScenarioError where it does not start. It is stopped gently: what is under way is finished.
    """
    command = [sys.executable, "-m", "exchange.cli", "hub", "--open", "--clock", "simulated", "--port", "0"]
    command += ["--store", store, "--region", region, "--until-input-ends"]
    with log.open("wb") as errors:
        # A session of its own, so that Ctrl-C reaches the scenario alone, which then stops the hub; and should
        # the scenario die, the hub sees its input end.
        process = subprocess.Popen(  # noqa: S603  # our own command
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        try:
            yield _address(process, log)
        finally:
            _stop(process)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    line = process.stdout.readline().decode() if process.stdout else ""
    if not line.startswith(ANNOUNCEMENT):
        process.wait(_STOPS_WITHIN)
        last = log.read_text(encoding="utf-8", errors="replace").strip()[-600:]
        raise ScenarioError(f"the hub did not start (exit {process.returncode}); it said: {last or line.strip()}")
    return line.removeprefix(ANNOUNCEMENT).strip()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
