"""Small resources that carry one coded element, in national form or as a vendor sends it."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from codemaps import (
    CODED_ELEMENTS,
    CodeTable,
    Dialect,
    Equivalence,
    Localiser,
    Translation,
    Translator,
    load_dialect,
    load_tables,
    shipped_dialects,
)
from exchange.fhir import encode, structure

TABLES: Mapping[str, CodeTable] = load_tables()
DIALECTS: Mapping[str, Dialect] = {name: load_dialect(name) for name in shipped_dialects()}
TRANSLATORS = {name: Translator(dialect, TABLES) for name, dialect in DIALECTS.items()}
LOCALISERS = {name: Localiser(dialect, TABLES) for name, dialect in DIALECTS.items()}
LOCALISED = [(name, element) for name, dialect in DIALECTS.items() for element in dialect.elements]

_SUBJECT = {"display": "somebody"}
_FRAMES: Mapping[str, dict[str, Any]] = {
    "Patient": {},
    "Encounter": {"status": "finished", "class": {"system": "urn:test:class", "code": "any"}},
    "Condition": {"subject": _SUBJECT},
    "Procedure": {"status": "completed", "subject": _SUBJECT},
    "MedicationRequest": {
        "status": "active",
        "intent": "order",
        "subject": _SUBJECT,
        "medicationCodeableConcept": {"text": "any"},
    },
}
_REPEATING = {"identifier", "extension", "reasonCode", "dosageInstruction"}


def national_value(path: str, code: str) -> Any:
    """What stands at `path` in national form for a code of the table that binds it."""
    declared, table = CODED_ELEMENTS[path], TABLES[CODED_ELEMENTS[path].table]
    concept = table.concepts[code]
    coding = {"system": table.system, "code": code, "display": concept.display_zh}
    if declared.type == "code":
        return concept.fhir_code
    if declared.type == "Coding":
        return {"system": table.fhir_system, "code": concept.fhir_code} if concept.fhir_code else coding
    return {"coding": [coding]}


def local_value(path: str, code: str, system: str | None = None) -> Any:
    """What stands at `path` when a vendor sends this local code."""
    kind = CODED_ELEMENTS[path].type
    coding = {"code": code} if system is None else {"system": system, "code": code}
    return {"code": code, "Coding": coding, "CodeableConcept": {"coding": [coding]}}[kind]


def resource_with(path: str, value: Any) -> dict[str, Any]:
    """A small valid resource with `value` at `path`."""
    for step in reversed(CODED_ELEMENTS[path].steps):
        held = value if step.url is None else {"url": step.url, **value}
        value = {step.name: [held] if step.name in _REPEATING else held}
    resource_type = CODED_ELEMENTS[path].resource_type
    return {"resourceType": resource_type, **_FRAMES[resource_type], **value}


def value_at(path: str, resource: dict[str, Any]) -> Any:
    """What stands at `path` of a resource that `resource_with` made; None where nothing does."""
    node: Any = resource
    for step in CODED_ELEMENTS[path].steps:
        node = node.get(step.name)
        node = node[0] if isinstance(node, list) else node
    return node


def decode(name: str, resource: dict[str, Any]) -> msgspec.Struct:
    """The resource as the hub reads it from a node of this dialect."""
    raw = json.dumps(resource, ensure_ascii=False).encode()
    return structure(TRANSLATORS[name].localised).decode(resource["resourceType"], raw)


def translate(name: str, resource: dict[str, Any]) -> tuple[list[Translation], dict[str, Any]]:
    """What the hub makes of a resource from a node of this dialect: results, and the resource afterwards."""
    decoded = decode(name, resource)
    return TRANSLATORS[name].translate(decoded), json.loads(encode(decoded))


def local_codes_of(name: str, path: str, *equivalences: Equivalence) -> list[str]:
    """The local codes of an element whose rows say one of `equivalences`."""
    (element,) = (element for element in DIALECTS[name].elements if element.path == path)
    return [row.local_code for row in element.map.values() if row.equivalence in equivalences]
