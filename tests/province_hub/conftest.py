"""Stores and hubs for the tests of the hub: the same tests over a SQLite file and over PostgreSQL."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from hub_station import County, Desk, Station, add_counties
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from exchange.regions import load_region
from province_hub.store.engine import create_tables, for_writing, open_store
from province_hub.store.nodes import register_region

POSTGRESQL = os.environ.get("HUB_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/test")
STORES = ("sqlite", "postgresql")
_COUNTIES = [f"T{index:04d}" for index in range(1, 10)]


@contextmanager
def _postgresql_store() -> Iterator[Engine]:
    """A schema of its own in the test database, dropped at the end."""
    driver = POSTGRESQL.replace("postgresql://", "postgresql+psycopg://", 1)
    server = create_engine(driver, connect_args={"connect_timeout": 3})
    schema = f"hub_test_{uuid4().hex}"
    try:
        with server.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    except SQLAlchemyError as error:
        sentence = f"no PostgreSQL answers at {POSTGRESQL} (set HUB_TEST_POSTGRESQL): {error.__class__.__name__}"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    engine = open_store(f"{POSTGRESQL}?options=-csearch_path%3D{schema}")
    try:
        yield engine
    finally:
        engine.dispose()
        with server.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        server.dispose()


@contextmanager
def _sqlite_store(folder: Path) -> Iterator[Engine]:
    engine = open_store(str(folder / "hub.sqlite"))
    yield engine
    engine.dispose()


@contextmanager
def _prepared(kind: str, folder: Path) -> Iterator[Engine]:
    """A store with the hub's tables, the region's nodes and counties for the tests."""
    with _sqlite_store(folder) if kind == "sqlite" else _postgresql_store() as engine:
        create_tables(engine)
        with for_writing(engine).begin() as connection:
            register_region(connection, load_region("jiangsu-2016"))
        add_counties(engine, _COUNTIES)
        yield engine


@pytest.fixture(scope="session", params=STORES)
def station(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """A hub that many tests share, each as a county of its own; on 10 March 2016, and its day never changes."""
    folder = tmp_path_factory.mktemp("shared")
    with _prepared(request.param, folder) as engine, Station(engine, further_counties=1000) as station:
        yield station


@pytest.fixture
def new_county(station: Station) -> Callable[[], County]:
    """Makes counties that nobody has pushed as before."""
    return lambda: County(station, next(station.unused))


@pytest.fixture
def county(new_county: Callable[[], County]) -> County:
    return new_county()


@pytest.fixture(scope="session")
def _postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One schema for all tests that want a store of their own; each empties it before it begins."""
    with _prepared("postgresql", tmp_path_factory.getbasetemp()) as engine:
        yield engine


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Engine:
    """A store of the test's own, on both databases."""
    if request.param == "sqlite":
        engine = request.getfixturevalue("sqlite_store")
    else:
        engine = request.getfixturevalue("_postgresql")
        emptied = [name for name in SQLModel.metadata.tables if name not in ("city", "node")]
        with engine.begin() as connection:
            connection.execute(text("; ".join(f"DELETE FROM {name}" for name in emptied)))
    assert isinstance(engine, Engine)
    return engine


@pytest.fixture(scope="session")
def _empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file to copy: that is quicker than to make the tables anew."""
    folder = tmp_path_factory.mktemp("empty")
    with _prepared("sqlite", folder):
        pass
    return folder / "hub.sqlite"


@pytest.fixture
def sqlite_store(tmp_path: Path, _empty_file: Path) -> Iterator[Engine]:
    """A SQLite file of the test's own, where the database makes no difference."""
    shutil.copy(_empty_file, tmp_path / "hub.sqlite")
    with _sqlite_store(tmp_path) as engine:
        yield engine


@pytest.fixture(scope="module")
def prepared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A SQLite file that the tests of one module share, for a hub of their own."""
    with _prepared("sqlite", tmp_path_factory.mktemp("module")) as engine:
        yield engine


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk.over(store)
