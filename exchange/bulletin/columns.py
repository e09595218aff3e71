"""The columns of the two printed tables, declared once for every rendering."""

from dataclasses import dataclass
from typing import Final, Literal

from exchange.bulletin.value import BulletinRow


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the attribute of a row that it shows, its name in the CSV, and its two headers.

    `form` says what the figure is: a count grows with the scale, days and rates (in percent) do not.
    `expected` is the attribute that holds a rate's denominator, "" elsewhere.
    """

    attribute: str
    csv_name: str
    group_zh: str
    group_en: str
    name_zh: str
    name_en: str
    form: Literal["text", "count", "days", "rate"]
    expected: str = ""


_CODE: Final = Column("code", "code", "", "", "代码", "Code", "text")
_NAME_ZH: Final = Column("name_zh", "name_zh", "", "", "单位", "Name (Chinese)", "text")
_NAME_EN: Final = Column("name_en", "name_en", "", "", "单位（英文）", "Name", "text")
_KIND: Final = Column("kind", "kind", "", "", "类别", "Kind", "text")
_RECORDS: Final = Column("records", "records_uploaded", "数据上传", "Uploads", "数据上传量", "Records", "count")
_DAYS: Final = Column("upload_days", "upload_days", "数据上传", "Uploads", "上传天数", "Days", "days")
_VISITS: Final = Column(
    "outpatient_visits", "outpatient_visits", "门急诊信息", "Outpatient", "上传人次", "Visits", "count"
)
_VISIT_RATE: Final = Column(
    "outpatient_rate",
    "outpatient_rate_pct",
    "门急诊信息",
    "Outpatient",
    "上传率 %",
    "Rate %",
    "rate",
    "outpatient_expected",
)
_DISCHARGES: Final = Column("discharges", "discharges", "出院信息", "Discharges", "上传人次", "Number", "count")
_DISCHARGE_RATE: Final = Column(
    "discharge_rate",
    "discharge_rate_pct",
    "出院信息",
    "Discharges",
    "上传率 %",
    "Rate %",
    "rate",
    "discharge_expected",
)
_REPORTS: Final = Column(
    "lab_exam_records", "lab_exam_records", "检验检查", "Lab and exam", "上传量", "Records", "count"
)
_RECORD_RATES: Final = tuple(
    Column(
        f"record_{kind}_rate",
        f"record_{kind}_rate_pct",
        "健康档案上传率 %",
        "Health records, rate %",
        name_zh,
        name_en,
        "rate",
        f"record_{kind}_expected",
    )
    for kind, name_zh, name_en in (
        ("basic", "基本信息", "Basic"),
        ("hypertension", "高血压", "Hypert."),
        ("diabetes", "糖尿病", "Diabetes"),
    )
)

_CITY_FIGURES: Final = (
    _RECORDS,
    _DAYS,
    _VISITS,
    _VISIT_RATE,
    _DISCHARGES,
    _DISCHARGE_RATE,
    *_RECORD_RATES,
)

COLUMNS: Final[dict[str, tuple[Column, ...]]] = {
    "city": (_CODE, _NAME_ZH, _NAME_EN, *_CITY_FIGURES),
    "hospital": (
        _NAME_ZH,
        _NAME_EN,
        _RECORDS,
        _VISITS,
        _VISIT_RATE,
        _DISCHARGES,
        _DISCHARGE_RATE,
        _REPORTS,
        _DAYS,
    ),
    "node": (_CODE, _NAME_ZH, _NAME_EN, _KIND, *_CITY_FIGURES, _REPORTS),
}
"""What a bulletin is by -> its columns in printed order."""


def figures_of(by: str) -> tuple[Column, ...]:
    """Return the columns of a table that hold figures, in printed order."""
    return tuple(column for column in COLUMNS[by] if column.form != "text")


def figure(row: BulletinRow, column: Column) -> float | None:
    """Return the figure of a row in a column; None for a rate where nothing is expected."""
    value: float | None = getattr(row, column.attribute)
    return value


def format_rate(rate: float) -> str:
    """Format a rate in percent as it is printed: two decimals, trailing zeros trimmed (`9.2`, `1`, `0`)."""
    return f"{rate:.2f}".rstrip("0").rstrip(".")


def format_figure(value: float | None, column: Column) -> str:
    """Format a figure for people: counts with thousands separators, rates as printed, nothing as a dash."""
    if value is None:
        return "–"
    return format_rate(value) if column.form == "rate" else f"{value:,.0f}"
