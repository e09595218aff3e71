"""A dialect (本地码表): one vendor's local codes by element, and how each becomes a national one (映射)."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import msgspec

from codemaps.code_table import CodeTable, load_tables
from codemaps.element import CODED_ELEMENTS
from codemaps.files import Encoding, Row, convert, read_csv, read_toml, refuse

SHIPPED = Path(__file__).parent / "dialects"


class Equivalence(StrEnum):
    """What the *target* is relative to the source; values of R4 ConceptMapEquivalence."""

    EQUIVALENT = "equivalent"
    WIDER = "wider"
    NARROWER = "narrower"
    INEXACT = "inexact"
    UNMATCHED = "unmatched"
    """Said "unmapped" (未映射) to people."""


class MapRow(msgspec.Struct, frozen=True):
    """What one local code means; `target_code` is empty when it is unmatched.

    `also_sent_for` names the national codes that the vendor has no code for and sends under this one.
    """

    local_code: str
    local_display: str
    target_code: str
    equivalence: Equivalence
    note: str
    also_sent_for: tuple[str, ...]


class DialectElement(msgspec.Struct, frozen=True):
    """One element that the vendor sends in local codes; `system` is its own URI, if it has one."""

    path: str
    table: str
    system: str | None
    map: Mapping[str, MapRow]


class Dialect(msgspec.Struct, frozen=True):
    """One release of a vendor's local codes; elements that it does not list are sent in national form.

    `fillers` are values that only pass a non-null check: they mean that nothing is known.
    """

    name: str
    title_zh: str
    title_en: str
    release: str
    valid_from: date
    source: str
    encoding: Encoding
    fillers: frozenset[str]
    elements: tuple[DialectElement, ...]


class _ElementEntry(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    table: str
    map: str
    system: str | None = None


class _DialectEntry(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    title_zh: str
    title_en: str
    release: str
    valid_from: date
    source: str
    encoding: Encoding = "UTF-8"
    fillers: list[str] = []
    element: list[_ElementEntry] = []


def shipped_dialects() -> tuple[str, ...]:
    """Name the dialects that come with the project, in alphabetical order."""
    return tuple(sorted(file.parent.name for file in SHIPPED.glob("*/dialect.toml")))


def load_dialect(name_or_path: str | Path, tables: Mapping[str, CodeTable] | None = None) -> Dialect:
    """Load a shipped dialect by name, or the one in a directory; its codes are checked against `tables`.

    Raises CodemapError, before anything is used, for a file with an error: the message names file and line or
    key path, what was found and what was expected.
    """
    tables = load_tables() if tables is None else tables
    directory = _directory(name_or_path)
    file = directory / "dialect.toml"
    entry = convert(file, read_toml(file), _DialectEntry)
    if entry.name != directory.name:
        refuse(f"{file}, key name", repr(entry.name), f"{directory.name!r}, the name of its directory")
    _check_elements(file, entry, tables)
    files = {(each.map, each.table) for each in entry.element}
    maps = {(name, table): _read_map(directory / name, tables[table], entry) for name, table in sorted(files)}
    return Dialect(
        name=entry.name,
        title_zh=entry.title_zh,
        title_en=entry.title_en,
        release=entry.release,
        valid_from=entry.valid_from,
        source=entry.source,
        encoding=entry.encoding,
        fillers=frozenset(entry.fillers),
        elements=tuple(
            DialectElement(each.path, each.table, each.system, maps[each.map, each.table]) for each in entry.element
        ),
    )


def _directory(name_or_path: str | Path) -> Path:
    names = shipped_dialects()
    if isinstance(name_or_path, str) and name_or_path in names:
        return SHIPPED / name_or_path
    directory = Path(name_or_path).absolute()
    if not (directory / "dialect.toml").is_file():
        refuse(
            f"dialect {str(name_or_path)!r}",
            "no such dialect",
            f"one of {', '.join(names)}, or the path of a directory that holds a dialect.toml",
        )
    return directory


def _check_elements(file: Path, entry: _DialectEntry, tables: Mapping[str, CodeTable]) -> None:
    seen: set[str] = set()
    claimed = {"", *(uri for table in tables.values() for uri in (table.system, table.fhir_system))}
    for index, each in enumerate(entry.element):
        key = f"{file}, key element[{index}]"
        declared = CODED_ELEMENTS.get(each.path)
        if declared is None:
            refuse(f"{key}.path", repr(each.path), f"one of {', '.join(CODED_ELEMENTS)}")
        if each.path in seen:
            refuse(f"{key}.path", f"{each.path!r} a second time", "every element once")
        if each.table not in tables:
            refuse(f"{key}.table", repr(each.table), f"one of {', '.join(tables)}")
        if each.table != declared.table:
            refuse(f"{key}.table", repr(each.table), f"{declared.table!r}, the table that binds {each.path}")
        if each.system in claimed:
            refuse(f"{key}.system", repr(each.system), "the vendor's own URI, or no system at all")
        seen.add(each.path)


def _read_map(file: Path, table: CodeTable, entry: _DialectEntry) -> Mapping[str, MapRow]:
    columns = ("local_code", "local_display", "target_code", "equivalence", "note")
    rows = list(read_csv(file, columns, optional=("also_sent_for",), encoding=entry.encoding))
    meanings: dict[str, MapRow] = {}
    targets = {row.cells["target_code"] for row in rows}
    for row in rows:
        _check_source(row, entry)
        _check_target(row, table)
        _check_also_sent_for(row, table, targets)
        code = row.cells["local_code"]
        if code in meanings:
            row.refuse("local_code", "every local code once")
        meanings[code] = MapRow(
            local_code=code,
            local_display=row.cells["local_display"],
            target_code=row.cells["target_code"],
            equivalence=Equivalence(row.cells["equivalence"]),
            note=row.cells["note"],
            also_sent_for=tuple(row.cells["also_sent_for"].split()),
        )
    return MappingProxyType(meanings)


def _check_source(row: Row, entry: _DialectEntry) -> None:
    code = row.cells["local_code"]
    if not code or code != " ".join(code.split()):
        row.refuse("local_code", "a code as FHIR allows it: not empty, no blank at an end, single blanks inside")
    if code in entry.fillers:
        row.refuse("local_code", "no filler: dialect.toml lists this value as one that means nothing")


def _check_target(row: Row, table: CodeTable) -> None:
    target, equivalence = row.cells["target_code"], row.cells["equivalence"]
    if equivalence not in list(Equivalence):
        row.refuse("equivalence", f"one of {', '.join(Equivalence)}")
    if equivalence == Equivalence.UNMATCHED:
        if target:
            row.refuse("target_code", "nothing, because the row says unmatched")
    elif target not in table.concepts:
        row.refuse("target_code", f"a code of the table {table.id} ({table.name_zh}), version {table.version}")


def _check_also_sent_for(row: Row, table: CodeTable, targets: set[str]) -> None:
    for code in row.cells["also_sent_for"].split():
        if code not in table.concepts or code in targets:
            row.refuse(
                "also_sent_for",
                f"codes of the table {table.id} ({table.name_zh}), no row's target, with blanks between",
            )
