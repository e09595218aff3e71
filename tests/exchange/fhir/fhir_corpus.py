"""Small resources for the tests of structure: good ones, and bad ones made from them by one change each."""

import copy
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

CODING = {"system": "http://loinc.org", "code": "8480-6", "display": "收缩压"}
CONCEPT = {"coding": [CODING], "text": "收缩压"}
SUBJECT = {
    "type": "Patient",
    "identifier": {
        "system": "https://regional-exchange.example/fhir/sid/patient-index",
        "value": "320481-0000123",
    },
}
QUANTITY = {"value": 121.5, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
ABSENT_REASON = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}

BASES: dict[str, Json] = {
    "Patient": {
        "resourceType": "Patient",
        "id": "320481-0000123",
        "meta": {
            "lastUpdated": "2016-03-01T08:00:00+08:00",
            "profile": ["https://regional-exchange.example/p"],
        },
        "extension": [{"url": "https://regional-exchange.example/e", "valueCodeableConcept": CONCEPT}],
        "identifier": [{"use": "official", "system": "urn:oid:2.16.156.10011.1.3", "value": "320090198001011234"}],
        "active": True,
        "name": [{"use": "official", "text": "王小明", "family": "王", "given": ["小明"]}],
        "telecom": [{"system": "phone", "value": "13800000000", "rank": 1}],
        "gender": "male",
        "birthDate": "1980-01-01",
        "address": [{"use": "home", "text": "江苏省常州市", "line": ["一号", "二号"]}],
        "maritalStatus": CONCEPT,
        "contact": [{"name": {"text": "王大明"}, "gender": "male"}],
    },
    "Encounter": {
        "resourceType": "Encounter",
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.11", "value": "M2016030100001"}],
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": SUBJECT,
        "period": {"start": "2016-03-01T08:12:33+08:00", "end": "2016-03-01T09:01:00.5Z"},
        "reasonCode": [CONCEPT],
        "location": [{"location": {"display": "门诊"}, "status": "completed"}],
    },
    "Observation": {
        "resourceType": "Observation",
        "status": "final",
        "code": CONCEPT,
        "subject": SUBJECT,
        "effectiveDateTime": "2016-03-01T08:12:33+08:00",
        "issued": "2016-03-01T08:12:33+08:00",
        "valueQuantity": QUANTITY,
        "referenceRange": [{"low": {"value": 90}, "high": {"value": 140.0}}],
    },
    "Condition": {
        "resourceType": "Condition",
        "clinicalStatus": CONCEPT,
        "code": CONCEPT,
        "subject": SUBJECT,
        "onsetDateTime": "2016-03",
        "recordedDate": "2016-03-01",
    },
    "DiagnosticReport": {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": CONCEPT,
        "subject": SUBJECT,
        "effectiveDateTime": "2016-03-01",
        "issued": "2016-03-01T08:12:33Z",
        "result": [{"reference": "Observation/1"}],
    },
    "Composition": {
        "resourceType": "Composition",
        "identifier": {"system": "urn:oid:2.16.156.10011.1.1", "value": "D1"},
        "status": "final",
        "type": CONCEPT,
        "subject": SUBJECT,
        "date": "2016-03-01T08:12:33+08:00",
        "author": [{"display": "李医生"}],
        "title": "健康档案",
        "section": [{"title": "基本信息", "code": CONCEPT, "section": [{"title": "内层", "code": CONCEPT}]}],
    },
    "MedicationRequest": {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": CONCEPT,
        "subject": SUBJECT,
        "authoredOn": "2016-03-01",
        "dosageInstruction": [
            {
                "sequence": 1,
                "timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}, "code": CONCEPT},
            }
        ],
    },
    "Procedure": {
        "resourceType": "Procedure",
        "status": "completed",
        "code": CONCEPT,
        "subject": SUBJECT,
        "performedPeriod": {"start": "2016-03-01"},
        "note": [{"text": "顺利"}],
    },
    "Bundle": {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {
                "fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
                "resource": {"resourceType": "Patient", "gender": "female"},
                "request": {"method": "PUT", "url": "Patient?identifier=urn:x|1"},
            }
        ],
    },
}

REMOVE = object()


def changed(base: str, path: str, value: Any) -> Json:
    """A base with the element at `path` (`name.0.use`) set to `value`, or without it for REMOVE."""
    resource = copy.deepcopy(BASES[base])
    steps: list[str | int] = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = resource
    for step in steps[:-1]:
        place = place[step]
    if value is REMOVE:
        del place[steps[-1]]
    elif isinstance(place, list) and steps[-1] == len(place):
        place.append(value)
    else:
        place[steps[-1]] = value
    return resource


@dataclass(frozen=True)
class Case:
    base: str
    path: str
    value: Any
    expression: str = ""
    """Where the problem is, for a bad one."""
    lenient: str = ""
    """Why fhir.resources takes it and R4 does not."""

    @property
    def resource(self) -> Json:
        return changed(self.base, self.path, self.value)

    def __str__(self) -> str:
        shown = "removed" if self.value is REMOVE else repr(self.value)[:30]
        return f"{self.base}.{self.path}={shown}"


GOOD_CHANGES = [
    ("Patient", "id", REMOVE),
    ("Patient", "id", "a.B-9"),
    ("Patient", "birthDate", "1980"),
    ("Patient", "birthDate", "1980-12"),
    ("Patient", "birthDate", "2016-02-29"),
    ("Patient", "deceasedBoolean", False),
    ("Patient", "deceasedDateTime", "2016-03-01T23:59:59.123-05:00"),
    ("Patient", "multipleBirthInteger", -1),
    ("Patient", "_birthDate", ABSENT_REASON),
    ("Patient", "_gender", {"id": "g"}),
    ("Patient", "name.0._given", [{"id": "x"}]),
    ("Patient", "name.0.given", ["小", "明"]),
    ("Patient", "name.0.period", {"start": "2000"}),
    ("Patient", "address.0._line", [None, ABSENT_REASON]),
    ("Patient", "photo", [{"contentType": "image/png", "data": "aGVsbG8="}]),
    ("Patient", "contained", [{"resourceType": "Organization", "id": "o", "name": "县医院"}]),
    ("Patient", "text", {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">王</div>'}),
    ("Patient", "extension.0", {"url": "http://x", "valueDecimal": 1.50}),
    ("Patient", "extension.0", {"url": "http://x", "valueDate": "2016-03-01"}),
    ("Patient", "extension.0", {"url": "http://x", "valueTime": "08:30:00"}),
    ("Patient", "extension.0", {"url": "http://x", "valueInstant": "2016-03-01T08:30:00Z"}),
    ("Patient", "extension.0", {"url": "http://x", "valueOid": "urn:oid:1.2.3"}),
    ("Patient", "extension.0", {"url": "http://x", "extension": [{"url": "y", "valueBoolean": True}]}),
    ("Patient", "language", "zh-CN"),
    ("Encounter", "status", "entered-in-error"),
    ("Encounter", "class", {"display": "门诊"}),
    ("Encounter", "period", {"end": "2016-12-31T23:59:60Z"}),
    ("Encounter", "length", {"value": 3, "unit": "天"}),
    ("Encounter", "hospitalization", {"admitSource": CONCEPT}),
    ("Encounter", "classHistory", [{"class": CODING, "period": {"start": "2016"}}]),
    ("Observation", "status", "corrected"),
    ("Observation", "valueQuantity.value", -0.5),
    ("Observation", "valueQuantity.value", 0),
    ("Observation", "valueQuantity.value", 12345678901234567890),
    ("Observation", "valueQuantity.comparator", "<"),
    ("Observation", "valueQuantity", REMOVE),
    ("Observation", "component", [{"code": CONCEPT, "valueString": "阴性"}]),
    ("Observation", "component", [{"code": CONCEPT, "valueInteger": 3}]),
    ("Observation", "effectiveDateTime", "2016-03-01T08:12:33.123456+08:00"),
    ("Observation", "effectiveDateTime", REMOVE),
    ("Observation", "code.coding.0.code", "two words"),
    ("Condition", "onsetDateTime", REMOVE),
    ("Condition", "stage", [{"summary": CONCEPT}]),
    ("DiagnosticReport", "status", "appended"),
    ("DiagnosticReport", "conclusion", "未见异常\n请复查"),
    ("Composition", "section.0.text", {"status": "generated", "div": "<div>正文</div>"}),
    ("Composition", "section.0.mode", "working"),
    ("Composition", "attester", [{"mode": "legal", "time": "2016-03-01"}]),
    ("MedicationRequest", "dosageInstruction.0.timing.event", ["2016-03-01", "2016-03-02T08:00:00Z"]),
    ("MedicationRequest", "dosageInstruction.0.timing.repeat.timeOfDay", ["08:00:00", "20:00:00"]),
    ("MedicationRequest", "dosageInstruction.0.timing.repeat.dayOfWeek", ["mon", "fri"]),
    ("MedicationRequest", "substitution", {"allowedBoolean": False}),
    ("MedicationRequest", "dispenseRequest", {"numberOfRepeatsAllowed": 0}),
    ("Procedure", "performedPeriod", REMOVE),
    ("Bundle", "entry.0.request.method", "POST"),
    ("Bundle", "total", 0),
    ("Bundle", "entry", REMOVE),
]
GOOD = [
    *BASES.values(),
    *(changed(*change) for change in GOOD_CHANGES),
    # A required value that an extension replaces.
    changed("Observation", "status", REMOVE) | {"_status": ABSENT_REASON},
    # Values and extensions of an array side by side.
    changed("Patient", "name", [{"given": ["小明", None], "_given": [None, ABSENT_REASON]}]),
]

_COERCED = "fhir.resources converts the JSON type"
_BINDING = "fhir.resources does not enforce required bindings"
_NULL = "fhir.resources reads null as absent"
_EMPTY = "fhir.resources lets empty content through"
_URI = "the pattern for a URI in fhir.resources matches any text"
_ID = "fhir.resources allows an id of 255 characters"

BAD = [
    Case(
        "Patient",
        "resourceType",
        REMOVE,
        "Resource.resourceType",
        "fhir.resources knows the type from the model",
    ),
    Case("Patient", "gendr", "male", "Patient.gendr"),
    Case("Patient", "fhir_comments", "x", "Patient.fhir_comments", "fhir.resources keeps a DSTU2 element"),
    Case("Patient", "id", "a b", "Patient.id"),
    Case("Patient", "id", "", "Patient.id"),
    Case("Patient", "id", "x" * 65, "Patient.id", _ID),
    Case("Patient", "id", 5, "Patient.id"),
    Case("Patient", "active", "true", "Patient.active", _COERCED),
    Case("Patient", "active", 1, "Patient.active", _COERCED),
    Case("Patient", "active", None, "Patient.active", _NULL),
    Case("Patient", "gender", "男", "Patient.gender", _BINDING),
    Case("Patient", "gender", "Male", "Patient.gender", _BINDING),
    Case("Patient", "gender", " male", "Patient.gender"),
    Case("Patient", "gender", ["male"], "Patient.gender"),
    Case("Patient", "birthDate", "2016-02-30", "Patient.birthDate"),
    Case("Patient", "birthDate", "2015-02-29", "Patient.birthDate"),
    Case("Patient", "birthDate", "19800101", "Patient.birthDate"),
    Case("Patient", "birthDate", "1980-1-1", "Patient.birthDate"),
    Case("Patient", "birthDate", "1980-01-01T00:00:00Z", "Patient.birthDate"),
    Case("Patient", "birthDate", "0000", "Patient.birthDate"),
    Case("Patient", "birthDate", 19800101, "Patient.birthDate"),
    Case("Patient", "birthDate", "2016-03-01\n", "Patient.birthDate"),
    Case("Patient", "deceasedDateTime", "2016-03-01T08:00", "Patient.deceasedDateTime"),
    Case("Patient", "deceasedDateTime", "2016-03-01T08:00:00", "Patient.deceasedDateTime"),
    Case("Patient", "deceasedDateTime", "2016-02-30T08:00:00Z", "Patient.deceasedDateTime"),
    Case("Patient", "deceasedDateTime", "2016-03-01T24:00:00Z", "Patient.deceasedDateTime"),
    Case("Patient", "meta.lastUpdated", "2016-03-01", "Patient.meta.lastUpdated"),
    Case("Patient", "name", {"text": "王"}, "Patient.name"),
    Case("Patient", "name", [], "Patient.name", _EMPTY),
    Case("Patient", "name.0", {}, "Patient.name[0]", _EMPTY),
    Case("Patient", "name.0", "王", "Patient.name[0]"),
    Case("Patient", "name.0.given", "小明", "Patient.name[0].given"),
    Case("Patient", "name.0.given", [None], "Patient.name[0].given[0]", _NULL),
    Case("Patient", "name.0.given", [""], "Patient.name[0].given[0]"),
    Case("Patient", "name.0.text", "", "Patient.name[0].text"),
    Case("Patient", "name.0.use", "formal", "Patient.name[0].use", _BINDING),
    Case("Patient", "telecom.0.rank", 0, "Patient.telecom[0].rank"),
    Case("Patient", "telecom.0.rank", "1", "Patient.telecom[0].rank", _COERCED),
    Case("Patient", "identifier.0.system", "urn: x", "Patient.identifier[0].system", _URI),
    Case("Patient", "contact.0.gendr", "x", "Patient.contact[0].gendr"),
    Case("Patient", "_birthDate", {}, "Patient.birthDate"),
    Case(
        "Patient",
        "photo",
        [{"data": "no base64!"}],
        "Patient.photo[0].data",
        "fhir.resources skips what is not base64",
    ),
    Case("Patient", "contained", [{"resourceType": "Organization", "nam": "x"}], "Patient.contained[0].nam"),
    Case("Patient", "contained", [{"resourceType": "Organisation"}], "Patient.contained[0].resourceType"),
    Case("Patient", "extension.0", {"valueString": "x"}, "Patient.extension[0].url"),
    Case(
        "Patient",
        "extension.0",
        {"url": "x", "valueString": "x", "valueInteger": 1},
        "Patient.extension[0].value",
    ),
    Case("Patient", "extension.0", {"url": "x", "valueCode": "a  b "}, "Patient.extension[0].valueCode"),
    Case("Encounter", "status", REMOVE, "Encounter.status"),
    Case("Encounter", "status", "done", "Encounter.status", _BINDING),
    Case("Encounter", "class", REMOVE, "Encounter.class"),
    Case("Encounter", "class", [CODING], "Encounter.class"),
    Case("Encounter", "period.start", "2016-03-01 08:00:00", "Encounter.period.start"),
    Case("Encounter", "location.0.location", REMOVE, "Encounter.location[0].location"),
    Case("Observation", "code", REMOVE, "Observation.code"),
    Case("Observation", "valueString", "x", "Observation.value"),
    Case("Observation", "valueQuantity.value", "121.5", "Observation.valueQuantity.value", _COERCED),
    Case("Observation", "valueQuantity.value", True, "Observation.valueQuantity.value"),
    Case("Observation", "valueQuantity.comparator", "=<", "Observation.valueQuantity.comparator", _BINDING),
    Case("Observation", "_status", ABSENT_REASON | {"x": 1}, "Observation.status.x"),
    Case("Condition", "subject", REMOVE, "Condition.subject"),
    Case("Condition", "onsetString", "去年", "Condition.onset"),
    Case("DiagnosticReport", "issued", "2016-03-01T08:12:33", "DiagnosticReport.issued"),
    Case("Composition", "title", REMOVE, "Composition.title"),
    Case("Composition", "author", REMOVE, "Composition.author"),
    Case("Composition", "section.0.section.0.titel", "x", "Composition.section[0].section[0].titel"),
    Case("MedicationRequest", "medicationCodeableConcept", REMOVE, "MedicationRequest.medication"),
    Case("MedicationRequest", "intent", REMOVE, "MedicationRequest.intent"),
    Case(
        "MedicationRequest",
        "dosageInstruction.0.timing.repeat.frequency",
        1.5,
        "MedicationRequest.dosageInstruction[0].timing.repeat.frequency",
    ),
    Case(
        "MedicationRequest",
        "dosageInstruction.0.timing.repeat.timeOfDay",
        ["8:00"],
        "MedicationRequest.dosageInstruction[0].timing.repeat.timeOfDay[0]",
    ),
    Case("Procedure", "note.0", {"authorString": "李"}, "Procedure.note[0].text"),
    Case("Bundle", "type", REMOVE, "Bundle.type"),
    Case("Bundle", "entry.0.request.url", REMOVE, "Bundle.entry[0].request.url"),
    Case("Bundle", "entry.0.request.method", "put", "Bundle.entry[0].request.method", _BINDING),
]
