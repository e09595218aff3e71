"""Finds the References in a resource, by a plan made once for each type from the type's own elements."""

from functools import cache
from typing import Any

from msgspec import Struct

from exchange.fhir.elements import elements_of

# References inside extensions and identifiers are rare and would make every plan visit every element; they are
# looked for only where the text of the resource shows that there is one.
_RARE_PARENTS = frozenset({"Extension", "Identifier"})

Step = tuple[str, str, str, bool, bool]
"""Attribute, name on the wire, type, whether it repeats, whether it is a Reference."""


def references_of(resource: Struct, raw: bytes) -> list[tuple[str, Any]]:
    """All References of a decoded resource with their FHIRPath, for instance `Encounter.subject`.

    `raw` is the text that the resource was decoded from. What is inside `contained` is not looked at.
    """
    thorough = b'"valueReference"' in raw or b'"assigner"' in raw
    type_name = type(resource).__name__
    found: list[tuple[str, Any]] = []
    _walk(resource, type_name, type_name, thorough, found)
    return found


def _walk(element: Any, type_name: str, path: str, thorough: bool, found: list[tuple[str, Any]]) -> None:
    for attribute, name, child_type, repeats, is_reference in _plan(type_name, thorough):
        value = getattr(element, attribute)
        if not value:
            continue
        place = f"{path}.{name}"
        if repeats:
            for position, item in enumerate(value):
                _visit(item, child_type, f"{place}[{position}]", is_reference, thorough, found)
        else:
            _visit(value, child_type, place, is_reference, thorough, found)


def _visit(
    item: Any, type_name: str, place: str, is_reference: bool, thorough: bool, found: list[tuple[str, Any]]
) -> None:
    if is_reference:
        found.append((place, item))
    if item is not None and (thorough or not is_reference):
        _walk(item, type_name, place, thorough, found)


@cache
def _plan(type_name: str, thorough: bool) -> tuple[Step, ...]:
    return tuple(
        (
            element.attribute,
            element.name,
            element.type_name,
            element.repeats,
            element.type_name == "Reference",
        )
        for element in elements_of(type_name)
        if not element.primitive
        and not element.polymorphic
        and (element.type_name == "Reference" or _leads_to_reference(element.type_name, thorough))
    )


@cache
def _leads_to_reference(type_name: str, thorough: bool) -> bool:
    seen: set[str] = set()
    waiting = [type_name]
    while waiting:
        current = waiting.pop()
        if current in seen or (not thorough and current in _RARE_PARENTS):
            continue
        seen.add(current)
        for element in elements_of(current):
            if element.type_name == "Reference":
                return True
            if not element.primitive and not element.polymorphic:
                waiting.append(element.type_name)
    return False
