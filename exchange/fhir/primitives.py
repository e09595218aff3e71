"""The primitive types of FHIR R4: the Python type each is decoded to, and the check of its format.

Source: R4 (4.0.1) data types, https://hl7.org/fhir/R4/datatypes.html#primitive. A check takes the decoded
value and answers whether it is well formed; a type without a check is bound by its Python type alone.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from msgspec import Meta

_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_DAY: Final = r"(?:0[1-9]|[12][0-9]|3[01])"
_YEAR: Final = r"(?!0000)[0-9]{4}"
_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE: Final = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_PARTIAL_DATE = re.compile(rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY})?)?").fullmatch
_TIME_AND_ZONE = re.compile(rf"T{_CLOCK}{_ZONE}").fullmatch
_TIME = re.compile(_CLOCK).fullmatch
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch
_CODE = re.compile(r"\S+(?:\s\S+)*").fullmatch
_URI = re.compile(r"\S+").fullmatch
_BASE64 = re.compile(r"[0-9A-Za-z+/\s]+={0,2}\s*").fullmatch
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+").fullmatch
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch

# Days, times of day, codes and URIs come again and again: what was once found good is remembered, and all of
# it forgotten at a bound (every second of a day has its place), then learnt anew: the bound costs time only.
_DAYS_AND_TIMES: Final = 90_000
_TOKENS: Final = 10_000
GOOD_DAYS: Final[set[str]] = set()
GOOD_TIMES: Final[set[str]] = set()
_GOOD_URIS: Final[set[str]] = set()
GOOD_TOKENS: Final[Mapping[str, set[str]]] = {
    "code": set(),
    "uri": _GOOD_URIS,
    "url": _GOOD_URIS,
    "canonical": _GOOD_URIS,
}


def is_date(text: str) -> bool:
    """Whether `text` is a year, a month or a day that exists: `2016`, `2016-03`, `2016-03-01`."""
    if not _PARTIAL_DATE(text):
        return False
    if len(text) == 10:
        try:
            date.fromisoformat(text)
        except ValueError:
            return False
    _remember(GOOD_DAYS, text, _DAYS_AND_TIMES)
    return True


def is_instant(text: str) -> bool:
    """Whether `text` is a moment to the second or finer, with its zone: `2016-03-01T08:00:00+08:00`."""
    if not _TIME_AND_ZONE(text, 10) or not is_date(text[:10]):
        return False
    if len(text) <= 25:
        _remember(GOOD_TIMES, text[10:], _DAYS_AND_TIMES)
    return True


def is_date_time(text: str) -> bool:
    """Whether `text` is a date, or a moment to the second or finer with its zone."""
    if len(text) > 10:
        return is_instant(text)
    _remember(GOOD_TIMES, "", _DAYS_AND_TIMES)  # a dateTime may end with its day
    return is_date(text)


def is_time(text: str) -> bool:
    """Whether `text` is a time of day without a zone: `08:00:00`."""
    return _TIME(text) is not None


def is_id(text: str) -> bool:
    """Whether `text` is 1 to 64 letters, digits, hyphens and dots."""
    return _ID(text) is not None


def is_code(text: str) -> bool:
    """Whether `text` neither begins nor ends with a space, and holds single spaces only."""
    if not _CODE(text):
        return False
    _remember(GOOD_TOKENS["code"], text, _TOKENS)
    return True


def is_uri(text: str) -> bool:
    """Whether `text` is not empty and holds no white space."""
    if not _URI(text):
        return False
    _remember(_GOOD_URIS, text, _TOKENS)
    return True


def _remember(known: set[str], text: str, bound: int) -> None:
    if len(known) >= bound:
        known.clear()
    if len(text) <= 100:
        known.add(text)


def is_base64(text: str) -> bool:
    """Whether `text` is base64 with its padding, white space allowed."""
    return _BASE64(text) is not None and sum(not character.isspace() for character in text) % 4 == 0


def is_oid(text: str) -> bool:
    """Whether `text` is an OID as a URI: `urn:oid:1.2.3`."""
    return _OID(text) is not None


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID as a URI, in small letters: `urn:uuid:c757873d-...`."""
    return _UUID(text) is not None


@dataclass(frozen=True)
class Primitive:
    """One primitive type: what it decodes to, how its format is checked, and how it is described."""

    python_type: object
    check: Callable[[str], bool] | None
    expected_en: str
    expected_zh: str


_TEXT: Final = Annotated[str, Meta(min_length=1)]
_INT32: Final = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
_UNSIGNED: Final = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_POSITIVE: Final = Annotated[int, Meta(ge=1, le=2**31 - 1)]

PRIMITIVES: Final = {
    "boolean": Primitive(bool, None, "true or false, without quotes", "true 或 false（不加引号）"),
    "integer": Primitive(_INT32, None, "a whole number of 32 bits", "32 位整数"),
    "unsignedInt": Primitive(_UNSIGNED, None, "a whole number, 0 or more", "非负整数"),
    "positiveInt": Primitive(_POSITIVE, None, "a whole number, 1 or more", "正整数"),
    "decimal": Primitive(Any, None, "a number, without quotes", "数值（不加引号）"),
    "string": Primitive(_TEXT, None, "text that is not empty", "非空文本"),
    "markdown": Primitive(_TEXT, None, "text that is not empty", "非空文本"),
    "xhtml": Primitive(_TEXT, None, "an XHTML div", "XHTML 的 div"),
    "code": Primitive(_TEXT, is_code, "a code without spaces around it", "首尾无空格的代码"),
    "id": Primitive(_TEXT, is_id, "1 to 64 letters, digits, '-' and '.'", "1 至 64 个字母、数字、“-”或“.”"),
    "uri": Primitive(_TEXT, is_uri, "a URI without spaces", "不含空格的 URI"),
    "url": Primitive(_TEXT, is_uri, "a URL without spaces", "不含空格的 URL"),
    "canonical": Primitive(_TEXT, is_uri, "a URL without spaces", "不含空格的 URL"),
    "oid": Primitive(_TEXT, is_oid, "an OID such as urn:oid:1.2.3", "OID，如 urn:oid:1.2.3"),
    "uuid": Primitive(_TEXT, is_uuid, "a UUID such as urn:uuid:c757873d-…", "UUID，如 urn:uuid:c757873d-…"),
    "base64Binary": Primitive(_TEXT, is_base64, "base64", "base64 编码"),
    "date": Primitive(_TEXT, is_date, "a date that exists, such as 2016-03-01", "真实存在的日期，如 2016-03-01"),
    "dateTime": Primitive(
        _TEXT,
        is_date_time,
        "a date that exists, or a date and time with seconds and zone such as 2016-03-01T08:30:00+08:00",
        "真实存在的日期，或带秒和时区的日期时间，如 2016-03-01T08:30:00+08:00",
    ),
    "instant": Primitive(
        _TEXT,
        is_instant,
        "a date and time with seconds and zone, such as 2016-03-01T08:30:00+08:00",
        "带秒和时区的日期时间，如 2016-03-01T08:30:00+08:00",
    ),
    "time": Primitive(_TEXT, is_time, "a time such as 08:30:00", "时间，如 08:30:00"),
}
