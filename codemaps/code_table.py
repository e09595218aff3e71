"""National code tables (码表): versioned CSV under tables/, described by tables/tables.toml."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec

from codemaps.files import convert, read_csv, read_toml, refuse

SHIPPED = Path(__file__).parent / "tables"


class Concept(msgspec.Struct, frozen=True, gc=False):
    """One code of a table. `fhir_code` is the HL7 code that a code-typed element holds for it, or empty."""

    code: str
    display_zh: str
    display_en: str
    fhir_code: str
    parent: str
    note: str
    source: str


class CodeTable(msgspec.Struct, frozen=True):
    """A code table in one edition, valid from `valid_from` to `valid_to` inclusive (None: still valid).

    `system` is the URI of its codes on the wire; `fhir_system` the one of their `fhir_code`, or empty.
    """

    id: str
    system: str
    fhir_system: str
    name_zh: str
    name_en: str
    version: str
    valid_from: date
    valid_to: date | None
    source: str
    concepts: Mapping[str, Concept]


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """What tables.toml says about one table."""

    system: str
    name_zh: str
    name_en: str
    version: str
    valid_from: date
    source: str
    valid_to: date | None = None
    fhir_system: str = ""


def load_tables(directory: Path | None = None) -> Mapping[str, CodeTable]:
    """Load the code tables by id: the shipped ones, or those in a directory with a tables.toml.

    Each table's codes stand in `<id>.csv` beside it.

    Raises CodemapError for a file with an error.
    """
    return _load(directory or SHIPPED)


def catalogue(tables: Mapping[str, CodeTable]) -> list[tuple[str, str, str, int, str, str]]:
    """List the tables for people: id, Chinese name, English name, number of codes, version, system."""
    return [
        (table.id, table.name_zh, table.name_en, len(table.concepts), table.version, table.system)
        for table in tables.values()
    ]


@cache
def _load(directory: Path) -> Mapping[str, CodeTable]:
    index = directory / "tables.toml"
    entries = {key: convert(index, content, _Entry, key) for key, content in read_toml(index).items()}
    _check_systems(index, entries)
    tables = {
        table_id: CodeTable(
            id=table_id, concepts=_concepts(directory / f"{table_id}.csv"), **msgspec.structs.asdict(entry)
        )
        for table_id, entry in entries.items()
    }
    return MappingProxyType(tables)


def _check_systems(index: Path, entries: dict[str, _Entry]) -> None:
    owners: dict[str, str] = {}
    for table_id, entry in entries.items():
        owner = owners.setdefault(entry.system, table_id)
        if owner != table_id:
            refuse(
                f"{index}, key {table_id}.system",
                f"{entry.system!r}, which is {owner}'s",
                "a system of its own",
            )
        if entry.valid_to is not None and entry.valid_to < entry.valid_from:
            refuse(f"{index}, key {table_id}.valid_to", str(entry.valid_to), f"a day from {entry.valid_from} on")


def _concepts(file: Path) -> Mapping[str, Concept]:
    concepts: dict[str, Concept] = {}
    for row in read_csv(file, Concept.__struct_fields__):
        concept = Concept(**row.cells)
        if not concept.code or concept.code in concepts:
            row.refuse("code", "a code that no other row has")
        if not concept.display_zh:
            row.refuse("display_zh", "the Chinese name of the code")
        if concept.parent and concept.parent not in concepts:
            row.refuse("parent", "a code of an earlier row")
        concepts[concept.code] = concept
    return MappingProxyType(concepts)
