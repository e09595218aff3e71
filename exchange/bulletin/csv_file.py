"""The bulletin as CSV, in the columns of the printed tables."""

import csv
import io

from exchange.bulletin.columns import COLUMNS, Column, format_rate
from exchange.bulletin.value import Bulletin, BulletinRow


def render_csv(bulletin: Bulletin) -> bytes:
    """Render a bulletin as CSV: UTF-8, RFC 4180 quoting, lines that end in LF, one header row.

    Rates are in percent with two decimals, trailing zeros trimmed; a cell is empty where nothing is expected.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = COLUMNS[bulletin.by]
    writer.writerow(column.csv_name for column in columns)
    writer.writerows([_cell(row, column) for column in columns] for row in bulletin.rows)
    return text.getvalue().encode()


def _cell(row: BulletinRow, column: Column) -> str:
    value: str | float | None = getattr(row, column.attribute)
    if value is None:
        return ""
    return format_rate(float(value)) if column.form == "rate" else str(value)
