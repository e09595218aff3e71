"""The vocabulary in which a data set is declared: data set, element, section."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that a data set asks for, and where it stands in FHIR.

    `path` starts with the resource type and follows the JSON names; `[x]` is any branch of a choice,
    `extension(name)` the extension of this project with that name, `section(code)` the section with that
    code in the health-record section system. `identifier` is the data element identifier of the health
    ministry's data sets (WS 363), "" where none is known. `table` is the code table that binds the element,
    None where it is not coded. `basis` says where the requirement comes from.
    """

    path: str
    name_zh: str
    name_en: str
    identifier: str
    required: bool
    table: str | None
    basis: str

    @property
    def resource_type(self) -> str:
        """The FHIR resource type that the element stands on."""
        return self.path.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a health record, by its code in the health-record section system."""

    code: str
    name_zh: str
    name_en: str
    required: bool


@dataclass(frozen=True, slots=True)
class DataSet:
    """What is uploaded about one kind of event; `anchor` is the resource type that counts as the event."""

    id: str
    name_zh: str
    name_en: str
    anchor: str
    elements: tuple[Element, ...]
    basis: str
