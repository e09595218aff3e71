"""Reading a record back, as the resource that the hub publishes."""

from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from province_hub.store.tables import RECORD

_EMPTY = msgspec.Raw(b"{}")


@dataclass(frozen=True, slots=True)
class Published:
    """A record's current version: the resource with id and meta, as UTF-8 JSON."""

    body: bytes
    version: int
    arrived_at: str


def read_record(connection: Connection, resource_type: str, logical_id: str) -> Published | None:
    """The record `Patient/1234` (the hub's id) or `Patient/320481-7` (the node's own), or None."""
    named = RECORD.c.key == int(logical_id) if logical_id.isdecimal() else RECORD.c.client_id == logical_id
    columns = (RECORD.c.version, RECORD.c.arrived_at, RECORD.c.body)
    row = connection.execute(select(*columns).where(named, RECORD.c.resource_type == resource_type)).first()
    if row is None:
        return None
    # Elements are passed through as text, so that decimals keep their digits.
    elements = msgspec.json.decode(row.body, type=dict[str, msgspec.Raw])
    meta = msgspec.json.decode(elements.pop("meta", _EMPTY), type=dict[str, object])
    meta |= {"versionId": str(row.version), "lastUpdated": row.arrived_at}
    elements.pop("resourceType")
    body = msgspec.json.encode({"resourceType": resource_type, "id": logical_id, "meta": meta} | elements)
    return Published(body, row.version, row.arrived_at)
