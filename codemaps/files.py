"""Reads the CSV and TOML files of tables and dialects; a refusal names file, place, found and expected."""

import csv
import io
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn, TypeVar

import msgspec

Encoding = Literal["UTF-8", "GB18030"]
Shape = TypeVar("Shape")


class CodemapError(ValueError):
    """A file of code tables or of a dialect that cannot be used; says where, what and what instead."""


def refuse(where: str, found: str, expected: str) -> NoReturn:
    """Raise CodemapError for the place `where` (file with line or key path)."""
    raise CodemapError(f"{where}: found {found}; expected {expected}")


class Row(NamedTuple):
    """One data row of a CSV file; `line` is the line that it ends on, the header being line 1."""

    file: Path
    line: int
    cells: dict[str, str]

    def refuse(self, column: str, expected: str) -> NoReturn:
        """Raise CodemapError for the cell in `column`."""
        refuse(f"{self.file}, line {self.line}, column {column}", repr(self.cells[column]), expected)


def read_csv(
    file: Path, required: Iterable[str], optional: Iterable[str] = (), encoding: Encoding = "UTF-8"
) -> Iterator[Row]:
    """Yield the rows of a CSV file with a header; an optional column that is absent reads as empty cells.

    Cells stay exactly as written. UTF-8 may begin with a byte-order mark.
    Raises CodemapError for a file that cannot be read, or whose columns or rows do not fit.
    """
    required, optional = tuple(required), tuple(optional)
    lines = csv.reader(io.StringIO(_text(file, encoding), newline=""), strict=True)
    try:
        header = next(lines, [])
        _check_header(file, header, required, optional)
        absent = dict.fromkeys((column for column in optional if column not in header), "")
        for values in lines:
            if not values:
                continue
            if len(values) != len(header):
                refuse(
                    f"{file}, line {lines.line_num}",
                    f"{len(values)} cells",
                    f"{len(header)} cells, one for each column of the header: {', '.join(header)}",
                )
            yield Row(file, lines.line_num, dict(zip(header, values, strict=True)) | absent)
    except csv.Error as error:
        refuse(f"{file}, line {lines.line_num}", str(error), "CSV with a comma between cells and quotes in pairs")


def read_toml(file: Path) -> dict[str, object]:
    """Read a TOML file (UTF-8); raises CodemapError with the line for one that is no TOML."""
    try:
        return tomllib.loads(_text(file, "UTF-8"))
    except tomllib.TOMLDecodeError as error:
        refuse(str(file), str(error), "TOML")


def convert(file: Path, content: object, shape: type[Shape], key: str = "") -> Shape:
    """Take what `read_toml` found at `key` of `file` as the msgspec Struct `shape`.

    Raises CodemapError with the whole key path for a key that is missing, unknown or of another type.
    """
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        sentence, _, below = str(error).partition(" - at `$")
        key_path = (key + below.rstrip("`")).lstrip(".")
        where = f"{file}, key {key_path}" if key_path else str(file)
        refuse(where, sentence, "the keys and types that docs/codemaps.md lists")


def _check_header(file: Path, header: list[str], required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    known = {*required, *optional}
    missing = [column for column in required if column not in header]
    strange = [column for column in header if column not in known]
    if missing or strange or len(set(header)) != len(header):
        found = f"the columns {', '.join(header) or '(none)'}"
        also = f", and if wanted {', '.join(optional)}" if optional else ""
        refuse(f"{file}, line 1", found, f"each once: {', '.join(required)}{also}")


def _text(file: Path, encoding: Encoding) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        refuse(str(file), error.strerror or "an unreadable file", "a file that can be read")
    if encoding == "GB18030" and _reads_as_utf8(raw):
        # As GB18030, UTF-8 text would give other characters without any error, and no code would match.
        refuse(str(file), "UTF-8 text", "GB18030, as declared; convert the file or declare encoding = 'UTF-8'")
    try:
        return raw.decode("utf-8-sig" if encoding == "UTF-8" else "gb18030")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        refuse(
            f"{file}, line {line}",
            f"the byte 0x{raw[error.start]:02X}, which is not {encoding}",
            f"{encoding}, as declared",
        )


def _reads_as_utf8(raw: bytes) -> bool:
    try:
        return not raw.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False
