"""The bulletin, computed from what arrived: upload days, visits, discharges, stocks, rates, and frozen by as_of."""

from datetime import date
from typing import Any

import pytest
from hub_records import Json, health_record, number, patient, put, report, resident_number, stay, visit
from hub_station import Desk, Station
from sqlalchemy import Engine

from exchange.bulletin import Bulletin, BulletinRow, from_json, to_json
from exchange.regions import NodeExpected
from exchange.systems import ACT_CODE
from province_hub.ledger.bulletin import By, make_bulletin
from province_hub.ledger.expected import replace_expected_volumes
from province_hub.store.engine import for_writing

MARCH, APRIL_END = date(2016, 3, 1), date(2016, 4, 30)
NANJING, LIYANG, JINTAN, CHANGZHOU, HOSPITAL = "320100", "320481", "320413", "320400", "32H02"
"""Two county platforms of one city, another city, and a province-run hospital there."""


def bulletin(desk: Desk, by: By, *, first: date = MARCH, last: date = APRIL_END, as_of: date | None = None) -> Bulletin:
    with desk.engine.connect() as connection:
        return make_bulletin(connection, first, last, by, as_of)


def row(desk: Desk, code: str, by: By = "city", **period: Any) -> BulletinRow:
    return next(row for row in bulletin(desk, by, **period).rows if row.code == code)


def national(desk: Desk, node: str, *resources: Json, at: str) -> None:
    """Take in records in national form as a node whatever its dialect: without a Patient's localised sex."""
    for resource in resources:
        if resource["resourceType"] == "Patient":
            resource.pop("gender")
    receipt = desk.take(node, *map(put, resources), at=at)
    assert receipt.refused == 0, receipt


def test_records_are_new_resources_by_arrival(desk: Desk) -> None:
    national(desk, LIYANG, patient("p1"), visit("p1", "v1"), at="2016-02-29")
    national(desk, LIYANG, patient("p2"), visit("p2", "v2"), visit("p2", "v3"), at="2016-03-01")
    national(desk, LIYANG, patient("p2"), visit("p2", "v2", status="in-progress"), at="2016-04-30")
    national(desk, LIYANG, patient("p3"), at="2016-05-01")
    desk.take(LIYANG, put(visit("nobody")), at="2016-04-30")
    counted = row(desk, CHANGZHOU)
    assert (counted.records, counted.updated, counted.repeated, counted.refused) == (3, 1, 1, 1)
    assert counted.submitted == 6


def test_upload_days_are_days_on_which_something_new_or_changed_arrived(desk: Desk) -> None:
    national(desk, LIYANG, patient("p1"), at="2016-03-01")
    national(desk, LIYANG, patient("p2"), at="2016-03-01")
    national(desk, LIYANG, patient("p1", birthDate="1981-01-01"), at="2016-03-03")
    national(desk, LIYANG, patient("p1", birthDate="1981-01-01"), at="2016-03-05")  # a repetition
    desk.take(LIYANG, put(visit("nobody")), at="2016-03-07")  # refused
    assert row(desk, CHANGZHOU).upload_days == 2


def test_upload_days_of_a_city_are_the_days_on_which_any_of_its_counties_uploaded(desk: Desk) -> None:
    for node, day in ((LIYANG, "2016-03-01"), (JINTAN, "2016-03-01"), (JINTAN, "2016-03-02")):
        national(desk, node, patient(number()), at=day)
    assert row(desk, CHANGZHOU).upload_days == 2
    assert row(desk, LIYANG, "node").upload_days == 1


@pytest.mark.parametrize(
    ("start", "counts"),
    [
        ("2016-02-29T15:59:59Z", 0),
        ("2016-02-29T17:00:00Z", 1),
        ("2016-02-29T23:59:59+08:00", 0),
        ("2016-03-01T00:00:00+08:00", 1),
        ("2016-02-29T10:00:00-08:00", 1),
        ("2016-03-01T00:30:00+09:00", 0),
        ("2016-03-01", 1),
        ("2016-04-30T23:59:59+08:00", 1),
        ("2016-04-30T16:00:00Z", 0),
    ],
)
def test_a_visit_counts_by_the_day_it_began_in_chinas_time(desk: Desk, start: str, counts: int) -> None:
    national(desk, LIYANG, patient("p1"), visit("p1", start=start), at="2016-05-02")
    assert row(desk, CHANGZHOU).outpatient_visits == counts


def test_outpatient_and_emergency_are_visits_and_inpatient_classes_discharges(desk: Desk) -> None:
    classes = ("AMB", "EMER", "IMP", "ACUTE", "NONAC", "VR")
    stays = [stay("p1", f"s{code}", **{"class": {"system": ACT_CODE, "code": code}}) for code in classes]
    national(desk, LIYANG, patient("p1"), *stays, at="2016-03-10")
    counted = row(desk, CHANGZHOU)
    assert (counted.outpatient_visits, counted.discharges) == (2, 3)


def test_a_discharge_counts_by_its_end_and_a_stay_without_end_not_at_all(desk: Desk) -> None:
    def lying(start: str, end: str = "") -> Json:
        return stay("p1", period={"start": start} | ({"end": end} if end else {}))

    national(
        desk,
        LIYANG,
        patient("p1"),
        lying("2016-02-20", "2016-02-29"),
        lying("2016-02-20", "2016-03-01"),
        lying("2016-04-29", "2016-04-30"),
        lying("2016-04-29", "2016-05-01"),
        lying("2016-03-05"),
        at="2016-05-02",
    )
    counted = row(desk, CHANGZHOU)
    assert (counted.discharges, counted.outpatient_visits, counted.records) == (2, 0, 0)


def test_a_stay_becomes_a_discharge_when_its_end_arrives(desk: Desk) -> None:
    national(desk, LIYANG, patient("p1"), stay("p1", "s1", period={"start": "2016-03-05"}), at="2016-03-06")
    assert row(desk, CHANGZHOU).discharges == 0
    period = {"start": "2016-03-05", "end": "2016-03-09"}
    national(desk, LIYANG, stay("p1", "s1", period=period), at="2016-03-10")
    assert row(desk, CHANGZHOU).discharges == 1
    assert row(desk, CHANGZHOU, as_of=date(2016, 3, 9)).discharges == 0


def test_a_visit_of_the_period_counts_however_late_it_arrives(desk: Desk) -> None:
    national(desk, LIYANG, patient("p1"), visit("p1", start="2016-04-30T08:00:00+08:00"), at="2016-06-01")
    counted = row(desk, CHANGZHOU)
    assert (counted.outpatient_visits, counted.records, counted.upload_days) == (1, 0, 0)


def test_a_visit_of_another_period_does_not_count_when_it_arrives_in_this_one(desk: Desk) -> None:
    national(desk, LIYANG, patient("p1"), visit("p1", start="2016-02-10T08:00:00+08:00"), at="2016-03-01")
    counted = row(desk, CHANGZHOU)
    assert (counted.outpatient_visits, counted.records) == (0, 2)


def test_reports_are_laboratory_and_examination_records_by_arrival(desk: Desk) -> None:
    national(desk, HOSPITAL, patient("p1"), report("p1", "r1", effectiveDateTime="2016-02-01"), at="2016-03-01")
    national(desk, HOSPITAL, report("p1", "r1", effectiveDateTime="2016-02-02"), report("p1", "r2"), at="2016-03-15")
    national(desk, HOSPITAL, report("p1", "r3"), at="2016-05-01")
    assert row(desk, HOSPITAL, "hospital").lab_exam_records == 2


def test_a_city_counts_its_county_platforms_and_a_hospital_stands_alone(desk: Desk) -> None:
    national(desk, LIYANG, patient("p1"), visit("p1"), at="2016-03-10")
    national(desk, JINTAN, patient("p1"), at="2016-03-10")
    national(desk, HOSPITAL, patient("p1"), visit("p1"), stay("p1"), at="2016-03-10")
    assert row(desk, CHANGZHOU).records == 3
    assert row(desk, NANJING).records == 0
    assert row(desk, HOSPITAL, "hospital").records == 3
    by_node = {line.code: line.records for line in bulletin(desk, "node").rows if line.records}
    assert by_node == {LIYANG: 2, JINTAN: 1, HOSPITAL: 3}


def test_rows_stand_with_most_records_first(desk: Desk) -> None:
    national(desk, "320902", patient("p1"), patient("p2"), at="2016-03-10")
    national(desk, LIYANG, patient("p1"), at="2016-03-10")
    codes = [line.code for line in bulletin(desk, "city").rows]
    assert codes[:2] == ["320900", CHANGZHOU]
    assert codes[2:] == sorted(codes[2:])


def test_as_of_freezes_the_bulletin_against_what_arrives_later(desk: Desk) -> None:
    r = resident_number()
    national(desk, LIYANG, patient("p1", resident=r), visit("p1", "v1"), health_record("p1"), at="2016-03-10")
    frozen = to_json(bulletin(desk, "city", as_of=date(2016, 3, 10)))
    national(desk, LIYANG, visit("p1", "v2"), visit("p1", "v1", start="2016-05-05"), at="2016-03-11")
    national(desk, LIYANG, patient("p2"), health_record("p2"), report("p2"), at="2016-03-12")
    desk.take(LIYANG, put(visit("nobody")), at="2016-03-12")
    assert to_json(bulletin(desk, "city", as_of=date(2016, 3, 10))) == frozen
    assert from_json(frozen).as_of == date(2016, 3, 10)
    now = row(desk, CHANGZHOU)
    assert (now.records, now.outpatient_visits, now.record_basic, now.refused) == (7, 1, 2, 1)


def test_as_of_before_the_period_shows_only_what_was_there(desk: Desk) -> None:
    national(desk, LIYANG, patient("p1"), health_record("p1"), at="2016-01-10")
    national(desk, LIYANG, patient("p2"), health_record("p2"), visit("p2"), at="2016-03-01")
    frozen = row(desk, CHANGZHOU, as_of=date(2016, 2, 1))
    assert (frozen.records, frozen.outpatient_visits, frozen.record_basic) == (0, 0, 1)


@pytest.mark.parametrize("kind", ["basic", "hypertension", "diabetes"])
def test_a_health_record_is_a_stock_whenever_it_arrived_before_the_end(desk: Desk, kind: str) -> None:
    national(desk, LIYANG, patient("p1"), health_record("p1", kind), at="2016-01-02")
    national(desk, LIYANG, patient("p2"), health_record("p2", kind), at="2016-04-30")
    national(desk, LIYANG, patient("p3"), health_record("p3", kind), at="2016-05-01")
    stocks = [row(desk, CHANGZHOU).record_basic, row(desk, CHANGZHOU).record_hypertension]
    stocks.append(row(desk, CHANGZHOU).record_diabetes)
    assert stocks == [2 * (kind == name) for name in ("basic", "hypertension", "diabetes")]
    assert row(desk, CHANGZHOU, last=date(2016, 3, 31)).record_basic == (kind == "basic")


def test_a_patient_that_came_with_a_visit_is_no_health_record(desk: Desk) -> None:
    national(desk, LIYANG, patient("p1", resident=resident_number()), visit("p1"), at="2016-03-10")
    assert row(desk, CHANGZHOU).record_basic == 0


def test_a_composition_of_another_type_is_no_health_record(desk: Desk) -> None:
    other = health_record("p1") | {"type": {"coding": [{"system": "http://loinc.org", "code": "basic"}]}}
    national(desk, LIYANG, patient("p1"), other, at="2016-03-10")
    assert row(desk, CHANGZHOU).record_basic == 0


def test_several_follow_ups_of_one_resident_are_one_health_record(desk: Desk) -> None:
    follow_ups = [health_record("p1", "hypertension") for _ in range(3)]
    national(desk, LIYANG, patient("p1"), *follow_ups, at="2016-03-10")
    assert row(desk, CHANGZHOU).record_hypertension == 1


def test_a_resident_with_records_in_two_counties_counts_once_in_the_city(desk: Desk) -> None:
    r = resident_number()
    for node, p in ((LIYANG, "p1"), (JINTAN, "p9")):
        national(desk, node, patient(p, resident=r), health_record(p), at="2016-03-10")
    assert row(desk, CHANGZHOU).record_basic == 1
    assert row(desk, LIYANG, "node").record_basic == 1
    assert row(desk, JINTAN, "node").record_basic == 1


def test_a_resident_with_two_patient_numbers_in_one_county_counts_once(desk: Desk) -> None:
    r = resident_number()
    records = [patient("p1", resident=r), patient("p2", resident=r), health_record("p1"), health_record("p2")]
    national(desk, LIYANG, *records, at="2016-03-10")
    assert row(desk, CHANGZHOU).record_basic == 1


def test_patients_without_a_valid_resident_number_are_people_of_their_own(desk: Desk) -> None:
    wrong = resident_number()[:17] + "?"
    records = [patient("p1", resident=wrong), patient("p2", resident=wrong), patient("p3")]
    national(desk, LIYANG, *records, *[health_record(p) for p in ("p1", "p2", "p3")], at="2016-03-10")
    assert row(desk, CHANGZHOU).record_basic == 3


@pytest.mark.parametrize("together", [True, False], ids=["with its patient", "after its patient"])
def test_a_health_record_finds_its_resident_in_the_bundle_or_the_store(desk: Desk, together: bool) -> None:
    r = resident_number()
    for node in (LIYANG, JINTAN):
        if together:
            national(desk, node, health_record("p1"), patient("p1", resident=r), at="2016-03-10")
        else:
            national(desk, node, patient("p1", resident=r), at="2016-03-10")
            national(desk, node, health_record("p1"), at="2016-03-11")
    assert row(desk, CHANGZHOU).record_basic == 1


def expect(desk: Desk, node: str, data_set: str, expected: float, first: date = MARCH, last: date = APRIL_END) -> None:
    volume = NodeExpected(node, data_set, first, last, expected, assumed=node == JINTAN, basis="a test")
    with for_writing(desk.engine).begin() as connection:
        assert replace_expected_volumes(connection, [volume]) == 1


def test_a_rate_is_what_arrived_over_what_was_expected_unrounded(desk: Desk) -> None:
    expect(desk, LIYANG, "outpatient-visit", 30.5)
    national(desk, LIYANG, patient("p1"), visit("p1"), at="2016-03-10")
    assert row(desk, CHANGZHOU).outpatient_rate == 100 / 30.5


def test_nothing_expected_is_no_rate(desk: Desk) -> None:
    national(desk, LIYANG, patient("p1"), visit("p1"), at="2016-03-10")
    assert row(desk, CHANGZHOU).outpatient_expected is None
    assert row(desk, CHANGZHOU).outpatient_rate is None


def test_a_city_expects_what_its_counties_do_and_says_if_a_part_is_assumed(desk: Desk) -> None:
    expect(desk, LIYANG, "discharge", 10)
    assert row(desk, CHANGZHOU).assumed == frozenset()
    expect(desk, JINTAN, "discharge", 5)
    expect(desk, HOSPITAL, "discharge", 100)
    city = row(desk, CHANGZHOU)
    assert (city.discharge_expected, city.assumed) == (15, {"discharge_expected"})
    assert row(desk, NANJING).discharge_expected is None
    assert row(desk, HOSPITAL, "hospital").discharge_expected == 100


def test_a_flow_is_expected_pro_rata_for_a_part_of_its_period(desk: Desk) -> None:
    expect(desk, LIYANG, "outpatient-visit", 610)
    assert row(desk, CHANGZHOU).outpatient_expected == pytest.approx(610)
    assert row(desk, CHANGZHOU, last=date(2016, 3, 31)).outpatient_expected == pytest.approx(310)
    assert row(desk, CHANGZHOU, first=date(2016, 4, 1)).outpatient_expected == pytest.approx(300)
    one_day = row(desk, CHANGZHOU, first=date(2016, 4, 30), last=date(2016, 5, 31))
    assert one_day.outpatient_expected == pytest.approx(10)
    assert row(desk, CHANGZHOU, first=date(2016, 5, 1), last=date(2016, 5, 31)).outpatient_expected is None


def test_a_flow_is_summed_over_the_periods_that_a_bulletin_spans(desk: Desk) -> None:
    expect(desk, LIYANG, "discharge", 31, date(2016, 3, 1), date(2016, 3, 31))
    expect(desk, LIYANG, "discharge", 60, date(2016, 4, 1), date(2016, 4, 30))
    assert row(desk, CHANGZHOU).discharge_expected == pytest.approx(91)
    april_half = row(desk, CHANGZHOU, first=date(2016, 3, 31), last=date(2016, 4, 15))
    assert april_half.discharge_expected == pytest.approx(1 + 30)


@pytest.mark.parametrize("last", [date(2016, 3, 1), date(2016, 3, 31), APRIL_END])
def test_a_stock_is_due_whole_and_never_pro_rata(desk: Desk, last: date) -> None:
    expect(desk, LIYANG, "health-record-diabetes", 610)
    assert row(desk, CHANGZHOU, last=last).record_diabetes_expected == 610


def test_a_volume_of_the_same_period_is_replaced(desk: Desk) -> None:
    expect(desk, LIYANG, "discharge", 10)
    expect(desk, LIYANG, "discharge", 20)
    expect(desk, LIYANG, "outpatient-visit", 7)
    assert row(desk, CHANGZHOU).discharge_expected == 20


@pytest.mark.parametrize("by", ["city", "hospital", "node"])
def test_the_bulletin_over_http_is_the_same_value(sqlite_store: Engine, by: By) -> None:
    desk = Desk.over(sqlite_store)
    national(desk, LIYANG, patient("p1"), visit("p1"), health_record("p1"), at="2016-03-10")
    national(desk, HOSPITAL, patient("p1"), report("p1"), at="2016-03-11")
    with Station(sqlite_store) as station:
        for as_of in ("2016-03-10", None):
            parameters = {"from": "2016-03-01", "to": "2016-04-30", "by": by} | ({"as_of": as_of} if as_of else {})
            response = station.client.get("/api/bulletin", params=parameters)
            assert response.status_code == 200
            wanted = bulletin(desk, by, as_of=date.fromisoformat(as_of) if as_of else None)
            assert response.content == to_json(wanted)
