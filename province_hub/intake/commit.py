"""Commit: one transaction for records, versions, identifiers, findings, quarantine, ledger and receipt.

So nothing that was acknowledged is lost, and nothing is counted twice. The caller owns the transaction; several
submissions may share one.
"""

import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import UNSET
from sqlalchemy import Connection, delete, update

from exchange.fhir import encode
from exchange.regions import STOCKS
from province_hub.intake.link import Links
from province_hub.intake.pointers import names_for_replay
from province_hub.intake.receipt import Receipt, receipt_of
from province_hub.intake.submission import Entry, Submission
from province_hub.ledger.lines import Increments
from province_hub.quality.policy import Policy
from province_hub.store.holdings import Held, Holdings
from province_hub.store.rows import add_rows
from province_hub.store.tables import (
    FINDING,
    OTHER_IDENTIFIER,
    PAST_VERSION,
    QUARANTINE,
    RECORD,
    RESIDENT,
    SUBMISSION,
)

Row = dict[str, Any]


class AlreadyDecided(ValueError):  # noqa: N818  # an outcome, named as one
    """The item to be replayed no longer waits."""


@dataclass(slots=True)
class _Changes:
    """The rows that a submission adds or changes."""

    new: dict[int, Row] = field(default_factory=dict)
    updated: dict[int, Row] = field(default_factory=dict)
    past: list[Row] = field(default_factory=list)
    identifiers: dict[int, Entry] = field(default_factory=dict)
    increments: Increments = field(default_factory=Increments)


def commit(
    submission: Submission,
    links: Links,
    policy: Policy,
    connection: Connection,
    holdings: Holdings,
    take_key: Callable[[], int],
) -> Receipt:
    """Write a submission whose way is decided, and return its receipt, to be sent once the transaction is durable."""
    submission.key = take_key()
    if submission.failed:
        for entry in submission.entries:
            entry.refused = True
    changes = _decide(submission, links, policy, holdings)
    quarantined = _quarantine(submission, take_key)
    receipt = receipt_of(submission, policy)
    _write_records(connection, submission, links, changes)
    add_rows(connection, QUARANTINE, quarantined)
    _write_findings(connection, submission)
    _write_submission(connection, submission, receipt)
    if submission.replays:
        _mark_replayed(connection, submission)
    changes.increments.write(connection)
    return receipt


def _decide(submission: Submission, links: Links, policy: Policy, holdings: Holdings) -> _Changes:
    """Tell new, updated, repeated and refused apart, entry by entry in the order of the bundle."""
    changes = _Changes()
    current = dict(links.held)
    keys = Counter(entry.key for entry in submission.accepted)
    replaced: dict[int, Held] = {}
    for entry in submission.entries:
        if entry.refused:
            line = (submission.sender.code, submission.arrival_day, entry.resource_type, "", "")
            changes.increments.add(line, "refused")
            continue
        entry.usable = policy.usable(entry.findings)
        row = _row(submission, entry)
        held = current.get(entry.key)
        if held is None:
            entry.outcome, entry.version = "new", 1
            changes.new[entry.key] = row
            changes.identifiers[entry.key] = entry
        elif held.digest == row["digest"] or entry.only_create:
            entry.outcome, entry.version, entry.usable = "repeated", held.version, bool(held.usable)
        else:
            entry.outcome, entry.version = "updated", held.version + 1
            _replace(changes, entry, row, held)
            if entry.key not in changes.new:
                replaced.setdefault(entry.key, held)
        _count(changes.increments, submission, entry, held)
        if keys[entry.key] > 1 and entry.outcome != "repeated":
            current[entry.key] = _held_after(entry, row, held)
    _keep_past_versions(changes, replaced, holdings)
    return changes


def _row(submission: Submission, entry: Entry) -> Row:
    resource = entry.resource
    resource.id = UNSET
    if resource.meta is not UNSET:
        resource.meta.versionId = resource.meta.lastUpdated = UNSET
        if encode(resource.meta) == b"{}":
            resource.meta = UNSET
    body = encode(resource)
    return {
        "key": entry.key,
        "node": submission.sender.code,
        "resource_type": entry.resource_type,
        "identity": entry.identity,
        "client_id": entry.client_id or None,
        "version": 1,
        "data_set": entry.data_set,
        "event_day": entry.event_day,
        "since_day": submission.arrival_day,
        "arrived_at": submission.arrived_at,
        "submission": submission.key,
        "usable": entry.usable,
        "subject": entry.subject if entry.data_set in STOCKS else None,
        "resident": entry.resident,
        "digest": blake2b(body, digest_size=16).digest(),
        "body": body,
    }


def _replace(changes: _Changes, entry: Entry, row: Row, held: Held) -> None:
    """Put a version in the place of the one before it, which becomes a past version."""
    row["version"] = entry.version
    changes.identifiers[entry.key] = entry
    earlier = changes.new.get(entry.key) or changes.updated.get(entry.key)
    if earlier is not None:
        changes.past.append(
            _past(entry.key, held.version, earlier["arrived_at"], earlier["submission"], earlier["body"])
        )
    if entry.key in changes.new:
        changes.new[entry.key] = row
    else:
        changes.updated[entry.key] = row


def _past(key: int, version: int, arrived_at: str, submission: int, body: bytes) -> Row:
    return {
        "record": key,
        "version": version,
        "arrived_at": arrived_at,
        "submission": submission,
        "body": body,
    }


def _keep_past_versions(changes: _Changes, replaced: dict[int, Held], holdings: Holdings) -> None:
    for key, (arrived_at, submission, body) in holdings.bodies(replaced).items():
        changes.past.append(_past(key, replaced[key].version, arrived_at, submission, body))


def _held_after(entry: Entry, row: Row, held: Held | None) -> Held:
    return Held(
        key=entry.key,
        resource_type=entry.resource_type,
        identity=held.identity if held else entry.identity,
        client_id=entry.client_id or None,
        version=entry.version,
        data_set=entry.data_set,
        event_day=entry.event_day,
        usable=entry.usable,
        digest=row["digest"],
    )


def _count(increments: Increments, submission: Submission, entry: Entry, held: Held | None) -> None:
    node, day, resource_type = submission.sender.code, submission.arrival_day, entry.resource_type
    line = (node, day, resource_type, entry.data_set, entry.event_day)
    if held is None:
        increments.add(line, "new", held=1, usable=int(entry.usable))
        return
    before = (node, day, resource_type, held.data_set, held.event_day)
    if entry.outcome == "repeated":
        increments.add(before, "repeated")
    else:
        increments.add(line, "updated", held=1, usable=int(entry.usable))
        increments.move(before, held=-1, usable=-int(held.usable))


def _write_records(connection: Connection, submission: Submission, links: Links, changes: _Changes) -> None:
    if links.new_residents and not submission.failed:
        residents = [{"key": key, "resident_number": number} for number, key in links.new_residents.items()]
        add_rows(connection, RESIDENT, residents)
    add_rows(connection, RECORD, list(changes.new.values()))
    for key, row in changes.updated.items():
        # A record keeps the name it is known by, and the day since when.
        kept = {"key", "node", "resource_type", "identity", "client_id", "since_day"}
        values = {name: value for name, value in row.items() if name not in kept}
        connection.execute(update(RECORD).where(RECORD.c.key == key).values(values))
        connection.execute(delete(OTHER_IDENTIFIER).where(OTHER_IDENTIFIER.c.record == key))
    add_rows(connection, PAST_VERSION, changes.past)
    identities = {held.key: held.identity for held in links.held.values()}
    others = [
        {"node": submission.sender.code, "token": token, "record": key}
        for key, entry in changes.identifiers.items()
        for token in sorted({*entry.tokens} - {identities.get(key, entry.identity)})
    ]
    add_rows(connection, OTHER_IDENTIFIER, others)


def _write_findings(connection: Connection, submission: Submission) -> None:
    rows = [
        {
            "submission": submission.key,
            "node": submission.sender.code,
            "arrival_day": submission.arrival_day,
            "entry": entry.position,
            "record": entry.key or None if not entry.refused else None,
            "resource_type": entry.resource_type,
            "rule": finding.rule.id,
            "severity": finding.rule.severity,
            "expression": finding.violation.expression,
            "found": finding.violation.found,
        }
        for entry in submission.entries
        for finding in entry.findings
    ]
    add_rows(connection, FINDING, [row | {"position": position} for position, row in enumerate(rows)])


def _write_submission(connection: Connection, submission: Submission, receipt: Receipt) -> None:
    row = {
        "key": submission.key,
        "node": submission.sender.code,
        "number": submission.number,
        "kind": submission.kind,
        "arrived_at": submission.arrived_at,
        "arrival_day": submission.arrival_day,
        "submitted": receipt.submitted,
        "new": receipt.new,
        "updated": receipt.updated,
        "repeated": receipt.repeated,
        "refused": receipt.refused,
        "usable": receipt.usable,
        "receipt": zlib.compress(msgspec.json.encode(receipt), 1),
    }
    add_rows(connection, SUBMISSION, [row])


def _quarantine(submission: Submission, take_key: Callable[[], int]) -> list[Row]:
    """Rows that keep what was refused: the whole bundle of a failed transaction, else entry by entry."""
    if submission.failed:
        key = take_key()
        for entry in submission.entries:
            entry.quarantine = key
        findings = [finding for entry in submission.entries for finding in entry.findings]
        return [_kept(key, submission, None, submission.content, [finding.rule.id for finding in findings])]
    rows = []
    for entry in submission.entries:
        if entry.refused:
            entry.quarantine = take_key()
            rules = [finding.rule.id for finding in entry.findings]
            rows.append(_kept(entry.quarantine, submission, entry, bytes(entry.content), rules))
    return rows


def _kept(key: int, submission: Submission, entry: Entry | None, content: bytes, rules: list[str]) -> Row:
    resolved = names_for_replay(entry, submission.resolved) if entry else {}
    return {
        "key": key,
        "submission": submission.key,
        "entry": entry.position if entry else None,
        "node": submission.sender.code,
        "resource_type": entry.resource_type if entry else "Bundle",
        "method": entry.method if entry else "",
        "url": entry.url if entry else "",
        "if_none_exist": entry.if_none_exist if entry else "",
        "entries": 1 if entry else len(submission.entries),
        "arrived_at": submission.arrived_at,
        "state": "waiting",
        "decided_at": None,
        "replayed_as": None,
        "rules": ",".join(dict.fromkeys(rules)),
        "resolved": msgspec.json.encode(resolved),
        "content": content,
    }


def _mark_replayed(connection: Connection, submission: Submission) -> None:
    """In the same transaction as the replay itself, so that an item is replayed once."""
    changed = connection.execute(
        update(QUARANTINE)
        .where(QUARANTINE.c.key == submission.replays, QUARANTINE.c.state == "waiting")
        .values(state="replayed", decided_at=submission.arrived_at, replayed_as=submission.key)
    )
    if changed.rowcount != 1:
        raise AlreadyDecided(f"quarantine {submission.replays}: somebody else decided on it; nothing was changed")
