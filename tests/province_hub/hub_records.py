"""Small sound resources and bundles for the tests of the hub, changed by keyword where a test needs it."""

import json
from itertools import count
from typing import Any, Final
from uuid import UUID

from stdnum.cn import ric

from codemaps import load_tables
from exchange.systems import (
    ACT_CODE,
    CONDITION_NUMBER,
    DIAGNOSTIC_SERVICE,
    DOCUMENT_NUMBER,
    HEALTH_RECORD_SECTION,
    HEALTH_RECORD_TYPE,
    INPATIENT_NUMBER,
    LABORATORY_REPORT_NUMBER,
    LOINC,
    OBSERVATION_NUMBER,
    OUTPATIENT_NUMBER,
    PATIENT_INDEX,
    PROFILE,
    RESIDENT_NUMBER,
    SUBMISSION_NUMBER,
)

Json = dict[str, Any]

TABLES: Final = load_tables()
LAST_NUMBER: Final = count(1)


def number(prefix: str = "N") -> str:
    """A business number that no other test uses."""
    return f"{prefix}{next(LAST_NUMBER):06d}"


def uuid_url() -> str:
    """A fullUrl of the form urn:uuid that no other test uses."""
    return f"urn:uuid:{UUID(int=next(LAST_NUMBER), version=4)}"


def resident_number(birth_date: str = "1980-01-01", *, male: bool = True) -> str:
    """A resident number with a valid check character, under an address code that was never assigned."""
    order = (next(LAST_NUMBER) * 2 + male) % 1000
    county = 320090 + next(LAST_NUMBER) // 400 % 10
    digits = f"{county}{birth_date.replace('-', '')}{order:03d}"
    return digits + str(ric.calc_check_digit(digits + "0"))


def identifier(system: str, value: str) -> Json:
    return {"system": system, "value": value}


def concept(table: str, code: str) -> Json:
    """A code of a national table, as a CodeableConcept."""
    listed = TABLES[table]
    return {"coding": [{"system": listed.system, "code": code, "display": listed.concepts[code].display_zh}]}


def some_code(table: str) -> str:
    return next(iter(TABLES[table].concepts))


def to_patient(patient_number: str) -> Json:
    """A logical reference to a patient."""
    return {"type": "Patient", "identifier": identifier(PATIENT_INDEX, patient_number)}


def patient(patient_number: str = "", *, resident: str = "", **changed: Any) -> Json:
    identifiers = [identifier(PATIENT_INDEX, patient_number or number("P"))]
    if resident:
        identifiers.append(identifier(RESIDENT_NUMBER, resident))
    resource = {
        "resourceType": "Patient",
        "identifier": identifiers,
        "name": [{"text": "王小明", "family": "王", "given": ["小明"]}],
        "gender": "male",
        "birthDate": "1980-01-01",
    }
    return resource | changed


def visit(
    patient_number: str, visit_number: str = "", *, start: str = "2016-03-10T08:30:00+08:00", **changed: Any
) -> Json:
    resource = {
        "resourceType": "Encounter",
        "identifier": [identifier(OUTPATIENT_NUMBER, visit_number or number("V"))],
        "status": "finished",
        "class": {"system": ACT_CODE, "code": "AMB"},
        "serviceType": concept("department", some_code("department")),
        "subject": to_patient(patient_number),
        "period": {"start": start},
        "reasonCode": [concept("diagnosis", some_code("diagnosis"))],
        "serviceProvider": {"display": "溧阳市人民医院"},
    }
    return resource | changed


def stay(patient_number: str, stay_number: str = "", *, period: Json | None = None, **changed: Any) -> Json:
    resource = visit(patient_number) | {
        "identifier": [identifier(INPATIENT_NUMBER, stay_number or number("S"))],
        "class": {"system": ACT_CODE, "code": "IMP"},
        "period": period or {"start": "2016-03-02T09:00:00+08:00", "end": "2016-03-09T10:00:00+08:00"},
        "hospitalization": {
            "admitSource": concept("admission-route", some_code("admission-route")),
            "dischargeDisposition": concept("discharge-disposition", some_code("discharge-disposition")),
        },
    }
    return resource | changed


def report(patient_number: str, report_number: str = "", **changed: Any) -> Json:
    resource = {
        "resourceType": "DiagnosticReport",
        "identifier": [identifier(LABORATORY_REPORT_NUMBER, report_number or number("R"))],
        "status": "final",
        "category": [{"coding": [{"system": DIAGNOSTIC_SERVICE, "code": "LAB"}]}],
        "code": {"coding": [{"system": LOINC, "code": "58410-2"}], "text": "血常规"},
        "subject": to_patient(patient_number),
        "effectiveDateTime": "2016-03-10T09:00:00+08:00",
    }
    return resource | changed


def observation(patient_number: str, observation_number: str = "", **changed: Any) -> Json:
    resource = {
        "resourceType": "Observation",
        "identifier": [identifier(OBSERVATION_NUMBER, observation_number or number("O"))],
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "8480-6"}], "text": "收缩压"},
        "subject": to_patient(patient_number),
        "effectiveDateTime": "2016-03-10T09:00:00+08:00",
        "valueQuantity": {"value": 120, "unit": "mmHg"},
    }
    return resource | changed


def condition(patient_number: str, condition_number: str = "", **changed: Any) -> Json:
    resource = {
        "resourceType": "Condition",
        "identifier": [identifier(CONDITION_NUMBER, condition_number or number("C"))],
        "subject": to_patient(patient_number),
        "code": concept("diagnosis", some_code("diagnosis")),
        "recordedDate": "2016-03-10",
    }
    return resource | changed


_SECTIONS: Final = {
    "basic": ("registration", "allergies", "past-history", "family-history"),
    "hypertension": ("symptoms", "signs", "lifestyle", "medication", "assessment"),
    "diabetes": ("symptoms", "signs", "lifestyle", "glucose", "medication", "assessment"),
}


def health_record(patient_number: str, kind: str = "basic", document_number: str = "", **changed: Any) -> Json:
    resource = {
        "resourceType": "Composition",
        "meta": {"profile": [f"{PROFILE}/health-record-{kind}"]},
        "identifier": identifier(DOCUMENT_NUMBER, document_number or number("D")),
        "status": "final",
        "type": {"coding": [{"system": HEALTH_RECORD_TYPE, "code": kind}]},
        "subject": to_patient(patient_number),
        "date": "2016-03-01",
        "author": [{"display": "李医生"}],
        "title": "居民健康档案",
        "section": [
            {"title": code, "code": {"coding": [{"system": HEALTH_RECORD_SECTION, "code": code}]}}
            for code in _SECTIONS[kind]
        ],
    }
    return resource | changed


def token_of(resource: Json) -> str:
    """The first business identifier of a resource, as a search parameter writes it."""
    first = resource["identifier"]
    first = first[0] if isinstance(first, list) else first
    return f"{first['system']}|{first['value']}"


def put(resource: Json, url: str = "", **changed: Any) -> Json:
    """An entry that writes a resource by its first business identifier, or by `url`."""
    url = url or f"{resource['resourceType']}?identifier={token_of(resource)}"
    return {"resource": resource, "request": {"method": "PUT", "url": url}} | changed


def post(resource: Json, **request: str) -> Json:
    """An entry that creates a resource."""
    return {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]} | request}


def known_as(full_url: str, entry: Json) -> Json:
    """The same entry with a fullUrl."""
    return {"fullUrl": full_url} | entry


def bundle(*entries: Any, kind: str = "batch", submission_number: str = "") -> Json:
    """A Bundle of entries; without any it has no `entry` element."""
    made: Json = {"resourceType": "Bundle", "type": kind}
    if submission_number:
        made["identifier"] = identifier(SUBMISSION_NUMBER, submission_number)
    return made | ({"entry": list(entries)} if entries else {})


def as_json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
