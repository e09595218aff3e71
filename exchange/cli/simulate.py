"""`exchange simulate`, `exchange scenarios` and `exchange county`: nodes that push, day by day."""

import contextlib
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.common import Failure, Language, console, failures

if TYPE_CHECKING:
    from exchange.scenario.run import Published, Run

Scale = Annotated[float | None, typer.Option(help="Share of the real volumes; the scenario has a default.")]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same bytes.", min=0)]
Lang = Annotated[Language, typer.Option(help="Language of the tables: en or zh.")]


def simulate(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario (see `exchange scenarios`), or a TOML file.")],
    scale: Scale = None,
    seed: Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A new or empty folder for the results. [default: the first free out/SCENARIO]"),
    ] = None,
    store: Annotated[str | None, typer.Option(help="The hub's store. [default: hub.sqlite in the folder]")] = None,
    hub: Annotated[
        str | None, typer.Option(help="Address of a hub with --clock simulated. [default: one is started]")
    ] = None,
    processes: Annotated[int, typer.Option(help="Node processes that push at the same time.", min=1, max=16)] = 2,
    lang: Lang = Language.en,
) -> None:
    """Run a province: county platforms (县区平台) push over HTTP to a hub, which counts and publishes its bulletin."""
    from exchange.client import HubError
    from exchange.regions import RegionError
    from exchange.scenario.file import ScenarioError, load_scenario
    from exchange.scenario.output import choose_folder
    from exchange.scenario.run import Run
    from exchange.scenario.volumes import plan_nodes

    if store and hub:
        raise Failure("--store and --hub: give one; a hub that runs already has its own store")
    with failures(ScenarioError, RegionError, HubError):
        loaded = load_scenario(scenario)
        values = loaded.values
        wanted = Run(
            scenario=loaded,
            source=scenario,
            scale=values.scale if scale is None else scale,
            seed=values.seed if seed is None else seed,
            folder=Path(),
            store=store,
            hub=hub,
            processes=processes,
        )
        check_scale(wanted.scale)
        plan_nodes(loaded, wanted.scale, wanted.seed)  # refuse before anything is made
        folder = choose_folder(out, loaded.name)
        _run(replace_folder(wanted, folder), lang)


def check_scale(scale: float) -> None:
    """Raise Failure for what is no share of the real volumes."""
    if not 0 < scale <= 1:
        raise Failure(f"--scale: found {scale:g}, expected a number above 0 and at most 1")


def replace_folder(run: "Run", folder: Path) -> "Run":
    """The same run into another folder."""
    from dataclasses import replace

    return replace(run, folder=folder)


def _run(run: "Run", lang: Language) -> None:
    from exchange.cli.progress import show_progress
    from exchange.scenario.output import clear_if_not_begun
    from exchange.scenario.run import run as events_of

    screen = console()
    try:
        with _one_interrupt():
            published = show_progress(screen, run, events_of(run))
    except KeyboardInterrupt:
        raise Failure(
            f"stopped. What the hub had acknowledged is in its store; {run.folder} is incomplete and can be removed. "
            "To run again, choose another --out."
        ) from None
    finally:
        clear_if_not_begun(run.folder)
    _show(published, run, lang)


@contextlib.contextmanager
def _one_interrupt() -> Iterator[None]:
    """Let Ctrl-C end the run once; pressed again, it does not disturb the ending."""

    def interrupt(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _show(published: "Published", run: "Run", lang: Language) -> None:
    from exchange.bulletin.terminal import print_bulletin
    from exchange.scenario.output import STORE

    screen = console()
    printed = run.scenario.region.printed
    for bulletin in (published.cities, published.hospitals):
        if bulletin.rows:
            print_bulletin(screen, bulletin, printed=printed, scale=run.scale, lang=lang.value)
    screen.print()
    screen.print(f"Results are in {run.folder}/ 结果文件：", style="bold")
    files = {
        "bulletin.html": "the bulletin as a page, beside the printed one 通报网页",
        "bulletin.xlsx": "the same as a workbook 通报表格",
        "bulletin_cities.csv": "the table of cities 设区市",
        "bulletin_hospitals.csv": "the table of hospitals 省属医疗机构",
        "truth.ndjson": "every error that the nodes sent knowingly 真值",
        "sent.csv": "every bundle that was sent, with its SHA-256 上传批次清单",
    }
    if run.hub is None and run.store is None:
        files[STORE] = "the hub's store 省平台数据库"
    for name, what in files.items():
        screen.print(f"  {name:<24}{what}", soft_wrap=True)


def scenarios(lang: Lang = Language.en) -> None:
    """List the shipped scenarios (场景) and explain them."""
    from exchange.scenario.file import load_scenario, shipped_scenarios

    for name in shipped_scenarios():
        values = load_scenario(name).values
        title, description = (
            (values.title_zh, values.description_zh)
            if lang is Language.zh
            else (values.title_en, values.description_en)
        )
        typer.echo(f"{name}: {title}\n")
        typer.echo("  " + "\n  ".join(description.strip().splitlines()))
        typer.echo(f"\n  {values.period_from} – {values.period_to}, scale {values.scale:g}, seed {values.seed}\n")


def county(
    code: Annotated[str, typer.Argument(help="Code of the node, such as 320481 (溧阳市); see `exchange nodes`.")],
    hub: Annotated[str, typer.Option(help="Address of the hub, such as http://127.0.0.1:8080.")],
    from_: Annotated[datetime | None, typer.Option("--from", help="First day.", formats=["%Y-%m-%d"])] = None,
    to: Annotated[datetime | None, typer.Option("--to", help="Last day.", formats=["%Y-%m-%d"])] = None,
    scale: Scale = None,
    seed: Seed = None,
    scenario: Annotated[str, typer.Option(help="The scenario that the county plays its part of.")] = "bulletin-2016",
) -> None:
    """Be one county platform (县区平台): push its registry, then day after day what it has, and show each receipt."""
    from exchange.client import HubError
    from exchange.regions import RegionError
    from exchange.scenario.county import DayPushed, push_county
    from exchange.scenario.file import ScenarioError, load_scenario

    if scale is not None:
        check_scale(scale)
    with failures(ScenarioError, RegionError, HubError):
        loaded = load_scenario(scenario)
        values = loaded.values
        pushed = push_county(
            loaded,
            code,
            hub,
            scale=values.scale if scale is None else scale,
            seed=values.seed if seed is None else seed,
            first=from_.date() if from_ else None,
            last=to.date() if to else None,
        )
        for number, day in enumerate(pushed):
            if number == 0:
                typer.echo(DayPushed.header())
            typer.echo(day.line())
