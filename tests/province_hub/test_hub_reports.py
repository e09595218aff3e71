"""Plain reports and controls: receipts, nodes, health, the clock, expected volumes, and wrong parameters."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hub_records import Json, number, patient, put, visit
from hub_station import County, Station
from sqlalchemy import Engine

from exchange.bulletin import from_json
from exchange.clock import SimulatedClock, SystemClock
from exchange.regions import load_region
from province_hub.store.tables import EXPECTED_VOLUME

PERIOD = {"from": "2016-03-01", "to": "2016-04-30"}


@pytest.fixture(scope="module")
def own_hub(prepared_sqlite: Engine) -> Iterator[Station]:
    """A hub whose clock and expected volumes these tests may change."""
    with Station(prepared_sqlite) as station:
        yield station


def volume(node: str, data_set: str = "outpatient-visit", expected: float = 100.0, **changed: object) -> Json:
    made = {
        "node": node,
        "data_set": data_set,
        "valid_from": "2016-03-01",
        "valid_to": "2016-04-30",
        "expected": expected,
        "assumed": False,
        "basis": "a test",
    }
    return made | changed


def test_a_receipt_fetched_again_is_the_same_every_time(county: County) -> None:
    p = number()
    answer = county.push(put(patient(p)), put(visit(p)), put(visit("nobody")))
    path = f"/api/submissions/{answer.receipt['submission']}"
    county.push(put(patient(p, gender="other")))
    again = county.station.client.get(path)
    assert again.status_code == 200
    assert again.headers["Content-Type"] == "application/json"
    assert again.json() == answer.receipt
    assert again.content == county.station.client.get(path).content


def test_a_receipt_says_the_same_as_the_answer(county: County) -> None:
    p = number()
    county.accept(put(patient(p)))
    answer = county.push(put(patient(p)), put(patient(p, gender="other")), put(visit(p)), put(visit("nobody")))
    assert answer.fates == ["repeated", "updated", "new", "refused"]
    assert answer.statuses == ["200", "200", "201", "422"]
    assert (answer.receipt["accepted"], answer.receipt["usable"]) == (3, 3)
    assert (answer.receipt["node"], answer.receipt["kind"]) == (county.code, "batch")
    outcome = answer.response.json()["entry"][3]["response"]["outcome"]
    assert outcome["issue"][0]["details"]["coding"][0]["code"] == answer.rules(3)[0]


@pytest.mark.parametrize("submission", ["999999999", "abc", "-1", "1.5"])
def test_a_receipt_that_is_not_there_is_404(station: Station, submission: str) -> None:
    response = station.client.get(f"/api/submissions/{submission}")
    assert response.status_code == 404
    assert submission in response.json()["issue"][0]["diagnostics"]


def test_the_nodes_are_those_of_the_region(own_hub: Station) -> None:
    nodes = {node["code"]: node for node in own_hub.client.get("/api/nodes").json()}
    for node in load_region("jiangsu-2016").nodes:
        shown = nodes[node.code]
        assert (shown["name_zh"], shown["kind"], shown["dialect"]) == (node.name_zh, node.kind, node.dialect)
        assert shown["city"] == node.city
    assert nodes["320829"]["valid_to"] == "2016-06-30"
    assert nodes["32H01"]["kind"] == "hospital"


def test_a_hub_is_live_and_ready(station: Station) -> None:
    assert station.client.get("/health/live").status_code == 200
    assert station.client.get("/health/ready").json() == {"status": "ready"}


def test_a_simulated_clock_goes_forward_and_never_back(own_hub: Station) -> None:
    before = datetime.fromisoformat(own_hub.client.get("/api/clock").json()["now"])
    later = before + timedelta(hours=1)
    assert own_hub.client.post("/api/clock", json={"now": later.isoformat()}).status_code == 200
    assert own_hub.client.get("/api/clock").json() == {"now": later.isoformat(), "simulated": True}
    back = own_hub.client.post("/api/clock", json={"now": before.isoformat()})
    assert back.status_code == 409
    assert later.isoformat() in back.json()["issue"][0]["diagnostics"]
    assert own_hub.client.get("/api/clock").json()["now"] == later.isoformat()


def test_the_clock_tells_every_zone_in_chinas(own_hub: Station) -> None:
    before = datetime.fromisoformat(own_hub.client.get("/api/clock").json()["now"])
    later = before + timedelta(minutes=1)
    own_hub.client.post("/api/clock", json={"now": later.astimezone(UTC).isoformat()})
    assert own_hub.client.get("/api/clock").json()["now"] == later.isoformat()


@pytest.mark.parametrize("body", [b"", b"{}", b'{"now": "tomorrow"}', b'{"now": 5}', b'{"noon": "x"}', b"[]"])
def test_a_time_that_is_none_is_422(own_hub: Station, body: bytes) -> None:
    before = own_hub.client.get("/api/clock").json()
    assert own_hub.client.post("/api/clock", content=body).status_code == 422
    assert own_hub.client.get("/api/clock").json() == before


def test_a_hub_that_tells_real_time_refuses_to_be_set(sqlite_store: Engine) -> None:
    with Station(sqlite_store, SystemClock()) as station:
        refused = station.client.post("/api/clock", json={"now": "2030-01-01T00:00:00+08:00"})
        assert refused.status_code == 409
        assert "--clock simulated" in refused.json()["issue"][0]["diagnostics"]
        assert station.client.get("/api/clock").json()["simulated"] is False


def test_the_day_of_the_clock_is_the_day_of_arrival(sqlite_store: Engine) -> None:
    clock = SimulatedClock(datetime.fromisoformat("2016-03-01T23:59:59+08:00"))
    with Station(sqlite_store, clock) as station:
        county = County(station, "T0001")
        first = county.push(put(patient()))
        station.client.post("/api/clock", json={"now": "2016-03-01T16:00:00Z"})
        second = county.push(put(patient()))
    assert first.receipt["arrived_at"] == "2016-03-01T23:59:59+08:00"
    assert second.receipt["arrived_at"] == "2016-03-02T00:00:00+08:00"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({}, "from"),
        ({"from": "2016-03-01"}, "to"),
        ({"from": "2016-03-32", "to": "2016-04-30"}, "from"),
        ({"from": "2016-04-30", "to": "2016-03-01"}, "to"),
        (PERIOD | {"by": "province"}, "by"),
        (PERIOD | {"as_of": "yesterday"}, "as_of"),
    ],
    ids=["nothing", "no end", "no such day", "end before start", "unknown table", "no day"],
)
def test_a_wrong_parameter_of_the_bulletin_is_422_and_named(
    station: Station, parameters: dict[str, str], named: str
) -> None:
    response = station.client.get("/api/bulletin", params=parameters)
    assert response.status_code == 422
    assert named in response.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(("by", "rows"), [("city", 13), ("hospital", 12)])
def test_the_bulletin_has_a_row_for_everyone_also_for_those_who_sent_nothing(
    station: Station, by: str, rows: int
) -> None:
    bulletin = from_json(station.client.get("/api/bulletin", params=PERIOD | {"by": by}).content)
    assert (bulletin.by, len(bulletin.rows)) == (by, rows)
    assert (bulletin.period_from, bulletin.period_to) == (date(2016, 3, 1), date(2016, 4, 30))


def test_expected_volumes_are_entered_and_replaced(own_hub: Station) -> None:
    def entered(*volumes: Json) -> int:
        response = own_hub.client.put("/api/expected-volumes", json=list(volumes))
        assert response.status_code == 200
        return int(response.json()["entered"])

    def expected() -> float | None:
        rows = from_json(own_hub.client.get("/api/bulletin", params=PERIOD | {"by": "node"}).content).rows
        return next(row.outpatient_expected for row in rows if row.code == "320481")

    assert expected() is None
    assert entered(volume("320481", expected=100.5), volume("320413")) == 2
    assert expected() == 100.5
    assert entered(volume("320481", expected=7)) == 1
    assert expected() == 7
    assert entered() == 0
    assert expected() == 7


@pytest.mark.parametrize(
    "changed", [{"expected": "many"}, {"valid_from": "March"}, {"node": 320481}, {"data_set": None}, {"assumed": "no"}]
)
def test_a_volume_of_the_wrong_shape_is_422_and_nothing_is_entered(own_hub: Station, changed: Json) -> None:
    with own_hub.engine.connect() as connection:
        before = connection.execute(EXPECTED_VOLUME.select()).all()
    response = own_hub.client.put(
        "/api/expected-volumes", json=[volume("320481", expected=3), volume("320404") | changed]
    )
    assert response.status_code == 422
    assert next(iter(changed)) in response.json()["issue"][0]["diagnostics"]
    with own_hub.engine.connect() as connection:
        assert connection.execute(EXPECTED_VOLUME.select()).all() == before
