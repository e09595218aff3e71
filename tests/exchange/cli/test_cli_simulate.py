"""`exchange simulate` where it meets what is there already: folders, stores, hubs, and the user's Ctrl-C."""

import csv
import os
import shutil
import signal
from pathlib import Path

import pytest
from province_runs import (
    FILES,
    assert_store_is_whole,
    copy_store,
    exchange,
    exchange_here,
    query,
    sentence,
    serving,
    simulate,
)

from exchange.client import HubClient
from exchange.scenario.output import choose_folder


def test_a_folder_that_holds_something_is_refused_and_left_alone(zhenjiang_run):
    before = {path.name: path.stat().st_mtime_ns for path in zhenjiang_run.folder.iterdir()}
    said = sentence(exchange_here("simulate", "zhenjiang-2016", "--out", zhenjiang_run.folder))
    assert said == (
        f"--out {zhenjiang_run.folder}: found something there, expected a new or empty folder; nothing was touched. "
        "Choose another folder, or remove this one."
    )
    assert {path.name: path.stat().st_mtime_ns for path in zhenjiang_run.folder.iterdir()} == before


def test_a_file_in_the_place_of_the_folder_is_refused_and_left_alone(tmp_path):
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    said = sentence(exchange_here("simulate", "zhenjiang-2016", "--out", tmp_path / "out"))
    assert said.startswith(f"--out {tmp_path / 'out'}: found something there")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_a_store_that_has_seen_a_run_is_refused_and_keeps_its_counts(zhenjiang_run, tmp_path):
    store = copy_store(zhenjiang_run.store, tmp_path / "used.sqlite")
    counts = "SELECT count(*), sum(submitted), max(arrived_at) FROM submission"
    before = query(store, counts), query(store, "SELECT * FROM expected_volume ORDER BY 1, 2, 3")
    said = sentence(exchange("simulate", "zhenjiang-2016", "--store", store, "--out", tmp_path / "out"))
    assert said.startswith(f"--store {store}: found its clock at 2016-04-30 22:00:00+08:00, expected a time before")
    assert "it has seen a run already" in said
    assert (query(store, counts), query(store, "SELECT * FROM expected_volume ORDER BY 1, 2, 3")) == before
    assert_store_is_whole(store)


def test_the_store_of_a_run_is_whole_in_one_file(zhenjiang_run, tmp_path):
    alone = Path(shutil.copy(zhenjiang_run.store, tmp_path / "alone.sqlite"))
    count = "SELECT count(*), sum(submitted) FROM submission"
    assert query(alone, count) == query(zhenjiang_run.store, count)


def test_store_and_hub_together_are_refused(tmp_path):
    done = exchange_here(
        "simulate", "zhenjiang-2016", "--store", "a.sqlite", "--hub", "http://127.0.0.1:9", "--out", tmp_path / "out"
    )
    assert sentence(done) == "--store and --hub: give one; a hub that runs already has its own store"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("scale", ["0", "-0.001", "1.001", "nan"])
def test_a_scale_out_of_range_is_refused_before_anything_is_made(tmp_path, scale):
    said = sentence(exchange_here("simulate", "zhenjiang-2016", f"--scale={scale}", "--out", tmp_path / "out"))
    assert said == f"--scale: found {float(scale):g}, expected a number above 0 and at most 1"
    assert not (tmp_path / "out").exists()


def test_a_hub_that_is_not_there_is_said_in_one_sentence(tmp_path):
    done = exchange_here("simulate", "zhenjiang-2016", "--hub", "http://127.0.0.1:9", "--out", tmp_path / "out")
    assert sentence(done).startswith("GET http://127.0.0.1:9/api/clock: no answer (")
    assert sentence(done).endswith("is a hub running there?")


@pytest.fixture(scope="module")
def run_elsewhere(tmp_path_factory):
    """A run against a hub that runs already; its store; what a second run against that hub said."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with serving(folder / "hub.sqlite", "--open", "--clock", "simulated") as hub:
        run = simulate(folder / "run", "zhenjiang-2016", 0.001, 7, "--hub", hub.url, "--lang", "zh")
        second = exchange_here("simulate", "zhenjiang-2016", "--hub", hub.url, "--out", folder / "second")
        with HubClient(hub.url) as client:
            assert client.is_ready()
    return run, hub, second


@pytest.mark.parametrize("name", FILES)
def test_against_a_hub_that_runs_already_the_bytes_are_the_same(zhenjiang_run, run_elsewhere, name):
    run, _, _ = run_elsewhere
    assert run.file_bytes()[name] == zhenjiang_run.file_bytes()[name]


def test_against_a_hub_that_runs_already_the_store_is_the_hub_s(run_elsewhere):
    run, hub, _ = run_elsewhere
    assert not run.store.exists()
    assert "hub.sqlite" not in run.output
    assert_store_is_whole(hub.store)


def test_a_hub_that_has_seen_a_run_takes_no_other(run_elsewhere):
    _, hub, second = run_elsewhere
    said = sentence(second)
    assert said.startswith(f"--hub {hub.url}: found its clock at 2016-04-30 22:00:00+08:00, expected a time before")
    assert said.endswith("it has seen a run already. Start a hub with a new store.")


def test_results_can_be_read_in_chinese(run_elsewhere):
    run, _, _ = run_elsewhere
    assert "上传量" in run.output
    assert "门急诊" in run.output


def test_without_out_the_first_free_folder_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    taken = [choose_folder(None, "zhenjiang-2016") for _ in range(3)]
    assert taken == [Path("out") / name for name in ("zhenjiang-2016", "zhenjiang-2016-2", "zhenjiang-2016-3")]
    assert all(folder.is_dir() for folder in taken)


@pytest.mark.slow
def test_ctrl_c_in_the_middle_ends_with_one_sentence_and_a_whole_store(stopped):
    stopped.wait_until(lambda: stopped.acknowledged() >= 10)
    assert len(stopped.children) >= 3, "a hub and two node processes"
    os.killpg(stopped.process.pid, signal.SIGINT)  # as a terminal does, to the whole foreground group
    code, said, left = stopped.end()

    assert code not in (0, 1)
    assert left == {}
    assert said == (
        f"exchange: stopped. What the hub had acknowledged is in its store; {stopped.folder} is incomplete and "
        "can be removed. To run again, choose another --out.\n"
    )
    store = stopped.folder / "hub.sqlite"
    assert stopped.acknowledged() >= 10
    assert_store_is_whole(store)
    # What the run had noted as sent by then is all there.
    with (stopped.folder / "sent.csv").open(encoding="utf-8") as file:
        noted = {(row["node"], row["submission"]) for row in csv.DictReader(file)}
    assert noted <= set(query(store, "SELECT node, number FROM submission"))
