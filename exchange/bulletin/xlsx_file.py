"""The bulletin as an Excel workbook: a sheet of cities and one of hospitals, headers in both languages."""

import io
import re
import zipfile
from datetime import datetime
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from exchange.bulletin.columns import COLUMNS, Column
from exchange.bulletin.value import Bulletin, BulletinRow

_FIRST_ROW: Final = 4
_FORMATS: Final = {"count": "#,##0", "days": "0", "rate": "0.00", "text": "@"}
_WIDTHS: Final = {"count": 13.0, "days": 9.0, "rate": 11.0, "text": 10.0}
_HEAD: Final = PatternFill("solid", fgColor="E4EEF0")
_LINE: Final = Border(bottom=Side(style="hair", color="9AA5A8"))
_ASSUMED: Final = "斜体：应上传量为推定值。 Italic: the rate's denominator is assumed."
_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def render_xlsx(cities: Bulletin, hospitals: Bulletin, *, title_zh: str, title_en: str) -> bytes:
    """Render the two tables as a workbook; the same bulletins give the same bytes.

    Every time in the file is the end of the period. Rates are numbers in percent, shown with two decimals.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    _fill(book.create_sheet("设区市 cities"), cities, title_zh, title_en)
    _fill(book.create_sheet("省属医院 hospitals"), hospitals, title_zh, title_en)
    instant = datetime(cities.period_to.year, cities.period_to.month, cities.period_to.day)  # noqa: DTZ001 (Excel has no zones)
    book.properties.created = instant
    book.properties.creator = ""
    book.properties.title = title_zh
    written = io.BytesIO()
    book.save(written)
    return _with_fixed_times(written.getvalue(), instant)


def _fill(sheet: Worksheet, bulletin: Bulletin, title_zh: str, title_en: str) -> None:
    columns = COLUMNS[bulletin.by]
    sheet["A1"] = f"{title_zh}  {title_en}  {bulletin.period_from} – {bulletin.period_to}"
    sheet["A1"].font = Font(bold=True, size=13)
    for index, column in enumerate(columns, start=1):
        _fill_header(sheet, index, column)
        for line, row in enumerate(bulletin.rows, start=_FIRST_ROW):
            _fill_cell(sheet, line, index, row, column)
        sheet.column_dimensions[get_column_letter(index)].width = _width(bulletin, column)
    if any(row.assumed for row in bulletin.rows):
        note = sheet.cell(_FIRST_ROW + len(bulletin.rows) + 1, 1, _ASSUMED)
        note.font = Font(italic=True, color="5A666A")
    names = sum(column.form == "text" for column in columns)
    sheet.freeze_panes = f"{get_column_letter(names + 1)}{_FIRST_ROW}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"2:{_FIRST_ROW - 1}"


def _fill_header(sheet: Worksheet, index: int, column: Column) -> None:
    zh = f"{column.group_zh}\n{column.name_zh}" if column.group_zh else column.name_zh
    en = f"{column.group_en}\n{column.name_en}" if column.group_en else column.name_en
    for line, text in ((2, zh), (3, en)):
        cell = sheet.cell(line, index, text)
        cell.font = Font(bold=line == 2, color="1D3A40" if line == 2 else "5A666A")
        cell.fill = _HEAD
        cell.alignment = Alignment(
            horizontal="left" if column.form == "text" else "right", vertical="center", wrap_text=True
        )
    sheet.row_dimensions[2].height = sheet.row_dimensions[3].height = 32


def _fill_cell(sheet: Worksheet, line: int, index: int, row: BulletinRow, column: Column) -> None:
    value: str | float | None = getattr(row, column.attribute)
    cell = sheet.cell(line, index, value)
    cell.number_format = _FORMATS[column.form]
    cell.border = _LINE
    if column.expected in row.assumed:
        cell.font = Font(italic=True)


def _width(bulletin: Bulletin, column: Column) -> float:
    if column.attribute == "name_zh":
        return 4.0 + 2 * max((len(row.name_zh) for row in bulletin.rows), default=6)
    if column.attribute == "name_en":
        return 4.0 + max((len(row.name_en) for row in bulletin.rows), default=10)
    return _WIDTHS[column.form]


def _with_fixed_times(workbook: bytes, instant: datetime) -> bytes:
    # The writer stamps the machine's time on every part and into the core properties, whatever it is told.
    fixed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for part in source.infolist():
            content = source.read(part)
            if part.filename == "docProps/core.xml":
                stamp = instant.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                content = _MODIFIED.sub(rb"\g<1>" + stamp + rb"\g<2>", content)
            entry = zipfile.ZipInfo(part.filename, instant.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            target.writestr(entry, content)
    return fixed.getvalue()
