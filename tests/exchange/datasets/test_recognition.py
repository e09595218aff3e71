"""Which data set a decoded resource is the event of, and on which day that event happened."""

import json
from datetime import date

import pytest

from exchange.datasets import DATA_SETS, data_set_of, event_day
from exchange.fhir import structure
from exchange.systems import ACT_CODE, HEALTH_RECORD_TYPE


def decode(resource):
    return structure().decode(resource["resourceType"], json.dumps(resource).encode())


def encounter(code="AMB", system=ACT_CODE, **period):
    period = period or {"start": "2016-03-01T08:00:00+08:00", "end": "2016-03-09T08:00:00+08:00"}
    return decode(
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"system": system, "code": code},
            "period": period,
        }
    )


def composition(*codings, when="2016-04-01"):
    return decode(
        {
            "resourceType": "Composition",
            "status": "final",
            "type": {"coding": [{"system": system, "code": code} for system, code in codings]},
            "date": when,
            "author": [{"display": "王医生"}],
            "title": "健康档案",
        }
    )


def report(**dates):
    return decode({"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "血常规"}, **dates})


@pytest.mark.parametrize(
    ("code", "data_set", "day"),
    [
        ("AMB", "outpatient-visit", date(2016, 3, 1)),
        ("EMER", "outpatient-visit", date(2016, 3, 1)),
        ("IMP", "discharge", date(2016, 3, 9)),
        ("ACUTE", "discharge", date(2016, 3, 9)),
        ("NONAC", "discharge", date(2016, 3, 9)),
        ("HH", "", date(2016, 3, 1)),
    ],
)
def test_an_encounter_counts_by_its_class_a_visit_by_its_start_and_a_discharge_by_its_end(code, data_set, day):
    assert data_set_of(encounter(code)) == data_set
    assert event_day(encounter(code)) == day


def test_a_class_of_a_vendors_own_is_never_taken_for_a_national_one():
    assert data_set_of(encounter("IMP", system="urn:oid:2.16.156.10011.2.3.1.271")) == ""
    local = {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}}
    assert data_set_of(decode(local)) == ""


def test_an_inpatient_who_has_not_left_is_on_no_day_a_discharge():
    assert event_day(encounter("IMP", start="2016-03-01T08:00:00+08:00")) is None


@pytest.mark.parametrize("code", ["basic", "hypertension", "diabetes"])
def test_a_composition_counts_by_its_health_record_type(code):
    resource = composition(("http://loinc.org", "34133-9"), (HEALTH_RECORD_TYPE, code))
    assert data_set_of(resource) == f"health-record-{code}"
    assert data_set_of(resource) in DATA_SETS
    assert event_day(resource) == date(2016, 4, 1)


@pytest.mark.parametrize("coding", [("http://loinc.org", "basic"), (HEALTH_RECORD_TYPE, "asthma")])
def test_another_composition_is_no_health_record(coding):
    assert data_set_of(composition(coding)) == ""


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ({"effectiveDateTime": "2016-03-02", "issued": "2016-03-03T00:00:00Z"}, date(2016, 3, 2)),
        ({"effectivePeriod": {"start": "2016-03-02T09:00:00+08:00"}}, date(2016, 3, 2)),
        ({"effectiveDateTime": "2016-03", "issued": "2016-03-03T00:00:00Z"}, date(2016, 3, 3)),
        ({"issued": "2016-03-02T17:00:00Z"}, date(2016, 3, 3)),
        ({}, None),
    ],
)
def test_a_report_counts_by_its_examination_or_else_its_issue_in_china_days(dates, day):
    assert data_set_of(report(**dates)) == "laboratory-examination"
    assert event_day(report(**dates)) == day


@pytest.mark.parametrize(
    ("resource", "day"),
    [
        ({"resourceType": "Patient", "birthDate": "1980-01-01"}, None),
        (
            {
                "resourceType": "Condition",
                "subject": {"display": "王"},
                "recordedDate": "2016-03-05",
                "onsetDateTime": "2001",
            },
            date(2016, 3, 5),
        ),
        (
            {
                "resourceType": "Procedure",
                "status": "completed",
                "subject": {"display": "王"},
                "performedPeriod": {"start": "2016-03-05T23:30:00Z"},
            },
            date(2016, 3, 6),
        ),
        (
            {
                "resourceType": "MedicationRequest",
                "status": "active",
                "intent": "order",
                "subject": {"display": "王"},
                "medicationCodeableConcept": {"text": "阿司匹林"},
                "authoredOn": "2016-03-07",
            },
            date(2016, 3, 7),
        ),
    ],
)
def test_other_resources_are_no_event_and_have_their_own_clinical_date(resource, day):
    assert data_set_of(decode(resource)) == ""
    assert event_day(decode(resource)) == day
