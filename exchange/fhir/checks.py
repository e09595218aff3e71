"""What types cannot express: formats, choice groups, required primitives, nulls, empty objects.

For each type one `__post_init__` is written and compiled, as dataclasses do: it runs for every element of
every resource, and plain attribute access costs a fraction of a loop over names.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import astuple

from exchange.fhir.elements import Element
from exchange.fhir.primitives import GOOD_DAYS, GOOD_TIMES, GOOD_TOKENS, PRIMITIVES

_LARGE: Final = 30
"""From so many members on (Extension has 50) a choice group is counted in one sweep first."""


def compile_check(elements: tuple[Element, ...], *, resource: bool) -> Callable[[Struct], None]:
    """Write the `__post_init__` of a type with these elements.

    It raises ValueError, to which msgspec adds the path.
    """
    groups = _groups(elements)
    attributes = {element.attribute for element in elements}
    lines = [] if resource else [*_emptiness(elements)]
    for element in elements:
        extensible = f"{element.name}__ext" in attributes
        lines += [*_required_primitive(element, extensible), *_nulls(element, extensible)]
        if len(groups.get(element.choice, ())) < _LARGE:
            lines += _format(element)
    for group in groups.values():
        lines += _choice(group) if len(group) < _LARGE else _large_choice(elements, group)
    source = "def __post_init__(self):\n" + "".join(f"    {line}\n" for line in lines or ["pass"])
    written: dict[str, Callable[[Struct], None]] = {}
    exec(source, dict(_NAMES), written)  # noqa: S102 (the source is made here, of element names only)
    return written["__post_init__"]


def _emptiness(elements: tuple[Element, ...]) -> Iterator[str]:
    if any(element.required for element in elements):
        return
    # Usual elements first: the chain ends at the first one that is there.
    unusual = {"id", "extension", "modifierExtension"}
    ordered = sorted(elements, key=lambda element: (element.sibling, element.name in unusual))
    nothing = " and ".join(f"self.{element.attribute} is UNSET" for element in ordered)
    yield f"if {nothing}: raise ValueError('an object must not be empty')"


def _groups(elements: tuple[Element, ...]) -> dict[str, list[Element]]:
    """Collect the choice groups by name, each with its members."""
    groups: dict[str, list[Element]] = {}
    for element in elements:
        if element.choice:
            groups.setdefault(element.choice, []).append(element)
    return groups


def _choice(group: list[Element]) -> Iterator[str]:
    required, choice = group[0].choice_required, group[0].choice
    if len(group) == 2 and not required:
        wrong = " and ".join(f"self.{element.attribute} is not UNSET" for element in group)
    else:
        absent = f"({''.join(f'self.{element.attribute}, ' for element in group)}).count(UNSET)"
        wrong = f"{absent} {'!=' if required else '<'} {len(group) - 1}"
    said = "exactly" if required else "at most"
    yield f"if {wrong}: raise ValueError('{said} one `{choice}[x]` is allowed')"


def _large_choice(elements: tuple[Element, ...], group: list[Element]) -> Iterator[str]:
    primitives = [element for element in group if element.primitive]
    first, after = elements.index(primitives[0]), elements.index(primitives[-1]) + 1
    yield "values = astuple(self)"
    # Usual are one member of the group and one element beside it, the url: then there is nothing to look at.
    yield f"if values.count(UNSET) < {len(elements) - 2}:"
    yield from (f"    {line}" for line in _choice(group))
    yield f"if values[{first}:{after}].count(UNSET) < {after - first}:"
    yield from (f"    {line}" for element in primitives for line in _format(element))


def _required_primitive(element: Element, extensible: bool) -> Iterator[str]:
    if not (element.required and element.primitive):
        return
    missing = f"self.{element.attribute} is UNSET"
    if extensible:
        # An extension may stand for the value (R4, Extensibility, special case).
        sibling = f"self.{element.name}__ext"
        replaced = "" if element.repeats else f" or {sibling}.extension is UNSET"
        missing += f" and ({sibling} is UNSET{replaced})"
    yield f"if {missing}: raise ValueError('`{element.name}` is required')"


def _format(element: Element) -> Iterator[str]:
    if not element.primitive or element.codes:
        return
    value = f"self.{element.attribute}"
    fault = f"raise ValueError('`{element.name}` is no valid {element.type_name}')"
    if element.type_name == "decimal":
        # Decoded as whatever JSON holds, because msgspec would take the text "1.5" for a Decimal too.
        if element.repeats:
            yield f"for index, value in enumerate({value} or ()):"
            yield f"    if type(value) is int: {value}[index] = Decimal(value)"
            yield f"    elif value is not None and type(value) is not Decimal: {fault}"
        else:
            yield f"if type({value}) is int: {value} = Decimal({value})"
            yield f"elif {value} is not UNSET and type({value}) is not Decimal: {fault}"
        return
    suspicious = _suspicious(element.type_name)
    if not suspicious:
        return
    if element.repeats:
        yield f"if {value} is not UNSET:"
        yield f"    for value in {value}:"
        yield f"        if value is not None and {suspicious}: {fault}"
    else:
        yield f"value = {value}"
        yield f"if value is not UNSET and {suspicious}: {fault}"


def _suspicious(type_name: str) -> str:
    """Write the condition that refuses a `value`; what was once found good passes quickly."""
    if PRIMITIVES[type_name].check is None:
        return ""
    check = f"not is_{type_name}(value)"
    if type_name in GOOD_TOKENS:
        return f"value not in good_{type_name} and {check}"
    if type_name == "dateTime":
        return f"(value[:10] not in good_days or value[10:] not in good_times) and {check}"
    if type_name == "instant":
        return f"(len(value) < 20 or value[:10] not in good_days or value[10:] not in good_times) and {check}"
    return f"value not in good_days and {check}" if type_name == "date" else check


def _nulls(element: Element, extensible: bool) -> Iterator[str]:
    if not (element.repeats and element.primitive):
        return
    value, sibling = f"self.{element.attribute}", f"self.{element.name}__ext" if extensible else "UNSET"
    yield f"if {sibling} is not UNSET or ({value} is not UNSET and None in {value}):"
    yield f"    if not nulls_explained({value}, {sibling}):"
    yield f"        raise ValueError('`{element.name}` has a null without an extension beside it')"


def _nulls_explained(values: list[object] | UnsetType, siblings: list[object] | UnsetType) -> bool:
    """Whether every position of a primitive array holds a value or an extension (R4 JSON 2.6.2)."""
    left = [] if values is UNSET else values
    right = [] if siblings is UNSET else siblings
    return all(
        (index < len(left) and left[index] is not None) or (index < len(right) and right[index] is not None)
        for index in range(max(len(left), len(right)))
    )


_NAMES: Final[dict[str, object]] = {
    "UNSET": UNSET,
    "Decimal": Decimal,
    "astuple": astuple,
    "nulls_explained": _nulls_explained,
    "good_days": GOOD_DAYS,
    "good_times": GOOD_TIMES,
    **{f"good_{name}": tokens for name, tokens in GOOD_TOKENS.items()},
    **{f"is_{name}": primitive.check for name, primitive in PRIMITIVES.items()},
}
"""What the written source may refer to."""
