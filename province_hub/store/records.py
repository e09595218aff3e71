"""Reading a record back, as the resource that the hub publishes."""

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from province_hub.store.keys import key_of
from province_hub.store.tables import PAST_VERSION, RECORD

_EMPTY = msgspec.Raw(b"{}")


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a record: the resource with id and meta, as UTF-8 JSON."""

    body: bytes
    version: int
    arrived_at: str


def read_record(
    connection: Connection, resource_type: str, logical_id: str, version: int | None = None
) -> Published | None:
    """The record `Patient/r1234` (the hub's id) or `Patient/320481-7` (the node's own), or None.

    The current version, or the one asked for.
    """
    key = key_of(logical_id)
    named = RECORD.c.client_id == logical_id if key is None else RECORD.c.key == key
    columns = (RECORD.c.key, RECORD.c.version, RECORD.c.arrived_at, RECORD.c.body)
    current = connection.execute(select(*columns).where(named, RECORD.c.resource_type == resource_type)).first()
    if current is None:
        return None
    found: Any = current
    if version not in (None, current.version):
        past = select(PAST_VERSION.c.version, PAST_VERSION.c.arrived_at, PAST_VERSION.c.body)
        asked = (PAST_VERSION.c.record == current.key, PAST_VERSION.c.version == version)
        found = connection.execute(past.where(*asked)).first()
        if found is None:
            return None
    body = _published(resource_type, logical_id, found.version, found.arrived_at, found.body)
    return Published(body, found.version, found.arrived_at)


def _published(resource_type: str, logical_id: str, version: int, arrived_at: str, body: bytes) -> bytes:
    """The stored body with id and meta; other elements are passed through as text, so decimals keep their digits."""
    elements = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    meta = msgspec.json.decode(elements.pop("meta", _EMPTY), type=dict[str, object])
    meta |= {"versionId": str(version), "lastUpdated": arrived_at}
    elements.pop("resourceType")
    return msgspec.json.encode({"resourceType": resource_type, "id": logical_id, "meta": meta} | elements)
