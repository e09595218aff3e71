"""Runs a scenario: day by simulated day, all nodes of the day push, then the clock moves on."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from msgspec import structs

from exchange.bulletin import Bulletin
from exchange.client import HubClient
from exchange.scenario.file import Scenario, ScenarioError
from exchange.scenario.hub_process import running_hub
from exchange.scenario.output import STORE, Journal, write_bulletin
from exchange.scenario.volumes import plan_nodes
from exchange.scenario.workers import NodeProcesses, Sent, Work

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Started:
    """The run begins: `total` records are planned besides the registry, on `days` days."""

    hub: str
    total: int
    registry: int
    days: int


@dataclass(frozen=True, slots=True)
class DayBegan:
    """The clock was set to a day on which `nodes` upload; `registry` tells the day before the period."""

    day: date
    nodes: tuple[str, ...]
    registry: bool


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The hub has durably taken `entries` of a node; `done` tells that it has no more for the day."""

    node: str
    entries: int
    done: bool


@dataclass(frozen=True, slots=True)
class DayEnded:
    """Every node of the day has its receipts."""

    day: date


@dataclass(frozen=True, slots=True)
class Published:
    """The hub's bulletin of the period, also written to the folder."""

    cities: Bulletin
    hospitals: Bulletin


Event = Started | DayBegan | Acknowledged | DayEnded | Published


@dataclass(frozen=True, slots=True)
class Run:
    """What to run. Without `hub`, a hub over `store` (by default in the folder) is started and stopped."""

    scenario: Scenario
    source: str
    scale: float
    seed: int
    folder: Path
    store: str | None = None
    hub: str | None = None
    processes: int = 2


def run(run: Run) -> Iterator[Event]:
    """Run a scenario and tell what happens. Raises ScenarioError or HubError.

    Closing the iterator ends the run safely: what was acknowledged is stored, nothing else.
    """
    plans = plan_nodes(run.scenario, run.scale, run.seed)
    days: dict[date, dict[str, int]] = {}
    for code, plan in plans.items():
        for quota in plan.quotas:
            days.setdefault(quota.day, {})[code] = quota.records
    registering = {code: plan.volumes.registered_basic for code, plan in plans.items() if plan.volumes.registered_basic}
    with ExitStack() as stack:
        url = run.hub or stack.enter_context(
            running_hub(run.store or str(run.folder / STORE), run.scenario.values.region, run.folder / "hub.log")
        )
        client = stack.enter_context(HubClient(url))
        _prepare(client, run)
        journal = stack.enter_context(Journal(run.folder))
        nodes = stack.enter_context(NodeProcesses(Work(run.source, run.scale, run.seed, url), run.processes))
        total = sum(plan.volumes.records for plan in plans.values())
        yield Started(url, total, sum(registering.values()), len(days))
        yield from _one_day(run, client, nodes, journal, run.scenario.values.registry_day, registering, registry=True)
        for day in sorted(days):
            yield from _one_day(run, client, nodes, journal, day, days[day], registry=False)
        yield _publish(client, run)


def _prepare(client: HubClient, run: Run) -> None:
    """Check that the hub can take the run, and give it the expected volumes at the run's scale."""
    time = client.time()
    begins = run.scenario.upload_instant(run.scenario.values.registry_day)
    if not time.simulated:
        raise ScenarioError(
            f"--hub {client.url}: found a hub that tells real time, expected one with `--clock simulated`, "
            "because a scenario sets its day. `exchange hub --open --clock simulated` starts one."
        )
    if time.now >= begins:
        raise ScenarioError(
            f"{'--hub ' + client.url if run.hub else '--store ' + str(run.store)}: found its clock at {time.now}, "
            f"expected a time before {begins}: it has seen a run already. Start a hub with a new store."
        )
    client.replace_expected_volumes(run.scenario.region.expected_of_nodes(run.scale))


def _one_day(
    run: Run,
    client: HubClient,
    nodes: NodeProcesses,
    journal: Journal,
    day: date,
    records: dict[str, int],
    *,
    registry: bool,
) -> Iterator[Event]:
    client.set_time(run.scenario.upload_instant(day))
    yield DayBegan(day, tuple(records), registry)
    waiting = set(nodes.day(day, records, registry=registry))
    sent: list[Sent] = []
    while waiting:
        done, waiting = wait(waiting, _POLL_SECONDS, FIRST_COMPLETED)
        yield from (Acknowledged(*progress) for progress in nodes.progress())
        for share in done:
            sent += share.result()
    yield from (Acknowledged(*progress) for progress in nodes.progress())
    journal.enter(sent)
    yield DayEnded(day)


def _publish(client: HubClient, run: Run) -> Published:
    first, last = run.scenario.values.period_from, run.scenario.values.period_to
    cities = _taking_part(client.bulletin(first, last, "city"), set(run.scenario.city_codes))
    hospital_codes = {node.code for node in run.scenario.region.nodes_on(first) if node.kind == "hospital"}
    hospitals = _taking_part(
        client.bulletin(first, last, "hospital"), hospital_codes if run.scenario.values.hospitals else set()
    )
    write_bulletin(run.folder, cities, hospitals, run.scenario.region.printed, run.scale, run.seed)
    return Published(cities, hospitals)


def _taking_part(bulletin: Bulletin, codes: set[str]) -> Bulletin:
    return structs.replace(bulletin, rows=tuple(row for row in bulletin.rows if row.code in codes))
