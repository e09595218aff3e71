"""The door: what is not a submission at all is turned away here, before anything is counted.

Statuses follow FHIR R4 http.html: 400 not JSON, 413 too large, 415 wrong media type, 422 not a Bundle to process.
"""

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from exchange.fhir import Problem, Structure, StructureFault, resource_type_of, structure
from province_hub.intake.explained import rule_of, violation_of
from province_hub.intake.submission import Entry, Kind, Sender, Submission
from province_hub.quality.conformity import REQUEST
from province_hub.quality.rule import Finding, Violation

MEDIA_TYPES = ("application/fhir+json", "application/json")
DEFAULT_LIMIT = 32 * 1024 * 1024


@dataclass(eq=False)
class TurnedAway(Exception):  # noqa: N818  # it is an outcome, and is named as one
    """A request that holds no submission: the HTTP status, R4's issue code, where, and what to do."""

    status: int
    code: str
    diagnostics: str
    expression: str = ""

    def __str__(self) -> str:
        return self.diagnostics


_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]\.?")


class _LooseEntry(msgspec.Struct):
    """An entry of a Bundle that is not sound as a whole: its parts as they came."""

    fullUrl: msgspec.Raw = msgspec.Raw(b"")  # noqa: N815  # FHIR's own name
    resource: msgspec.Raw = msgspec.Raw(b"")
    request: msgspec.Raw = msgspec.Raw(b"")


class _LooseBundle(msgspec.Struct):
    entry: list[msgspec.Raw] = []  # msgspec copies it
    type: msgspec.Raw = msgspec.Raw(b"")


def check_media_type(content_type: str | None) -> None:
    """Raise TurnedAway (415) for anything but FHIR JSON in UTF-8."""
    media_type, _, parameters = (content_type or "").partition(";")
    media_type, parameters = media_type.strip().lower(), parameters.strip().lower()
    if media_type not in MEDIA_TYPES:
        raise TurnedAway(
            415,
            "not-supported",
            f"Content-Type: found {content_type!r}, expected application/fhir+json. "
            "FHIR on this wire is JSON in UTF-8.",
        )
    if "charset" in parameters and "utf-8" not in parameters and "utf8" not in parameters:
        raise TurnedAway(
            415,
            "not-supported",
            f"Content-Type: found {parameters!r}, expected charset=utf-8. Convert the body to UTF-8 before sending.",
        )


def check_size(size: int, limit: int) -> None:
    """Raise TurnedAway (413) for a body over the limit, in bytes."""
    if size > limit:
        raise TurnedAway(
            413,
            "too-costly",
            f"The body has {size:,} bytes or more, the limit is {limit:,}. "
            "Send smaller bundles; 100 entries each are a good size.",
        )


def open_bundle(body: bytes, sender: Sender, arrived_at: str) -> Submission:
    """The submission that a posted Bundle holds, its entries not yet read. Raises TurnedAway."""
    _check_encoding(body)
    shapes = structure()
    bundle: Any  # compiled class
    try:
        bundle = shapes.decode("Bundle", body)
    except StructureFault:
        return _open_unsound_bundle(body, shapes, sender, arrived_at)
    kind = _kind(bundle.type)
    number = (bundle.identifier.value or "").replace("\0", "") if bundle.identifier else ""
    entries = []
    for position, entry in enumerate(bundle.entry or ()):
        request = entry.request or None
        entries.append(
            Entry(
                position,
                entry.resource or b"",
                entry.fullUrl or "",
                request.method if request else "",
                request.url if request else "",
                (request.ifNoneExist or "") if request else "",
                (request.ifMatch or "") if request else "",
            )
        )
    return Submission(sender, kind, number, arrived_at, arrived_at[:10], body, entries)


def open_resource(
    body: bytes,
    sender: Sender,
    arrived_at: str,
    *,
    method: str,
    url: str,
    if_none_exist: str = "",
    if_match: str = "",
) -> Submission:
    """The submission of one resource: a bundle of one, so that it walks the same way. Raises TurnedAway."""
    _check_encoding(body)
    _resource_type(body)
    entry = Entry(0, body, "", method, url, if_none_exist, if_match)
    return Submission(sender, "single", "", arrived_at, arrived_at[:10], body, [entry])


def _kind(bundle_type: str) -> Kind:
    if bundle_type == "batch":
        return "batch"
    if bundle_type == "transaction":
        return "transaction"
    raise TurnedAway(
        422,
        "invalid",
        f"Bundle.type: found {bundle_type!r}, expected 'batch' or 'transaction'.",
        "Bundle.type",
    )


def _check_encoding(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise TurnedAway(
            400,
            "structure",
            f"The body is not UTF-8: byte {error.start:,} is {body[error.start]:#04x}. FHIR on this wire is JSON in "
            "UTF-8; an export in GB18030 has to be converted before it is sent.",
        ) from error


def _resource_type(body: bytes) -> str | None:
    try:
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        raise TurnedAway(
            400,
            "structure",
            f"The body is not a JSON object in UTF-8: {error}. Check for truncation and encoding.",
        ) from error
    return resource_type_of(body)


def _open_unsound_bundle(body: bytes, shapes: Structure, sender: Sender, arrived_at: str) -> Submission:
    """Take apart a Bundle that is not sound as a whole, so that its good entries are not lost.

    Faults of single entries become findings of these entries, when they are read; a fault of the envelope
    turns the whole away.
    """
    resource_type = _resource_type(body)
    if resource_type != "Bundle":
        raise TurnedAway(
            422,
            "invalid",
            f"resourceType: found {resource_type!r}, expected 'Bundle'. Post single resources to /fhir/<type>.",
            "resourceType",
        )
    problems = shapes.explain(body)
    of_entries = [problem for problem in problems if _ENTRY.match(problem.expression)]
    if len(of_entries) < len(problems):
        first = next(problem for problem in problems if not _ENTRY.match(problem.expression))
        raise TurnedAway(
            422, "structure", f"{first.expected_en}; found {first.found}. {first.mend_en}", first.expression
        )
    try:
        loose = msgspec.json.decode(body, type=_LooseBundle)
        kind = _kind(msgspec.json.decode(loose.type, type=str))
    except msgspec.DecodeError as error:
        raise TurnedAway(422, "structure", f"The Bundle cannot be taken apart: {error}", "Bundle.entry") from error
    number = _text(msgspec.json.decode(body, type=_Numbered).identifier, "value").replace("\0", "")
    entries = [_loose_entry(position, bytes(raw)) for position, raw in enumerate(loose.entry)]
    for problem in of_entries:
        _find(entries, problem)
    return Submission(sender, kind, number, arrived_at, arrived_at[:10], body, entries)


def _find(entries: list[Entry], problem: Problem) -> None:
    """Refuse the entry around whose resource something is wrong."""
    place = _ENTRY.match(problem.expression)
    position = int(place[1]) if place else len(entries)
    if position < len(entries):
        entry = entries[position]
        expression = problem.expression[place.end() :] if place else ""
        if expression == "request.method":  # R4 has more methods than a hub carries out
            entry.findings.append(Finding(REQUEST, Violation(expression, problem.found)))
        else:
            rule = REQUEST if expression.startswith("request") else rule_of(problem)
            entry.findings.append(Finding(rule, violation_of(problem, expression)))
        entry.refused = True


class _Numbered(msgspec.Struct):
    identifier: msgspec.Raw = msgspec.Raw(b"{}")


def _loose_entry(position: int, raw: bytes) -> Entry:
    try:
        parts = msgspec.json.decode(raw, type=_LooseEntry)
    except msgspec.DecodeError:
        return Entry(position, raw)
    return Entry(
        position,
        parts.resource,
        _text(raw, "fullUrl"),
        _text(parts.request, "method"),
        _text(parts.request, "url"),
        _text(parts.request, "ifNoneExist"),
        _text(parts.request, "ifMatch"),
    )


def _text(raw: bytes | msgspec.Raw, name: str) -> str:
    try:
        value = msgspec.json.decode(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).get(name, b'""'), type=str)
    except msgspec.DecodeError:
        return ""
    return value
