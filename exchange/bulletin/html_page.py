"""The bulletin as one self-contained web page in Chinese and English, for the screen and for paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from exchange.bulletin.columns import Column, figures_of, format_rate
from exchange.bulletin.comparison import Cell, PrintedBulletin, PrintedNote, cells_of, printed_by_code
from exchange.bulletin.value import Bulletin, BulletinRow

_TITLES: Final = {
    "city": ("设区市数据上传情况", "Uploads by city (county platforms)"),
    "hospital": ("省属医疗机构数据上传情况", "Uploads by province-run hospital"),
    "node": ("接入单位数据上传情况", "Uploads by node"),
}


@dataclass(frozen=True, slots=True)
class _Fact:
    """One figure at the head of the page."""

    zh: str
    en: str
    value: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """A cell with the length of its bar in percent and the numbers of the notes on it."""

    cell: Cell
    bar: str
    notes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the page."""

    row: BulletinRow
    entries: tuple[_Entry, ...]
    usable_rate: str
    usable_bar: str


@dataclass(frozen=True, slots=True)
class _Group:
    """Columns under one header."""

    zh: str
    en: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """One table of the page."""

    title_zh: str
    title_en: str
    groups: tuple[_Group, ...]
    lines: tuple[_Line, ...]


@dataclass(frozen=True, slots=True)
class _Note:
    """A remark on a figure, with the names of whom it is about."""

    name_zh: str
    name_en: str
    text_zh: str
    text_en: str


def render_html(
    cities: Bulletin,
    hospitals: Bulletin,
    *,
    title_zh: str,
    title_en: str,
    printed: PrintedBulletin | None = None,
    scale: float = 1.0,
    seed: int | None = None,
) -> bytes:
    """Render the two tables as a UTF-8 page, beside what was printed times `scale`.

    The same arguments give the same bytes: the page carries no time but the bulletin's own.
    """
    notes = _notes_on_rows(printed, (cities, hospitals))
    sections = tuple(_section(bulletin, printed, notes, scale) for bulletin in (cities, hospitals) if bulletin.rows)
    entries = [entry for section in sections for line in section.lines for entry in line.entries]
    return (
        _template()
        .render(
            title_zh=title_zh,
            title_en=title_en,
            period_from=cities.period_from,
            period_to=cities.period_to,
            facts=_facts(cities, hospitals, scale, seed),
            sections=sections,
            scale=scale,
            scale_text=f"{scale:g}",
            has_printed=printed is not None,
            has_assumed=any(entry.cell.is_assumed for entry in entries),
            general_notes=[note for note in (printed.notes if printed else ()) if not note.code],
            notes=_named(notes, (*cities.rows, *hospitals.rows)),
        )
        .encode()
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("exchange.bulletin"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("bulletin.html")


def _facts(cities: Bulletin, hospitals: Bulletin, scale: float, seed: int | None) -> list[_Fact]:
    rows = (*cities.rows, *hospitals.rows)
    facts = [
        _Fact("数据上传量", "Records", f"{sum(row.records for row in rows):,}"),
        _Fact("门急诊", "Visits", f"{sum(row.outpatient_visits for row in rows):,}"),
        _Fact("出院", "Discharges", f"{sum(row.discharges for row in rows):,}"),
    ]
    if cities.as_of is not None:
        facts.append(_Fact("截至", "As of", cities.as_of.isoformat()))
    if scale != 1:
        facts.append(_Fact("模拟比例", "Scale", f"{scale:g}"))
    if seed is not None:
        facts.append(_Fact("随机种子", "Seed", str(seed)))
    return facts


def _notes_on_rows(printed: PrintedBulletin | None, bulletins: Sequence[Bulletin]) -> list[PrintedNote]:
    """Return the notes on figures that the page shows, in the order in which a reader meets them."""
    places = [
        (row.code, column.attribute)
        for bulletin in bulletins
        for row in bulletin.rows
        for column in figures_of(bulletin.by)
    ]
    notes = [] if printed is None else [note for note in printed.notes if (note.code, note.column) in places]
    return sorted(notes, key=lambda note: places.index((note.code, note.column)))


def _named(notes: Sequence[PrintedNote], rows: Sequence[BulletinRow]) -> list[_Note]:
    names = {row.code: row for row in rows}
    return [_Note(names[note.code].name_zh, names[note.code].name_en, note.text_zh, note.text_en) for note in notes]


def _section(
    bulletin: Bulletin, printed: PrintedBulletin | None, notes: Sequence[PrintedNote], scale: float
) -> _Section:
    printed_rows = printed_by_code(printed)
    title_zh, title_en = _TITLES[bulletin.by]
    return _Section(
        title_zh=title_zh,
        title_en=title_en,
        groups=_groups(figures_of(bulletin.by)),
        lines=tuple(_line(row, cells_of(bulletin, row, printed_rows, scale), notes) for row in bulletin.rows),
    )


def _groups(columns: Sequence[Column]) -> tuple[_Group, ...]:
    groups: list[_Group] = []
    for column in columns:
        if groups and groups[-1].en == column.group_en:
            groups[-1] = _Group(column.group_zh, column.group_en, (*groups[-1].columns, column))
        else:
            groups.append(_Group(column.group_zh, column.group_en, (column,)))
    return tuple(groups)


def _line(row: BulletinRow, cells: Sequence[Cell], notes: Sequence[PrintedNote]) -> _Line:
    usable = 100 * row.usable / row.records if row.records else 0.0
    return _Line(
        row=row,
        entries=tuple(_Entry(cell, _bar(cell.value), _numbers(row, cell, notes)) for cell in cells),
        usable_rate=format_rate(usable),
        usable_bar=_bar(usable),
    )


def _numbers(row: BulletinRow, cell: Cell, notes: Sequence[PrintedNote]) -> tuple[int, ...]:
    return tuple(
        number
        for number, note in enumerate(notes, start=1)
        if (note.code, note.column) == (row.code, cell.column.attribute)
    )


def _bar(rate: float | None) -> str:
    return f"{min(rate or 0.0, 100.0):.2f}"
