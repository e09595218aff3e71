"""FHIR R4 Observations as a county platform makes them: laboratory values and vital signs."""

from typing import Final

from county_nodes.care import Analyte
from county_nodes.concepts import TERMINOLOGY, Resource, coding, loinc_code, quantity
from exchange.systems import OBSERVATION_NUMBER


def laboratory_value(
    number: str, subject: Resource, encounter: Resource | None, analyte: Analyte, value: float, when: str
) -> Resource:
    """Return a laboratory Observation with unit, reference range and, outside it, an interpretation."""
    code, unit, limits = _analyte(analyte)
    resource: Resource = {
        "resourceType": "Observation",
        "identifier": [{"system": OBSERVATION_NUMBER, "value": number}],
        "status": "final",
        "category": _LABORATORY,
        "code": code,
        "subject": subject,
        "effectiveDateTime": when,
        "valueQuantity": {"value": value, **unit},
        "referenceRange": limits,
    }
    if encounter:
        resource["encounter"] = encounter
    if value > analyte.high:
        resource["interpretation"] = _HIGH
    elif value < analyte.low:
        resource["interpretation"] = _LOW
    return resource


def blood_pressure(
    number: str, subject: Resource, encounter: Resource | None, systolic: int, diastolic: int, when: str
) -> Resource:
    """Return a blood pressure as one Observation with two components."""
    resource: Resource = {
        "resourceType": "Observation",
        "identifier": [{"system": OBSERVATION_NUMBER, "value": number}],
        "status": "final",
        "category": _VITAL_SIGNS,
        "code": _BLOOD_PRESSURE,
        "subject": subject,
        "effectiveDateTime": when,
        "component": [
            {"code": _SYSTOLIC, "valueQuantity": {"value": systolic, **_MERCURY}},
            {"code": _DIASTOLIC, "valueQuantity": {"value": diastolic, **_MERCURY}},
        ],
    }
    if encounter:
        resource["encounter"] = encounter
    return resource


def vital_sign(
    number: str, subject: Resource, encounter: Resource | None, sign: str, value: float, when: str
) -> Resource:
    """One of `VITAL_SIGNS` as an Observation."""
    code, unit = VITAL_SIGNS[sign]
    resource: Resource = {
        "resourceType": "Observation",
        "identifier": [{"system": OBSERVATION_NUMBER, "value": number}],
        "status": "final",
        "category": _VITAL_SIGNS,
        "code": code,
        "subject": subject,
        "effectiveDateTime": when,
        "valueQuantity": {"value": value, **unit},
    }
    if encounter:
        resource["encounter"] = encounter
    return resource


_ANALYTES: dict[str, tuple[Resource, Resource, list[Resource]]] = {}


def _analyte(analyte: Analyte) -> tuple[Resource, Resource, list[Resource]]:
    """Return what a laboratory value always has: code, quantity without value, reference range."""
    parts = _ANALYTES.get(analyte.loinc)
    if parts is None:
        unit = quantity(analyte.unit, analyte.unit)
        limits: list[Resource] = [{"low": {"value": analyte.low, **unit}, "high": {"value": analyte.high, **unit}}]
        parts = _ANALYTES[analyte.loinc] = (loinc_code(analyte.loinc, analyte.name), unit, limits)
    return parts


_LABORATORY: Final = [coding(f"{TERMINOLOGY}/observation-category", "laboratory", "Laboratory")]
_VITAL_SIGNS: Final = [coding(f"{TERMINOLOGY}/observation-category", "vital-signs", "Vital Signs")]
_HIGH: Final = [coding(f"{TERMINOLOGY}/v3-ObservationInterpretation", "H", "High")]
_LOW: Final = [coding(f"{TERMINOLOGY}/v3-ObservationInterpretation", "L", "Low")]
_BLOOD_PRESSURE: Final = loinc_code("85354-9", "血压")
_SYSTOLIC: Final = loinc_code("8480-6", "收缩压")
_DIASTOLIC: Final = loinc_code("8462-4", "舒张压")
_MERCURY: Final = quantity("mmHg", "mm[Hg]")

VITAL_SIGNS: Final = {
    "temperature": (loinc_code("8310-5", "体温"), quantity("℃", "Cel")),
    "pulse": (loinc_code("8867-4", "脉率"), quantity("次/min", "/min")),
    "respiration": (loinc_code("9279-1", "呼吸频率"), quantity("次/min", "/min")),
    "weight": (loinc_code("29463-7", "体重"), quantity("kg", "kg")),
    "height": (loinc_code("8302-2", "身高"), quantity("cm", "cm")),
}
"""Vital signs: LOINC code and UCUM quantity."""
