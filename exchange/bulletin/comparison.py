"""The hub's figures against the printed ones: the same, explained by rounding, or different.

What a region has printed is read by its shape alone, because a bulletin knows no regions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from exchange.bulletin.columns import Column, figure, figures_of, format_figure
from exchange.bulletin.value import Bulletin, BulletinRow


class PrintedRow(Protocol):
    """A printed row: its code, and its figures under the attributes that `Column` names."""

    @property
    def code(self) -> str:
        """The code of the city or hospital."""
        ...


class PrintedNote(Protocol):
    """A remark on one printed figure, or on the whole print where code and column are ""."""

    @property
    def code(self) -> str:
        """The code of the row."""
        ...

    @property
    def column(self) -> str:
        """The attribute of the column."""
        ...

    @property
    def text_zh(self) -> str:
        """The remark in Chinese."""
        ...

    @property
    def text_en(self) -> str:
        """The remark in English."""
        ...


class PrintedBulletin(Protocol):
    """A bulletin as it was printed, at full scale; `exchange.regions` has them."""

    @property
    def cities(self) -> Sequence[PrintedRow]:
        """The rows of the table of cities."""
        ...

    @property
    def hospitals(self) -> Sequence[PrintedRow]:
        """The rows of the table of hospitals."""
        ...

    @property
    def notes(self) -> Sequence[PrintedNote]:
        """The remarks on the print."""
        ...


class Agreement(StrEnum):
    """How the hub's figure stands to the printed one."""

    SAME = "same"
    ROUNDING = "rounding"
    DIFFERENT = "different"
    NOT_PRINTED = "not-printed"


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure as people read it, with the printed one beside it ("" where nothing is printed)."""

    column: Column
    value: float | None
    text: str
    printed: str
    agreement: Agreement
    is_assumed: bool


def cells_of(bulletin: Bulletin, row: BulletinRow, printed: Mapping[str, PrintedRow], scale: float) -> tuple[Cell, ...]:
    """Return the figures of a row, each beside round(printed x `scale`); rates and days do not scale."""
    return tuple(_cell(row, column, printed.get(row.code), scale) for column in figures_of(bulletin.by))


def printed_by_code(printed: PrintedBulletin | None) -> dict[str, PrintedRow]:
    """Return the printed rows of both tables by code; none where nothing was printed."""
    return {} if printed is None else {row.code: row for row in (*printed.cities, *printed.hospitals)}


def agreement_of(row: BulletinRow, column: Column, printed: float) -> Agreement:
    """Compare a figure with the printed one, which is already at the bulletin's scale.

    Counts and days must be equal. A rate may differ by what two roundings explain: of its count to a whole
    number (half a record over the expected) and of the print to two decimals.
    """
    value = figure(row, column)
    if value is None:
        return Agreement.DIFFERENT
    if format_figure(value, column) == format_figure(printed, column):
        return Agreement.SAME
    expected: float | None = getattr(row, column.expected) if column.expected else None
    if expected and abs(value - printed) <= 50 / expected + 0.005 + 1e-9:
        return Agreement.ROUNDING
    return Agreement.DIFFERENT


def _cell(row: BulletinRow, column: Column, printed_row: PrintedRow | None, scale: float) -> Cell:
    value = figure(row, column)
    printed: float | None = None if printed_row is None else getattr(printed_row, column.attribute, None)
    if printed is not None and column.form == "count":
        printed = round(printed * scale)
    return Cell(
        column=column,
        value=value,
        text=format_figure(value, column),
        printed="" if printed is None else format_figure(printed, column),
        agreement=Agreement.NOT_PRINTED if printed is None else agreement_of(row, column, printed),
        is_assumed=column.expected in row.assumed,
    )
