"""Read: each entry's request and resource, structure checked, identity found."""

from urllib.parse import unquote

from exchange.fhir import Structure, StructureFault, known_resource_types, resource_type_of
from exchange.systems import (
    CONDITION_NUMBER,
    DOCUMENT_NUMBER,
    OBSERVATION_NUMBER,
    PATIENT_INDEX,
    PRESCRIPTION_NUMBER,
    PROCEDURE_NUMBER,
)
from province_hub.intake.explained import rule_of, violation_of
from province_hub.intake.submission import Entry, Submission
from province_hub.quality import conformity, uniqueness
from province_hub.quality.rule import Finding, Rule, Violation, mask, shown_token

# The identifier that a plain POST is known by, where a record carries several (exchange.systems); else the first.
_PREFERRED_SYSTEM = {
    "Patient": PATIENT_INDEX,
    "Condition": CONDITION_NUMBER,
    "Observation": OBSERVATION_NUMBER,
    "Procedure": PROCEDURE_NUMBER,
    "MedicationRequest": PRESCRIPTION_NUMBER,
    "Composition": DOCUMENT_NUMBER,
}
_TYPES_OF_R4 = known_resource_types()


def read(submission: Submission, shapes: Structure) -> None:
    """Decode every entry; what cannot be read is refused with all that is wrong with it."""
    for entry in submission.entries:
        _read_resource(entry, shapes)
        if entry.refused:
            entry.resource_type = entry.resource_type or entry.url.partition("?")[0].partition("/")[0]
            entry.identity = unquote(entry.url.partition("?identifier=")[2])
        else:
            _read_request(entry, submission.sender.code)


def _read_resource(entry: Entry, shapes: Structure) -> None:
    entry.content = bytes(entry.content)
    if entry.refused:
        return  # what surrounds the resource is wrong, and was found at the door
    if b"\\u0000" in entry.content or "\0" in entry.url:
        refuse(entry, conformity.STRUCTURE, "resource", "U+0000", "text without U+0000 (R4 string)", "不含U+0000的文本")
        return
    named = entry.url.partition("?")[0].partition("/")[0]
    if named in _TYPES_OF_R4:
        try:
            entry.resource = shapes.decode(named, entry.content)
        except StructureFault:
            pass
        else:
            entry.resource_type = named
            return
    _read_unexpected_resource(entry, shapes)


def _read_unexpected_resource(entry: Entry, shapes: Structure) -> None:
    """The slow way: the resource is not what the url says, or not sound."""
    if not entry.content:
        refuse(entry, conformity.STRUCTURE, "resource", "no resource", "a resource in this entry", "条目中有resource")
        return
    entry.resource_type = resource_type_of(bytes(entry.content)) or ""
    problems = shapes.explain(bytes(entry.content))
    for problem in problems:
        entry.findings.append(Finding(rule_of(problem), violation_of(problem)))
    if problems:
        entry.refused = True
        return
    entry.resource = shapes.decode(entry.resource_type, bytes(entry.content))


def _read_request(entry: Entry, node: str) -> None:
    entry.tokens = _tokens(entry.resource)
    path, _, query = entry.url.partition("?")
    if path.partition("/")[0] != entry.resource_type:
        found = entry.url or "no request.url"
        refuse(entry, conformity.REQUEST, "request.url", found, f"a url that begins with {entry.resource_type}")
        return
    _, slash, logical_id = path.partition("/")
    if entry.method == "PUT" and slash and not query:
        _identify_by_id(entry, logical_id, node)
    elif entry.method == "PUT" and query and not slash:
        _identify_by_query(entry, query, "request.url")
    elif entry.method == "POST" and not slash and not query:
        if entry.if_none_exist:
            entry.only_create = True
            _identify_by_query(entry, entry.if_none_exist, "request.ifNoneExist")
        else:
            _identify_by_itself(entry)
    else:
        refuse(entry, conformity.REQUEST, "request", f"{entry.method or 'no method'} {entry.url}")


def _tokens(resource: object) -> tuple[str, ...]:
    identifiers = getattr(resource, "identifier", None)
    if not identifiers:
        return ()
    listed = identifiers if isinstance(identifiers, list) else [identifiers]
    return tuple([f"{each.system}|{each.value}" for each in listed if each.system and each.value])


def _identify_by_id(entry: Entry, logical_id: str, node: str) -> None:
    if not logical_id.startswith(f"{node}-"):
        refuse(
            entry,
            conformity.FOREIGN_ID,
            "request.url",
            f"{entry.resource_type}/{logical_id}",
            f"{entry.resource_type}/{node}-… or {entry.resource_type}?identifier=<system>|<value>",
            f"{entry.resource_type}/{node}-… 或 {entry.resource_type}?identifier=<体系>|<值>",
        )
    elif entry.resource.id != logical_id:
        expression = f"{entry.resource_type}.id"
        refuse(
            entry,
            conformity.REQUEST,
            expression,
            str(entry.resource.id or "nothing"),
            f"{logical_id}, as in the url",
        )
    else:
        entry.client_id = logical_id
        entry.identity = f"id:{logical_id}"
        entry.names = (entry.identity,)


def _identify_by_query(entry: Entry, query: str, place: str) -> None:
    name, _, value = query.partition("=")
    token = unquote(value)
    if name != "identifier" or "&" in query or "|" not in token:
        refuse(entry, conformity.REQUEST, place, mask(query), "identifier=<system>|<value>, and nothing else")
    elif token not in entry.tokens:
        refuse(
            entry,
            uniqueness.NO_IDENTITY,
            f"{entry.resource_type}.identifier",
            f"no identifier {shown_token(token)}",
            f"the identifier that {place} names",
            f"{place}所指的标识",
        )
    else:
        entry.identity = token
        entry.names = (token,)


def _identify_by_itself(entry: Entry) -> None:
    preferred = _PREFERRED_SYSTEM.get(entry.resource_type, "")
    entry.identity = next(
        (token for token in entry.tokens if token.partition("|")[0] == preferred),
        entry.tokens[0] if entry.tokens else "",
    )
    # A plain create is found again by any of its identifiers, its own number first.
    entry.names = (entry.identity, *(token for token in entry.tokens if token != entry.identity))
    if not entry.identity:
        refuse(entry, uniqueness.NO_IDENTITY, f"{entry.resource_type}.identifier", "nothing")


def refuse(entry: Entry, rule: Rule, expression: str, found: str, expected_en: str = "", expected_zh: str = "") -> None:
    """Refuse an entry for something that makes every later step pointless."""
    entry.findings.append(Finding(rule, Violation(expression, found, expected_en, expected_zh or expected_en)))
    entry.refused = True
