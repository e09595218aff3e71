"""Adding many rows at once, past everything that a database library does for each of them."""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, Table


def add_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows that hold every column of the table; nothing where there are none.

    Values go to the driver as they are: text, whole numbers, bytes, truth values or None.
    """
    if rows:
        names = [column.name for column in table.columns]
        values = [tuple([row[name] for name in names]) for row in rows]
        connection.exec_driver_sql(_insertion(table, connection.dialect.name), values)


@cache
def _insertion(table: Table, database: str) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    places = ", ".join(["%s" if database == "postgresql" else "?"] * len(table.columns))
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'
