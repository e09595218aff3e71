"""What walks through the hub: a submission and its entries. Each step of the way fills in what it finds out."""

from dataclasses import dataclass, field
from typing import Any, Literal

from msgspec import Raw, Struct

from province_hub.quality.rule import Finding
from province_hub.store.keys import hub_id

Kind = Literal["batch", "transaction", "single"]
Outcome = Literal["new", "updated", "repeated", "refused"]


@dataclass(frozen=True, slots=True)
class Sender:
    """The node that pushed, as the way needs to know it."""

    code: str
    dialect: str


class Entry(Struct):
    """One entry of a submission.

    `content` is the resource as sent. `identity` is the business identifier by which the record is written
    (`system|value`), or `id:<id>`; `names` are what the record may be found by, `tokens` all its identifiers.
    `key` says which record of the store it becomes a version of, `subject` which Patient it is about.
    """

    position: int
    content: bytes | Raw
    full_url: str = ""
    method: str = ""
    url: str = ""
    if_none_exist: str = ""
    if_match: str = ""
    findings: list[Finding] = []  # msgspec makes a new one for each entry
    refused: bool = False

    resource_type: str = ""
    resource: Any = None
    identity: str = ""
    names: tuple[str, ...] = ()
    client_id: str = ""
    only_create: bool = False
    tokens: tuple[str, ...] = ()
    data_set: str = ""
    event_day: str = ""

    key: int = 0
    subject: int | None = None
    resident: int | None = None
    outcome: Outcome = "refused"
    version: int = 0
    usable: bool = False
    quarantine: int | None = None

    @property
    def location(self) -> str:
        """The record's literal reference, such as `Patient/r1234`."""
        return f"{self.resource_type}/{self.client_id or hub_id(self.key)}"


@dataclass(slots=True)
class Submission:
    """One Bundle (or one resource) that a node pushed (上传批次).

    `content` is the body as received. `resolved` says what each fullUrl stands for, and for an entry replayed
    from quarantine what those of its old bundle stood for; `replays` is then the key it has there.
    """

    sender: Sender
    kind: Kind
    number: str
    arrived_at: str
    arrival_day: str
    content: bytes
    entries: list[Entry]
    resolved: dict[str, str] = field(default_factory=dict)
    replays: int = 0
    key: int = 0
    failed: bool = False

    @property
    def accepted(self) -> list[Entry]:
        """The entries that were not refused."""
        return [entry for entry in self.entries if not entry.refused]
