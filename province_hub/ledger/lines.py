"""The ledger's increments: what each entry adds to the counts of its node, kind and days."""

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import Connection

from province_hub.store.rows import execute_many

_COUNTS = ("new", "updated", "repeated", "refused", "held", "usable", "new_usable")
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
        if outcome == "new":
            counts[6] += usable

    def move(self, key: LineKey, held: int, usable: int) -> None:
        """Change what is held under a key without counting an entry: a record moves, or is replaced."""
        counts = self._counts[key]
        counts[4] += held
        counts[5] += usable

    def write(self, connection: Connection) -> None:
        """Add the increments to the ledger, in the caller's transaction."""
        if not self._counts:
            return
        # One order of keys for all writers, so that two of them never wait for each other in a circle.
        rows = [(*key, *counts) for key, counts in sorted(self._counts.items())]
        execute_many(connection, _UPSERT, rows)


def _upsert() -> str:
    names = (*_KEY, *_COUNTS)
    added = ", ".join(f'"{name}" = ledger."{name}" + excluded."{name}"' for name in _COUNTS)
    quoted = ", ".join(f'"{name}"' for name in names)
    places = ", ".join("?" * len(names))
    return f"INSERT INTO ledger ({quoted}) VALUES ({places}) ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {added}"


_UPSERT = _upsert()
