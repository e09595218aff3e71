"""The register of nodes: who may upload, and in which dialect."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, delete, insert, select

from exchange.regions import Region
from province_hub.store.tables import CITY, NODE


@dataclass(frozen=True, slots=True)
class RegisteredNode:
    """A platform that may upload from `valid_from` to `valid_to` (None: still)."""

    code: str
    name_zh: str
    name_en: str
    kind: str
    city: str
    dialect: str
    valid_from: date
    valid_to: date | None

    def is_valid_on(self, day: date) -> bool:
        """Whether the node may upload on this day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def register_region(connection: Connection, region: Region) -> None:
    """Enter a region's cities and nodes in the store, in the place of what it said of them before."""
    connection.execute(delete(CITY))
    connection.execute(
        insert(CITY),
        [{"code": city.code, "name_zh": city.name_zh, "name_en": city.name_en} for city in region.cities],
    )
    connection.execute(delete(NODE).where(NODE.c.code.in_([node.code for node in region.nodes])))
    columns = [column.name for column in NODE.c]
    connection.execute(insert(NODE), [{name: getattr(node, name) for name in columns} for node in region.nodes])


def registered_nodes(connection: Connection) -> dict[str, RegisteredNode]:
    """All nodes by code, in the order of their codes."""
    rows = connection.execute(select(NODE).order_by(NODE.c.code)).mappings()
    return {row["code"]: RegisteredNode(**row) for row in rows}
