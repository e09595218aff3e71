"""The ledger's increments: what each entry adds to the counts of its node, kind and days."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from province_hub.store.tables import LEDGER

_COUNTS = ("new", "updated", "repeated", "refused", "held", "usable")
_KEY = ("node", "arrival_day", "resource_type", "data_set", "event_day")

LineKey = tuple[str, str, str, str, str]


@dataclass(slots=True)
class Increments:
    """What a submission adds to the ledger (上传台账), by node, arrival day, type, data set and event day."""

    _counts: defaultdict[LineKey, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(_COUNTS)))

    def add(self, key: LineKey, outcome: str, held: int = 0, usable: int = 0) -> None:
        """Count one entry by its outcome, and how it changes what the hub holds and what is usable of it."""
        counts = self._counts[key]
        counts[_COUNTS.index(outcome)] += 1
        counts[4] += held
        counts[5] += usable

    def move(self, key: LineKey, held: int, usable: int) -> None:
        """Change what is held under a key without counting an entry: a record moves to another day or data set."""
        counts = self._counts[key]
        counts[4] += held
        counts[5] += usable

    def write(self, connection: Connection) -> None:
        """Add the increments to the ledger, in the caller's transaction."""
        if not self._counts:
            return
        # One order of keys for all writers, so that two of them never wait for each other in a circle.
        rows = [
            dict(zip(_KEY, key, strict=True)) | dict(zip(_COUNTS, counts, strict=True))
            for key, counts in sorted(self._counts.items())
        ]
        connection.execute(_upsert(connection.dialect.name), rows)


@cache
def _upsert(database: str) -> Any:
    statement = (postgresql if database == "postgresql" else sqlite).insert(LEDGER)
    return statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: LEDGER.c[name] + statement.excluded[name] for name in _COUNTS},
    )
