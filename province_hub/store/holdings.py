"""What one node holds at the hub, looked up for a whole submission at a time."""

from collections import defaultdict
from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from province_hub.store.rows import fetch_all


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
    digest: bytes


class Holdings:
    """The records of one node, read over a connection whose transaction the caller owns."""

    def __init__(self, connection: Connection, node: str) -> None:
        self._connection = connection
        self._node = node
        self._queries = _queries(connection.dialect.name)

    def by_token(self, tokens: Collection[str]) -> dict[tuple[str, str], list[Held]]:
        """Records by (resource type, identity or further identifier); several where a token is not unique."""
        found: dict[tuple[str, str], list[Held]] = defaultdict(list)
        for row in self._ask(self._queries.by_identity, tokens):
            held = Held._make(row)
            found[held.resource_type, held.identity].append(held)
        for row in self._ask(self._queries.by_other_identifier, tokens):
            held = Held._make(row[1:])
            found[held.resource_type, row[0]].append(held)
        return found

    def by_key(self, keys: Collection[int]) -> dict[int, Held]:
        """Records by the key that is also the id which the hub gave them."""
        return {held.key: held for held in map(Held._make, self._ask(self._queries.by_key, keys))}

    def bodies(self, keys: Collection[int]) -> dict[int, tuple[str, int, bytes]]:
        """Arrival, submission and body of the current versions of records."""
        return {row[0]: (row[1], row[2], row[3]) for row in self._ask(self._queries.bodies, keys)}

    def residents(self, numbers: Collection[str]) -> dict[str, int]:
        """Keys of the province's residents by resident number."""
        return dict(map(tuple, self._ask(self._queries.residents, numbers)))

    def _ask(self, query: str, wanted: Collection[str] | Collection[int]) -> list[Any]:
        if not wanted:
            return []
        listed = list(wanted) if self._queries.takes_arrays else orjson.dumps(list(wanted)).decode()
        return fetch_all(self._connection, query, (self._node, listed))


class _Queries(NamedTuple):
    """The look-ups of one database as its driver reads them, each with two parameters: node, and all values at once."""

    takes_arrays: bool
    by_identity: str
    by_other_identifier: str
    by_key: str
    bodies: str
    residents: str


@cache
def _queries(database: str) -> _Queries:
    # One parameter, however many values: a statement stays the same, and no database's limit is met.
    takes_arrays = database == "postgresql"
    among = "= ANY(?)" if takes_arrays else "IN (SELECT value FROM json_each(?))"
    columns = ", ".join(f"record.{name}" for name in Held._fields)
    return _Queries(
        takes_arrays,
        by_identity=f"SELECT {columns} FROM record WHERE node = ? AND identity {among}",
        by_other_identifier=(
            f"SELECT token, {columns} FROM other_identifier JOIN record ON record.key = other_identifier.record "
            f"WHERE other_identifier.node = ? AND token {among}"
        ),
        by_key=f"SELECT {columns} FROM record WHERE node = ? AND key {among}",
        bodies=f"SELECT key, arrived_at, submission, body FROM record WHERE node = ? AND key {among}",
        # Residents belong to the province: any node's resident number finds them.
        residents=f"SELECT resident_number, key FROM resident WHERE ? <> '' AND resident_number {among}",
    )
