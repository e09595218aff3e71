"""What went wrong once on the command line, and must not again."""

import os
import re
import signal
import time

import httpx
import pytest
from province_runs import (
    PERIOD,
    assert_store_is_whole,
    copy_store,
    exchange_here,
    in_a_terminal,
    offspring,
    query,
    sentence,
    serving,
    still_there,
)
from typer.testing import CliRunner

from exchange.cli import app
from exchange.client import HubClient, HubError
from exchange.scenario.sample import sample_bundle


@pytest.mark.parametrize(
    "command",
    ["scenarios", "sample", "quarantine list", "quarantine show", "quarantine replay", "quarantine withdraw"],
)
def test_help_of_every_command_has_its_chinese_term(command):
    shown = CliRunner().invoke(app, [*command.split(), "--help"]).output
    assert re.search("[\u4e00-\u9fff]", shown)


def test_a_correction_that_is_no_json_is_refused_in_plain_words(zhenjiang_run, tmp_path):
    store = copy_store(zhenjiang_run.store, tmp_path / "hub.sqlite")
    ((key,),) = query(store, "SELECT min(key) FROM quarantine")
    (tmp_path / "half.json").write_text('{"resourceType": ', encoding="utf-8")
    said = sentence(exchange_here("quarantine", "replay", key, "--store", store, "--file", tmp_path / "half.json"))
    assert said.startswith("The body is not a JSON object in UTF-8"), "and no tuple of Python"
    assert query(store, "SELECT state FROM quarantine WHERE key = ?", key) == [("waiting",)]


@pytest.mark.parametrize("columns", [80, 120])
def test_quarantine_list_shows_number_node_and_rule_in_a_terminal(zhenjiang_run, columns):
    shown = in_a_terminal(columns, "quarantine", "list", "--store", str(zhenjiang_run.store))
    for key, node in query(zhenjiang_run.store, "SELECT key, node FROM quarantine ORDER BY key LIMIT 50"):
        assert re.search(rf"^ *{key} +{node} ", shown, re.MULTILINE), shown[:900]
    assert "Rules" in shown
    assert "waiting" in shown


@pytest.mark.parametrize("format_", ["csv", "table"])
def test_a_report_into_a_folder_that_is_not_there_is_refused_in_one_sentence(zhenjiang_run, tmp_path, format_):
    out = tmp_path / "none" / f"bulletin.{format_}"
    done = exchange_here(
        "report", "bulletin", "--store", zhenjiang_run.store, *PERIOD, "--format", format_, "--out", out
    )
    assert str(out) in sentence(done)


def test_an_impatient_second_ctrl_c_does_not_hang(stopped):
    stopped.wait_until(lambda: stopped.acknowledged() >= 10)
    os.killpg(stopped.process.pid, signal.SIGINT)
    time.sleep(0.3)
    os.killpg(stopped.process.pid, signal.SIGINT)
    code, said, left = stopped.end(seconds=40)
    assert code != 0
    assert said.startswith("exchange: stopped. What the hub had acknowledged is in its store;")
    assert said.count("\n") == 1, said
    assert left == {}
    assert_store_is_whole(stopped.folder / "hub.sqlite")


def test_ctrl_c_while_node_processes_start_says_one_sentence(stopped):
    stopped.wait_until(lambda: any("spawn_main" in command for command in offspring(stopped.process.pid).values()))
    os.killpg(stopped.process.pid, signal.SIGINT)
    code, said, left = stopped.end()
    assert code != 0
    assert left == {}
    assert said.startswith("exchange: stopped.")
    assert said.count("\n") == 1, said


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_command_that_is_killed_leaves_no_process_behind(stopped, number):
    stopped.wait_until(lambda: stopped.acknowledged() >= 10)
    stopped.process.send_signal(number)
    stopped.process.wait(30)
    ends = time.monotonic() + 20
    while (left := still_there(stopped.children)) and time.monotonic() < ends:
        time.sleep(0.2)
    assert left == {}
    assert_store_is_whole(stopped.folder / "hub.sqlite")


def test_a_hub_that_is_asked_to_end_ends_well_and_leaves_one_file(tmp_path):
    with serving(tmp_path / "hub.sqlite", "--open") as hub, HubClient(hub.url) as client:
        assert client.push(sample_bundle("320481").encode(), "320481").status_code == 200
        client.close()
        assert hub.end(signal.SIGTERM) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub.sqlite"]


def test_a_refused_run_leaves_the_folder_free_for_the_next_try(zhenjiang_run, tmp_path):
    store = copy_store(zhenjiang_run.store, tmp_path / "used.sqlite")
    assert "it has seen a run already" in sentence(
        exchange_here("simulate", "zhenjiang-2016", "--store", store, "--out", tmp_path / "out")
    )
    out = tmp_path / "out"
    assert not out.exists() or list(out.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    done = exchange_here("simulate", "zhenjiang-2016", "--out", tmp_path / "file" / "out")
    assert str(tmp_path / "file") in sentence(done)


@pytest.mark.parametrize(
    ("command", "address"),
    [(("county", "320481"), "http://[::1"), (("simulate", "zhenjiang-2016"), "http://127.0.0.1:port")],
)
def test_an_address_that_is_none_is_said_in_one_sentence(tmp_path, command, address):
    assert address in sentence(exchange_here(*command, "--hub", address, folder=tmp_path))


@pytest.mark.parametrize("scale", ["-1", "nan"])
def test_a_county_s_scale_out_of_range_is_said_in_one_sentence(scale):
    done = exchange_here("county", "320481", "--hub", "http://127.0.0.1:9", f"--scale={scale}")
    assert sentence(done) == f"--scale: found {float(scale):g}, expected a number above 0 and at most 1"


def test_a_command_that_cannot_begin_prints_no_head_of_a_table():
    done = exchange_here("county", "329999", "--hub", "http://127.0.0.1:9")
    assert sentence(done).startswith("node '329999'")
    assert done.stdout == ""


@pytest.mark.parametrize("answer", [b"<!doctype html><p>Hello", b"", b'{"now": "soon"}', b"[]"])
def test_an_answer_that_no_hub_gives_is_a_hub_error(answer):
    network = httpx.MockTransport(lambda _: httpx.Response(200, content=answer))
    with HubClient("http://127.0.0.1:9", network) as client, pytest.raises(HubError, match="/api/clock"):
        client.time()


def test_a_redirect_is_a_hub_error():
    network = httpx.MockTransport(lambda _: httpx.Response(307, headers={"Location": "https://hub.example/"}))
    with HubClient("http://127.0.0.1:9", network) as client, pytest.raises(HubError, match="307"):
        client.time()
