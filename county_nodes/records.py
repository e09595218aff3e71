"""FHIR R4 records as a county platform makes them, in national form, with logical references.

Every function returns a fresh JSON object. Parts that nobody changes afterwards (references, observation
codes) are shared between objects; what a dialect may rewrite is made anew each time.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final, NamedTuple

from codemaps import CodeTable
from county_nodes.care import Diagnosis, Examination, Medication, Panel, VisitClass
from county_nodes.concepts import TERMINOLOGY, Resource, coding, loinc_code, quantity
from county_nodes.population import Person
from exchange.systems import (
    ACT_CODE,
    CONDITION_NUMBER,
    DIAGNOSTIC_SERVICE,
    DOCUMENT_NUMBER,
    ENCOUNTER_PAYMENT,
    EXAMINATION_REPORT_NUMBER,
    HEALTH_RECORD_NUMBER,
    HEALTH_RECORD_SECTION,
    HEALTH_RECORD_TYPE,
    INPATIENT_NUMBER,
    LABORATORY_REPORT_NUMBER,
    NODE_CODE,
    ORGANIZATION_NUMBER,
    OUTPATIENT_NUMBER,
    PATIENT_ETHNICITY,
    PATIENT_INDEX,
    PRESCRIPTION_NUMBER,
    PROCEDURE_NUMBER,
    PROFILE,
    RESIDENT_NUMBER,
)

ATC: Final = "http://www.whocc.no/atc"
_CLOCK: Final = tuple(f"T{minute // 60:02d}:{minute % 60:02d}:00+08:00" for minute in range(1440))
_CLASS_NAMES: Final = {"AMB": "ambulatory", "EMER": "emergency", "IMP": "inpatient encounter"}


@cache
def _day_text(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def moment(ordinal: int, minute: int) -> str:
    """Return a FHIR dateTime with +08:00 for a day's ordinal and a minute, which may run into the next day."""
    return _day_text(ordinal + minute // 1440) + _CLOCK[minute % 1440]


class Visit(NamedTuple):
    """A visit or a stay: its subject, class, diagnosis and times (day ordinals and minutes)."""

    subject: Resource
    number: str
    kind: VisitClass
    diagnosis: Diagnosis
    department: str
    payment: str
    start_day: int
    start_minute: int
    end_day: int
    end_minute: int
    reference: Resource | None

    @property
    def system(self) -> str:
        """The identifier system of this visit's number."""
        return INPATIENT_NUMBER if self.kind == "IMP" else OUTPATIENT_NUMBER


def reference(resource_type: str, system: str, value: str) -> Resource:
    """Return a logical reference: by business identifier, resolved by the hub."""
    return {"type": resource_type, "identifier": {"system": system, "value": value}}


class Institution(NamedTuple):
    """Where care happens: an organisation number of this node's own and a name."""

    number: str
    name: str


class Records:
    """Makes the records of one node; codes get their names from the national tables.

    Raises KeyError, naming table and code, where care uses a code that the tables do not have.
    """

    def __init__(self, node: str, node_name: str, tables: Mapping[str, CodeTable]) -> None:
        self._node = node
        self._tables = tables
        self._names: dict[tuple[str, str], tuple[str, str]] = {}
        self._manager = {"identifier": {"system": NODE_CODE, "value": node}, "display": node_name}

    def concept(self, table: str, code: str) -> Resource:
        """Return a CodeableConcept with one national coding."""
        known = self._names.get((table, code))
        if known is None:
            known = self._names[table, code] = self._look_up(table, code)
        system, display = known
        return {"coding": [{"system": system, "code": code, "display": display}]}

    def _look_up(self, table: str, code: str) -> tuple[str, str]:
        if table not in self._tables or code not in self._tables[table].concepts:
            raise KeyError(f"code table {table} has no code {code}, which the simulated care uses; add it to the table")
        return self._tables[table].system, self._tables[table].concepts[code].display_zh

    def patient_number(self, index: int) -> str:
        """Return the patient index number of a local index."""
        return f"{self._node}-{index:07d}"

    def subject(self, index: int) -> Resource:
        """Return the reference to a patient of this node."""
        return reference("Patient", PATIENT_INDEX, f"{self._node}-{index:07d}")

    def patient(self, index: int, person: Person, registered: bool) -> Resource:
        """Return a Patient; a registered resident has a health record number of 17 digits too."""
        identifiers: list[Resource] = [
            {"system": PATIENT_INDEX, "value": f"{self._node}-{index:07d}"},
            {
                "type": self.concept("identity-document-type", "01"),
                "system": RESIDENT_NUMBER,
                "value": person.resident_number,
            },
        ]
        if registered:
            town, serial = divmod(index, 100_000)
            number = f"{self._node}{1 + town:03d}001{serial:05d}"
            identifiers.append({"system": HEALTH_RECORD_NUMBER, "value": number})
        place = person.place
        return {
            "resourceType": "Patient",
            "extension": [
                {
                    "url": PATIENT_ETHNICITY,
                    "valueCodeableConcept": self.concept("ethnicity", person.ethnicity),
                }
            ],
            "identifier": identifiers,
            "name": [{"text": person.family + person.given, "family": person.family, "given": [person.given]}],
            "telecom": [{"system": "phone", "value": person.phone}],
            "gender": person.vitals.sex,
            "birthDate": person.birth_date,
            "address": [
                {
                    "use": "home",
                    "text": person.address,
                    "city": place.city_zh,
                    "district": place.name_zh,
                    "state": place.province_zh,
                }
            ],
            "maritalStatus": self.concept("marital-status", person.marital),
            "managingOrganization": self._manager,
        }

    def encounter(self, visit: Visit, institution: Institution, route: str, disposition: str) -> Resource:
        """Return a complete Encounter; `route` and `disposition` are the codes of a stay, else ""."""
        resource: Resource = {
            "resourceType": "Encounter",
            "extension": [{"url": ENCOUNTER_PAYMENT, "valueCodeableConcept": self.concept("payment", visit.payment)}],
            "identifier": [{"system": visit.system, "value": visit.number}],
            "status": "finished",
            "class": {"system": ACT_CODE, "code": visit.kind, "display": _CLASS_NAMES[visit.kind]},
            "serviceType": self.concept("department", visit.department),
            "subject": visit.subject,
            "period": {
                "start": moment(visit.start_day, visit.start_minute),
                "end": moment(visit.end_day, visit.end_minute),
            },
            "reasonCode": [self.concept("diagnosis", visit.diagnosis.code)],
            "serviceProvider": {
                "identifier": {"system": ORGANIZATION_NUMBER, "value": institution.number},
                "display": institution.name,
            },
        }
        if visit.kind == "IMP":
            resource["hospitalization"] = {
                "admitSource": self.concept("admission-route", route),
                "dischargeDisposition": self.concept("discharge-disposition", disposition),
            }
        return resource

    def condition(self, number: str, subject: Resource, encounter: Resource | None, code: str, when: str) -> Resource:
        """Return a confirmed diagnosis."""
        resource: Resource = {
            "resourceType": "Condition",
            "identifier": [{"system": CONDITION_NUMBER, "value": number}],
            "clinicalStatus": _ACTIVE,
            "verificationStatus": _CONFIRMED,
            "category": [_ENCOUNTER_DIAGNOSIS if encounter else _PROBLEM],
            "code": self.concept("diagnosis", code),
            "subject": subject,
            "recordedDate": when,
        }
        if encounter:
            resource["encounter"] = encounter
        return resource

    def procedure(self, number: str, visit: Visit, when: str) -> Resource:
        """Return the procedure of a stay."""
        return {
            "resourceType": "Procedure",
            "identifier": [{"system": PROCEDURE_NUMBER, "value": number}],
            "status": "completed",
            "code": self.concept("procedure", visit.diagnosis.procedure),
            "subject": visit.subject,
            "encounter": visit.reference,
            "performedDateTime": when,
        }

    def medication_request(
        self, number: str, subject: Resource, encounter: Resource | None, medication: Medication, when: str
    ) -> Resource:
        """Return a prescription of one medicine."""
        resource: Resource = {
            "resourceType": "MedicationRequest",
            "identifier": [{"system": PRESCRIPTION_NUMBER, "value": number}],
            "status": "completed",
            "intent": "order",
            "medicationCodeableConcept": _medicine(medication),
            "subject": subject,
            "authoredOn": when,
            "dosageInstruction": [
                {
                    "timing": {"code": self.concept("medication-frequency", medication.frequency)},
                    "doseAndRate": _dose(medication),
                }
            ],
        }
        if encounter:
            resource["encounter"] = encounter
        return resource


def laboratory_report(
    number: str,
    subject: Resource,
    encounter: Resource | None,
    panel: Panel,
    when: str,
    results: list[Resource],
) -> Resource:
    """Return a laboratory report on the Observations referred to."""
    resource: Resource = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": LABORATORY_REPORT_NUMBER, "value": number}],
        "status": "final",
        "category": _service("LAB"),
        "code": loinc_code(panel.loinc, panel.name),
        "subject": subject,
        "effectiveDateTime": when,
        "issued": when,
    }
    if encounter:
        resource["encounter"] = encounter
    if results:
        resource["result"] = results
    else:
        resource["conclusion"] = "所检项目未见明显异常。"
    return resource


def examination_report(
    number: str,
    subject: Resource,
    encounter: Resource | None,
    examination: Examination,
    normal: bool,
    when: str,
) -> Resource:
    """Return an examination report with its conclusion."""
    resource: Resource = {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": EXAMINATION_REPORT_NUMBER, "value": number}],
        "status": "final",
        "category": _service(examination.category),
        "code": loinc_code(examination.loinc, examination.name),
        "subject": subject,
        "effectiveDateTime": when,
        "issued": when,
        "conclusion": examination.normal if normal else examination.abnormal,
    }
    if encounter:
        resource["encounter"] = encounter
    return resource


def health_record(
    number: str,
    kind: str,
    subject: Resource,
    day: str,
    author: str,
    institution: Institution,
    sections: Mapping[str, tuple[str, str]],
) -> Resource:
    """Return a health record (basic, hypertension or diabetes); `sections` are code -> (title, text)."""
    title, display = _HEALTH_RECORDS[kind]
    return {
        "resourceType": "Composition",
        "meta": {"profile": [f"{PROFILE}/health-record-{kind}"]},
        "identifier": {"system": DOCUMENT_NUMBER, "value": number},
        "status": "final",
        "type": {"coding": [{"system": HEALTH_RECORD_TYPE, "code": kind, "display": display}]},
        "subject": subject,
        "date": day,
        "author": [{"display": author}],
        "title": title,
        "custodian": {
            "identifier": {"system": ORGANIZATION_NUMBER, "value": institution.number},
            "display": institution.name,
        },
        "section": [
            {
                "title": heading,
                "code": {"coding": [{"system": HEALTH_RECORD_SECTION, "code": code, "display": heading}]},
                "text": {
                    "status": "generated",
                    "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>',
                },
            }
            for code, (heading, text) in sections.items()
        ],
    }


_HEALTH_RECORDS: Final = {
    "basic": ("居民健康档案基本信息", "健康档案基本信息"),
    "hypertension": ("高血压患者随访记录", "高血压健康档案"),
    "diabetes": ("2型糖尿病患者随访记录", "糖尿病健康档案"),
}


@cache
def _service(category: str) -> list[Resource]:
    return [{"coding": [{"system": DIAGNOSTIC_SERVICE, "code": category}]}]


@cache
def _medicine(medication: Medication) -> Resource:
    return {
        "coding": [{"system": ATC, "code": medication.atc}],
        "text": f"{medication.name} {medication.strength}",
    }


@cache
def _dose(medication: Medication) -> list[Resource]:
    return [{"doseQuantity": {"value": medication.dose, **quantity(medication.unit, medication.unit_code)}}]


_ACTIVE: Final = coding(f"{TERMINOLOGY}/condition-clinical", "active", "Active")
_CONFIRMED: Final = coding(f"{TERMINOLOGY}/condition-ver-status", "confirmed", "Confirmed")
_ENCOUNTER_DIAGNOSIS: Final = coding(f"{TERMINOLOGY}/condition-category", "encounter-diagnosis", "Encounter Diagnosis")
_PROBLEM: Final = coding(f"{TERMINOLOGY}/condition-category", "problem-list-item", "Problem List Item")
