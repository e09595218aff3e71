"""What elements an R4 type has: names, cardinalities, choice groups, types, codes of required bindings.

Read from the models of fhir.resources.R4B, which are imported on the first question about a type, not before.
"""

import keyword
import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Union, get_args, get_origin

if TYPE_CHECKING:
    from fhir_core.fhirabstractmodel import FHIRAbstractModel
    from pydantic.fields import FieldInfo

PRIMITIVE_EXTENSION: Final = "FHIRPrimitiveExtension"
"""The type of the sibling `_x` of a primitive element `x`: an id and extensions."""

# fhir.resources takes the codes of a binding from the definition's short text, which ends in "+" where it is
# too long. The whole value sets, from https://hl7.org/fhir/R4/terminologies-valuesets.html:
_OBSERVATION_STATUS: Final = (
    "registered",
    "preliminary",
    "final",
    "amended",
    "corrected",
    "cancelled",
    "entered-in-error",
    "unknown",
)
_ENCOUNTER_STATUS: Final = (
    "planned",
    "arrived",
    "triaged",
    "in-progress",
    "onleave",
    "finished",
    "cancelled",
    "entered-in-error",
    "unknown",
)
_WHOLE_BINDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "Observation.status": _OBSERVATION_STATUS,
    "DetectedIssue.status": _OBSERVATION_STATUS,
    "RiskAssessment.status": _OBSERVATION_STATUS,
    "DiagnosticReport.status": (
        "registered",
        "partial",
        "preliminary",
        "final",
        "amended",
        "corrected",
        "appended",
        "cancelled",
        "entered-in-error",
        "unknown",
    ),
    "Encounter.status": _ENCOUNTER_STATUS,
    "EncounterStatusHistory.status": _ENCOUNTER_STATUS,
    # Of these fhir.resources carries no codes at all.
    "Quantity.comparator": ("<", "<=", ">=", ">"),
    "Age.comparator": ("<", "<=", ">=", ">"),
    "Count.comparator": ("<", "<=", ">=", ">"),
    "Distance.comparator": ("<", "<=", ">=", ">"),
    "Duration.comparator": ("<", "<=", ">=", ">"),
}
_MORE: Final = frozenset({"+", "etc."})


@dataclass(frozen=True)
class Element:
    """One element of a type, or the sibling `_x` of a primitive one."""

    name: str
    """As in JSON: `birthDate`, `_birthDate`, `class`."""
    attribute: str
    """As in Python: `birthDate`, `birthDate__ext`, `class_`."""
    type_name: str
    """A primitive (`dateTime`) or a type of fhir.resources (`HumanName`, `PatientContact`, `Resource`)."""
    primitive: bool
    repeats: bool
    required: bool
    codes: tuple[str, ...]
    """The codes of a required binding; empty where there is none."""
    choice: str
    """The name of the choice group (`value` of `valueString`), or empty."""
    choice_required: bool

    @property
    def sibling(self) -> bool:
        """Whether this is the `_x` of a primitive element `x`."""
        return self.name.startswith("_")

    @property
    def polymorphic(self) -> bool:
        """Whether any resource may stand here (`contained`, `Bundle.entry.resource`)."""
        return self.type_name == "Resource"


def model_of(type_name: str) -> "type[FHIRAbstractModel]":
    """Find the model of a type in fhir.resources; its module is imported on the first call.

    Raises ValueError for a type that fhir.resources does not know.
    """
    from fhir.resources.R4B import get_fhir_model_class  # half a second: only once a type is needed

    return get_fhir_model_class(type_name)


@cache
def elements_of(type_name: str) -> tuple[Element, ...]:
    """List the elements of a type in the order of the specification, a sibling after its primitive.

    Raises ValueError for a type that fhir.resources does not know.
    """
    model = model_of(type_name)
    fields = {field.alias or name: (name, field) for name, field in model.model_fields.items()}
    described: list[Element] = []
    for name in model.elements_sequence():
        field_name, field = fields[name]
        described.append(_element(type_name, name, field))
        sibling = model.model_fields.get(f"{field_name}__ext")
        if sibling is not None:
            described.append(_element(type_name, f"_{name}", sibling))
    return tuple(described)


def _element(owner: str, name: str, field: "FieldInfo") -> Element:
    facts = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    type_name, primitive, repeats = _type_of(field.annotation)
    listed = facts.get("enum_values", ())
    codes = tuple(str(code) for code in listed) if isinstance(listed, list | tuple) else ()
    codes = _WHOLE_BINDINGS.get(f"{owner}.{name}", codes)
    return Element(
        name=name,
        attribute=_attribute(name),
        type_name=type_name,
        primitive=primitive,
        repeats=repeats,
        required=field.is_required() or bool(facts.get("element_required")),
        codes=codes if type_name == "code" and _MORE.isdisjoint(codes) else (),
        choice=str(facts.get("one_of_many", "")),
        choice_required=bool(facts.get("one_of_many_required")),
    )


def _attribute(name: str) -> str:
    if name.startswith("_"):
        return f"{name[1:]}__ext"
    return f"{name}_" if keyword.iskeyword(name) else name


def _type_of(annotation: object) -> tuple[str, bool, bool]:
    """Tell the type's name, whether it is primitive, whether the element repeats."""
    from fhir_core.constraints import FHIR_PRIMITIVES_MAPS
    from fhir_core.types import FhirBase

    bare = _without_none(annotation)
    repeats = get_origin(bare) is list
    if repeats:
        bare = _without_none(get_args(bare)[0])
    if isinstance(bare, type) and issubclass(bare, FhirBase):
        return bare.get_model_klass().__name__, False, repeats
    return FHIR_PRIMITIVES_MAPS[bare], True, repeats


def _without_none(annotation: object) -> object:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    kept = [part for part in get_args(annotation) if part is not types.NoneType]
    return kept[0] if len(kept) == 1 else annotation
