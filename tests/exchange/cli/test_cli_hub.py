"""`exchange hub` as a process of its own, and what pushes to it: a script, and `exchange county`."""

import json
import signal
import socket
import urllib.error
import urllib.request
from contextlib import closing

import pytest
from province_runs import assert_store_is_whole, exchange, exchange_here, query, sentence, serving

from exchange.client import HubClient
from exchange.scenario.sample import sample_bundle

FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub as the first pages of the documentation start it."""
    with serving(tmp_path_factory.mktemp("hub") / "hub.sqlite", "--open") as running:
        yield running


def ask(url: str, body: bytes | None = None, headers: dict[str, str] | None = None):
    """Status, headers and decoded answer of a request, made with nothing but the standard library."""
    request = urllib.request.Request(url, body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.headers, json.load(response)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers, json.load(refusal)


def push(hub, bundle: str, node: str):
    return ask(f"{hub.url}/fhir", bundle.encode(), FHIR | {"X-Node": node})


def statuses(answer):
    return [entry["response"]["status"].split()[0] for entry in answer["entry"]]


def test_a_bundle_pushed_by_a_script_gets_an_answer_for_every_entry_and_a_receipt(hub):
    bundle = sample_bundle("321182")
    status, headers, answer = push(hub, bundle, "321182")
    assert (status, answer["resourceType"], answer["type"]) == (200, "Bundle", "batch-response")
    assert statuses(answer) == ["201"] * 6
    assert headers["Content-Type"] == "application/fhir+json; charset=utf-8"

    _, _, receipt = ask(f"{hub.url}/api/submissions/{headers['X-Submission-Id']}")
    assert (receipt["submitted"], receipt["new"], receipt["usable"]) == (6, 6, 6)
    assert (receipt["node"], receipt["number"]) == ("321182", json.loads(bundle)["identifier"]["value"])

    _, headers, again = push(hub, bundle, "321182")
    assert statuses(again) == ["200"] * 6
    _, _, receipt = ask(f"{hub.url}/api/submissions/{headers['X-Submission-Id']}")
    assert (receipt["submitted"], receipt["new"], receipt["repeated"]) == (6, 0, 6)


def test_the_two_mistakes_of_the_first_pages_are_marked_and_refused_and_can_be_mended(hub, tmp_path):
    sample = sample_bundle("320481")
    edited = sample.replace('"gender": "1"', '"gender": "male"').replace('"status": "final"', '"status": "已审核"')
    _, headers, answer = push(hub, edited, "320481")
    assert statuses(answer) == ["201"] * 5 + ["422"]
    marked, refused = answer["entry"][0]["response"], answer["entry"][5]["response"]
    assert marked["outcome"]["issue"][0]["expression"] == ["Bundle.entry[0].resource.gender"]
    assert refused["outcome"]["issue"][0]["expression"] == ["Bundle.entry[5].resource.status"]

    _, _, receipt = ask(f"{hub.url}/api/submissions/{headers['X-Submission-Id']}")
    assert (receipt["accepted"], receipt["refused"], receipt["usable"]) == (5, 1, 4)
    key = receipt["entries"][5]["quarantine"]

    # The command line and the running hub share the store.
    shown = exchange("quarantine", "show", key, "--store", hub.store)
    (tmp_path / "report.json").write_text(shown.stdout.replace("已审核", "final"), encoding="utf-8")
    replayed = exchange("quarantine", "replay", key, "--store", hub.store, "--file", tmp_path / "report.json")
    assert json.loads(replayed.stdout)["new"] == 1
    _, _, answer = push(hub, sample, "320481")
    assert statuses(answer) == ["200"] * 6
    versions = [entry["response"]["etag"] for entry in answer["entry"]]
    assert versions == ['W/"2"'] + ['W/"1"'] * 5, "the patient is updated, everything else repeated"
    assert_store_is_whole(hub.store)


def test_a_failed_transaction_waits_as_a_whole_and_is_replayed_as_a_whole(hub, tmp_path):
    bundle = json.loads(sample_bundle("321183")) | {"type": "transaction"}
    report = next(
        entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "DiagnosticReport"
    )
    report["status"] = "done"
    status, headers, answer = push(hub, json.dumps(bundle), "321183")
    assert (status, answer["resourceType"]) == (422, "OperationOutcome")
    _, _, receipt = ask(f"{hub.url}/api/submissions/{headers['X-Submission-Id']}")
    assert (receipt["submitted"], receipt["refused"]) == (6, 6)

    ((key, entry, entries),) = query(hub.store, "SELECT key, entry, entries FROM quarantine WHERE node = '321183'")
    assert (entry, entries) == (None, 6)
    assert " all " in exchange_here("quarantine", "list", "--store", hub.store, "--node", "321183").stdout
    kept = json.loads(exchange("quarantine", "show", key, "--store", hub.store).stdout)
    assert kept == bundle
    report["status"] = "final"
    (tmp_path / "bundle.json").write_text(json.dumps(bundle), encoding="utf-8")
    replay = exchange("quarantine", "replay", key, "--store", hub.store, "--file", tmp_path / "bundle.json")
    assert (json.loads(replay.stdout)["new"], json.loads(replay.stdout)["refused"]) == (6, 0)
    assert_store_is_whole(hub.store)


def test_a_request_that_holds_no_submission_gets_an_operation_outcome(hub):
    bundle = sample_bundle("321182").encode()
    for body, headers, status, words in (
        (bundle, FHIR, 403, "X-Node"),
        (bundle, FHIR | {"X-Node": "999999"}, 403, "`exchange nodes`"),
        (bundle, {"Content-Type": "text/plain", "X-Node": "321182"}, 415, "expected application/fhir+json"),
        (bundle[:-9], FHIR | {"X-Node": "321182"}, 400, "not a JSON object"),
        (b"{}", FHIR | {"X-Node": "321182"}, 422, "expected 'Bundle'"),
    ):
        code, _, answer = ask(f"{hub.url}/fhir", body, headers)
        assert (code, answer["resourceType"]) == (status, "OperationOutcome")
        assert words in answer["issue"][0]["diagnostics"]


def test_a_hub_of_real_time_refuses_to_have_its_day_set(hub):
    _, _, clock = ask(f"{hub.url}/api/clock")
    assert clock["simulated"] is False
    body = json.dumps({"now": "2116-03-01T08:00:00+08:00"}).encode()
    status, _, answer = ask(f"{hub.url}/api/clock", body, {"Content-Type": "application/json"})
    assert (status, answer["resourceType"]) == (409, "OperationOutcome")
    assert "--clock simulated" in answer["issue"][0]["diagnostics"]


def test_a_hub_of_real_time_takes_no_scenario(hub, tmp_path):
    said = sentence(exchange_here("simulate", "zhenjiang-2016", "--hub", hub.url, "--out", tmp_path / "out"))
    assert said.startswith(f"--hub {hub.url}: found a hub that tells real time, expected one with `--clock simulated`")
    assert "`exchange hub --open --clock simulated` starts one." in said


def test_a_port_in_use_is_said_in_one_sentence(hub, tmp_path):
    port = hub.url.rpartition(":")[2]
    said = sentence(exchange("hub", "--port", port, "--store", tmp_path / "hub.sqlite"))
    assert said.startswith(f"--port {port}: cannot listen on 127.0.0.1:{port} (Address already in use")
    assert said.endswith("choose another --port, or 0 for a free one.")
    assert not (tmp_path / "hub.sqlite").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0: found an address that others can reach, expected one of 127.0.0.1"),
        (["--host", "::"], "--host ::: found an address that others can reach"),
        (["--host", "example.org"], "--host example.org: found an address that others can reach"),
        (["--clock", "simulated"], "--clock simulated: needs --open, because anybody may set the day of such a hub"),
        (["--region", "zhejiang"], "found no region 'zhejiang', expected a shipped one (jiangsu-2016)"),
        (["--store", "no/such/folder/hub.sqlite"], "the folder no/such/folder does not exist; create it first"),
        (["--store", "words.txt"], "store 'words.txt': cannot be opened (file is not a database)"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_what_a_hub_cannot_do_is_said_in_one_sentence(tmp_path, options, complaint):
    (tmp_path / "words.txt").write_text("These are words.\n", encoding="utf-8")
    assert complaint in sentence(exchange("hub", "--port", 0, *options, folder=tmp_path))


def test_a_hub_listens_on_any_loopback_address(tmp_path):
    host = "::1"
    try:
        with closing(socket.create_server((host, 0), family=socket.AF_INET6)):
            pass
    except OSError:
        host = "localhost"  # a machine without IPv6
    with serving(tmp_path / "hub.sqlite", "--host", host) as running, HubClient(running.url) as client:
        assert client.is_ready()


def test_a_hub_keeps_what_it_acknowledged_whatever_ends_it(tmp_path):
    store = tmp_path / "hub.sqlite"
    for number, node in ((signal.SIGTERM, "321102"), (signal.SIGKILL, "321111"), (signal.SIGINT, "321112")):
        with serving(store, "--open") as running:
            status, _, _ = push(running, sample_bundle(node), node)
            assert status == 200
            running.end(number)
        assert query(store, "SELECT sum(new) FROM ledger WHERE node = ?", node) == [(6,)]
    assert_store_is_whole(store)


@pytest.fixture(scope="module")
def county_run(tmp_path_factory):
    """A county alone against a hub with a simulated clock: what it printed, and the store."""
    with serving(tmp_path_factory.mktemp("county") / "hub.sqlite", "--open", "--clock", "simulated") as running:
        command = ("county", "320481", "--hub", running.url, "--to", "2016-03-05", "--scale", "0.001")
        first, second = exchange(*command), exchange(*command)
        with HubClient(running.url) as client:
            time = client.time()
    return first, second, time, running.store


def table_of(done):
    """The printed table: day -> column -> number."""
    assert (done.returncode, done.stderr) == (0, "")
    header, *lines = done.stdout.splitlines()
    assert header.split() == ["day", "bundles", "submitted", "new", "updated", "repeated", "refused", "usable"]
    cells = [line.replace(",", "").split() for line in lines]
    return {day: dict(zip(header.split()[1:], map(int, numbers), strict=True)) for day, *numbers in cells}


def test_a_county_alone_shows_for_each_day_what_the_hub_counted(county_run):
    first, second, _, store = county_run
    tables = table_of(first), table_of(second)
    assert list(tables[0]) == list(tables[1])
    assert next(iter(tables[0])) == "2016-02-29", "its registry"
    assert all("2016-03-01" <= day <= "2016-03-05" for day in list(tables[0])[1:])
    for name in ("submitted", "new", "updated", "repeated", "refused"):
        ((counted,),) = query(store, f"SELECT sum({name}) FROM submission")
        assert counted == sum(row[name] for table in tables for row in table.values()), name
    assert query(store, "SELECT count(*) FROM submission") == [
        (sum(row["bundles"] for table in tables for row in table.values()),)
    ]
    assert query(store, "SELECT DISTINCT node FROM submission") == [("320481",)]
    assert_store_is_whole(store)


def test_what_a_county_sends_twice_counts_once(county_run):
    first, second, _, store = county_run
    rows, again = table_of(first), table_of(second)
    for day, row in rows.items():
        assert row["submitted"] == row["new"] + row["updated"] + row["repeated"] + row["refused"]
        assert again[day]["repeated"] == row["submitted"] - row["refused"]
        assert (again[day]["new"], again[day]["updated"]) == (0, 0)
    assert query(store, "SELECT count(*) FROM record") == [(sum(row["new"] for row in rows.values()),)]


def test_a_county_moves_the_simulated_clock_along(county_run):
    *_, time, store = county_run
    ((last,),) = query(store, "SELECT max(arrived_at) FROM submission")
    assert time.simulated
    assert time.now.isoformat() == last


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["320481", "--hub", "http://127.0.0.1:9"], "GET http://127.0.0.1:9/api/clock: no answer"),
        (["320481", "--hub", "127.0.0.1:9"], "missing an 'http://' or 'https://' protocol"),
        (["329999", "--hub", "http://127.0.0.1:9"], "node '329999': takes no part in bulletin-2016"),
        (["320481", "--hub", "http://127.0.0.1:9", "--scenario", "zhenjiang-2016"], "takes no part in zhenjiang-2016"),
        (["320481", "--hub", "http://127.0.0.1:9", "--scenario", "none.toml"], "scenario 'none.toml': found neither"),
    ],
    ids=lambda value: " ".join(value[2:]) + value[0] if isinstance(value, list) else "",
)
def test_what_a_county_cannot_do_is_said_in_one_sentence(arguments, complaint):
    assert complaint in sentence(exchange_here("county", *arguments))


def test_a_simulated_clock_goes_on_where_its_store_ended(county_run):
    *_, time, store = county_run
    with serving(store, "--open", "--clock", "simulated") as running, HubClient(running.url) as client:
        assert client.time() == time
