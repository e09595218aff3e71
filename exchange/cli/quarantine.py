"""`exchange quarantine`: what was refused, and what to do with it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from exchange.cli.common import arrival, failures

if TYPE_CHECKING:
    from sqlalchemy import Engine

app = typer.Typer(
    help="What the hub refused and kept (隔离): look at it, replay it as it was or corrected, or withdraw it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Store = Annotated[str, typer.Option(help="The hub's store: a SQLite file or a database URL.")]
Key = Annotated[int, typer.Argument(help="Number of the item, from `exchange quarantine list`.")]


def _open(store: str) -> "Engine":
    from province_hub.store.engine import StoreError, open_store

    with failures(StoreError):
        return open_store(store, must_exist=True)


@app.command("list")
def list_(
    store: Store,
    node: Annotated[str | None, typer.Option(help="Of this node only.")] = None,
    state: Annotated[
        Literal["waiting", "replayed", "withdrawn", "all"], typer.Option(help="In this state only.")
    ] = "waiting",
    limit: Annotated[int, typer.Option(help="As many at most.", min=1)] = 50,
) -> None:
    """List what is in quarantine (隔离), oldest first."""
    from province_hub.intake.quarantine import list_quarantine

    with _open(store).connect() as connection:
        items = list_quarantine(connection, node=node, state=state, limit=limit)
    if not items:
        typer.echo("Nothing there. 无。")
        return
    # Plain lines: a terminal that is too narrow wraps the rules, and nothing is cut off.
    typer.echo("Item      Node    Arrived           Submission  Entry  Type               State     Rules")
    for item in items:
        entry = "all" if item.entry is None else str(item.entry)
        typer.echo(
            f"{item.key:<9} {item.node:<7} {item.arrived_at[:16]:<16} {item.submission:>11}  {entry:>5}  "
            f"{item.resource_type:<18} {item.state:<9} {', '.join(item.rules)}"
        )


@app.command()
def show(key: Key, store: Store) -> None:
    """Show an item in quarantine (隔离): what was sent, and why it was refused."""
    import msgspec

    from province_hub.intake.quarantine import QuarantineError, kept_item

    with failures(QuarantineError), _open(store).connect() as connection:
        kept = kept_item(connection, key)
    typer.echo(f"{kept.item.state}: {kept.method} {kept.url}  ({', '.join(kept.item.rules)})", err=True)
    try:
        typer.echo(msgspec.json.format(kept.content, indent=2).decode())
    except (msgspec.DecodeError, UnicodeDecodeError):
        typer.echo(kept.content.decode("utf-8", "replace"))


@app.command()
def replay(
    key: Key,
    store: Store,
    file: Annotated[
        Path | None, typer.Option(help="The corrected resource (for a whole transaction: the Bundle).")
    ] = None,
    day: Annotated[str | None, typer.Option(help="The day of arrival. [default: today]", metavar="YYYY-MM-DD")] = None,
) -> None:
    """Send an item through the hub again (重放), as it was or corrected; its receipt is printed."""
    import msgspec

    from province_hub.intake.commit import AlreadyDecided
    from province_hub.intake.door import TurnedAway
    from province_hub.intake.quarantine import QuarantineError, reopened
    from province_hub.intake.way import Way
    from province_hub.intake.writer import Intake

    engine = _open(store)
    with failures(QuarantineError, AlreadyDecided, TurnedAway, OSError):
        corrected = file.read_bytes() if file else None
        with engine.connect() as connection:
            submission = reopened(connection, key, arrival(day), corrected)
        receipt = Intake(engine, Way()).take([submission])[0]
    typer.echo(msgspec.json.format(msgspec.json.encode(receipt), indent=2).decode())


@app.command()
def withdraw(key: Key, store: Store) -> None:
    """Take an item out of what waits (撤回), without storing it; it is kept as withdrawn."""
    from exchange.clock import SystemClock
    from province_hub.intake.quarantine import QuarantineError
    from province_hub.intake.quarantine import withdraw as withdrawn
    from province_hub.store.engine import for_writing

    with failures(QuarantineError), for_writing(_open(store)).begin() as connection:
        item = withdrawn(connection, key, SystemClock().now().isoformat(timespec="seconds"))
    typer.echo(f"{item.key}: withdrawn 已撤回 ({item.node}, submission {item.submission})")
