"""Link: each entry finds its record, each reference what it points to, each Patient the resident.

References are looked for in the submission first, then among the records that the same node has sent before:
by `fullUrl`, by literal id, by conditional reference (`Patient?identifier=…`) or by logical identifier
(R4 references.html). One that must point to a record and points to nothing refuses the entry, and so does one
that points to a refused entry.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from province_hub.intake.pointers import Pointer, full_name, pointers_of
from province_hub.intake.submission import Entry, Submission
from province_hub.quality import linkage, uniqueness
from province_hub.quality.conformity import resident_number_is_valid, resident_numbers
from province_hub.quality.rule import Finding, Rule, Violation
from province_hub.store.holdings import Held, Holdings
from province_hub.store.keys import hub_id, key_of

# A logical reference to one of these is part of the record itself. Any other is kept as it was sent: whether what
# it names is ever sent must not change the record.
_FOLLOWED = frozenset({"Patient", "Encounter"})

Name = tuple[str, str]
"""Resource type and identity or further identifier."""


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
    submission.resolved |= {entry.full_url: _lasting_name(entry) for entry in submission.entries if entry.full_url}
    return linker.links


def _lasting_name(entry: Entry) -> str:
    """How an entry can be referred to after its bundle is gone, even one that is accepted only later; or nothing."""
    if not entry.refused:
        return entry.location
    if entry.identity.startswith("id:"):
        return f"{entry.resource_type}/{entry.identity.removeprefix('id:')}"
    return f"{entry.resource_type}?identifier={entry.identity}" if entry.identity else ""


class _Linker:
    def __init__(
        self, submission: Submission, holdings: Holdings, take_key: Callable[[], int], look_outside: bool
    ) -> None:
        self._submission = submission
        self._holdings = holdings
        self._take_key = take_key
        self._look_outside = look_outside
        self._pointers = {entry.position: pointers_of(entry, submission.resolved) for entry in submission.accepted}
        self._by_token = holdings.by_token(self._tokens())
        self._by_key = holdings.by_key(self._literal_keys())
        self._in_bundle: dict[Name, Entry] = {}
        self._shared: set[Name] = set()
        self._refused: set[Name] = set()
        self._by_full_url: dict[str, Entry] = {}
        self.links = Links()

    def _tokens(self) -> set[str]:
        tokens = {name for entry in self._submission.accepted for name in entry.names}
        for entry in self._submission.accepted:
            if entry.client_id:
                tokens.update(entry.tokens)
            for pointer in self._pointers[entry.position]:
                if pointer.token:
                    tokens.add(pointer.token)
                elif "/" in pointer.target:
                    tokens.add(f"id:{pointer.target.partition('/')[2]}")
        return tokens

    def _literal_keys(self) -> set[int]:
        found = {
            key_of(pointer.target.partition("/")[2]) for pointers in self._pointers.values() for pointer in pointers
        }
        return {key for key in found if key is not None}

    def find_records(self) -> None:
        """Match every entry with the record it names, or give it a new one."""
        taken: set[int] = set()
        for entry in self._submission.entries:
            if entry.full_url:
                self._by_full_url[entry.full_url] = entry
            if entry.refused:
                self._refused.add((entry.resource_type, entry.identity))
                continue
            self._match(entry)
            if entry.key in taken and self._submission.kind == "transaction":
                _refuse(entry, uniqueness.SAME_IDENTITY_TWICE, "identifier", "a second entry for the same record")
            if not entry.refused:
                taken.add(entry.key)
                self._enter(entry)

    def _match(self, entry: Entry) -> None:
        for token in entry.names:
            name = (entry.resource_type, token)
            matches = self._matches(name)
            if len(matches) > 1:
                _refuse(entry, uniqueness.AMBIGUOUS_IDENTITY, "identifier", f"{len(matches)} records")
                return
            if matches:
                self.links.held[matches[0].key] = matches[0]
                entry.key, entry.client_id = matches[0].key, matches[0].client_id or ""
                if entry.if_match and entry.if_match != f'W/"{matches[0].version}"':
                    _refuse(entry, uniqueness.OTHER_VERSION, "meta.versionId", f'version W/"{matches[0].version}"')
                return
            earlier = self._in_bundle.get(name)
            if earlier is not None and name not in self._shared:
                entry.key, entry.client_id = earlier.key, earlier.client_id
                return
        known = self._known_otherwise(entry)
        if entry.if_match:
            _refuse(entry, uniqueness.OTHER_VERSION, "meta.versionId", "no such record")
        elif known:
            found = f"a record that is known by this identifier already ({known})"
            _refuse(entry, uniqueness.AMBIGUOUS_IDENTITY, "identifier", found)
        else:
            entry.key = self._take_key()

    def _matches(self, name: Name) -> list[Held]:
        """The records of a name: the one whose identity it is, else those that carry it as a further identifier."""
        found = {held.key: held for held in self._by_token.get(name, ())}
        own = [held for held in found.values() if held.identity == name[1]]
        return own or list(found.values())

    def _known_otherwise(self, entry: Entry) -> str:
        """Where an entry chose its own id for what is known by its business identifier: that record's location."""
        if entry.client_id:
            for token in entry.tokens:
                for held in self._matches((entry.resource_type, token)):
                    if held.identity == token:
                        return _location(held)
        return ""

    def _enter(self, entry: Entry) -> None:
        for token in {entry.identity, *entry.tokens}:
            name = (entry.resource_type, token)
            other = self._in_bundle.setdefault(name, entry)
            if other.key != entry.key and token != entry.identity:
                self._shared.add(name)
            elif other.key != entry.key:
                self._in_bundle[name] = entry

    def resolve_references(self) -> None:
        """Follow every reference; refuse entries that point to nothing, and those that depend on them."""
        waiting: dict[int, list[Entry]] = defaultdict(list)
        for entry in self._submission.accepted:
            has_subject = False
            for pointer in self._pointers[entry.position]:
                if pointer.is_logical and pointer.resource_type not in _FOLLOWED:
                    continue
                key: int | None
                target = self._entry_of(entry, pointer)
                if target is not None and not target.refused:
                    waiting[target.position].append(entry)
                    key = self._point(pointer, target.location, target.key)
                else:
                    key = self._follow_outside(entry, pointer)
                if pointer.expression.endswith(".subject"):
                    has_subject, entry.subject = True, key
            if entry.data_set and not has_subject:
                violation = Violation(f"{entry.resource_type}.subject", "no reference to a Patient 未引用患者")
                entry.findings.append(Finding(linkage.NO_SUBJECT, violation))
        self._refuse_dependents([entry for entry in self._submission.entries if entry.refused], waiting)

    def _refuse_dependents(self, refused: list[Entry], waiting: dict[int, list[Entry]]) -> None:
        while refused:
            target = refused.pop()
            if target.key in self.links.held:
                continue  # an earlier version of the record is there
            for entry in waiting[target.position]:
                if not entry.refused:
                    found = f"a reference to entry {target.position}, which was refused"
                    _refuse(entry, linkage.REFERENCE_TO_NOTHING, "", found)
                    refused.append(entry)

    def _entry_of(self, entry: Entry, pointer: Pointer) -> Entry | None:
        if pointer.token:
            name = (pointer.resource_type, pointer.token)
            return None if name in self._shared else self._in_bundle.get(name)
        own_id = (pointer.resource_type, f"id:{pointer.target.partition('/')[2]}")
        return self._by_full_url.get(full_name(entry, pointer.target)) or self._in_bundle.get(own_id)

    def _follow_outside(self, entry: Entry, pointer: Pointer) -> int | None:
        """Follow a reference among the node's earlier records: the key of what it points to, if anything."""
        matches = self._held(pointer)
        name = (pointer.resource_type, pointer.token)
        if len(matches) == 1 and name not in self._shared:
            self.links.held[matches[0].key] = matches[0]
            return self._point(pointer, _location(matches[0]), matches[0].key)
        if matches or name in self._shared:
            found = f"{max(2, len(matches))} records of {pointer.shown}"
            entry.findings.append(Finding(uniqueness.AMBIGUOUS_IDENTITY, Violation(pointer.expression, found)))
            entry.refused = True
        elif pointer.target.startswith(("http://", "https://")):
            pass  # another server's record: kept as it is
        elif self._look_outside or pointer.target.startswith("urn:") or name in self._refused:
            entry.findings.append(Finding(linkage.REFERENCE_TO_NOTHING, Violation(pointer.expression, pointer.shown)))
            entry.refused = True
        else:
            entry.findings.append(Finding(linkage.REFERENCE_UNCHECKED, Violation(pointer.expression, pointer.shown)))
        return None

    def _held(self, pointer: Pointer) -> list[Held]:
        if pointer.token:
            return self._matches((pointer.resource_type, pointer.token))
        logical_id = pointer.target.partition("/")[2]
        key = key_of(logical_id)
        if key is not None:
            held = self._by_key.get(key)
            return [held] if held is not None and held.resource_type == pointer.resource_type else []
        return self._by_token.get((pointer.resource_type, f"id:{logical_id}"), [])

    def _point(self, pointer: Pointer, location: str, key: int) -> int:
        pointer.reference.reference = location
        return key

    def find_residents(self) -> None:
        """Link Patients to residents by valid resident number."""
        numbers: dict[int, str] = {}
        patients = [entry for entry in self._submission.accepted if entry.resource_type == "Patient"]
        for entry in patients:
            for _, number in resident_numbers(entry.resource):
                if resident_number_is_valid(number):
                    numbers[entry.position] = number
        known = self._holdings.residents(set(numbers.values()))
        for number in numbers.values():
            if number not in known:
                known[number] = self.links.new_residents[number] = self._take_key()
        for entry in patients:
            entry.resident = known[numbers[entry.position]] if entry.position in numbers else None


def _location(held: Held) -> str:
    return f"{held.resource_type}/{held.client_id or hub_id(held.key)}"


def _refuse(entry: Entry, rule: Rule, element: str, found: str) -> None:
    expression = f"{entry.resource_type}.{element}" if element else entry.resource_type
    entry.findings.append(Finding(rule, Violation(expression, found)))
    entry.refused = True
