"""What one node holds at the hub, looked up for a whole submission at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Select, select

from province_hub.store.tables import OTHER_IDENTIFIER, RECORD, RESIDENT

Item = TypeVar("Item", str, int)

# Both databases bound the number of parameters of one statement.
_AT_ONCE = 500


class Held(NamedTuple):
    """The current version of a record, without its body."""

    key: int
    resource_type: str
    identity: str
    client_id: str | None
    version: int
    data_set: str
    event_day: str
    usable: bool
    holder: int | None
    digest: bytes


_COLUMNS = [RECORD.c[name] for name in Held._fields]


class Holdings:
    """The records of one node, read over a connection whose transaction the caller owns."""

    def __init__(self, connection: Connection, node: str) -> None:
        self._connection = connection
        self._node = node

    def by_token(self, tokens: Collection[str]) -> dict[tuple[str, str], list[Held]]:
        """Records by (resource type, identity or further identifier); several where a token is not unique."""
        found: dict[tuple[str, str], list[Held]] = defaultdict(list)
        for some in _portions(tokens):
            by_identity = select(*_COLUMNS).where(RECORD.c.node == self._node, RECORD.c.identity.in_(some))
            for held in self._held(by_identity):
                found[held.resource_type, held.identity].append(held)
            by_other = (
                select(OTHER_IDENTIFIER.c.token, *_COLUMNS)
                .join_from(OTHER_IDENTIFIER, RECORD, RECORD.c.key == OTHER_IDENTIFIER.c.record)
                .where(OTHER_IDENTIFIER.c.node == self._node, OTHER_IDENTIFIER.c.token.in_(some))
            )
            for row in self._connection.execute(by_other):
                held = Held._make(row[1:])
                found[held.resource_type, row[0]].append(held)
        return found

    def by_key(self, keys: Collection[int]) -> dict[int, Held]:
        """Records by the key that is also the id which the hub gave them."""
        return {
            held.key: held
            for some in _portions(keys)
            for held in self._held(select(*_COLUMNS).where(RECORD.c.key.in_(some), RECORD.c.node == self._node))
        }

    def bodies(self, keys: Collection[int]) -> dict[int, tuple[str, int, bytes]]:
        """Arrival, submission and body of the current versions of records."""
        columns = (RECORD.c.key, RECORD.c.arrived_at, RECORD.c.submission, RECORD.c.body)
        return {
            key: (arrived_at, submission, body)
            for some in _portions(keys)
            for key, arrived_at, submission, body in self._connection.execute(
                select(*columns).where(RECORD.c.key.in_(some))
            )
        }

    def residents(self, numbers: Collection[str]) -> dict[str, int]:
        """Keys of the province's residents by resident number."""
        return {
            number: key
            for some in _portions(numbers)
            for number, key in self._connection.execute(
                select(RESIDENT.c.resident_number, RESIDENT.c.key).where(RESIDENT.c.resident_number.in_(some))
            )
        }

    def _held(self, query: Select[Any]) -> Iterator[Held]:
        for row in self._connection.execute(query):
            yield Held._make(row)


def _portions(items: Collection[Item]) -> Iterator[list[Item]]:
    listed = list(items)
    for start in range(0, len(listed), _AT_ONCE):
        yield listed[start : start + _AT_ONCE]
