"""What one node holds at the hub, looked up for a whole submission at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, ColumnElement, Connection, Select, bindparam, func, select

from province_hub.store.tables import OTHER_IDENTIFIER, RECORD, RESIDENT


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


class Holdings:
    """The records of one node, read over a connection whose transaction the caller owns."""

    def __init__(self, connection: Connection, node: str) -> None:
        self._connection = connection
        self._node = node
        self._queries = _queries(connection.dialect.name)

    def by_token(self, tokens: Collection[str]) -> dict[tuple[str, str], list[Held]]:
        """Records by (resource type, identity or further identifier); several where a token is not unique."""
        found: dict[tuple[str, str], list[Held]] = defaultdict(list)
        if tokens:
            for row in self._ask(self._queries.by_identity, tokens):
                held = Held._make(row)
                found[held.resource_type, held.identity].append(held)
            for row in self._ask(self._queries.by_other_identifier, tokens):
                held = Held._make(row[1:])
                found[held.resource_type, row[0]].append(held)
        return found

    def by_key(self, keys: Collection[int]) -> dict[int, Held]:
        """Records by the key that is also the id which the hub gave them."""
        if not keys:
            return {}
        return {held.key: held for held in map(Held._make, self._ask(self._queries.by_key, keys))}

    def bodies(self, keys: Collection[int]) -> dict[int, tuple[str, int, bytes]]:
        """Arrival, submission and body of the current versions of records."""
        if not keys:
            return {}
        return {row[0]: (row[1], row[2], row[3]) for row in self._ask(self._queries.bodies, keys)}

    def residents(self, numbers: Collection[str]) -> dict[str, int]:
        """Keys of the province's residents by resident number."""
        if not numbers:
            return {}
        return dict(map(tuple, self._ask(self._queries.residents, numbers)))

    def _ask(self, query: Select[Any], wanted: Collection[str] | Collection[int]) -> Iterable[Any]:
        listed = list(wanted) if self._queries.takes_arrays else orjson.dumps(list(wanted)).decode()
        return self._connection.execute(query, {"node": self._node, "wanted": listed})


class _Queries(NamedTuple):
    """The look-ups of one database, each with the parameter `wanted` for all values at once."""

    takes_arrays: bool
    by_identity: Select[Any]
    by_other_identifier: Select[Any]
    by_key: Select[Any]
    bodies: Select[Any]
    residents: Select[Any]


@cache
def _queries(database: str) -> _Queries:
    takes_arrays = database == "postgresql"

    def among(column: ColumnElement[Any]) -> ColumnElement[bool]:
        # One parameter, however many values: statements stay the same, and no database's limit is met.
        if takes_arrays:
            return column == func.any(bindparam("wanted", type_=ARRAY(column.type)))
        return column.in_(select(func.json_each(bindparam("wanted")).table_valued("value").c.value))

    columns = [RECORD.c[name] for name in Held._fields]
    mine = RECORD.c.node == bindparam("node")
    return _Queries(
        takes_arrays,
        by_identity=select(*columns).where(mine, among(RECORD.c.identity)),
        by_other_identifier=(
            select(OTHER_IDENTIFIER.c.token, *columns)
            .join_from(OTHER_IDENTIFIER, RECORD, RECORD.c.key == OTHER_IDENTIFIER.c.record)
            .where(OTHER_IDENTIFIER.c.node == bindparam("node"), among(OTHER_IDENTIFIER.c.token))
        ),
        by_key=select(*columns).where(mine, among(RECORD.c.key)),
        bodies=select(RECORD.c.key, RECORD.c.arrived_at, RECORD.c.submission, RECORD.c.body).where(
            mine, among(RECORD.c.key)
        ),
        residents=select(RESIDENT.c.resident_number, RESIDENT.c.key).where(among(RESIDENT.c.resident_number)),
    )
