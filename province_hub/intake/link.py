"""Link: each entry finds its record, each reference what it points to, each Patient the resident.

References are looked for in the submission first, then among the records that the same node has sent before:
by `fullUrl`, by literal id, by conditional reference (`Patient?identifier=…`) or by logical identifier
(R4 references.html). One that must point to a record and points to nothing refuses the entry, and so does one
that points to a refused entry.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from exchange.fhir import references_of
from province_hub.intake.submission import Entry, Submission
from province_hub.quality import linkage, uniqueness
from province_hub.quality.conformity import resident_number_is_valid, resident_numbers
from province_hub.quality.rule import Finding, Violation, shown_token
from province_hub.store.holdings import Held, Holdings

# A logical reference to one of these is part of the record itself; to an organisation or a practitioner it may
# name someone who never sent a resource.
_MUST_RESOLVE = frozenset({"Patient", "Encounter"})
_HEALTH_RECORD = "health-record-"


class Pointer(Struct, frozen=True, gc=False):
    """One Reference of an entry, and what it says: `token` for an identifier, `target` for anything literal."""

    expression: str
    reference: Any
    resource_type: str
    token: str = ""
    target: str = ""


@dataclass(slots=True)
class Links:
    """What linking found beside the entries: current versions by key, and residents that are new."""

    held: dict[int, Held] = field(default_factory=dict)
    new_residents: dict[str, int] = field(default_factory=dict)


def link(
    submission: Submission, holdings: Holdings, take_key: Callable[[], int], *, look_outside: bool = True
) -> Links:
    """Give every entry its record's key, resolve references and find residents.

    Without `look_outside`, references that lead out of the submission are not followed and only noted.
    """
    linker = _Linker(submission, holdings, take_key, look_outside)
    linker.find_records()
    linker.resolve_references()
    linker.find_residents()
    submission.resolved |= {entry.full_url: entry.location for entry in submission.accepted if entry.full_url}
    return linker.links


class _Linker:
    def __init__(
        self, submission: Submission, holdings: Holdings, take_key: Callable[[], int], look_outside: bool
    ) -> None:
        self._submission = submission
        self._holdings = holdings
        self._take_key = take_key
        self._look_outside = look_outside
        self._pointers = {entry.position: _pointers(entry, submission.resolved) for entry in submission.accepted}
        self._by_token = holdings.by_token(self._tokens())
        self._by_key = holdings.by_key(self._literal_keys())
        self._in_bundle: dict[tuple[str, str], Entry] = {}
        self._by_full_url: dict[str, Entry] = {}
        self._refused: set[tuple[str, str]] = set()
        self.links = Links()

    def _tokens(self) -> set[str]:
        tokens = {entry.identity for entry in self._submission.accepted}
        for pointers in self._pointers.values():
            for pointer in pointers:
                if pointer.token:
                    tokens.add(pointer.token)
                elif "/" in pointer.target:
                    tokens.add(f"id:{pointer.target.partition('/')[2]}")
        return tokens

    def _literal_keys(self) -> set[int]:
        return {
            int(logical_id)
            for pointers in self._pointers.values()
            for pointer in pointers
            if (logical_id := pointer.target.partition("/")[2]).isdecimal()
        }

    def find_records(self) -> None:
        """Match every entry with the record it names, or give it a new one."""
        keys: dict[tuple[str, str], int] = {}
        for entry in self._submission.entries:
            for alias in _names_in_bundle(entry.full_url):
                self._by_full_url[alias] = entry
            name = (entry.resource_type, entry.identity)
            if entry.refused:
                self._refused.add(name)
                continue
            matches = {held.key: held for held in self._by_token.get(name, ())}
            if len(matches) > 1:
                self._refuse_ambiguous(entry, len(matches))
                continue
            if name in keys and self._submission.kind == "transaction":
                self._refuse_second(entry)
                continue
            for key, held in matches.items():
                keys[name] = key
                self.links.held[key] = held
            if name not in keys:
                keys[name] = self._take_key()
            entry.key = keys[name]
            for token in {entry.identity, *entry.tokens}:
                self._in_bundle[entry.resource_type, token] = entry

    def resolve_references(self) -> None:
        """Follow every reference; refuse entries that point to nothing, and those that depend on them."""
        waiting: dict[int, list[Entry]] = defaultdict(list)
        refused = []
        for entry in self._submission.accepted:
            for pointer in self._pointers.get(entry.position, ()):
                target = self._entry_of(pointer)
                if target is not None and not target.refused:
                    waiting[target.position].append(entry)
                    pointer.reference.reference = target.location
                elif not self._point_outside(entry, pointer) and not entry.refused:
                    self._refuse_dangling(entry, pointer)
            if entry.refused:
                refused.append(entry)
        self._refuse_dependents(refused, waiting)

    def _refuse_dependents(self, refused: list[Entry], waiting: dict[int, list[Entry]]) -> None:
        while refused:
            target = refused.pop()
            if target.key in self.links.held:
                continue  # an earlier version of the record is there
            for entry in waiting[target.position]:
                if not entry.refused:
                    violation = Violation(
                        entry.resource_type, f"a reference to entry {target.position}, which was refused"
                    )
                    entry.findings.append(Finding(linkage.REFERENCE_TO_NOTHING, violation))
                    entry.refused = True
                    refused.append(entry)

    def _entry_of(self, pointer: Pointer) -> Entry | None:
        if pointer.target:
            return self._by_full_url.get(pointer.target) or self._in_bundle.get(
                (pointer.resource_type, f"id:{pointer.target.partition('/')[2]}")
            )
        return self._in_bundle.get((pointer.resource_type, pointer.token))

    def _point_outside(self, entry: Entry, pointer: Pointer) -> bool:
        """Resolve a reference among the node's earlier records, or decide that it need not resolve."""
        held = self._held(pointer)
        if held is not None:
            self.links.held[held.key] = held
            pointer.reference.reference = f"{held.resource_type}/{held.client_id or held.key}"
            return True
        if pointer.target.startswith(("http://", "https://")):
            return True  # another server's record: kept as it is
        if pointer.token and not pointer.reference.reference and pointer.resource_type not in _MUST_RESOLVE:
            return True
        inside = pointer.target.startswith("urn:") or (pointer.resource_type, pointer.token) in self._refused
        if not self._look_outside and not inside:
            violation = Violation(pointer.expression, _shown(pointer))
            entry.findings.append(Finding(linkage.REFERENCE_UNCHECKED, violation))
            return True
        return False

    def _held(self, pointer: Pointer) -> Held | None:
        if pointer.token:
            matches = {held.key: held for held in self._by_token.get((pointer.resource_type, pointer.token), ())}
            return next(iter(matches.values())) if len(matches) == 1 else None
        logical_id = pointer.target.partition("/")[2]
        if logical_id.isdecimal():
            held = self._by_key.get(int(logical_id))
            return held if held is not None and held.resource_type == pointer.resource_type else None
        return next(iter(self._by_token.get((pointer.resource_type, f"id:{logical_id}"), ())), None)

    def find_residents(self) -> None:
        """Link Patients to residents by valid resident number, and health records to whose they are."""
        numbers: dict[int, str] = {}
        for entry in self._submission.accepted:
            if entry.resource_type == "Patient":
                for _, number in resident_numbers(entry.resource):
                    if resident_number_is_valid(number):
                        numbers[entry.position] = number
        known = self._holdings.residents(set(numbers.values()))
        for number in numbers.values():
            if number not in known:
                known[number] = self.links.new_residents[number] = self._take_key()
        for entry in self._submission.accepted:
            if entry.resource_type == "Patient":
                entry.holder = known[numbers[entry.position]] if entry.position in numbers else -entry.key
        for entry in self._submission.accepted:
            if entry.data_set.startswith(_HEALTH_RECORD):
                entry.holder = self._holder_of_subject(entry)

    def _holder_of_subject(self, entry: Entry) -> int | None:
        for pointer in self._pointers[entry.position]:
            if pointer.expression == "Composition.subject":
                target = self._entry_of(pointer)
                if target is not None and not target.refused:
                    return target.holder
                held = self._held(pointer)
                return held.holder if held is not None else None
        return None

    def _refuse_dangling(self, entry: Entry, pointer: Pointer) -> None:
        entry.findings.append(Finding(linkage.REFERENCE_TO_NOTHING, Violation(pointer.expression, _shown(pointer))))
        entry.refused = True

    def _refuse_ambiguous(self, entry: Entry, matches: int) -> None:
        violation = Violation(f"{entry.resource_type}.identifier", f"{matches} records")
        entry.findings.append(Finding(uniqueness.AMBIGUOUS_IDENTITY, violation))
        entry.refused = True

    def _refuse_second(self, entry: Entry) -> None:
        violation = Violation(f"{entry.resource_type}.identifier", "a second entry with the same identifier")
        entry.findings.append(Finding(uniqueness.SAME_IDENTITY_TWICE, violation))
        entry.refused = True


def _pointers(entry: Entry, resolved: dict[str, str]) -> list[Pointer]:
    """The references of an entry that are to be followed; `#…` stays inside the resource."""
    pointers = []
    for expression, reference in references_of(entry.resource, bytes(entry.content)):
        literal = reference.reference or ""
        literal = resolved.get(literal, literal)
        if literal.startswith("#"):
            continue
        if literal:
            pointers.append(_literal_pointer(expression, reference, literal))
        elif reference.identifier and reference.identifier.system and reference.identifier.value:
            token = f"{reference.identifier.system}|{reference.identifier.value}"
            resource_type = reference.type or _implied_type(expression)
            pointers.append(Pointer(expression, reference, resource_type, token=token))
    return pointers


def _literal_pointer(expression: str, reference: Any, literal: str) -> Pointer:
    if "?identifier=" in literal:
        resource_type, _, token = literal.partition("?identifier=")
        return Pointer(expression, reference, resource_type, token=unquote(token))
    if literal.startswith(("urn:", "http://", "https://")):
        return Pointer(expression, reference, "", target=literal)
    bare = literal.partition("/_history/")[0]
    return Pointer(expression, reference, bare.partition("/")[0], target=bare)


def _implied_type(expression: str) -> str:
    name = expression.rpartition(".")[2].partition("[")[0]
    return {"subject": "Patient", "patient": "Patient", "encounter": "Encounter"}.get(name, "")


def _names_in_bundle(full_url: str) -> tuple[str, ...]:
    """What other entries may call this one: its fullUrl, and `Patient/1` where that is a REST url (R4 bundle.html)."""
    if not full_url:
        return ()
    if full_url.startswith(("http://", "https://")):
        return full_url, "/".join(full_url.rsplit("/", 2)[-2:])
    return (full_url,)


def _shown(pointer: Pointer) -> str:
    if pointer.token:
        return f"{pointer.resource_type}?identifier={shown_token(pointer.token)}"
    return pointer.target
