"""The county's side of a dialect: national codes become this vendor's local ones, before a record is sent."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from codemaps.code_table import CodeTable
from codemaps.dialect import Dialect, DialectElement, MapRow
from codemaps.element import CODED_ELEMENTS

Choose = Callable[[int], int]
# A JSON object as the standard library reads it; its values are of any JSON type.
JsonObject = dict[str, Any]


class Localiser:
    """Writes records in one vendor's local codes."""

    def __init__(self, dialect: Dialect, tables: Mapping[str, CodeTable]) -> None:
        self._elements: dict[str, list[_LocalElement]] = {}
        for element in dialect.elements:
            declared = CODED_ELEMENTS[element.path]
            self._elements.setdefault(declared.resource_type, []).append(_LocalElement(element, tables[element.table]))

    def localise(self, resource: JsonObject, choose: Choose) -> None:
        """Replace national codes by local ones, in place, in every element that the dialect localises.

        Where a national code has n > 1 local codes, `choose(n)` picks one by its position (0 to n - 1) in the
        order of the dialect's file; it is not called otherwise. What is not in the national table, or has no
        local code, stays as it is.
        """
        for element in self._elements.get(resource["resourceType"], ()):
            element.localise(resource, choose)


class _LocalElement:
    """One localised element: how to reach it, and the local codes for each national one."""

    def __init__(self, element: DialectElement, table: CodeTable) -> None:
        declared = CODED_ELEMENTS[element.path]
        self._parents, self._name = declared.steps[:-1], declared.steps[-1].name
        self._is_code = declared.type == "code"
        self._fhir_system = table.fhir_system
        named = {} if element.system is None else {"system": element.system}
        # What the national form holds (the table's own code, or HL7's for it) -> local codings.
        self._candidates: dict[tuple[str | None, str | None], list[JsonObject]] = {}
        for row in element.map.values():
            coding = named | {"code": row.local_code, "display": row.local_display}
            for key in _national_forms(row, table):
                codings = self._candidates.setdefault(key, [])
                if coding not in codings:
                    codings.append(coding)

    def localise(self, resource: JsonObject, choose: Choose) -> None:
        nodes = [resource]
        for name, url in self._parents:
            children = [child for node in nodes for child in _each(node.get(name, ()))]
            nodes = children if url is None else [child for child in children if child.get("url") == url]
        for node in nodes:
            value = node.get(self._name)
            if self._is_code:
                local = self._pick(self._fhir_system, value, choose)
                if local is not None:
                    node[self._name] = local["code"]
            elif value is not None:
                for each in _each(value):
                    # A Coding stands for itself; a CodeableConcept has a list of them.
                    for coding in each.get("coding", (each,)):
                        self._replace(coding, choose)

    def _replace(self, coding: JsonObject, choose: Choose) -> None:
        local = self._pick(coding.get("system"), coding.get("code"), choose)
        if local is not None:
            coding.clear()
            coding.update(local)

    def _pick(self, system: str | None, code: str | None, choose: Choose) -> JsonObject | None:
        codings = self._candidates.get((system, code))
        if codings is None:
            return None
        return codings[choose(len(codings))] if len(codings) > 1 else codings[0]


def _national_forms(row: MapRow, table: CodeTable) -> Iterator[tuple[str, str]]:
    """Yield system and code of everything that this row is a local code for."""
    for code in filter(None, (row.target_code, *row.also_sent_for)):
        yield table.system, code
        if table.concepts[code].fhir_code:
            yield table.fhir_system, table.concepts[code].fhir_code


def _each(value: JsonObject | list[JsonObject] | tuple[()]) -> list[JsonObject] | tuple[()]:
    return [value] if isinstance(value, dict) else value
