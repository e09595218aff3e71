"""Which data set a resource belongs to, and on which day its event happened.

The hub asks both for every resource that arrives, so each is one dictionary look-up and a few attributes.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import msgspec
from msgspec import UNSET

from exchange.clock import day_of
from exchange.datasets.sections import HEALTH_RECORD_TYPES
from exchange.systems import ACT_CODE, HEALTH_RECORD_TYPE

_ENCOUNTER_CLASSES: Final[Mapping[str, str]] = {
    "AMB": "outpatient-visit",
    "EMER": "outpatient-visit",
    "IMP": "discharge",
    "ACUTE": "discharge",
    "NONAC": "discharge",
}

COUNTED_CLASSES: Final = tuple(_ENCOUNTER_CLASSES)
"""The codes of v3-ActCode whose Encounters some data set counts."""

_DID_NOT_HAPPEN: Final = frozenset({"planned", "cancelled", "entered-in-error"})

_CLINICAL_DATES: Final[Mapping[str, tuple[str, ...]]] = {
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod", "issued"),
    "Composition": ("date",),
    "Condition": ("recordedDate", "onsetDateTime", "onsetPeriod"),
    "Observation": ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued"),
    "Procedure": ("performedDateTime", "performedPeriod"),
    "MedicationRequest": ("authoredOn",),
    "Immunization": ("occurrenceDateTime",),
}
"""Resource type -> the elements that date its event, the first that names a day wins."""


def data_set_of(resource: msgspec.Struct) -> str:
    """Return the id of the data set whose event this resource is; "" where it is the event of none.

    Judged by national codes only, so after translation: an Encounter by its class, a Composition by its
    health-record type, every DiagnosticReport is laboratory and examination.
    """
    recognise = _ANCHORS.get(type(resource).__name__)
    return "" if recognise is None else recognise(resource)


def event_day(resource: msgspec.Struct) -> date | None:
    """Return the day in the exchange's zone on which this event happened; None where the resource names none.

    A visit counts by its start and a discharge by its end; a report, a document and the details of a visit by
    their own clinical date. An Encounter that is only planned, was cancelled or entered in error has no day.
    """
    name = type(resource).__name__
    if name == "Encounter":
        return _day_of_encounter(resource)
    for attribute in _CLINICAL_DATES.get(name, ()):
        value = getattr(resource, attribute)
        if value is UNSET:
            continue
        instant = value if isinstance(value, str) else value.start
        day = None if instant is UNSET else day_of(instant)
        if day is not None:
            return day
    return None


# The attributes of decoded resources are known to FHIR and not to the type checker: hence Any, inside only.


def _data_set_of_encounter(encounter: Any) -> str:
    # The system counts: a vendor's own "IMP" is no inpatient class until its map says so.
    coding = encounter.class_
    if coding is UNSET or coding.system != ACT_CODE:
        return ""
    return _ENCOUNTER_CLASSES.get(coding.code, "")


def _data_set_of_report(_report: Any) -> str:
    return "laboratory-examination"


def _data_set_of_composition(composition: Any) -> str:
    concept = composition.type
    if concept is UNSET or concept.coding is UNSET:
        return ""
    for coding in concept.coding:
        if coding.system == HEALTH_RECORD_TYPE:
            return HEALTH_RECORD_TYPES.get(coding.code, "")
    return ""


_ANCHORS: Final[Mapping[str, Callable[[Any], str]]] = {
    "Encounter": _data_set_of_encounter,
    "DiagnosticReport": _data_set_of_report,
    "Composition": _data_set_of_composition,
}


def _day_of_encounter(encounter: Any) -> date | None:
    period = encounter.period
    if period is UNSET or encounter.status in _DID_NOT_HAPPEN:
        return None
    instant = period.end if _data_set_of_encounter(encounter) == "discharge" else period.start
    return None if instant is UNSET else day_of(instant)
