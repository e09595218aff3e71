"""Where coded elements stand on the wire, and which national table binds each."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from exchange import systems

CodedType = Literal["code", "Coding", "CodeableConcept"]


class Step(NamedTuple):
    """One step of a path: a JSON property, for an extension with the URL that picks it."""

    name: str
    url: str | None = None


class CodedElement(NamedTuple):
    """A coded element: its path as dialects and data sets write it, its FHIR type and its national table."""

    path: str
    type: CodedType
    table: str

    @property
    def resource_type(self) -> str:
        """The resource type that the path begins with."""
        return self.path.partition(".")[0]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The path below the resource; `extension(name)` is picked by its URL under this project's base."""
        return tuple(
            Step(name, f"{systems.PROFILE}/{extension}" if extension else None)
            for name, extension in re.findall(r"\.(\w+)(?:\(([\w-]+)\))?", self.path)
        )


_DECLARED = (
    CodedElement("Patient.gender", "code", "sex"),
    CodedElement("Patient.maritalStatus", "CodeableConcept", "marital-status"),
    CodedElement("Patient.extension(patient-ethnicity).valueCodeableConcept", "CodeableConcept", "ethnicity"),
    CodedElement("Patient.identifier.type", "CodeableConcept", "identity-document-type"),
    CodedElement("Encounter.class", "Coding", "visit-type"),
    CodedElement("Encounter.serviceType", "CodeableConcept", "department"),
    CodedElement("Encounter.reasonCode", "CodeableConcept", "diagnosis"),
    CodedElement("Encounter.extension(encounter-payment).valueCodeableConcept", "CodeableConcept", "payment"),
    CodedElement("Encounter.hospitalization.admitSource", "CodeableConcept", "admission-route"),
    CodedElement("Encounter.hospitalization.dischargeDisposition", "CodeableConcept", "discharge-disposition"),
    CodedElement("Condition.code", "CodeableConcept", "diagnosis"),
    CodedElement("Procedure.code", "CodeableConcept", "procedure"),
    CodedElement("MedicationRequest.dosageInstruction.timing.code", "CodeableConcept", "medication-frequency"),
)

CODED_ELEMENTS: Mapping[str, CodedElement] = MappingProxyType({element.path: element for element in _DECLARED})
"""Path -> coded element, for every element that a dialect may localise."""
