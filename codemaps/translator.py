"""The hub's side of a dialect: local codes become national ones, and the original stays beside (码表转换)."""

from collections.abc import Mapping
from copy import copy
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from codemaps.code_table import CodeTable
from codemaps.dialect import Dialect, DialectElement, Equivalence, MapRow
from codemaps.element import CODED_ELEMENTS, CodedElement
from codemaps.struct_path import Visit, compile_walk, field_of, struct_of
from exchange.systems import LOCAL_CODING, MAP_EQUIVALENCE, NATIONAL_CODING


class Translation(msgspec.Struct, frozen=True, gc=False):
    """What became of one local code; the target is empty when it is unmatched.

    `expression` is the FHIRPath of the coding as sent, relative to the resource. `filler` tells a value that
    stands for nothing at all (`-`, `无`) from a code that nobody has mapped.
    """

    expression: str
    table: str
    local_code: str
    local_display: str
    target_code: str
    target_display: str
    equivalence: Equivalence
    filler: bool = False


class Translator:
    """Translates resources of one dialect; compiled per type on first use, then one look-up a coding.

    A coding without a system, or with the dialect's own, is local and is looked up in the dialect's map only.
    A coding with any other system is left alone. The national codings that it inserts are shared between
    resources, so nobody may change one in place.
    """

    def __init__(self, dialect: Dialect, tables: Mapping[str, CodeTable]) -> None:
        self._dialect = dialect
        self._tables = tables
        self._walks: dict[type[msgspec.Struct], tuple[Visit[Translation], ...]] = {}
        self.localised: frozenset[str] = frozenset(
            element.path for element in dialect.elements if CODED_ELEMENTS[element.path].type == "code"
        )

    def translate(self, resource: msgspec.Struct) -> list[Translation]:
        """Translate every localised element of a decoded resource, in place; one result for each local code.

        Where the elements stand afterwards:

        - CodeableConcept: national coding first, the original after it.
        - Coding: replaced by its HL7 code (by the national one where HL7 has none), the original and the
          national coding in extensions on it.
        - code: replaced by its HL7 code; the same extensions on its sibling (`_gender`). Unmatched: no value
          is left, only the extension with the original.

        A national coding that is not equivalent to the original says so in an extension. An element that
        already holds a national coding is left alone, so that translating twice changes nothing.
        """
        resource_type = type(resource)
        walks = self._walks.get(resource_type)
        if walks is None:
            walks = self._walks[resource_type] = self._compile(resource_type)
        found: list[Translation] = []
        for walk in walks:
            walk(resource, resource_type.__name__, found)
        return found

    def _compile(self, resource_type: type[msgspec.Struct]) -> tuple[Visit[Translation], ...]:
        localised = {element.path: element for element in self._dialect.elements}
        walks = []
        for path, declared in CODED_ELEMENTS.items():
            if declared.resource_type != resource_type.__name__:
                continue
            # Where the dialect says nothing, codes are national and carry their system; one without is a local
            # code that nobody has mapped. A bare `code` has no system: there FHIR's own codes are expected.
            if path not in localised and declared.type == "code":
                continue
            element = localised.get(path) or DialectElement(path, declared.table, None, {})
            meanings = _Meanings(element, self._tables[element.table], self._dialect.fillers)
            walks.append(_compile_element(resource_type, declared, meanings))
        return tuple(walks)


def _compile_element(
    resource_type: type[msgspec.Struct], declared: CodedElement, meanings: "_Meanings"
) -> Visit[Translation]:
    if declared.type == "CodeableConcept":
        return compile_walk(resource_type, declared.steps, lambda concept: _visit_concept(concept, meanings))
    # A Coding or a code is replaced as a whole, so the walk ends at its parent.
    *parents, last = declared.steps
    visit = _visit_coding if declared.type == "Coding" else _visit_code
    return compile_walk(resource_type, tuple(parents), lambda parent: visit(parent, last.name, meanings))


class _Meaning(NamedTuple):
    """What one local code means; `national` is a Coding that says how it stands to the original."""

    local_display: str
    target_code: str
    target_display: str
    equivalence: Equivalence
    hl7_code: str
    national: Any
    national_extension: Any


class _Meanings:
    """What the local codes of one element mean."""

    def __init__(self, element: DialectElement, table: CodeTable, fillers: frozenset[str]) -> None:
        self.element = element
        self.table = table
        self._fillers = fillers

    def compile(self, coding: type[msgspec.Struct], extension: type[msgspec.Struct]) -> dict[str, _Meaning]:
        """Make the look-up: local code -> meaning, with codings and extensions of the given types."""
        return {
            code: self._meaning(row, coding, extension)
            for code, row in self.element.map.items()
            if row.equivalence is not Equivalence.UNMATCHED
        }

    def matched(self, where: str, code: str, display: str, meaning: _Meaning) -> Translation:
        """Say what a local code means; `display` is its name as sent, or empty."""
        return Translation(
            where,
            self.table.id,
            code,
            display or meaning.local_display,
            meaning.target_code,
            meaning.target_display,
            meaning.equivalence,
        )

    def unmatched(self, where: str, code: str, display: str) -> Translation:
        """Say that a local code has no national one."""
        if not display and code in self.element.map:
            display = self.element.map[code].local_display
        filler = code in self._fillers or (not code and not display)
        return Translation(where, self.table.id, code, display, "", "", Equivalence.UNMATCHED, filler)

    def _meaning(self, row: MapRow, coding: type[msgspec.Struct], extension: type[msgspec.Struct]) -> _Meaning:
        concept = self.table.concepts[row.target_code]
        how: dict[str, Any] = {}
        if row.equivalence is not Equivalence.EQUIVALENT:
            how["extension"] = [extension(url=MAP_EQUIVALENCE, valueCode=row.equivalence.value)]
        national = coding(system=self.table.system, code=concept.code, display=concept.display_zh, **how)
        return _Meaning(
            local_display=row.local_display,
            target_code=concept.code,
            target_display=concept.display_zh,
            equivalence=row.equivalence,
            hl7_code=concept.fhir_code,
            national=national,
            national_extension=extension(url=NATIONAL_CODING, valueCoding=national),
        )


def _visit_concept(concept_type: type[msgspec.Struct], meanings: _Meanings) -> Visit[Translation]:
    coding_type = struct_of(concept_type, "coding")
    look_up = meanings.compile(coding_type, struct_of(coding_type, "extension")).get
    national_system, local_system = meanings.table.system, meanings.element.system

    def visit(concept: Any, where: str, found: list[Translation]) -> None:
        codings = concept.coding
        if codings is UNSET:
            return
        for coding in codings:
            if coding.system == national_system:
                return
        inserted = []
        for index, coding in enumerate(codings):
            if coding.system is not UNSET and coding.system != local_system:
                continue
            place = f"{where}.coding[{index}]"
            code, display = coding.code or "", coding.display or ""
            meaning = look_up(code)
            if meaning is None:
                found.append(meanings.unmatched(place, code, display))
                continue
            found.append(meanings.matched(place, code, display, meaning))
            inserted.append(meaning.national)
        codings[:0] = inserted

    return visit


def _visit_coding(parent_type: type[msgspec.Struct], name: str, meanings: _Meanings) -> Visit[Translation]:
    attribute = field_of(parent_type, name).attribute
    coding_type = struct_of(parent_type, name)
    extension_type = struct_of(coding_type, "extension")
    look_up = meanings.compile(coding_type, extension_type).get
    fhir_system, local_system = meanings.table.fhir_system, meanings.element.system
    # An Extension has fifty members: to copy one takes a quarter of the time of making one.
    local_extension: Any = extension_type(url=LOCAL_CODING, valueCoding=coding_type(code="-"))

    def replacement(original: Any, meaning: _Meaning) -> Any:
        local = copy(local_extension)
        local.valueCoding = original
        if meaning.hl7_code:
            both = [local, meaning.national_extension]
            return coding_type(system=fhir_system, code=meaning.hl7_code, extension=both)
        national = copy(meaning.national)
        national.extension = [local, *(national.extension or ())]
        return national

    def visit(parent: Any, where: str, found: list[Translation]) -> None:
        coding = getattr(parent, attribute)
        if coding is UNSET or (coding.system is not UNSET and coding.system != local_system):
            return
        place = f"{where}.{name}"
        code, display = coding.code or "", coding.display or ""
        meaning = look_up(code)
        if meaning is None:
            found.append(meanings.unmatched(place, code, display))
            return
        found.append(meanings.matched(place, code, display, meaning))
        setattr(parent, attribute, replacement(coding, meaning))

    return visit


def _visit_code(parent_type: type[msgspec.Struct], name: str, meanings: _Meanings) -> Visit[Translation]:
    attribute, sibling = field_of(parent_type, name).attribute, field_of(parent_type, f"_{name}").attribute
    element_type = struct_of(parent_type, f"_{name}")
    extension_type = struct_of(element_type, "extension")
    coding_type = struct_of(extension_type, "valueCoding")
    compiled = meanings.compile(coding_type, extension_type)
    look_up, local_system = compiled.get, meanings.element.system
    hl7_codes = {concept.fhir_code for concept in meanings.table.concepts.values() if concept.fhir_code}

    def original(code: str, **display: str) -> Any:
        named = {} if local_system is None else {"system": local_system}
        return extension_type(url=LOCAL_CODING, valueCoding=coding_type(code=code, **named, **display))

    extensions = {
        code: (original(code, display=meaning.local_display), meaning.national_extension)
        for code, meaning in compiled.items()
    }

    def visit(parent: Any, where: str, found: list[Translation]) -> None:
        code, element = getattr(parent, attribute), getattr(parent, sibling)
        if code is UNSET or (code in hl7_codes and _holds_original(element)):
            return
        place = f"{where}.{name}"
        meaning = look_up(code)
        if meaning is None:
            found.append(meanings.unmatched(place, code, ""))
            setattr(parent, attribute, UNSET)
            added: tuple[Any, ...] = (original(code),)
        else:
            found.append(meanings.matched(place, code, "", meaning))
            setattr(parent, attribute, meaning.hl7_code or UNSET)
            added = extensions[code]
        if element is UNSET:
            setattr(parent, sibling, element_type(extension=[*added]))
        else:
            element.extension = [*(element.extension or ()), *added]

    return visit


def _holds_original(element: Any) -> bool:
    return bool(element) and any(extension.url == LOCAL_CODING for extension in element.extension or ())
