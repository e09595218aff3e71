"""The bulletin (通报), computed from the ledger: what each city, hospital or node uploaded, and at which rate.

Records and upload days go by arrival. Visits go by the day they began and discharges by the day they ended,
whenever they arrived up to `as_of`. Health records are a stock: residents who have one at the period's end.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, case, distinct, func, select

from exchange.bulletin import Bulletin, BulletinRow
from exchange.regions import STOCKS
from province_hub.ledger.expected import Expected, expected_by_node
from province_hub.store.tables import CITY, LEDGER, NODE, RECORD

By = Literal["city", "hospital", "node"]
Kind = Literal["city", "county", "hospital"]

_EXPECTED_COLUMNS = {
    "outpatient-visit": "outpatient_expected",
    "discharge": "discharge_expected",
    "health-record-basic": "record_basic_expected",
    "health-record-hypertension": "record_hypertension_expected",
    "health-record-diabetes": "record_diabetes_expected",
}
_COUNT_COLUMNS = {
    "outpatient-visit": "outpatient_visits",
    "discharge": "discharges",
    "health-record-basic": "record_basic",
    "health-record-hypertension": "record_hypertension",
    "health-record-diabetes": "record_diabetes",
}


@dataclass(slots=True)
class _Unit:
    """One row in the making."""

    code: str
    name_zh: str
    name_en: str
    kind: Kind
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    expected: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    assumed: set[str] = field(default_factory=set)


def make_bulletin(
    connection: Connection, period_from: date, period_to: date, by: By, as_of: date | None = None
) -> Bulletin:
    """The bulletin of a period (both days inclusive), rows with most records first as the province prints them.

    By city, a row sums the city's county platforms; province-run hospitals have their own table. With `as_of`,
    nothing counts that arrived after that day.
    """
    units = _units(connection, by)
    last_arrival = min(period_to, as_of) if as_of else period_to
    _count_arrivals(connection, units, by, period_from, last_arrival)
    _count_events(connection, units, by, period_from, period_to, as_of)
    _count_stocks(connection, units, by, last_arrival)
    _sum_expected(units, by, _nodes(connection), expected_by_node(connection, period_from, period_to))
    rows = sorted((_row(unit) for unit in units.values()), key=lambda row: (-row.records, row.code))
    return Bulletin(period_from=period_from, period_to=period_to, as_of=as_of, by=by, rows=tuple(rows))


def _units(connection: Connection, by: By) -> dict[str, _Unit]:
    if by == "city":
        cities = connection.execute(select(CITY))
        return {row.code: _Unit(row.code, row.name_zh, row.name_en, "city") for row in cities}
    nodes = select(NODE) if by == "node" else select(NODE).where(NODE.c.kind == "hospital")
    return {row.code: _Unit(row.code, row.name_zh, row.name_en, row.kind) for row in connection.execute(nodes)}


def _nodes(connection: Connection) -> dict[str, tuple[str, str]]:
    return {row.code: (row.kind, row.city) for row in connection.execute(select(NODE.c.code, NODE.c.kind, NODE.c.city))}


def _unit_column(by: By) -> ColumnElement[str]:
    return NODE.c.city if by == "city" else NODE.c.code


def _of_units(query: Any, by: By, node: ColumnElement[str]) -> Any:
    joined = query.join(NODE, NODE.c.code == node).group_by(_unit_column(by))
    kind = {"city": "county", "hospital": "hospital"}.get(by)
    return joined.where(NODE.c.kind == kind) if kind else joined


def _count_arrivals(
    connection: Connection, units: dict[str, _Unit], by: By, period_from: date, last_arrival: date
) -> None:
    written = LEDGER.c.new + LEDGER.c.updated > 0
    query = select(
        _unit_column(by).label("unit"),
        func.sum(LEDGER.c.new).label("records"),
        func.sum(LEDGER.c.updated).label("updated"),
        func.sum(LEDGER.c.repeated).label("repeated"),
        func.sum(LEDGER.c.refused).label("refused"),
        func.sum(LEDGER.c.new_usable).label("usable"),
        func.count(distinct(case((written, LEDGER.c.arrival_day)))).label("upload_days"),
        func.sum(case((LEDGER.c.resource_type == "DiagnosticReport", LEDGER.c.new), else_=0)).label("lab_exam_records"),
    ).select_from(LEDGER)
    in_period = LEDGER.c.arrival_day.between(period_from.isoformat(), last_arrival.isoformat())
    for row in connection.execute(_of_units(query.where(in_period), by, LEDGER.c.node)).mappings():
        units[row["unit"]].counts.update({name: int(row[name]) for name in row if name != "unit"})


def _count_events(
    connection: Connection,
    units: dict[str, _Unit],
    by: By,
    period_from: date,
    period_to: date,
    as_of: date | None,
) -> None:
    query = (
        select(_unit_column(by), LEDGER.c.data_set, func.sum(LEDGER.c.held))
        .select_from(LEDGER)
        .where(
            LEDGER.c.data_set.in_(["outpatient-visit", "discharge"]),
            LEDGER.c.event_day.between(period_from.isoformat(), period_to.isoformat()),
            and_(True) if as_of is None else LEDGER.c.arrival_day <= as_of.isoformat(),
        )
        .group_by(LEDGER.c.data_set)
    )
    for unit, data_set, held in connection.execute(_of_units(query, by, LEDGER.c.node)):
        units[unit].counts[_COUNT_COLUMNS[data_set]] = int(held)


def _count_stocks(connection: Connection, units: dict[str, _Unit], by: By, last_arrival: date) -> None:
    """Residents, each once, whoever of their Patients a record is about; a Patient that nobody is known for is one."""
    patient = RECORD.alias()
    holder = func.coalesce(patient.c.resident, -patient.c.key)
    query = (
        select(_unit_column(by), RECORD.c.data_set, func.count(distinct(holder)))
        .select_from(RECORD)
        .join(patient, patient.c.key == RECORD.c.subject)
        .where(RECORD.c.data_set.in_(sorted(STOCKS)), RECORD.c.since_day <= last_arrival.isoformat())
        .group_by(RECORD.c.data_set)
    )
    for unit, data_set, holders in connection.execute(_of_units(query, by, RECORD.c.node)):
        units[unit].counts[_COUNT_COLUMNS[data_set]] = int(holders)


def _sum_expected(
    units: dict[str, _Unit],
    by: By,
    nodes: dict[str, tuple[str, str]],
    expected: dict[tuple[str, str], Expected],
) -> None:
    for (node, data_set), volume in expected.items():
        kind, city = nodes.get(node, ("", ""))
        if by == "city" and kind != "county":
            continue
        unit = units.get(city if by == "city" else node)
        if unit is not None:
            column = _EXPECTED_COLUMNS[data_set]
            unit.expected[column] += volume.volume
            if volume.assumed:
                unit.assumed.add(column)


def _row(unit: _Unit) -> BulletinRow:
    figures: dict[str, Any] = {**unit.counts, **unit.expected}
    return BulletinRow(
        code=unit.code,
        name_zh=unit.name_zh,
        name_en=unit.name_en,
        kind=unit.kind,
        assumed=frozenset(unit.assumed),
        **figures,
    )
