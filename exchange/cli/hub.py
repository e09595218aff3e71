"""`exchange hub`: the provincial hub, served on loopback."""

import gc
import signal
import socket
import sys
import threading
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.common import Failure, failures

if TYPE_CHECKING:
    import uvicorn
    from sqlalchemy import Engine

    from exchange.clock import Clock

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ClockKind(StrEnum):
    """Where a hub takes the time from."""

    system = "system"
    simulated = "simulated"


def hub(
    store: Annotated[str, typer.Option(help="A SQLite file, or a database URL.")] = "hub.sqlite",
    host: Annotated[str, typer.Option(help="Loopback only, as long as nodes are not authenticated.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8080,
    open_: Annotated[
        bool, typer.Option("--open", help="No authentication: a caller names its node by the header X-Node.")
    ] = False,
    clock: Annotated[
        ClockKind, typer.Option(help="`simulated` takes the day from POST /api/clock; needs --open.")
    ] = ClockKind.system,
    region: Annotated[str, typer.Option(help="A shipped region, or the folder of one's own.")] = "jiangsu-2016",
    body_limit: Annotated[int, typer.Option(help="The largest request body, in bytes.", min=1024)] = 32 * 1024 * 1024,
    until_input_ends: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve the provincial hub (省平台): FHIR R4 at /fhir, reports at /api.

    Nodes are not authenticated yet: the hub listens on loopback only, and --open says so plainly.
    """
    if host not in _LOOPBACK:
        raise Failure(f"--host {host}: found an address that others can reach, expected one of {', '.join(_LOOPBACK)}")
    if clock is ClockKind.simulated and not open_:
        raise Failure("--clock simulated: needs --open, because anybody may set the day of such a hub")
    _serve(_listen(host, port), store, clock, region, body_limit, until_input_ends)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise Failure(
            f"--port {port}: cannot listen on {host}:{port} ({error.strerror}). Another program, perhaps another "
            "hub, is there; choose another --port, or 0 for a free one."
        ) from error


def _serve(
    listening: socket.socket,
    store: str,
    clock: ClockKind,
    region: str,
    body_limit: int,
    until_input_ends: bool,
) -> None:
    import uvicorn

    from codemaps import CodemapError
    from exchange.regions import RegionError
    from province_hub.app import make_app
    from province_hub.settings import Settings
    from province_hub.store.engine import StoreError, create_tables, open_store

    settings = Settings(region=region, body_limit=body_limit)
    with failures(StoreError, RegionError, CodemapError):
        engine = open_store(store)
        create_tables(engine)
        app = make_app(engine, _clock(engine, clock, region), settings)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=20)
    server = _announced_server()(config)
    for ending in (signal.SIGINT, signal.SIGTERM):
        # The server ends well on these and then passes them on; by then nothing is left to do.
        signal.signal(ending, lambda *_: None)
    # What is loaded by now stays for good: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    if until_input_ends:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    server.run(sockets=[listening])


def _clock(engine: "Engine", kind: ClockKind, region: str) -> "Clock":
    from datetime import datetime, time

    from exchange.clock import CHINA, SimulatedClock, SystemClock
    from exchange.regions import load_region
    from province_hub.store.submissions import last_arrival

    if kind is ClockKind.system:
        return SystemClock()
    # It begins on the first day on which anybody may upload; a store that has seen arrivals does not go back.
    first_day = min(node.valid_from for node in load_region(region).nodes)
    with engine.connect() as connection:
        return SimulatedClock(last_arrival(connection) or datetime.combine(first_day, time(), CHINA))


def _announced_server() -> "type[uvicorn.Server]":
    import uvicorn

    from exchange.scenario.hub_process import ANNOUNCEMENT

    class Announced(uvicorn.Server):
        """Says where it listens once it takes requests."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started and sockets:
                host, port = sockets[0].getsockname()[:2]
                shown = f"[{host}]" if ":" in host else host
                print(f"{ANNOUNCEMENT}http://{shown}:{port}", flush=True)

    return Announced


def _stop_at_end_of_input(server: "uvicorn.Server") -> None:
    sys.stdin.buffer.read()
    server.should_exit = True
