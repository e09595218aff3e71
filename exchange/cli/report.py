"""`exchange report`: what the hub publishes, read from its store."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.common import Failure, Language, console, failures

if TYPE_CHECKING:
    from exchange.bulletin import Bulletin

app = typer.Typer(help="Reports from a hub's store (报表).", no_args_is_help=True, rich_markup_mode=None)


class Format(StrEnum):
    """How a report is written."""

    table = "table"
    csv = "csv"
    xlsx = "xlsx"
    html = "html"
    json = "json"


class By(StrEnum):
    """What a row of the bulletin stands for."""

    city = "city"
    hospital = "hospital"
    node = "node"


@app.callback()
def reports() -> None:
    """Reports from a hub's store (报表)."""


@app.command()
def bulletin(
    store: Annotated[str, typer.Option(help="The hub's store: a SQLite file or a database URL.")],
    from_: Annotated[datetime, typer.Option("--from", help="First day.", formats=["%Y-%m-%d"])],
    to: Annotated[datetime, typer.Option("--to", help="Last day.", formats=["%Y-%m-%d"])],
    format_: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.table,
    by: Annotated[By, typer.Option(help="What a row stands for (table, csv, json).")] = By.city,
    as_of: Annotated[
        datetime | None, typer.Option(help="Leave out what arrived after this day.", formats=["%Y-%m-%d"])
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A file instead of the terminal; xlsx needs one.")] = None,
    lang: Annotated[Language, typer.Option(help="Language of the table: en or zh.")] = Language.en,
) -> None:
    """The bulletin (通报) of a period: records, upload days, visits, discharges and rates."""
    from province_hub.ledger.bulletin import make_bulletin
    from province_hub.store.engine import StoreError, open_store

    if to < from_:
        raise Failure(f"--to {to:%Y-%m-%d}: expected a day not before --from {from_:%Y-%m-%d}")
    if format_ is Format.xlsx and out is None:
        raise Failure("--format xlsx: a workbook is not for the terminal; give a file with --out")
    frozen = as_of.date() if as_of else None
    with failures(StoreError):
        engine = open_store(store, must_exist=True)
        with engine.connect() as connection:
            wanted = {
                name: make_bulletin(connection, from_.date(), to.date(), name, frozen)
                for name in ("city", "hospital", "node")
                if name == by or format_ in (Format.html, Format.xlsx)
            }
    with failures(OSError):
        if format_ is Format.table:
            _print_table(wanted[by], lang, out)
        elif out:
            out.write_bytes(_written(format_, wanted, by))
        else:
            typer.echo(_written(format_, wanted, by).decode(), nl=False)


def _print_table(wanted: "Bulletin", lang: Language, out: Path | None) -> None:
    from rich.console import Console

    from exchange.bulletin.terminal import print_bulletin

    if out is None:
        print_bulletin(console(), wanted, lang=lang.value)
        return
    with out.open("w", encoding="utf-8") as file:
        print_bulletin(Console(file=file, width=120, highlight=False), wanted, lang=lang.value)


def _written(format_: Format, wanted: "dict[str, Bulletin]", by: By) -> bytes:
    from exchange.bulletin import to_json
    from exchange.bulletin.csv_file import render_csv
    from exchange.bulletin.html_page import render_html
    from exchange.bulletin.xlsx_file import render_xlsx

    title_zh, title_en = (
        "健康信息平台数据上传情况通报",
        "Bulletin of uploads to the health information platform",
    )
    match format_:
        case Format.csv:
            return render_csv(wanted[by])
        case Format.json:
            return to_json(wanted[by]) + b"\n"
        case Format.html:
            return render_html(wanted["city"], wanted["hospital"], title_zh=title_zh, title_en=title_en)
        case _:
            return render_xlsx(wanted["city"], wanted["hospital"], title_zh=title_zh, title_en=title_en)
