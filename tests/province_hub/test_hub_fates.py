"""Every fate of an entry: new, updated, repeated, refused; and what store and ledger hold after each."""

import json
from typing import Any

from hub_records import bundle, number, patient, put, report, stay, visit
from hub_station import County, assert_books_balance
from sqlalchemy import select

from exchange.systems import ACT_CODE
from province_hub.store.tables import LEDGER, PAST_VERSION, QUARANTINE, RECORD, SUBMISSION


def test_what_was_never_sent_before_is_new(county: County) -> None:
    p = number()
    answer = county.push(put(patient(p)), put(visit(p)))
    assert answer.status == 200
    assert answer.fates == ["new", "new"]
    assert answer.statuses == ["201", "201"]
    assert [entry["version"] for entry in answer.receipt["entries"]] == [1, 1]
    assert county.ledger() == {"new": 2, "held": 2, "usable": 2}


def test_changed_content_is_an_update_and_the_past_version_is_kept(county: County) -> None:
    p = number()
    first = county.accept(put(patient(p)))
    second = county.accept(put(patient(p, birthDate="1981-02-03")))
    assert second.fates == ["updated"]
    assert second.statuses == ["200"]
    assert second.locations == first.locations
    (record,) = county.rows(RECORD)
    assert record.version == 2
    assert json.loads(record.body)["birthDate"] == "1981-02-03"
    with county.engine.connect() as connection:
        (past,) = connection.execute(select(PAST_VERSION).where(PAST_VERSION.c.record == record.key)).all()
    assert past.version == 1
    assert json.loads(past.body)["birthDate"] == "1980-01-01"
    assert past.submission == int(first.receipt["submission"])
    assert record.submission == int(second.receipt["submission"])
    assert county.ledger() == {"new": 1, "updated": 1, "held": 1, "usable": 1}


def test_a_third_version_keeps_both_earlier_ones(county: County) -> None:
    p = number()
    for day in ("01", "02", "03"):
        county.accept(put(patient(p, birthDate=f"1980-01-{day}")))
    (record,) = county.rows(RECORD)
    with county.engine.connect() as connection:
        query = select(PAST_VERSION).where(PAST_VERSION.c.record == record.key).order_by(PAST_VERSION.c.version)
        past = connection.execute(query).all()
    assert [(row.version, json.loads(row.body)["birthDate"]) for row in past] == [(1, "1980-01-01"), (2, "1980-01-02")]
    assert record.version == 3


def test_the_same_content_again_is_a_repetition(county: County) -> None:
    p = number()
    county.accept(put(patient(p)))
    again = county.push(put(patient(p)))
    assert again.fates == ["repeated"]
    assert again.statuses == ["200"]
    assert again.receipt["entries"][0]["version"] == 1
    assert county.ledger() == {"new": 1, "repeated": 1, "held": 1, "usable": 1}


def test_the_order_of_keys_and_white_space_is_no_change(county: County) -> None:
    p = number()
    resource = visit(p)
    county.accept(put(patient(p)), put(resource))
    turned = _turned_round(resource)
    assert list(turned) != list(resource)
    body = json.dumps(bundle(put(turned)), indent=3).encode()
    assert county.answered(county.station.send(body, county.code)).fates == ["repeated"]


def test_a_decimal_with_other_digits_is_a_change(county: County) -> None:
    p = number()
    r = number()
    extension = [{"url": "https://vendor.example/fee", "valueDecimal": "AMOUNT"}]

    def sent(amount: bytes) -> str:
        body = json.dumps(bundle(put(patient(p)), put(report(p, r, extension=extension)))).encode()
        return county.answered(county.station.send(body.replace(b'"AMOUNT"', amount), county.code)).fates[1]

    assert [sent(b"12.50"), sent(b"12.50"), sent(b"12.5")] == ["new", "repeated", "updated"]


def test_a_bundle_sent_twice_counts_once(county: County) -> None:
    p = number()
    entries = [put(patient(p)), put(visit(p)), put(stay(p)), put(report(p))]
    first = county.push(*entries)
    held = county.held()
    second = county.push(*entries)
    assert first.fates == ["new"] * 4
    assert second.fates == ["repeated"] * 4
    assert second.locations == first.locations
    assert county.held() == held
    assert county.ledger() == {"new": 4, "repeated": 4, "held": 4, "usable": 4}


def test_what_was_sent_before_and_comes_back_after_a_change_is_an_update(county: County) -> None:
    p = number()
    fates = [county.push(put(patient(p, birthDate=day))).fates[0] for day in ("1980-01-01", "1980-01-02", "1980-01-01")]
    assert fates == ["new", "updated", "updated"]


def test_a_refused_entry_is_in_quarantine_and_not_in_the_store(county: County) -> None:
    answer = county.push(put(patient(gender="mann")))
    assert answer.fates == ["refused"]
    assert county.records() == 0
    (item,) = county.rows(QUARANTINE)
    assert (item.entry, item.entries, item.state) == (0, 1, "waiting")
    assert json.loads(item.content)["gender"] == "mann"
    assert item.submission == int(answer.receipt["submission"])
    assert answer.receipt["entries"][0]["quarantine"] == item.key
    assert county.ledger() == {"refused": 1}


def test_a_marked_entry_is_accepted_and_not_usable(county: County) -> None:
    p = number()
    county.accept(put(patient(p)))
    answer = county.push(put(visit(p, **{"class": {"code": "门诊"}})))
    assert answer.fates == ["new"]
    assert answer.rules() == ["conformity.unmapped-code"]
    assert not answer.usable()
    assert county.ledger() == {"new": 2, "held": 2, "usable": 1}


def test_an_update_that_mends_a_record_makes_it_usable(county: County) -> None:
    p, v = number(), number()
    county.accept(put(patient(p)), put(visit(p, v, reasonCode=[{"coding": [{"code": "坏"}]}])))
    assert county.ledger()["usable"] == 1
    county.accept(put(visit(p, v)))
    assert county.ledger()["usable"] == 2
    county.accept(put(visit(p, v, reasonCode=[{"coding": [{"code": "坏"}]}])))
    assert county.ledger()["usable"] == 1


def test_the_ledger_counts_by_data_set_and_event_day(county: County) -> None:
    p = number()
    county.accept(
        put(patient(p)),
        put(visit(p, start="2016-03-01T08:00:00+08:00")),
        put(visit(p, start="2016-03-01T18:00:00+08:00")),
        put(visit(p, start="2016-03-02T00:00:00+08:00", **{"class": {"system": ACT_CODE, "code": "EMER"}})),
        put(stay(p, period={"start": "2016-03-01T09:00:00+08:00", "end": "2016-03-05T09:00:00+08:00"})),
        put(report(p, effectiveDateTime="2016-03-04")),
    )
    assert county.held() == {
        ("", ""): 1,
        ("outpatient-visit", "2016-03-01"): 2,
        ("outpatient-visit", "2016-03-02"): 1,
        ("discharge", "2016-03-05"): 1,
        ("laboratory-examination", "2016-03-04"): 1,
    }


def test_an_update_to_another_day_moves_the_record_in_the_ledger(county: County) -> None:
    p, v = number(), number()
    county.accept(put(patient(p)), put(visit(p, v, start="2016-03-01T08:00:00+08:00")))
    county.accept(put(visit(p, v, start="2016-03-03T08:00:00+08:00")))
    assert county.held() == {("", ""): 1, ("outpatient-visit", "2016-03-03"): 1}
    lines = {(line.data_set, line.event_day): line for line in county.rows(LEDGER)}
    assert lines["outpatient-visit", "2016-03-01"].new == 1
    assert lines["outpatient-visit", "2016-03-03"].updated == 1


def test_an_update_to_another_class_moves_the_record_to_the_other_data_set(county: County) -> None:
    p, v = number(), number()
    county.accept(put(patient(p)), put(visit(p, v)))
    end = {"start": "2016-03-08T08:00:00+08:00", "end": "2016-03-09T08:00:00+08:00"}
    changed = visit(p, v, period=end, **{"class": {"system": ACT_CODE, "code": "IMP"}})
    county.accept(put(changed))
    assert county.held() == {("", ""): 1, ("discharge", "2016-03-09"): 1}


def test_a_repetition_is_counted_where_the_record_is_held(county: County) -> None:
    p, v = number(), number()
    county.accept(put(patient(p)), put(visit(p, v)))
    county.accept(put(visit(p, v)))
    line = next(line for line in county.rows(LEDGER) if line.data_set == "outpatient-visit")
    assert (line.event_day, line.new, line.repeated, line.held) == ("2016-03-10", 1, 1, 1)


def test_one_batch_may_write_a_record_several_times_in_order(county: County) -> None:
    p = number()
    days = ("1980-01-01", "1980-01-02", "1980-01-02", "1980-01-01")
    answer = county.push(*[put(patient(p, birthDate=day)) for day in days])
    assert answer.fates == ["new", "updated", "repeated", "updated"]
    assert [entry["version"] for entry in answer.receipt["entries"]] == [1, 2, 2, 3]
    (record,) = county.rows(RECORD)
    assert record.version == 3
    assert county.ledger() == {"new": 1, "updated": 2, "repeated": 1, "held": 1, "usable": 1}


def test_one_batch_may_update_an_earlier_record_several_times(county: County) -> None:
    p, v = number(), number()
    county.accept(put(patient(p)), put(visit(p, v)))
    starts = [f"2016-03-0{day}T08:00:00+08:00" for day in (1, 2, 3)]
    answer = county.push(*[put(visit(p, v, start=start)) for start in starts])
    assert answer.fates == ["updated"] * 3
    assert county.held() == {("", ""): 1, ("outpatient-visit", "2016-03-03"): 1}
    record = next(row for row in county.rows(RECORD) if row.resource_type == "Encounter")
    with county.engine.connect() as connection:
        versions = connection.execute(select(PAST_VERSION.c.version).where(PAST_VERSION.c.record == record.key))
        assert sorted(versions.scalars()) == [1, 2, 3]


def test_the_submission_row_says_what_the_receipt_says(county: County) -> None:
    p = number()
    county.push(put(patient(p)), put(patient(p)), put(patient(p, birthDate="1980-05-05")), put(patient(gender="x")))
    (row,) = county.rows(SUBMISSION)
    assert (row.submitted, row.new, row.updated, row.repeated, row.refused) == (4, 1, 1, 1, 1)
    assert (row.kind, row.arrival_day, row.arrived_at) == ("batch", "2016-03-10", "2016-03-10T22:00:00+08:00")


def test_the_books_of_everything_pushed_so_far_balance(county: County) -> None:
    p = number()
    county.push(put(patient(p)), put(visit(p)), put(visit("nobody")))
    assert_books_balance(county.engine)


def _turned_round(value: Any) -> Any:
    """The same JSON with the keys of every object in the opposite order."""
    if isinstance(value, dict):
        return {key: _turned_round(value[key]) for key in reversed(value)}
    return [_turned_round(item) for item in value] if isinstance(value, list) else value
