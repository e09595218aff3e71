"""One bad entry among a hundred: a transaction fails as a whole, a batch loses that entry alone."""

import json

import pytest
from hub_records import Json, bundle, number, patient, put, resident_number, visit
from hub_station import County, assert_books_balance
from sqlalchemy import func, select

from province_hub.store.tables import FINDING, QUARANTINE, RECORD, RESIDENT

BAD = 42


def a_hundred(bad: Json | None = None) -> list[Json]:
    """A hundred patients; the entry at BAD is replaced by `bad`."""
    entries = [put(patient(resident=resident_number())) for _ in range(100)]
    if bad is not None:
        entries[BAD] = bad
    return entries


BADS = {
    "structure": put(patient("bad-1", birthDate="1980-02-30")),
    "reference": put(visit("nobody")),
    "identity": put(patient("bad-2"), url="Patient/1"),
    "method": put(patient("bad-3")) | {"request": {"method": "FETCH", "url": "Patient"}},
    "no resource": {"request": {"method": "POST", "url": "Patient"}},
    "no entry": 5,
}


@pytest.mark.parametrize("bad", BADS.values(), ids=BADS)
def test_one_bad_entry_among_a_hundred_fails_a_transaction(county: County, bad: Json) -> None:
    entries = a_hundred(bad)
    answer = county.push(*entries, kind="transaction")
    assert 400 <= answer.status < 500
    assert answer.fates == ["refused"] * 100
    assert (answer.receipt["submitted"], answer.receipt["refused"]) == (100, 100)
    assert county.records() == 0
    assert county.ledger() == {"refused": 100}
    (item,) = county.rows(QUARANTINE)
    assert (item.entry, item.entries, item.resource_type) == (None, 100, "Bundle")
    assert json.loads(item.content) == bundle(*entries, kind="transaction")
    assert {entry["quarantine"] for entry in answer.receipt["entries"]} == {item.key}


@pytest.mark.parametrize("bad", BADS.values(), ids=BADS)
def test_one_bad_entry_among_a_hundred_costs_a_batch_one_entry(county: County, bad: Json) -> None:
    answer = county.push(*a_hundred(bad))
    assert answer.status == 200
    assert answer.fates == ["new"] * BAD + ["refused"] + ["new"] * (99 - BAD)
    assert county.records() == 99
    assert county.ledger() == {"new": 99, "refused": 1, "held": 99, "usable": 99}
    (item,) = county.rows(QUARANTINE)
    assert (item.entry, item.entries) == (BAD, 1)
    assert f"Bundle.entry[{BAD}]" in str(answer.response.json()["entry"][BAD]["response"]["outcome"])


@pytest.mark.parametrize("bad", BADS.values(), ids=BADS)
def test_a_failed_transaction_names_the_bad_entry_and_how_to_mend_it(county: County, bad: Json) -> None:
    answer = county.push(*a_hundred(bad), kind="transaction")
    outcome = answer.response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    for issue in outcome["issue"]:
        assert issue["severity"] == "error"
        assert issue["expression"][0].startswith(f"Bundle.entry[{BAD}]")
        assert issue["diagnostics"]


def test_a_sound_transaction_is_stored_as_a_whole(county: County) -> None:
    answer = county.push(*a_hundred(), kind="transaction")
    assert answer.status == 200
    assert answer.response.json()["type"] == "transaction-response"
    assert answer.fates == ["new"] * 100
    assert county.records() == 100
    assert county.rows(QUARANTINE) == []


def test_a_failed_transaction_leaves_earlier_records_untouched(county: County) -> None:
    p = number()
    location = county.accept(put(patient(p))).locations[0]
    before = county.rows(RECORD)
    failed = county.push(put(patient(p, gender="other")), put(visit(p)), put(visit("nobody")), kind="transaction")
    assert failed.fates == ["refused"] * 3
    assert county.rows(RECORD) == before
    assert county.station.read(location)["gender"] == "male"
    assert county.ledger() == {"new": 1, "refused": 3, "held": 1, "usable": 1}


def test_a_failed_transaction_enters_no_resident(county: County) -> None:
    resident = resident_number()
    county.push(put(patient(resident=resident)), put(visit("nobody")), kind="transaction")
    with county.engine.connect() as connection:
        query = select(func.count()).select_from(RESIDENT).where(RESIDENT.c.resident_number == resident)
        assert connection.execute(query).scalar_one() == 0


def test_what_only_marks_an_entry_fails_no_transaction(county: County) -> None:
    p = number()
    answer = county.push(put(patient(p)), put(visit(p, reasonCode=[{"text": "-"}])), kind="transaction")
    assert answer.fates == ["new", "new"]
    assert answer.rules(1) == ["completeness.required-element"]
    outcome = answer.response.json()["entry"][1]["response"]["outcome"]
    assert [issue["severity"] for issue in outcome["issue"]] == ["warning"]


def test_the_findings_of_a_failed_transaction_are_kept_without_a_record(county: County) -> None:
    county.push(put(patient()), put(visit("nobody")), kind="transaction")
    (finding,) = county.rows(FINDING)
    assert (finding.entry, finding.rule, finding.record) == (1, "linkage.reference-to-nothing", None)


def test_a_transaction_sent_again_after_it_was_mended_counts_once(county: County) -> None:
    p = number()
    county.push(put(patient(p)), put(visit(p, status="x")), kind="transaction")
    mended = [put(patient(p)), put(visit(p, "V-mended"))]
    assert county.push(*mended, kind="transaction").fates == ["new", "new"]
    assert county.push(*mended, kind="transaction").fates == ["repeated", "repeated"]
    assert county.ledger() == {"new": 2, "repeated": 2, "refused": 2, "held": 2, "usable": 2}
    assert_books_balance(county.engine)
