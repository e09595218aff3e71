"""The bulletin in a terminal: two lines a row, the hub's figures over the printed ones."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exchange.bulletin.columns import Column, figures_of
from exchange.bulletin.comparison import Agreement, Cell, PrintedBulletin, cells_of, printed_by_code
from exchange.bulletin.value import Bulletin, BulletinRow

Language = Literal["en", "zh"]

_TITLES: Final = {
    "city": {"en": "Uploads by city (county platforms)", "zh": "各设区市数据上传情况"},
    "hospital": {"en": "Uploads by province-run hospital", "zh": "省属医疗机构数据上传情况"},
    "node": {"en": "Uploads by node", "zh": "各接入单位数据上传情况"},
}
_HEADERS: Final = {
    "name": {"en": "Name", "zh": "单位"},
    "records": {"en": "Records", "zh": "数据\n上传量"},
    "upload_days": {"en": "Days", "zh": "上传\n天数"},
    "outpatient_visits": {"en": "Outpat.\nvisits", "zh": "门急诊\n人次"},
    "outpatient_rate": {"en": "Outpat.\nrate %", "zh": "门急诊\n率 %"},
    "discharges": {"en": "Disch.\nnumber", "zh": "出院\n人次"},
    "discharge_rate": {"en": "Disch.\nrate %", "zh": "出院\n率 %"},
    "lab_exam_records": {"en": "Lab and\nexam", "zh": "检验\n检查"},
    "record_basic_rate": {"en": "Basic\nrecord %", "zh": "档案率\n基本 %"},
    "record_hypertension_rate": {"en": "Hypert.\nrecord %", "zh": "档案率\n高血压 %"},
    "record_diabetes_rate": {"en": "Diabetes\nrecord %", "zh": "档案率\n糖尿病 %"},
}
_PRINTED: Final = {
    "en": "Second line: as printed, counts x {scale:g}. Yellow: differs by more than rounding explains.",
    "zh": "第二行为印发数，计数乘以 {scale:g}；黄色：差异超出舍入所能解释。",
}
_ASSUMED: Final = {
    "en": "† The denominator is assumed: no printed rate implies it.",
    "zh": "† 应上传量为推定值：印发的上传率不能推算。",
}
_LONGEST_NAME: Final = 40
_GAP: Final = 2


def print_bulletin(
    console: Console,
    bulletin: Bulletin,
    *,
    printed: PrintedBulletin | None = None,
    scale: float = 1.0,
    lang: Language = "en",
) -> None:
    """Print one table to `console`, its figures over round(printed x `scale`), headers in `lang`.

    Where the console is too narrow for all columns they are split over several tables; nothing wraps.
    """
    printed_rows = printed_by_code(printed)
    lines = [(row, cells_of(bulletin, row, printed_rows, scale)) for row in bulletin.rows]
    console.print()
    _print_line(console, f"{_TITLES[bulletin.by][lang]}  {bulletin.period_from} – {bulletin.period_to}", "bold")
    for table in _tables(bulletin, lines, lang, console.width):
        console.print(table)
        console.print()
    if any(cell.printed for _, cells in lines for cell in cells):
        _print_line(console, _PRINTED[lang].format(scale=scale), "dim")
    if any(cell.is_assumed for _, cells in lines for cell in cells):
        _print_line(console, _ASSUMED[lang], "dim")


_Lines = Sequence[tuple[BulletinRow, tuple[Cell, ...]]]


def _print_line(console: Console, sentence: str, style: str) -> None:
    console.print(Text(sentence, style=style))


def _tables(bulletin: Bulletin, lines: _Lines, lang: Language, width: int) -> Iterator[Table]:
    """Split the columns, in order and never inside a group, into as few tables as the width allows."""
    widest_zh = max((cell_len(row.name_zh) for row in bulletin.rows), default=0)
    widths = {column: _width(lines, column, lang) for column in figures_of(bulletin.by)}
    columns: list[Column] = []
    for group in _groups(figures_of(bulletin.by)):
        wider = [*columns, *group]
        if columns and _room(widths, wider, width) < widest_zh:
            yield _table(lines, columns, lang, _room(widths, columns, width))
            columns = list(group)
        else:
            columns = wider
    yield _table(lines, columns, lang, _room(widths, columns, width))


def _groups(columns: Sequence[Column]) -> list[list[Column]]:
    groups: list[list[Column]] = []
    for column in columns:
        if groups and groups[-1][0].group_en == column.group_en:
            groups[-1].append(column)
        else:
            groups.append([column])
    return groups


def _room(widths: dict[Column, int], columns: Sequence[Column], width: int) -> int:
    """Return how many cells of a line the figures leave to the names."""
    return width - sum(widths[column] + _GAP for column in columns)


def _width(lines: _Lines, column: Column, lang: Language) -> int:
    cells = [cell for _, cells in lines for cell in cells if cell.column is column]
    figures = max((max(len(cell.text), len(cell.printed)) for cell in cells), default=1)
    # A rate leaves room for its mark.
    figures += 1 if column.form == "rate" else 0
    header = max(cell_len(line) for line in _HEADERS[column.attribute][lang].split("\n"))
    return max(figures, header)


def _table(lines: _Lines, columns: Sequence[Column], lang: Language, room: int) -> Table:
    # The divider of this box is one blank, the padding another: together the gap.
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, _GAP - 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        header_style="cyan",
    )
    names = max(
        (cell_len(name) for row, _ in lines for name in (row.name_zh, row.name_en)),
        default=cell_len(_HEADERS["name"][lang]),
    )
    width = max(1, min(names, room, _LONGEST_NAME))
    table.add_column(_HEADERS["name"][lang], width=width, no_wrap=True, overflow="ellipsis", vertical="top")
    for column in columns:
        table.add_column(_HEADERS[column.attribute][lang], justify="right", no_wrap=True)
    for row, cells in lines:
        shown = [cell for cell in cells if cell.column in columns]
        table.add_row(Text(f"{row.name_zh}\n").append(row.name_en, style="dim"), *(_figure(cell) for cell in shown))
    return table


def _figure(cell: Cell) -> Text:
    is_rate = cell.column.form == "rate"
    mark = ("†" if cell.is_assumed else " ") if is_rate else ""
    style = "yellow" if cell.agreement is Agreement.DIFFERENT else "bold"
    figure = Text(cell.text, style=style).append(mark, style="dim")
    return figure.append(f"\n{cell.printed}{' ' if is_rate and cell.printed else ''}", style="dim not bold")
