"""Whether a required element is really there: absent, empty and filled with a filler all count as missing.

The declared paths are compiled once into small functions, because the hub asks for every resource.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from keyword import iskeyword
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import UNSET

from exchange.datasets.catalogue import DATA_SETS
from exchange.datasets.declaration import Element
from exchange.systems import BASE, HEALTH_RECORD_SECTION, LOCAL_CODING

FILLERS: Final = frozenset({"", "-", "无", "不详", "1900-01-01"})
"""Strings that vendors send to pass a check for null: they say nothing."""

_STEP: Final = re.compile(r"(\w+)(\[x\])?(?:\(([\w-]+)\))?(?:\.|$)")

# Whether something is said by a FHIR value of any type (a Struct, a list, a primitive).
_Check = Callable[[Any], bool]


def is_filler(text: str) -> bool:
    """Tell whether a string says nothing: blank, `-`, `无` (none), `不详` (unknown), or 1900-01-01."""
    return text in FILLERS or text.strip() in FILLERS


def required_elements(resource_type: str, data_set: str) -> tuple[Element, ...]:
    """Return the required elements that stand on a resource of this type.

    With `data_set` "" (a resource that is no event itself, such as a Patient) they are those that every data
    set with this type requires. Empty for a type or data set that declares none.
    """
    return _REQUIRED.get((resource_type, data_set), ())


def missing_elements(resource: msgspec.Struct, data_set: str) -> list[Element]:
    """Return the required elements that this resource lacks, in the order of the declaration.

    A code that has no national counterpart is not missing: the local code beside it says something.
    """
    checks = _CHECKS.get((type(resource).__name__, data_set), ())
    return [element for element, is_there in checks if not is_there(resource)]


def presence_of(path: str) -> Callable[[msgspec.Struct], bool]:
    """Compile a declared path into the question whether a resource says something there.

    Raises ValueError for a path that is not written as `Element.path` describes.
    """
    resource_type, _, steps = path.partition(".")
    matches = list(_STEP.finditer(steps))
    if not resource_type or not steps or "".join(match[0] for match in matches) != steps:
        raise ValueError(
            f"{path!r} is no element path: expected a resource type and names such as Encounter.period.start"
        )
    check: _Check = _says_something
    for match in reversed(matches):
        check = _step(match[1], bool(match[2]), match[3], check)
    return check


def _step(name: str, is_choice: bool, argument: str | None, rest: _Check) -> _Check:
    if name == "extension" and argument is not None:
        return _extension_step(f"{BASE}/StructureDefinition/{argument}", rest)
    if name == "section" and argument is not None:
        return _section_step(argument)
    if is_choice:
        return _choice_step(name, rest)
    return _plain_step(f"{name}_" if iskeyword(name) else name, rest)


def _plain_step(attribute: str, rest: _Check) -> _Check:
    value_of = attrgetter(attribute)
    sibling = f"{attribute}__ext"

    def is_there(parent: Any) -> bool:
        value = value_of(parent)
        if value is UNSET:
            return _has_local_coding(getattr(parent, sibling, UNSET))
        if type(value) is not list:
            return rest(value)
        # Loops here and below, because any() over a generator takes three times as long.
        for item in value:  # noqa: SIM110 (see above)
            if rest(item):
                return True
        return False

    return is_there


def _choice_step(name: str, rest: _Check) -> _Check:
    branches_of = _branches_of(name)

    def is_there(parent: Any) -> bool:
        for value_of in branches_of(type(parent)):
            value = value_of(parent)
            if value is not UNSET and rest(value):
                return True
        return False

    return is_there


def _branches_of(name: str) -> Callable[[type[msgspec.Struct]], tuple[Callable[[Any], Any], ...]]:
    branch = re.compile(rf"{name}[A-Z]\w*(?<!__ext)")

    @cache
    def branches_of(parent: type[msgspec.Struct]) -> tuple[Callable[[Any], Any], ...]:
        return tuple(attrgetter(field) for field in parent.__struct_fields__ if branch.fullmatch(field))

    return branches_of


def _extension_step(url: str, rest: _Check) -> _Check:
    def is_there(parent: Any) -> bool:
        extensions = parent.extension
        return extensions is not UNSET and any(extension.url == url and rest(extension) for extension in extensions)

    return is_there


def _section_step(code: str) -> _Check:
    def is_there(parent: Any) -> bool:
        if parent.section is UNSET:
            return False
        for section in parent.section:
            concept = section.code
            if concept is UNSET or concept.coding is UNSET:
                continue
            for coding in concept.coding:
                if coding.code == code and coding.system == HEALTH_RECORD_SECTION:
                    return True
        return False

    return is_there


def _says_something(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return value not in FILLERS and value.strip() not in FILLERS
    return _SAYS.get(kind.__name__, _is_given)(value)


def _is_given(value: Any) -> bool:
    return value is not UNSET


def _is_text(value: Any) -> bool:
    return type(value) is str and value not in FILLERS and value.strip() not in FILLERS


def _list_says_something(values: Any) -> bool:
    return any(map(_says_something, values))


def _address_says_something(address: Any) -> bool:
    return any(map(_says_something, (address.text, address.line, address.district, address.city, address.state)))


def _coding_says_something(coding: Any) -> bool:
    return _is_text(coding.code) or _is_text(coding.display) or _has_local_coding(coding)


def _concept_says_something(concept: Any) -> bool:
    if concept.coding is not UNSET:
        for coding in concept.coding:
            if _coding_says_something(coding):
                return True
    return _is_text(concept.text)


def _value_says_something(holder: Any) -> bool:
    return _is_text(holder.value)


def _name_says_something(name: Any) -> bool:
    return _is_text(name.text) or _is_text(name.family) or _says_something(name.given)


def _period_says_something(period: Any) -> bool:
    return _is_text(period.start) or _is_text(period.end)


def _reference_says_something(reference: Any) -> bool:
    # Whether it leads to anybody is for the hub to find out; here a name is enough.
    identifier = reference.identifier
    return (
        _is_text(reference.reference)
        or (identifier is not UNSET and _is_text(identifier.value))
        or _is_text(reference.display)
    )


# By data type, what says something; a value of a type that is not named here does by being there.
_SAYS: Final[Mapping[str, _Check]] = {
    "list": _list_says_something,
    "Address": _address_says_something,
    "CodeableConcept": _concept_says_something,
    "Coding": _coding_says_something,
    "ContactPoint": _value_says_something,
    "HumanName": _name_says_something,
    "Identifier": _value_says_something,
    "Period": _period_says_something,
    "Reference": _reference_says_something,
}


def _has_local_coding(parent: Any) -> bool:
    """Whether an untranslated local code stands in the extension where the translator keeps it."""
    extensions = UNSET if parent is UNSET else getattr(parent, "extension", UNSET)
    return extensions is not UNSET and any(
        extension.url == LOCAL_CODING and _says_something(extension.valueCoding) for extension in extensions
    )


def _required_by_type() -> dict[tuple[str, str], tuple[Element, ...]]:
    required: dict[tuple[str, str], tuple[Element, ...]] = {}
    for data_set in DATA_SETS.values():
        for resource_type in dict.fromkeys(element.resource_type for element in data_set.elements):
            required[resource_type, data_set.id] = tuple(
                element for element in data_set.elements if element.required and element.resource_type == resource_type
            )
    for resource_type in {resource_type for resource_type, _ in required}:
        sets = [elements for (name, _), elements in required.items() if name == resource_type]
        common = set.intersection(*({element.path for element in elements} for elements in sets))
        required[resource_type, ""] = tuple(element for element in sets[0] if element.path in common)
    return required


_REQUIRED: Final = _required_by_type()
_CHECKS: Final = {
    key: tuple((element, presence_of(element.path)) for element in elements) for key, elements in _REQUIRED.items()
}
