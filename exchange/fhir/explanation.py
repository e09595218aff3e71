"""Explains what is wrong with a resource: every problem, with its place, in English and Chinese.

A walk over the JSON beside the elements that fhir.resources describes. It is slow, and runs only for what the
decoder has refused.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

import msgspec

from exchange.fhir.elements import Element, elements_of
from exchange.fhir.primitives import PRIMITIVES
from exchange.fhir.resource_types import RESOURCE_TYPES

IssueKind = Literal["structure", "required", "value", "invariant", "code-invalid", "not-supported"]

ABSENT: Final = "absent"
_LONGEST: Final = 60
"""Characters of a value that a problem quotes."""
_INTEGER_RANGES: Final = {
    "integer": range(-(2**31), 2**31),
    "unsignedInt": range(2**31),
    "positiveInt": range(1, 2**31),
}


@dataclass(frozen=True)
class Problem:
    """One problem of one element."""

    expression: str
    """Where: the element from its resource on, by JSON names, `Patient.name[0].use`."""
    kind: IssueKind
    """The issue type of R4 (https://hl7.org/fhir/R4/valueset-issue-type.html)."""
    found: str
    """The value as JSON, shortened; `absent` where there is none."""
    expected_en: str
    expected_zh: str
    mend_en: str
    mend_zh: str


@dataclass(frozen=True)
class _Place:
    """Where the walk is: the path as people read it, and the same without positions."""

    expression: str
    path: str

    def at(self, name: str) -> "_Place":
        # The sibling `_x` is the same element as `x`: its id and extensions.
        name = name.removeprefix("_")
        return _Place(f"{self.expression}.{name}", f"{self.path}.{name}")

    def item(self, index: int) -> "_Place":
        return _Place(f"{self.expression}[{index}]", self.path)

    def problem(self, kind: IssueKind, found: object, texts: tuple[str, str, str, str]) -> Problem:
        return Problem(self.expression, kind, _quoted(found), *texts)


# Decimals, so that a number is quoted with the digits it came with.
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)


class _Nothing:
    """Stands for an element that is not there."""


_NOTHING: Final = _Nothing()


def explain(raw: bytes, localised: frozenset[str]) -> list[Problem]:
    """List every problem of the resource in `raw`; codes at `localised` paths are left to the translation."""
    root = _Place("Resource", "Resource")
    try:
        content: object = _decoder.decode(raw)
    except UnicodeDecodeError as error:
        return [_unreadable(root, raw, f"byte {error.start} is not UTF-8")]
    except InvalidOperation:
        return [_unreadable(root, raw, "a number is beyond all bounds")]
    except (msgspec.DecodeError, RecursionError) as error:
        return [_unreadable(root, raw, str(error))]
    try:
        return list(_resource(root, content, localised))
    except RecursionError:
        return [_unreadable(root, raw, "it is nested too deeply")]


def unexplained(resource_type: str, reason: str) -> Problem:
    """Say what is left where the decoder refuses and the walk sees nothing: the decoder's own words."""
    return _Place(resource_type, resource_type).problem(
        "structure",
        _NOTHING,
        (
            f"a {resource_type} as R4 defines it",
            f"符合 R4 定义的 {resource_type}",
            f"The decoder says: {reason}.",
            f"解码器提示：{reason}。",
        ),
    )


def _unreadable(root: _Place, raw: bytes, reason: str) -> Problem:
    return Problem(
        root.expression,
        "structure",
        _shortened(raw[: 4 * _LONGEST].decode("utf-8", "replace")) or ABSENT,
        "a FHIR resource: one JSON object in UTF-8",
        "一个 FHIR 资源：UTF-8 编码的 JSON 对象",
        f"Send UTF-8 JSON without a byte order mark; reading it failed: {reason}.",
        f"请发送不带 BOM 的 UTF-8 编码 JSON；读取失败的原因：{reason}。",
    )


def _resource(place: _Place, content: object, localised: frozenset[str]) -> Iterator[Problem]:
    if not isinstance(content, dict):
        yield _wrong_shape(place, content, "a FHIR resource: one JSON object", "一个 FHIR 资源（JSON 对象）")
        return
    resource_type = content.get("resourceType", _NOTHING)
    if not isinstance(resource_type, str) or resource_type not in RESOURCE_TYPES:
        yield _wrong_resource_type(place.at("resourceType"), resource_type)
        return
    if place.expression == "Resource":
        place = _Place(resource_type, resource_type)
    else:
        place = _Place(place.expression, resource_type)
    elements = {name: value for name, value in content.items() if name != "resourceType"}
    yield from _object(place, resource_type, elements, localised)


def _wrong_resource_type(place: _Place, found: object) -> Problem:
    near = _nearest(found, RESOURCE_TYPES) if isinstance(found, str) else ""
    if isinstance(found, _Nothing):
        mend_en, mend_zh = (
            "Add resourceType with the name of the type.",
            "请加上 resourceType，写明资源类型。",
        )
    elif near:
        mend_en, mend_zh = (
            f"Did you mean `{near}`? Names keep their capitals.",
            f"是否应为“{near}”？区分大小写。",
        )
    else:
        mend_en = "Use a resource type of R4, such as Patient or Encounter."
        mend_zh = "请使用 R4 的资源类型，如 Patient、Encounter。"
    return place.problem(
        "required" if isinstance(found, _Nothing) else "not-supported",
        found,
        ("the name of a resource type of FHIR R4", "FHIR R4 的资源类型名", mend_en, mend_zh),
    )


def _object(
    place: _Place, type_name: str, content: Mapping[str, object], localised: frozenset[str]
) -> Iterator[Problem]:
    elements = {element.name: element for element in elements_of(type_name)}
    for name, value in content.items():
        if name in elements:
            yield from _element(place.at(name), elements[name], value, localised)
        else:
            yield _unknown(_Place(f"{place.expression}.{name}", ""), name, value, elements)
    yield from _choices(place, elements, content)
    for element in elements.values():
        if element.required and element.name not in content and not _replaced(element, content):
            yield _missing(place.at(element.name))
        if element.primitive and element.repeats:
            yield from _unexplained_nulls(place.at(element.name), element, content)


def _element(place: _Place, element: Element, value: object, localised: frozenset[str]) -> Iterator[Problem]:
    if not element.repeats:
        yield from _single(place, element, value, localised)
    elif not isinstance(value, list):
        yield _wrong_shape(place, value, "an array, because the element may repeat", "数组（该元素可重复）")
    elif not value:
        yield _empty(place, value)
    else:
        may_be_null = element.primitive or element.sibling
        for index, item in enumerate(value):
            if item is not None or not may_be_null:
                yield from _single(place.item(index), element, item, localised)


def _single(place: _Place, element: Element, value: object, localised: frozenset[str]) -> Iterator[Problem]:
    if element.polymorphic:
        # Resources in a Bundle or in Parameters are explained on their own, one by one.
        if place.path.endswith(".contained"):
            yield from _resource(place, value, localised)
    elif value is None:
        yield _null(place)
    elif element.primitive:
        yield from _primitive(place, element, value, localised)
    elif not isinstance(value, dict):
        yield _wrong_shape(place, value, f"a JSON object ({element.type_name})", f"JSON 对象（{element.type_name}）")
    elif not value:
        yield _empty(place, value)
    else:
        yield from _object(place, element.type_name, value, localised)


def _primitive(place: _Place, element: Element, value: object, localised: frozenset[str]) -> Iterator[Problem]:
    primitive = PRIMITIVES[element.type_name]
    if element.codes and place.path not in localised:
        if value not in element.codes:
            yield _wrong_code(place, element.codes, value)
    elif value == "":
        yield _empty(place, value)
    elif not _well_formed(element.type_name, value):
        mend_en, mend_zh = _mend_value(element.type_name, value)
        texts = (primitive.expected_en, primitive.expected_zh, mend_en, mend_zh)
        yield place.problem("value", value, texts)


def _well_formed(type_name: str, value: object) -> bool:
    if type_name == "boolean":
        return isinstance(value, bool)
    if type_name in _INTEGER_RANGES:
        return type(value) is int and value in _INTEGER_RANGES[type_name]
    if type_name == "decimal":
        return type(value) in (int, Decimal)
    check = PRIMITIVES[type_name].check
    return isinstance(value, str) and (check is None or check(value))


def _mend_value(type_name: str, value: object) -> tuple[str, str]:
    if isinstance(value, str) and type_name in {"boolean", "decimal", *_INTEGER_RANGES}:
        return "Send the value itself, not text: leave out the quotes.", "请直接写值，不要加引号写成文本。"
    if isinstance(value, bool | int | Decimal) and type_name not in {"boolean", "decimal", *_INTEGER_RANGES}:
        return "Send it as text, in quotes.", "请以文本形式发送（加引号）。"
    if isinstance(value, str) and type_name in ("dateTime", "instant") and "T" in value:
        return (
            "Give seconds and a zone, on a day that exists: 2016-03-01T08:30:00+08:00.",
            "请写明秒和时区，且日期须真实存在：2016-03-01T08:30:00+08:00。",
        )
    if isinstance(value, list):
        return (
            "The element does not repeat: send one value, no array.",
            "该元素不可重复：请发送单个值，不要用数组。",
        )
    return "Correct the value, or leave the element out.", "请更正该值，或不发送该元素。"


def _wrong_code(place: _Place, codes: tuple[str, ...], value: object) -> Problem:
    near = _nearest(value, codes) if isinstance(value, str) else ""
    hint_en = f" Did you mean `{near}`?" if near else ""
    hint_zh = f"是否应为“{near}”？" if near else ""
    listed = ", ".join(codes)
    return place.problem(
        "code-invalid",
        value,
        (
            f"one of: {listed}",
            f"以下代码之一：{listed}",
            f"Use a code of the required binding, exactly as listed.{hint_en}",
            f"请使用规定值域中的代码，大小写须一致。{hint_zh}",
        ),
    )


def _unknown(place: _Place, name: str, value: object, elements: Mapping[str, Element]) -> Problem:
    near = _nearest(name, elements)
    if near:
        mend_en, mend_zh = f"Did you mean `{near}`?", f"是否应为“{near}”？"
    else:
        mend_en = "Leave it out, or send it as an extension."
        mend_zh = "请不要发送该元素，或改用扩展（extension）。"
    known = ", ".join(name for name, element in elements.items() if not element.sibling)
    known = known if len(known) <= 300 else f"{known[:300].rsplit(',', 1)[0]}, …"
    texts = (
        f"only elements that R4 defines here: {known}",
        f"此处仅允许 R4 定义的元素：{known}",
        mend_en,
        mend_zh,
    )
    return place.problem("structure", value, texts)


def _choices(place: _Place, elements: Mapping[str, Element], content: Mapping[str, object]) -> Iterator[Problem]:
    for choice in dict.fromkeys(element.choice for element in elements.values() if element.choice):
        group = [element for element in elements.values() if element.choice == choice]
        present = [element.name for element in group if element.name in content]
        if len(present) > 1:
            yield place.at(choice).problem(
                "structure",
                ", ".join(present),
                (
                    f"at most one type of {choice}[x]",
                    f"{choice}[x] 只能取一种类型",
                    f"Keep one of {', '.join(present)}.",
                    f"请只保留其中一个：{'、'.join(present)}。",
                ),
            )
        elif not present and group[0].choice_required:
            yield _missing(place.at(choice))


def _replaced(element: Element, content: Mapping[str, object]) -> bool:
    """Whether an extension says why a required primitive has no value (R4 2.4.0.1.1)."""
    sibling = content.get(f"_{element.name}")
    if not element.primitive or sibling is None:
        return False
    return element.repeats or (isinstance(sibling, dict) and "extension" in sibling)


def _unexplained_nulls(place: _Place, element: Element, content: Mapping[str, object]) -> Iterator[Problem]:
    values, siblings = content.get(element.name, []), content.get(f"_{element.name}", [])
    if not isinstance(values, list) or not isinstance(siblings, list):
        return
    for index in range(max(len(values), len(siblings))):
        if all(index >= len(side) or side[index] is None for side in (values, siblings)):
            yield _null(place.item(index))


def _missing(place: _Place) -> Problem:
    return place.problem(
        "required",
        _NOTHING,
        ("a value: the element is required", "必填元素须有值", "Add the element.", "请补上该元素。"),
    )


def _null(place: _Place) -> Problem:
    return place.problem(
        "structure",
        None,
        (
            "a value; JSON null stands only in an array beside an extension",
            "须有值；仅在数组中且有对应扩展时才可为 null",
            "Leave the element out.",
            "请不要发送该元素。",
        ),
    )


def _empty(place: _Place, value: object) -> Problem:
    return place.problem(
        "structure",
        value,
        (
            "content: nothing in FHIR is empty",
            "须有内容：FHIR 不允许空值",
            "Leave the element out, or fill it.",
            "请不要发送该元素，或填写内容。",
        ),
    )


def _wrong_shape(place: _Place, value: object, expected_en: str, expected_zh: str) -> Problem:
    if isinstance(value, list):
        mend_en, mend_zh = "Take it out of the array: [ ].", "请去掉数组方括号 [ ]。"
    elif "array" in expected_en:
        mend_en, mend_zh = "Put the value into an array: [ ].", "请放入数组 [ ] 中。"
    else:
        mend_en, mend_zh = "Send an object with the elements of the type.", "请发送包含该类型各元素的对象。"
    return place.problem("structure", value, (expected_en, expected_zh, mend_en, mend_zh))


def _nearest(name: str, known: Mapping[str, object] | frozenset[str] | tuple[str, ...]) -> str:
    small = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), small, n=1, cutoff=0.7)
    return small[near[0]] if near else ""


def _quoted(value: object) -> str:
    if isinstance(value, _Nothing):
        return ABSENT
    if isinstance(value, Decimal):
        return _shortened(str(value))
    return _shortened(json.dumps(value, ensure_ascii=False, default=float))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
