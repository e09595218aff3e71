"""What the references of an entry say, and what entries of one bundle may call each other (R4 references.html)."""

from typing import Any
from urllib.parse import unquote

import msgspec

from exchange.fhir import references_of
from province_hub.intake.submission import Entry
from province_hub.quality.rule import mask, shown_token


class Pointer(msgspec.Struct, frozen=True, gc=False):
    """One Reference of an entry, and what it says: `token` for an identifier, `target` for anything literal.

    `is_logical` tells an identifier that stands in the Reference from a conditional reference.
    """

    expression: str
    reference: Any
    resource_type: str
    token: str = ""
    target: str = ""
    is_logical: bool = False

    @property
    def shown(self) -> str:
        """The pointer as it may be shown; numbers that may be a person's are masked."""
        if self.token:
            return f"{self.resource_type}?identifier={shown_token(self.token)}"
        kind, slash, logical_id = self.target.rpartition("/")
        return f"{kind}{slash}{mask(logical_id)}" if len(logical_id) in (15, 18) else self.target


def pointers_of(entry: Entry, resolved: dict[str, str]) -> list[Pointer]:
    """The references of an entry that are to be followed; `#…` stays inside the resource.

    `resolved` gives what references stood for when an entry is replayed outside its bundle.
    """
    pointers = []
    for expression, reference in references_of(entry.resource, bytes(entry.content)):
        literal = reference.reference or ""
        if resolved:
            literal = resolved.get(literal, literal)
        if literal.startswith("#"):
            continue
        if literal:
            pointers.append(_literal(expression, reference, literal))
        elif reference.identifier and reference.identifier.system and reference.identifier.value:
            token = f"{reference.identifier.system}|{reference.identifier.value}"
            resource_type = reference.type or _implied_type(expression)
            pointers.append(Pointer(expression, reference, resource_type, token=token, is_logical=True))
    return pointers


def _literal(expression: str, reference: Any, literal: str) -> Pointer:
    if "?identifier=" in literal:
        resource_type, _, token = literal.partition("?identifier=")
        return Pointer(expression, reference, resource_type, token=unquote(token))
    bare = literal.partition("/_history/")[0]
    if bare.startswith(("urn:", "http://", "https://")):
        return Pointer(expression, reference, "", target=bare)
    return Pointer(expression, reference, bare.partition("/")[0], target=bare)


def _implied_type(expression: str) -> str:
    name = expression.rpartition(".")[2].partition("[")[0]
    return {"subject": "Patient", "patient": "Patient", "encounter": "Encounter"}.get(name, "")


def full_name(entry: Entry, target: str) -> str:
    """The fullUrl that a literal reference of an entry means inside its bundle.

    `Patient/1` in an entry `http://county/fhir/Encounter/7` means `http://county/fhir/Patient/1` (R4 bundle.html,
    resolving references in bundles).
    """
    if entry.full_url.startswith(("http://", "https://")) and not target.startswith(("urn:", "http://", "https://")):
        return f"{entry.full_url.rsplit('/', 2)[0]}/{target}"
    return target


def names_for_replay(entry: Entry, resolved: dict[str, str]) -> dict[str, str]:
    """What the literal references in a refused entry's text stand for, as far as its bundle tells."""
    try:
        content = msgspec.json.decode(entry.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    names = {}
    waiting = [content]
    while waiting:
        element = waiting.pop()
        if isinstance(element, list):
            waiting += element
        elif isinstance(element, dict):
            waiting += element.values()
            literal = element.get("reference")
            if isinstance(literal, str) and (meant := resolved.get(full_name(entry, literal))):
                names[literal] = meant
    return dict(sorted(names.items()))
