"""Reading the CSV files of a region, with errors that name file, line, column, found and expected."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from exchange.regions.declaration import RegionError


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a CSV file; its cells are read by column name and kind."""

    path: Path
    line: int
    cells: dict[str, str]

    def fault(self, column: str, expected: str) -> RegionError:
        """Return the error that says what was expected in this column of this line."""
        return RegionError(
            f"{self.path}, line {self.line}, column {column}: found {self.cells[column]!r}, expected {expected}"
        )

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        if not self.cells[column].strip():
            raise self.fault(column, "a value")
        return self.cells[column]

    def whole(self, column: str) -> int:
        """Return a whole number of 0 or more."""
        cell = self.cells[column]
        if not (cell.isascii() and cell.isdigit()):
            raise self.fault(column, "a whole number of 0 or more")
        return int(cell)

    def number(self, column: str) -> float:
        """Return a finite number of 0 or more."""
        try:
            value = float(self.cells[column])
        except ValueError:
            value = math.nan
        if not 0 <= value < math.inf:
            raise self.fault(column, "a number of 0 or more")
        return value

    def flag(self, column: str) -> bool:
        """Return `true` or `false`."""
        return self.choice(column, ("true", "false")) == "true"

    def choice(self, column: str, allowed: Sequence[str]) -> str:
        """Return one of the allowed words."""
        cell = self.cells[column]
        if cell not in allowed:
            raise self.fault(column, f"one of {', '.join(allowed)}")
        return cell

    def day(self, column: str) -> date:
        """Return a day written as YYYY-MM-DD."""
        try:
            return date.fromisoformat(self.cells[column])
        except ValueError:
            raise self.fault(column, "a day such as 2016-03-01") from None

    def day_or_open(self, column: str) -> date | None:
        """Return a day, or None where the cell is empty: open-ended."""
        return self.day(column) if self.cells[column] else None


def read_table(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a UTF-8 CSV file with exactly these columns, in any order.

    Raises RegionError for a missing file, another encoding, unknown, missing or repeated columns, and for a
    row of another length.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise RegionError(f"{path}: found no such file, expected a CSV with the columns {','.join(columns)}") from None
    except UnicodeDecodeError as error:
        raise RegionError(
            f"{path}, byte {error.start}: found bytes that are not UTF-8, expected UTF-8; save it as UTF-8"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        _check_header(path, header, columns)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise RegionError(
                    f"{path}, line {reader.line_num}: found {len(cells)} cells, expected {len(header)}: "
                    f"{','.join(header)}"
                )
            yield Row(path, reader.line_num, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise RegionError(f"{path}, line {reader.line_num}: found {error}, expected CSV as in RFC 4180") from None


def _check_header(path: Path, header: Sequence[str], columns: Sequence[str]) -> None:
    for column in header:
        if column not in columns:
            raise RegionError(f"{path}, line 1: found the unknown column {column!r}, expected only {','.join(columns)}")
        if header.count(column) > 1:
            raise RegionError(f"{path}, line 1: found the column {column!r} twice, expected it once")
    for column in columns:
        if column not in header:
            raise RegionError(f"{path}, line 1: found no column {column!r}, expected the columns {','.join(columns)}")
