"""Noise (错误数据): a catalogue of what county systems get wrong, with rates and truth.

Kinds that mark a record leave alone what the bulletin counts (event day, class, identifier). Kinds that make
the hub refuse a record are sent as extra entries with identifiers of their own, and nothing refers to them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

import msgspec

from county_nodes.concepts import Resource
from county_nodes.draws import Draws
from county_nodes.population import check_character
from county_nodes.records import reference
from exchange.systems import BASE, LOINC, OBSERVATION_NUMBER, PATIENT_INDEX, RESIDENT_NUMBER

Effect = Literal["marked", "refused"]


class Change(NamedTuple):
    """What noise did to a record: the element, its value before and as sent ("" for none)."""

    element: str
    original: str
    sent: str


class Truth(msgspec.Struct, frozen=True):
    """One injected error, as truth.ndjson says it. `entry` is the index in the bundle, from 0."""

    node: str
    day: date
    submission: str
    entry: int
    resource_type: str
    identifier: str
    kind: str
    element: str
    original: str
    sent: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of wrong data.

    `rate` is its share among the records of the types in `applies_to`; `inject` changes the record in place
    and says what it did, or None where this record offers no occasion. With `after_dialect` it comes after
    the national codes have become local ones.
    """

    name: str
    sentence_en: str
    sentence_zh: str
    rate: float
    applies_to: frozenset[str]
    inject: Callable[[Resource, Draws], Change | None]
    after_dialect: bool = False


@dataclass(frozen=True, slots=True)
class RefusedKind:
    """One kind of record that the hub must refuse; `rate` is its share on top of all records."""

    name: str
    sentence_en: str
    sentence_zh: str
    rate: float
    make: Callable[[str, str, str, Draws], tuple[Resource, Change]]
    """Called with an identifier of its own, a known patient's number, and a moment."""


def _wrong_check_character(patient: Resource, draws: Draws) -> Change | None:
    for position, identifier in enumerate(patient["identifier"]):
        if identifier["system"] == RESIDENT_NUMBER:
            number = identifier["value"]
            others = [character for character in "0123456789X" if character != check_character(number[:17])]
            identifier["value"] = number[:17] + draws.pick(others)
            return Change(f"Patient.identifier[{position}].value", number, identifier["value"])
    return None


def _other_birth_date(patient: Resource, draws: Draws) -> Change:
    original = patient["birthDate"]
    # Days and months are mixed up, years mistyped: what matters is that it differs.
    patient["birthDate"] = (date.fromisoformat(original) - timedelta(days=draws.between(1, 700))).isoformat()
    return Change("Patient.birthDate", original, patient["birthDate"])


def _other_sex(patient: Resource, _: Draws) -> Change:
    original = patient["gender"]
    patient["gender"] = "female" if original == "male" else "male"
    return Change("Patient.gender", original, patient["gender"])


def _damaged_name(patient: Resource, draws: Draws) -> Change:
    original = patient["name"][0]["text"]
    kept = draws.below(len(original))
    sent = original[:kept] + "\ufffd" * (len(original) - kept)
    patient["name"] = [{"text": sent}]
    return Change("Patient.name[0].text", original, sent)


def _filler_name(patient: Resource, draws: Draws) -> Change:
    original, sent = patient["name"][0]["text"], draws.pick(("-", "不详", "无"))
    patient["name"] = [{"text": sent}]
    return Change("Patient.name[0].text", original, sent)


_REQUIRED = {
    "Patient": "birthDate",
    "Encounter": "serviceType",
    "MedicationRequest": "authoredOn",
    "Procedure": "performedDateTime",
    "Observation": "effectiveDateTime",
}


def _missing_element(resource: Resource, _: Draws) -> Change:
    resource_type = resource["resourceType"]
    element = _REQUIRED[resource_type]
    return Change(f"{resource_type}.{element}", _as_text(resource.pop(element)), "")


def _admission_after_discharge(encounter: Resource, draws: Draws) -> Change | None:
    if "hospitalization" not in encounter:
        return None
    period = encounter["period"]
    original, end = period["start"], period["end"]
    # The admission is moved: the discharge is what counts.
    day = date.fromisoformat(end[:10]) + timedelta(days=draws.between(1, 9))
    encounter["period"] = {"start": day.isoformat() + end[10:], "end": end}
    return Change("Encounter.period.start", original, encounter["period"]["start"])


def _future_observation(observation: Resource, draws: Draws) -> Change:
    original = observation["effectiveDateTime"]
    day = date.fromisoformat(original[:10]) + timedelta(days=draws.between(90, 400))
    observation["effectiveDateTime"] = day.isoformat() + original[10:]
    return Change("Observation.effectiveDateTime", original, observation["effectiveDateTime"])


def _coded(resource: Resource) -> tuple[str, Resource] | None:
    """Return the element whose local code may be unknown to the map, and its coding."""
    match resource["resourceType"]:
        case "Encounter":
            return "Encounter.serviceType.coding[0]", resource["serviceType"]["coding"][0]
        case "Condition":
            return "Condition.code.coding[0]", resource["code"]["coding"][0]
        case "Procedure":
            return "Procedure.code.coding[0]", resource["code"]["coding"][0]
        case "MedicationRequest":
            coding = resource["dosageInstruction"][0]["timing"]["code"]["coding"][0]
            return "MedicationRequest.dosageInstruction[0].timing.code.coding[0]", coding
        case _:
            return None


_NATIONAL = ("urn:oid:", f"{BASE}/CodeSystem/")


def _unmapped_code(resource: Resource, draws: Draws) -> Change | None:
    if "serviceType" not in resource and resource["resourceType"] == "Encounter":
        return None
    found = _coded(resource)
    if found is None or str(found[1].get("system", "")).startswith(_NATIONAL):
        return None  # sent in national form: there is no local code here
    element, coding = found
    original, coding["code"] = coding["code"], f"ZZ{draws.between(100, 999)}"
    return Change(f"{element}.code", original, coding["code"])


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_PATIENT = frozenset({"Patient"})

KINDS: tuple[Kind, ...] = (
    Kind(
        "wrong-check-character",
        "The last character of a resident number was mistyped.",
        "身份证号末位校验码录入错误。",
        0.004,
        _PATIENT,
        _wrong_check_character,
    ),
    Kind(
        "birth-date-contradiction",
        "The birth date differs from the one in the resident number.",
        "出生日期与身份证号中的日期不符。",
        0.002,
        _PATIENT,
        _other_birth_date,
    ),
    Kind(
        "sex-contradiction",
        "The sex differs from the one in the resident number.",
        "性别与身份证号中的性别不符。",
        0.002,
        _PATIENT,
        _other_sex,
    ),
    Kind(
        "damaged-text",
        "A name was damaged on its way through a wrong character set.",
        "姓名因字符集转换错误而乱码。",
        0.001,
        _PATIENT,
        _damaged_name,
    ),
    Kind(
        "filler",
        "A filler stands in a required element to pass a check for null.",
        "必填项以占位符填充，以通过非空校验。",
        0.003,
        _PATIENT,
        _filler_name,
    ),
    Kind(
        "missing-element",
        "A required element is missing.",
        "必填项缺失。",
        0.003,
        frozenset(_REQUIRED),
        _missing_element,
    ),
    Kind(
        "admission-after-discharge",
        "The admission was entered with a day after the discharge.",
        "入院时间录入在出院时间之后。",
        0.01,
        frozenset({"Encounter"}),
        _admission_after_discharge,
    ),
    Kind(
        "future-time",
        "A measurement is dated in the future.",
        "检测时间晚于上传时间。",
        0.005,
        frozenset({"Observation"}),
        _future_observation,
    ),
    Kind(
        "unmapped-code",
        "A local code was added in the county and never mapped.",
        "本地新增代码未建立映射。",
        0.012,
        frozenset({"Encounter", "Condition", "Procedure", "MedicationRequest"}),
        _unmapped_code,
        after_dialect=True,
    ),
)


def _observation(identifier: str, patient: str, moment: str) -> Resource:
    return {
        "resourceType": "Observation",
        "identifier": [{"system": OBSERVATION_NUMBER, "value": identifier}],
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "8867-4"}], "text": "脉率"},
        "subject": reference("Patient", PATIENT_INDEX, patient),
        "effectiveDateTime": moment,
        "valueQuantity": {"value": 72, "unit": "次/min"},
    }


def _without_status(identifier: str, patient: str, moment: str, _: Draws) -> tuple[Resource, Change]:
    observation = _observation(identifier, patient, moment)
    return observation, Change("Observation.status", observation.pop("status"), "")


def _status_outside_binding(identifier: str, patient: str, moment: str, draws: Draws) -> tuple[Resource, Change]:
    status = draws.pick(("done", "已审核", "完成"))
    return (
        {**_observation(identifier, patient, moment), "status": status},
        Change("Observation.status", "final", status),
    )


def _date_that_does_not_exist(identifier: str, _patient: str, moment: str, draws: Draws) -> tuple[Resource, Change]:
    year = int(moment[:4]) - draws.between(20, 60)
    birth_date = draws.pick((f"{year}-02-30", f"{year}-13-01", f"{year}-04-31"))
    patient: Resource = {
        "resourceType": "Patient",
        "identifier": [{"system": PATIENT_INDEX, "value": identifier}],
        "name": [{"text": "王某"}],
        "birthDate": birth_date,
    }
    return patient, Change("Patient.birthDate", "", birth_date)


def _without_identifier(_identifier: str, patient: str, moment: str, _: Draws) -> tuple[Resource, Change]:
    observation = _observation(_identifier, patient, moment)
    return observation, Change("Observation.identifier", _as_text(observation.pop("identifier")), "")


REFUSED_KINDS: tuple[RefusedKind, ...] = (
    RefusedKind(
        "missing-status",
        "A status that FHIR requires is missing.",
        "缺少FHIR必填的状态。",
        0.0008,
        _without_status,
    ),
    RefusedKind(
        "status-outside-binding",
        "A local word stands where FHIR binds a code.",
        "强制绑定处使用了本地用语。",
        0.001,
        _status_outside_binding,
    ),
    RefusedKind(
        "impossible-date",
        "A date that no calendar has.",
        "日期不存在。",
        0.0007,
        _date_that_does_not_exist,
    ),
    RefusedKind(
        "no-identifier",
        "A record without any business identifier.",
        "记录没有任何业务标识。",
        0.0005,
        _without_identifier,
    ),
)


class Noise:
    """The kinds that a node suffers from, their rates multiplied by `level` (0 switches noise off)."""

    def __init__(
        self,
        level: float = 1.0,
        kinds: Sequence[Kind] = KINDS,
        refused_kinds: Sequence[RefusedKind] = REFUSED_KINDS,
    ) -> None:
        self._refused_kinds = refused_kinds
        self._refused = [kind.rate * level for kind in refused_kinds]
        self._any_refused = min(1.0, sum(self._refused))
        types = sorted({name for kind in kinds for name in kind.applies_to})
        self._kinds: dict[str, tuple[float, list[Kind], list[float]]] = {}
        for name in types:
            fitting = [kind for kind in kinds if name in kind.applies_to]
            rates = [kind.rate * level for kind in fitting]
            self._kinds[name] = (min(1.0, sum(rates)), fitting, rates)

    def kind_for(self, resource_type: str, draws: Draws) -> Kind | None:
        """Return the kind that this record falls victim to, mostly none."""
        known = self._kinds.get(resource_type)
        if known is None or not draws.chance(known[0]):
            return None
        _, fitting, rates = known
        return fitting[_drawn(rates, draws)]

    def refused_kind(self, draws: Draws) -> RefusedKind | None:
        """Return the kind of an extra record that is sent beside this one, mostly none."""
        if not draws.chance(self._any_refused):
            return None
        return self._refused_kinds[_drawn(self._refused, draws)]


def _drawn(rates: Sequence[float], draws: Draws) -> int:
    """Return an index with chances in proportion to the rates."""
    mark = draws.word() / 4294967296.0 * sum(rates)
    for index, rate in enumerate(rates):
        if mark < rate:
            return index
        mark -= rate
    return len(rates) - 1
