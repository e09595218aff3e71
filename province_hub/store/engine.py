"""Opening a store: a SQLite file by default, PostgreSQL by URL."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlmodel import SQLModel

from province_hub.store.tables import SUBMISSION

__all__ = ["StoreError", "create_tables", "for_writing", "in_memory", "open_store"]


# The number of the writers' lock on PostgreSQL; any number that nobody else uses in the same database.
_WRITERS = 320_000


class StoreError(ValueError):
    """A store that cannot be opened: says which, why, and what would do."""


def open_store(store: str, *, must_exist: bool = False) -> Engine:
    """The engine of a store, given as a path of a SQLite file or as a database URL.

    With `must_exist`, a missing SQLite file or one that no hub made is an error: reports read, they do not create.
    Raises StoreError.
    """
    url = store if "://" in store else f"sqlite:///{store}"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"store {store!r}: not a path or database URL ({error}); try --store out/hub.sqlite"
        ) from error
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"store {store!r}: found {parsed.get_backend_name()}, expected sqlite:///FILE or postgresql://…"
        )
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        if must_exist and not path.is_file():
            raise StoreError(f"store {store!r}: there is no such file; the store of a run is DIR/hub.sqlite")
        if not path.parent.is_dir():
            raise StoreError(f"store {store!r}: the folder {path.parent} does not exist; create it first")
    try:
        engine = create_engine(parsed)
        if parsed.get_backend_name() == "sqlite":
            _prepare_sqlite(engine)
        else:
            event.listen(engine, "begin", _lock_postgresql)
        with engine.connect() as connection:
            if must_exist and not inspect(connection).has_table(SUBMISSION.name):
                raise StoreError(f"store {store!r}: found no hub's tables there; the store of a run is DIR/hub.sqlite")
            return engine
    except (SQLAlchemyError, sqlite3.Error, ImportError) as error:
        reason = getattr(error, "orig", None) or error
        raise StoreError(f"store {store!r}: cannot be opened ({reason})") from error


def in_memory() -> Engine:
    """A store that ends with the process: for judging without storing."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    _prepare_sqlite(engine)
    create_tables(engine)
    return engine


def create_tables(engine: Engine) -> None:
    """Create what is missing of the hub's tables."""
    SQLModel.metadata.create_all(for_writing(engine))


def for_writing(engine: Engine) -> Engine:
    """The same store, for transactions that write: one after the other, also between processes.

    What a submission becomes depends on what is there, so two of them may not look at the same time. SQLite's write
    lock is taken as the transaction begins, on PostgreSQL an advisory lock.
    """
    return engine.execution_options(writes=True)


def _lock_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


def _prepare_sqlite(engine: Engine) -> None:
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)


def _set_up_connection(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    cursor = connection.cursor()
    # Readers go on while the intake writes (WAL), and a receipt is sent only for what is on disk (FULL).
    # Records are a kilobyte or so each: larger pages hold more of them side by side (before WAL, or not at all).
    cursor.execute("PRAGMA page_size=16384")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
