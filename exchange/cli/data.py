"""`exchange nodes` and `exchange sample`: who may upload, and what an upload looks like."""

from datetime import datetime
from typing import Annotated

import typer

from exchange.cli.common import console, failures


def nodes(
    region: Annotated[str, typer.Option(help="A shipped region, or the folder of one's own.")] = "jiangsu-2016",
    on: Annotated[
        datetime | None,
        typer.Option(help="The day that counts. [default: the bulletin's first]", formats=["%Y-%m-%d"]),
    ] = None,
) -> None:
    """List the nodes (接入单位) of a region: code, name, city and the vendor's dialect (方言) of code tables."""
    from rich import box
    from rich.table import Table

    from codemaps import CodemapError, load_dialect
    from exchange.regions import RegionError, load_region

    with failures(RegionError, CodemapError):
        loaded = load_region(region)
        dialects = {name: load_dialect(name) for name in sorted({node.dialect for node in loaded.nodes})}
    day = on.date() if on else loaded.printed.period_from
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("Code 代码", "Name 名称", "", "Kind 类别", "City 设区市", "Dialect 方言"):
        # Names may go over several lines; codes are what a reader came for.
        is_name = header in ("", "Name 名称", "City 设区市")
        table.add_column(header, no_wrap=not is_name, overflow="fold")
    for node in loaded.nodes_on(day):
        city = loaded.city(node.city)
        table.add_row(node.code, node.name_zh, node.name_en, node.kind, f"{city.name_zh} {city.name_en}", node.dialect)
    screen = console()
    screen.print(table)
    for name, dialect in dialects.items():
        screen.print(f"{name:<10} {dialect.title_zh} {dialect.title_en}", soft_wrap=True)


def sample(
    node: Annotated[
        str, typer.Option(help="The node in whose code tables it is written; see `exchange nodes`.")
    ] = "320481",
) -> None:
    """Print a valid bundle to start from (样例): one patient with one visit, in the node's own codes (本地码)."""
    from exchange.regions import RegionError
    from exchange.scenario.file import ScenarioError
    from exchange.scenario.sample import sample_bundle

    with failures(ScenarioError, RegionError):
        typer.echo(sample_bundle(node))
