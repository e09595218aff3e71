"""One county platform alone against a hub: its registry, then its upload days one after another."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import msgspec

from county_nodes.outbox import Outbox
from county_nodes.platform import Submission
from exchange.client import HubClient, ReceiptCounts
from exchange.scenario.file import Scenario, ScenarioError
from exchange.scenario.platforms import Platforms


@dataclass(frozen=True, slots=True)
class DayPushed:
    """What became of one day's upload, by the hub's receipts."""

    day: date
    bundles: int
    submitted: int
    new: int
    updated: int
    repeated: int
    refused: int
    usable: int

    @staticmethod
    def header() -> str:
        """The names of the columns of `line`."""
        names = "".join(f"{name:>10}" for name in ("bundles", *ReceiptCounts.__struct_fields__))
        return f"{'day':<12}{names}"

    def line(self) -> str:
        """The day as a line of a table."""
        counts = (self.bundles, *(getattr(self, name) for name in ReceiptCounts.__struct_fields__))
        return f"{self.day!s:<12}" + "".join(f"{count:>10,}" for count in counts)


class _Answer(msgspec.Struct):
    id: str


def push_county(
    scenario: Scenario,
    code: str,
    hub: str,
    *,
    scale: float,
    seed: int,
    first: date | None,
    last: date | None,
) -> Iterator[DayPushed]:
    """Push one node's registry and upload days from `first` to `last`; a simulated hub's clock is moved along.

    Raises ScenarioError for a node that takes no part, or a bundle that stays without a receipt; HubError.
    """
    platforms = Platforms(scenario, scale, seed)
    platform = platforms.platform(code)
    with HubClient(hub) as client:
        simulated = client.time().simulated
        outbox = Outbox(lambda body: client.push(body, code), time.sleep)
        registry_day = scenario.values.registry_day
        plans = [(registry_day, True)] if platforms.plans[code].volumes.registered_basic else []
        plans += [(quota.day, False) for quota in platforms.plans[code].quotas]
        for day, is_registry in plans:
            if (first and day < first and not is_registry) or (last and day > last):
                continue
            instant = scenario.upload_instant(day)
            if simulated and client.time().now < instant:
                client.set_time(instant)
            bundles = platform.registry_bundles(day) if is_registry else platform.bundles(day)
            yield _push(client, outbox, day, bundles)


def _push(client: HubClient, outbox: Outbox, day: date, submissions: Iterator[Submission]) -> DayPushed:
    counts = [0] * 7
    for submission in submissions:
        delivery = outbox.deliver(submission.number, submission.body)
        if delivery.outcome != "received":
            raise ScenarioError(delivery.problem)
        receipt = client.receipt(msgspec.json.decode(delivery.answer, type=_Answer).id)
        more = (1, *(getattr(receipt, name) for name in ReceiptCounts.__struct_fields__))
        counts = [before + added for before, added in zip(counts, more, strict=True)]
    return DayPushed(day, *counts)
