"""Rows by the hundred, straight to and from the driver, past everything that a database library does for each.

Statements are written with `?` for a parameter; values are text, whole numbers, bytes, truth values or None.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table


def add_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows that hold every column of the table; nothing where there are none."""
    if rows:
        statement, names = _insertion(table)
        execute_many(connection, statement, [tuple([row[name] for name in names]) for row in rows])


def execute_many(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Carry out a statement once for each row of parameters, in the caller's transaction."""
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(_in_dialect(statement, connection.dialect.name), rows)
    finally:
        cursor.close()


def fetch_all(connection: Connection, statement: str, parameters: tuple[object, ...]) -> list[Any]:
    """All rows of a query, as the driver gives them."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_in_dialect(statement, connection.dialect.name), parameters)
        return list(cursor.fetchall())
    finally:
        cursor.close()


@cache
def _insertion(table: Table) -> tuple[str, tuple[str, ...]]:
    names = tuple(column.name for column in table.columns)
    quoted = ", ".join(f'"{name}"' for name in names)
    places = ", ".join("?" * len(names))
    return f'INSERT INTO "{table.name}" ({quoted}) VALUES ({places})', names


@cache
def _in_dialect(statement: str, database: str) -> str:
    return statement.replace("?", "%s") if database == "postgresql" else statement
