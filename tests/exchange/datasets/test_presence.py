"""A required element is missing when it is absent, empty, or filled with something that says nothing."""

import json

import pytest

from exchange.datasets import SECTIONS, is_filler, missing_elements, required_elements
from exchange.datasets.presence import presence_of
from exchange.fhir import structure
from exchange.systems import (
    ACT_CODE,
    BASE,
    HEALTH_RECORD_SECTION,
    HEALTH_RECORD_TYPE,
    LOCAL_CODING,
    PATIENT_ETHNICITY,
    PROFILE,
)

PATIENT = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "320090198001010012"}],
    "name": [{"use": "official", "text": "王小明"}],
    "gender": "male",
    "birthDate": "1980-01-01",
}
VISIT = {
    "resourceType": "Encounter",
    "identifier": [{"value": "M1"}],
    "status": "finished",
    "class": {"system": ACT_CODE, "code": "AMB"},
    "subject": {"identifier": {"value": "320481-1"}},
    "serviceType": {"coding": [{"code": "03.04"}]},
    "serviceProvider": {"identifier": {"value": "320481"}},
    "reasonCode": [{"coding": [{"code": "I10.x00"}]}],
    "period": {"start": "2016-03-01T08:00:00+08:00"},
}


def decode(resource):
    return structure().decode(resource["resourceType"], json.dumps(resource).encode())


def missing(resource, data_set):
    return [element.path for element in missing_elements(decode(resource), data_set)]


def test_a_complete_patient_and_visit_miss_nothing():
    assert missing(PATIENT, "") == []
    assert missing(PATIENT, "discharge") == []
    assert missing(VISIT, "outpatient-visit") == []


def test_the_same_encounter_lacks_more_as_a_discharge():
    assert missing(VISIT, "discharge") == [
        "Encounter.period.end",
        "Encounter.hospitalization.admitSource",
        "Encounter.hospitalization.dischargeDisposition",
    ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": [{"use": "official"}]}, "Patient.name"),
        ({"name": [{"text": "-"}]}, "Patient.name"),
        ({"name": [{"text": "不详"}]}, "Patient.name"),
        ({"name": [{"family": "无"}]}, "Patient.name"),
        ({"birthDate": "1900-01-01"}, "Patient.birthDate"),
        ({"identifier": [{"system": "urn:oid:2.16.156.10011.1.3"}]}, "Patient.identifier"),
        ({"identifier": [{"value": " - "}]}, "Patient.identifier"),
    ],
)
def test_an_empty_or_filler_value_is_missing(change, path):
    assert missing(PATIENT | change, "") == [path]


@pytest.mark.parametrize("element", ["identifier", "name", "gender", "birthDate"])
def test_an_absent_element_is_missing(element):
    rest = {key: value for key, value in PATIENT.items() if key != element}
    assert missing(rest, "") == [f"Patient.{element}"]


def test_one_value_that_says_something_is_enough():
    assert missing(PATIENT | {"name": [{"text": "-"}, {"family": "王"}]}, "") == []


@pytest.mark.parametrize(
    ("reason", "is_missing"),
    [
        ([{"coding": [{"code": "-", "display": "不详"}]}], True),
        ([{"coding": [{"code": "-", "display": "上呼吸道感染"}]}], False),
        ([{"text": "上呼吸道感染"}], False),
        ([{"text": "无"}], True),
        ([{"coding": [{"code": "无"}, {"code": "J06.900"}]}], False),
    ],
)
def test_a_concept_says_something_by_code_display_or_text(reason, is_missing):
    assert (missing(VISIT | {"reasonCode": reason}, "outpatient-visit") == ["Encounter.reasonCode"]) is is_missing


@pytest.mark.parametrize(("code", "is_missing"), [("男", False), ("-", True)])
def test_a_local_code_without_counterpart_is_not_missing_but_a_local_filler_is(code, is_missing):
    unmapped = {key: value for key, value in PATIENT.items() if key != "gender"}
    unmapped["_gender"] = {"extension": [{"url": LOCAL_CODING, "valueCoding": {"code": code}}]}
    assert (missing(unmapped, "") == ["Patient.gender"]) is is_missing
    visit = VISIT | {"class": {"extension": [{"url": LOCAL_CODING, "valueCoding": {"code": code}}]}}
    assert (missing(visit, "") == ["Encounter.class"]) is is_missing


def health_record(*codes):
    return {
        "resourceType": "Composition",
        "meta": {"profile": [f"{PROFILE}/health-record-basic"]},
        "identifier": {"value": "D1"},
        "status": "final",
        "type": {"coding": [{"system": HEALTH_RECORD_TYPE, "code": "basic"}]},
        "subject": {"identifier": {"value": "320481-1"}},
        "date": "2016-03-01",
        "author": [{"display": "李医生"}],
        "title": "个人基本健康档案",
    } | ({"section": _sections(codes)} if codes else {})


def _sections(codes):
    return [{"code": {"coding": [{"system": HEALTH_RECORD_SECTION, "code": code}]}, "title": code} for code in codes]


def test_a_health_record_lacks_the_required_sections_that_it_does_not_have():
    required = [section.code for section in SECTIONS["health-record-basic"] if section.required]
    paths = [f"Composition.section({code})" for code in required]
    assert missing(health_record(*required), "health-record-basic") == []
    assert missing(health_record(*required[1:]), "health-record-basic") == paths[:1]
    assert missing(health_record(), "health-record-basic") == paths


def test_an_author_who_is_only_named_is_an_author():
    assert "Composition.author" not in missing(health_record(), "health-record-basic")
    unnamed = health_record() | {"author": [{"display": "-"}]}
    assert "Composition.author" in missing(unnamed, "health-record-basic")


def test_an_extension_is_addressed_by_name():
    has_ethnicity = presence_of("Patient.extension(patient-ethnicity).valueCodeableConcept")
    ethnicity = {"url": PATIENT_ETHNICITY, "valueCodeableConcept": {"coding": [{"code": "01"}]}}
    other = {"url": f"{BASE}/StructureDefinition/other", "valueCodeableConcept": {"text": "汉族"}}
    assert has_ethnicity(decode(PATIENT | {"extension": [other, ethnicity]}))
    assert not has_ethnicity(decode(PATIENT | {"extension": [other]}))
    assert not has_ethnicity(decode(PATIENT))


def test_a_choice_is_present_by_any_of_its_branches():
    is_dated = presence_of("Observation.effective[x]")
    base = {"resourceType": "Observation", "status": "final", "code": {"text": "血糖"}}
    assert is_dated(decode(base | {"effectiveDateTime": "2016-03-01"}))
    assert is_dated(decode(base | {"effectivePeriod": {"end": "2016-03-01"}}))
    assert not is_dated(decode(base))


def test_a_number_of_zero_says_something():
    has_value = presence_of("Observation.value[x]")
    base = {"resourceType": "Observation", "status": "final", "code": {"text": "血糖"}}
    assert has_value(decode(base | {"valueInteger": 0}))
    assert has_value(decode(base | {"valueBoolean": False}))


def test_a_resource_that_is_no_event_is_asked_only_what_every_data_set_asks():
    common = {element.path for element in required_elements("Encounter", "")}
    assert common == {element.path for element in required_elements("Encounter", "outpatient-visit")}
    assert common < {element.path for element in required_elements("Encounter", "discharge")}
    assert required_elements("Encounter", "laboratory-examination") == ()
    assert required_elements("Location", "") == ()


@pytest.mark.parametrize("path", ["Patient", "", "Patient.", "Patient.name text", "Patient..name", "Patient.name[0]"])
def test_a_path_that_is_none_is_refused(path):
    with pytest.raises(ValueError, match="is no element path"):
        presence_of(path)


@pytest.mark.parametrize("text", ["", "  ", "-", " - ", "无", "不详", "1900-01-01"])
def test_fillers_say_nothing(text):
    assert is_filler(text)


@pytest.mark.parametrize("text", ["0", "其他", "无锡", "false"])
def test_words_say_something(text):
    assert not is_filler(text)
