"""Expected volumes (应传量): the denominators of upload rates, as replaceable data in the store."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from exchange.regions import FLOWS, STOCKS, NodeExpected
from province_hub.store.tables import EXPECTED_VOLUME, NODE


class Expected(NamedTuple):
    """What is expected in a period, and whether any part of it is an assumption."""

    volume: float
    assumed: bool


class ExpectedVolumeError(ValueError):
    """An expected volume that cannot be used: says which, what was found and what was expected."""


def replace_expected_volumes(connection: Connection, volumes: Sequence[NodeExpected]) -> int:
    """Enter expected volumes; one of the same node, data set and period is replaced. Returns how many were entered.

    Raises ExpectedVolumeError, before any is entered, for an unknown node or data set, a period that ends before it
    begins, or a volume below zero.
    """
    nodes = set(connection.execute(select(NODE.c.code)).scalars())
    for position, volume in enumerate(volumes):
        _check(position, volume, nodes)
    names = [column.name for column in EXPECTED_VOLUME.c]
    rows = {
        (volume.node, volume.data_set, volume.valid_from, volume.valid_to): {
            name: getattr(volume, name) for name in names
        }
        for volume in volumes
    }
    for node, data_set, valid_from, valid_to in rows:
        connection.execute(
            delete(EXPECTED_VOLUME).where(
                EXPECTED_VOLUME.c.node == node,
                EXPECTED_VOLUME.c.data_set == data_set,
                EXPECTED_VOLUME.c.valid_from == valid_from,
                EXPECTED_VOLUME.c.valid_to == valid_to,
            )
        )
    if rows:
        connection.execute(insert(EXPECTED_VOLUME), list(rows.values()))
    return len(rows)


def _check(position: int, volume: NodeExpected, nodes: set[str]) -> None:
    checks = {
        "node": (volume.node in nodes, volume.node, "the code of a registered node"),
        "data_set": (volume.data_set in FLOWS | STOCKS, volume.data_set, f"one of {', '.join(sorted(FLOWS | STOCKS))}"),
        "valid_to": (volume.valid_to >= volume.valid_from, volume.valid_to, f"a day not before {volume.valid_from}"),
        "expected": (0 <= volume.expected < float("inf"), volume.expected, "a number, 0 or more"),
    }
    for key, (holds, found, expected) in checks.items():
        if not holds:
            raise ExpectedVolumeError(f"[{position}].{key}: found {found}, expected {expected}; nothing was entered")


def expected_by_node(connection: Connection, period_from: date, period_to: date) -> dict[tuple[str, str], Expected]:
    """What each node is expected to hold for a period, by (node, data set).

    A flow is taken pro rata of the days that the period shares with the volume's own; a stock is what is due
    on the period's last day, whole.
    """
    found: dict[tuple[str, str], Expected] = defaultdict(lambda: Expected(0.0, False))
    overlapping = select(EXPECTED_VOLUME).where(
        EXPECTED_VOLUME.c.valid_from <= period_to, EXPECTED_VOLUME.c.valid_to >= period_from
    )
    for row in connection.execute(overlapping):
        if row.data_set in STOCKS:
            share = 1.0 if row.valid_from <= period_to <= row.valid_to else 0.0
        else:
            shared = min(period_to, row.valid_to) - max(period_from, row.valid_from)
            share = (shared.days + 1) / ((row.valid_to - row.valid_from).days + 1)
        if share:
            before = found[row.node, row.data_set]
            found[row.node, row.data_set] = Expected(
                before.volume + row.expected * share, before.assumed or row.assumed
            )
    return dict(found)
