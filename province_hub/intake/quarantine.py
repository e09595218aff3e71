"""The quarantine (隔离): what was refused is kept whole until it is replayed or withdrawn.

A replay walks the one way like any submission. A decision about an entry is taken once.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec
from sqlalchemy import Connection, RowMapping, select, update

from exchange.fhir import resource_type_of
from province_hub.intake.door import open_bundle, open_resource
from province_hub.intake.submission import Sender, Submission
from province_hub.store.tables import NODE, QUARANTINE

State = Literal["waiting", "replayed", "withdrawn"]
_LARGEST_KEY = 2**63 - 1


class QuarantineError(ValueError):
    """What was asked for cannot be done: names the entry, its state, and what can."""


class NoSuchItem(QuarantineError):  # noqa: N818  # an outcome, named as one
    """There is no item of that number."""


class QuarantinedItem(msgspec.Struct, frozen=True):
    """An entry in quarantine, or a whole failed transaction (`entry` is None), without its content."""

    key: int
    submission: str
    entry: int | None
    node: str
    resource_type: str
    entries: int
    arrived_at: str
    state: str
    rules: tuple[str, ...]
    replayed_as: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What quarantine keeps of an item beside its facts."""

    item: QuarantinedItem
    content: bytes
    method: str
    url: str
    if_none_exist: str
    resolved: dict[str, str]


def list_quarantine(
    connection: Connection,
    *,
    node: str | None = None,
    state: State | Literal["all"] = "waiting",
    limit: int = 100,
    after: int = 0,
) -> list[QuarantinedItem]:
    """Items by key, at most `limit` of them, after a given key."""
    query = select(*(column for column in QUARANTINE.c if column.name not in ("content", "resolved")))
    query = query.where(QUARANTINE.c.key > after).order_by(QUARANTINE.c.key).limit(limit)
    if node:
        query = query.where(QUARANTINE.c.node == node)
    if state != "all":
        query = query.where(QUARANTINE.c.state == state)
    return [_item(row) for row in connection.execute(query).mappings()]


def kept_item(connection: Connection, key: int) -> Kept:
    """One item with its content. Raises NoSuchItem."""
    sought = QUARANTINE.c.key == min(key, _LARGEST_KEY)
    row = connection.execute(select(QUARANTINE).where(sought)).mappings().first()
    if row is None:
        raise NoSuchItem(f"quarantine {key}: there is no such entry; `exchange quarantine list` shows those waiting")
    resolved = msgspec.json.decode(row["resolved"], type=dict[str, str])
    return Kept(_item(row), row["content"], row["method"], row["url"], row["if_none_exist"], resolved)


def reopened(connection: Connection, key: int, arrived_at: str, corrected: bytes | None = None) -> Submission:
    """The submission that replays an item, with its own content or a corrected one.

    A correction is a resource, to be written as it was asked for, or a Bundle that also says how. The commit marks
    the item as replayed; what is still refused is in quarantine anew.

    Raises QuarantineError for an item that is no longer waiting, TurnedAway for content that holds no submission.
    """
    kept = kept_item(connection, key)
    _check_waiting(kept.item)
    dialect = connection.execute(select(NODE.c.dialect).where(NODE.c.code == kept.item.node)).scalar_one()
    sender = Sender(kept.item.node, dialect)
    content = kept.content if corrected is None else corrected
    if kept.item.entry is None or resource_type_of(content) == "Bundle":
        submission = open_bundle(content, sender, arrived_at)
    else:
        submission = open_resource(
            content, sender, arrived_at, method=kept.method, url=kept.url, if_none_exist=kept.if_none_exist
        )
    submission.resolved = kept.resolved
    submission.replays = key
    return submission


def withdraw(connection: Connection, key: int, decided_at: str) -> QuarantinedItem:
    """Take an item out of what waits, without storing it. Raises QuarantineError where it no longer waits."""
    kept = kept_item(connection, key)
    _check_waiting(kept.item)
    changed = connection.execute(
        update(QUARANTINE)
        .where(QUARANTINE.c.key == key, QUARANTINE.c.state == "waiting")
        .values(state="withdrawn", decided_at=decided_at)
    )
    if changed.rowcount != 1:
        raise QuarantineError(f"quarantine {key}: somebody else decided on it meanwhile; nothing was changed")
    return kept_item(connection, key).item


def _check_waiting(item: QuarantinedItem) -> None:
    if item.state != "waiting":
        raise QuarantineError(f"quarantine {item.key}: found state {item.state}, expected waiting; nothing was changed")


def _item(row: RowMapping) -> QuarantinedItem:
    return QuarantinedItem(
        key=row["key"],
        submission=str(row["submission"]),
        entry=row["entry"],
        node=row["node"],
        resource_type=row["resource_type"],
        entries=row["entries"],
        arrived_at=row["arrived_at"],
        state=row["state"],
        rules=tuple(row["rules"].split(",")) if row["rules"] else (),
        replayed_as=str(row["replayed_as"]) if row["replayed_as"] else None,
    )
