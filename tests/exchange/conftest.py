"""Runs of whole scenarios, each made once and shared by the tests that only look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from province_runs import Run, StoppedRun, simulate


@pytest.fixture(scope="session")
def bulletin_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The main job: `exchange simulate bulletin-2016` at its default scale and seed."""
    return simulate(tmp_path_factory.mktemp("bulletin") / "run", "bulletin-2016", 0.001, 7)


@pytest.fixture(scope="session")
def zhenjiang_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One city alone."""
    return simulate(tmp_path_factory.mktemp("zhenjiang") / "run", "zhenjiang-2016", 0.001, 7)


@pytest.fixture
def shipped() -> Path:
    """The folder of the shipped scenarios."""
    import exchange.scenario

    return Path(exchange.scenario.__file__).parent / "shipped"


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[StoppedRun]:
    """A long run, to be stopped by the test."""
    run = StoppedRun(tmp_path / "run")
    yield run
    run.clean_up()
