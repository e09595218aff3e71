"""The law of conservation: submitted = new + updated + repeated + refused, whatever is pushed, in every book."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hub_records import Json, health_record, patient, post, put, report, resident_number, stay, visit
from hub_station import Desk, add_counties, assert_books_balance
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from exchange.systems import ACT_CODE
from province_hub.store.engine import create_tables, open_store

NODES = ("A", "B")
PATIENTS = st.sampled_from(["p1", "p2", "p3"])
NUMBERS = st.sampled_from(["n1", "n2", "n3"])
DAYS = st.sampled_from(["2016-03-01", "2016-03-02", "2016-03-10", "2016-04-01"])
RESIDENTS = [resident_number("1980-01-01") for _ in range(2)]


@st.composite
def patients(draw: st.DrawFn) -> Json:
    resident = draw(st.sampled_from(["", *RESIDENTS]))
    gender = draw(st.sampled_from(["male", "female", "男"]))
    return put(patient(draw(PATIENTS), resident=resident, gender=gender))


@st.composite
def visits(draw: st.DrawFn) -> Json:
    kind = draw(st.sampled_from(["AMB", "EMER", "IMP", "VR"]))
    start = f"{draw(DAYS)}T08:00:00+08:00"
    changed: Json = {"class": {"system": ACT_CODE, "code": kind}}
    if draw(st.booleans()):
        changed["period"] = {"start": start, "end": start}
    return put(visit(draw(PATIENTS), draw(NUMBERS), start=start) | changed)


@st.composite
def details(draw: st.DrawFn) -> Json:
    p, n = draw(PATIENTS), draw(NUMBERS)
    kind = draw(st.sampled_from(["basic", "hypertension", "diabetes"]))
    made = draw(st.sampled_from([stay(p, n), report(p, n), health_record(p, kind, n)]))
    return post(made) if draw(st.booleans()) else put(made)


NOTHING_SOUND: list[Any] = [
    put({"resourceType": "Patient"}, url="Patient/1"),
    put(patient("p1", gender="mann")),
    put(patient("p1"), url="Patient?identifier=urn:oid:1.2.3|9"),
    put({"resourceType": "Patinet", "identifier": [{"system": "urn:oid:1.2.3", "value": "9"}]}),
    {"resource": patient("p1")},
    {"request": {"method": "DELETE", "url": "Patient/1"}},
    {"resource": visit("p1"), "request": {"method": "FETCH", "url": "Encounter"}},
    {},
    5,
]
ENTRIES = st.one_of(patients(), visits(), details(), st.sampled_from(NOTHING_SOUND))
BUNDLES = st.tuples(
    st.sampled_from(NODES),
    st.sampled_from(["batch", "batch", "transaction"]),
    st.sampled_from(["2016-03-10", "2016-03-11"]),
    st.lists(ENTRIES, min_size=1, max_size=7),
)
Pushed = tuple[str, str, str, list[Any]]


def _take_all(desk: Desk, pushed: list[Pushed]) -> None:
    for node, kind, day, entries in pushed:
        receipt = desk.take(node, *entries, at=day, kind=kind)
        assert receipt.submitted == len(entries)
        assert receipt.submitted == receipt.new + receipt.updated + receipt.repeated + receipt.refused
        assert receipt.accepted == receipt.submitted - receipt.refused
        assert kind == "batch" or receipt.refused in (0, len(entries))
        assert [entry.entry for entry in receipt.entries] == list(range(len(entries)))
        assert all(entry.findings for entry in receipt.entries if entry.outcome == "refused" and kind == "batch")


@given(st.lists(BUNDLES, min_size=1, max_size=4))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_entry_of_every_bundle_has_one_fate_in_every_book(pushed: list[Pushed]) -> None:
    with TemporaryDirectory() as folder:
        engine = open_store(str(Path(folder, "hub.sqlite")))
        create_tables(engine)
        add_counties(engine, NODES)
        _take_all(Desk.over(engine), pushed)
        assert_books_balance(engine)
        engine.dispose()


@given(BUNDLES.filter(lambda pushed: pushed[1] == "batch"))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_random_batch_sent_again_brings_nothing_new(pushed: Pushed) -> None:
    node, _, day, entries = pushed
    with TemporaryDirectory() as folder:
        engine = open_store(str(Path(folder, "hub.sqlite")))
        create_tables(engine)
        add_counties(engine, NODES)
        desk = Desk.over(engine)
        first = desk.take(node, *entries, at=day)
        again = desk.take(node, *entries, at=day)
        assert again.new == 0
        assert again.refused <= first.refused  # what was missing for a reference may be there by now
        assert_books_balance(engine)
        engine.dispose()


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_the_books_balance_on_both_stores(store: Engine, desk: Desk, kind: str) -> None:
    sound = [put(patient("p1", resident=RESIDENTS[0])), put(visit("p1", "n1")), put(stay("p1", "n2"))]
    later = [put(patient("p1")), put(visit("p1", "n1", start="2016-03-02T08:00:00+08:00")), post(report("p1", "n3"))]
    records = [put(health_record("p1", "diabetes", "d1")), put(visit("p1", "n1")), put(visit("p1", "n1"))]
    days = ("2016-03-10", "2016-03-10", "2016-03-11", "2016-03-12", "2016-03-13", "2016-03-14")
    entries = (sound, sound, later, records, [*sound, *NOTHING_SOUND], [*later, put(visit("p9"))])
    _take_all(desk, [("T0001", kind, day, part) for day, part in zip(days, entries, strict=True)])
    assert_books_balance(store)
