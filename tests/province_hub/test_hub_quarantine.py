"""Quarantine: what was refused can be listed, looked at, replayed as it was or corrected, and withdrawn, once."""

from datetime import datetime

import pytest
from hub_records import as_json, bundle, known_as, number, patient, post, put, uuid_url, visit
from hub_station import County, Desk, NewCounty, Station, assert_books_balance
from sqlalchemy import Engine

from exchange.clock import SimulatedClock
from province_hub.intake.commit import AlreadyDecided
from province_hub.intake.quarantine import QuarantineError, reopened, withdraw
from province_hub.store.engine import for_writing
from province_hub.store.tables import QUARANTINE


def test_what_was_refused_is_listed_until_it_is_decided(county: County) -> None:
    answer = county.push(put(patient()), put(visit("nobody")), put(patient(gender="x", nmae=1)))
    first, second = county.quarantined()
    assert (first["entry"], first["resource_type"], first["rules"]) == (
        1,
        "Encounter",
        ["linkage.reference-to-nothing"],
    )
    assert (second["entry"], second["resource_type"]) == (2, "Patient")
    assert sorted(second["rules"]) == ["conformity.required-binding", "conformity.structure"]
    for item in (first, second):
        assert (item["state"], item["entries"], item["node"]) == ("waiting", 1, county.code)
        assert item["submission"] == answer.receipt["submission"]
        assert item["key"] == answer.receipt["entries"][item["entry"]]["quarantine"]


def test_the_list_is_cut_by_node_and_goes_on_after_a_key(new_county: NewCounty) -> None:
    one, other = new_county(), new_county()
    one.push(*[put(visit("nobody")) for _ in range(5)])
    other.push(put(visit("nobody")))
    keys = [item["key"] for item in one.quarantined()]
    assert len(keys) == 5
    assert len(other.quarantined()) == 1
    parameters = {"node": one.code, "limit": 2, "after": keys[1]}
    page = one.station.client.get("/api/quarantine", params=parameters).json()
    assert [item["key"] for item in page] == keys[2:4]


@pytest.mark.parametrize("parameters", [{"limit": 0}, {"limit": 1001}, {"state": "lost"}, {"after": "x"}])
def test_a_wrong_parameter_of_the_list_is_422(station: Station, parameters: dict[str, str]) -> None:
    assert station.client.get("/api/quarantine", params=parameters).status_code == 422


def test_an_item_is_shown_with_what_was_sent(county: County) -> None:
    sent = put(visit("nobody"))
    county.push(sent)
    (item,) = county.quarantined()
    shown = county.station.client.get(f"/api/quarantine/{item['key']}").json()
    assert shown["item"] == item
    assert (shown["method"], shown["url"]) == ("PUT", sent["request"]["url"])
    assert shown["content"] == as_json(sent["resource"]).decode()


def test_an_item_is_replayed_as_it_was_once_what_was_missing_is_there(county: County) -> None:
    p = number()
    county.push(put(visit(p)))
    (item,) = county.quarantined()
    county.accept(put(patient(p)))
    response = county.replay(item["key"])
    assert response.status_code == 200
    receipt = response.json()
    assert (receipt["submitted"], receipt["new"], receipt["kind"]) == (1, 1, "single")
    assert county.quarantined() == []
    (replayed,) = county.quarantined("replayed")
    assert replayed["replayed_as"] == receipt["submission"]
    assert county.station.read(receipt["entries"][0]["location"])["subject"]["identifier"]["value"] == p
    assert county.ledger() == {"new": 2, "refused": 1, "held": 2, "usable": 2}
    assert_books_balance(county.engine)


def test_an_item_is_replayed_corrected(county: County) -> None:
    p = number()
    county.push(put(patient(p, gender="mann")))
    (item,) = county.quarantined()
    receipt = county.replay(item["key"], patient(p, gender="male")).json()
    assert receipt["new"] == 1
    assert county.station.read(receipt["entries"][0]["location"])["gender"] == "male"
    assert county.push(put(patient(p, gender="male"))).fates == ["repeated"]


def test_a_correction_that_is_wrong_again_is_in_quarantine_anew(county: County) -> None:
    p = number()
    county.push(put(patient(p, gender="mann")))
    (item,) = county.quarantined()
    receipt = county.replay(item["key"], patient(p, gender="frau")).json()
    assert receipt["refused"] == 1
    (again,) = county.quarantined()
    assert again["key"] == receipt["entries"][0]["quarantine"] != item["key"]
    assert [replayed["key"] for replayed in county.quarantined("replayed")] == [item["key"]]
    assert county.replay(again["key"], patient(p)).json()["new"] == 1
    assert county.ledger() == {"new": 1, "refused": 2, "held": 1, "usable": 1}


def test_an_item_is_withdrawn_without_being_stored(county: County) -> None:
    county.push(put(visit("nobody")))
    (item,) = county.quarantined()
    response = county.station.client.post(f"/api/quarantine/{item['key']}/withdraw")
    assert response.status_code == 200
    assert response.json()["state"] == "withdrawn"
    assert county.quarantined() == []
    (row,) = county.rows(QUARANTINE)
    assert (row.state, row.decided_at) == ("withdrawn", "2016-03-10T22:00:00+08:00")
    assert county.records() == 0
    assert county.ledger() == {"refused": 1}


@pytest.mark.parametrize("first", ["replay", "withdraw"])
@pytest.mark.parametrize("second", ["replay", "withdraw"])
def test_a_second_decision_is_409_and_changes_nothing(county: County, first: str, second: str) -> None:
    county.push(put(visit("nobody")))
    (item,) = county.quarantined()
    path = f"/api/quarantine/{item['key']}"
    assert county.station.client.post(f"{path}/{first}").status_code == 200
    books = county.ledger(), county.quarantined("all")
    response = county.station.client.post(f"{path}/{second}")
    assert response.status_code == 409
    (issue,) = response.json()["issue"]
    assert issue["code"] == "conflict"
    assert str(item["key"]) in issue["diagnostics"]
    assert (county.ledger(), county.quarantined("all")) == books


def test_a_correction_that_is_no_resource_is_refused_and_the_item_waits_on(county: County) -> None:
    county.push(put(visit("nobody")))
    (item,) = county.quarantined()
    path = f"/api/quarantine/{item['key']}/replay"
    for content, media_type, status in ((b"{", "application/json", 400), (b"{}", "text/plain", 415)):
        response = county.station.client.post(path, content=content, headers={"Content-Type": media_type})
        assert response.status_code == status
    assert county.quarantined() == [item]


def test_a_whole_transaction_is_replayed_as_it_was(county: County) -> None:
    p, q = number(), number()
    county.push(put(patient(p)), put(visit(q)), kind="transaction")
    (item,) = county.quarantined()
    assert (item["entry"], item["entries"]) == (None, 2)
    county.accept(put(patient(q)))
    receipt = county.replay(item["key"]).json()
    assert (receipt["kind"], receipt["submitted"], receipt["new"]) == ("transaction", 2, 2)
    assert county.quarantined() == []
    assert county.ledger() == {"new": 3, "refused": 2, "held": 3, "usable": 3}
    assert_books_balance(county.engine)


def test_a_whole_transaction_is_replayed_corrected(county: County) -> None:
    p = number()
    county.push(put(patient(p, gender="mann")), put(visit(p)), kind="transaction")
    (item,) = county.quarantined()
    unsound = county.replay(item["key"], patient(p))
    assert unsound.status_code == 422
    corrected = bundle(put(patient(p)), put(visit(p)), kind="transaction")
    assert county.replay(item["key"], corrected).json()["new"] == 2
    assert county.quarantined() == []


def test_a_transaction_that_fails_again_is_in_quarantine_anew(county: County) -> None:
    county.push(put(patient()), put(visit("nobody")), kind="transaction")
    (item,) = county.quarantined()
    assert county.replay(item["key"]).json()["refused"] == 2
    (again,) = county.quarantined()
    assert (again["entry"], again["entries"]) == (None, 2)
    assert again["key"] != item["key"]
    assert county.ledger() == {"refused": 4}


def test_references_of_the_old_bundle_still_resolve_on_replay(county: County) -> None:
    url, web = uuid_url(), "https://his.example/fhir/Encounter/55"
    p = number()
    broken = visit(p, subject={"reference": url}, status="x", partOf={"reference": web})
    answer = county.push(known_as(url, put(patient(p))), known_as(web, put(visit(p))), put(broken))
    assert answer.fates == ["new", "new", "refused"]
    (item,) = county.quarantined()
    receipt = county.replay(item["key"], broken | {"status": "finished"}).json()
    assert receipt["new"] == 1
    stored = county.station.read(receipt["entries"][0]["location"])
    assert stored["subject"]["reference"] == answer.locations[0]
    assert stored["partOf"]["reference"] == answer.locations[1]


def test_a_replayed_conditional_create_is_still_conditional(county: County) -> None:
    p = number()
    token = f"identifier={patient(p)['identifier'][0]['system']}|{p}"
    county.push(post(patient(p, gender="mann"), ifNoneExist=token))
    (item,) = county.quarantined()
    county.accept(put(patient(p)))
    receipt = county.replay(item["key"], patient(p, gender="other")).json()
    assert receipt["repeated"] == 1
    assert county.station.read(receipt["entries"][0]["location"])["gender"] == "male"


def test_a_replay_goes_in_under_its_own_node_and_its_own_day(sqlite_store: Engine) -> None:
    clock = SimulatedClock(datetime.fromisoformat("2016-03-01T08:00:00+08:00"))
    with Station(sqlite_store, clock) as station:
        county = County(station, "T0001")
        county.push(put(patient("p1", gender="x")))
        (item,) = county.quarantined()
        station.client.post("/api/clock", json={"now": "2016-03-05T08:00:00+08:00"})
        receipt = county.replay(item["key"], patient("p1")).json()
    assert (receipt["node"], receipt["arrived_at"]) == ("T0001", "2016-03-05T08:00:00+08:00")
    assert_books_balance(sqlite_store)


def test_two_replays_of_one_item_at_once_store_it_once(desk: Desk) -> None:
    desk.take("T0001", put(visit("p1")))
    desk.take("T0001", put(patient("p1")))
    with desk.engine.connect() as connection:
        key = connection.execute(QUARANTINE.select()).one().key
        at = "2016-03-10T22:00:00+08:00"
        first, second = reopened(connection, key, at), reopened(connection, key, at)
    assert desk.intake.take([first])[0].new == 1
    with pytest.raises(AlreadyDecided, match=str(key)):
        desk.intake.take([second])
    with for_writing(desk.engine).begin() as connection, pytest.raises(QuarantineError, match="replayed"):
        withdraw(connection, key, at)
    assert_books_balance(desk.engine)
