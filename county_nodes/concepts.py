"""Small parts that FHIR R4 records of all kinds are made of: codes and quantities."""

from functools import cache
from typing import Any, Final

from exchange.systems import LOINC, UCUM

# A JSON object; its values are of any JSON type.
Resource = dict[str, Any]

TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"


def coding(system: str, code: str, display: str) -> Resource:
    """Return a CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def quantity(unit: str, code: str) -> Resource:
    """Return a Quantity without its value: the unit as people write it, and its UCUM code."""
    return {"unit": unit, "system": UCUM, "code": code}


@cache
def loinc_code(loinc: str, name: str) -> Resource:
    """Return what is observed as a CodeableConcept: by name alone where no LOINC code is known."""
    return {"coding": [{"system": LOINC, "code": loinc}], "text": name} if loinc else {"text": name}
