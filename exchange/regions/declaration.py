"""The vocabulary of a region: cities, divisions, nodes, expected volumes, and what a bulletin printed."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, Literal

FLOWS: Final = frozenset({"outpatient-visit", "discharge"})
"""Data sets whose rate is a flow: events of a period over the events expected in it, pro rata for a part."""

STOCKS: Final = frozenset({"health-record-basic", "health-record-hypertension", "health-record-diabetes"})
"""Data sets whose rate is a stock: residents with a record at the end of a period over residents due one."""


class RegionError(ValueError):
    """A region that cannot be used, or a place that it does not have; the message says how to mend it."""


@dataclass(frozen=True, slots=True)
class City:
    """A prefecture-level city (设区市); `residents` in persons."""

    code: str
    name_zh: str
    name_en: str
    residents: int


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative division (GB/T 2260) and the first and last day of its code; None is open-ended."""

    code: str
    name_zh: str
    kind: str
    parent: str
    valid_from: date | None
    valid_to: date | None
    note: str

    def is_valid_on(self, day: date) -> bool:
        """Whether the code was in force on this day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Node:
    """A platform that uploads (接入单位): a county platform or a province-run hospital.

    `city` is the code of its city, `residents` the persons that a county platform serves (0 for a
    hospital), `dialect` the name of its vendor's code tables, `valid_to` its last day (None: still there).
    `assumed` says that the residents are an assumption. `institution_type` is a hospital's code in
    WS 218-2002, "" for a county.
    """

    code: str
    name_zh: str
    name_en: str
    kind: Literal["county", "hospital"]
    city: str
    residents: float
    dialect: str
    valid_from: date
    valid_to: date | None
    assumed: bool
    institution_type: str = ""

    def is_valid_on(self, day: date) -> bool:
        """Whether the node uploads on this day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class ExpectedVolume:
    """How many events really happened (or residents are due a health record): the denominator of a rate.

    At full scale, for the whole period from `valid_from` to `valid_to` inclusive; a stock is due at its end.
    `assumed` tells a plausible figure from one that a printed rate implies; `basis` says how it was found.
    """

    scope: Literal["city", "hospital"]
    code: str
    data_set: str
    valid_from: date
    valid_to: date
    expected: float
    assumed: bool
    basis: str


@dataclass(frozen=True, slots=True)
class NodeExpected:
    """One node's share of an expected volume, unrounded."""

    node: str
    data_set: str
    valid_from: date
    valid_to: date
    expected: float
    assumed: bool
    basis: str


@dataclass(frozen=True, slots=True)
class PrintedCity:
    """A row of the printed table of cities; rates in percent as printed."""

    code: str
    name_zh: str
    name_en: str
    records: int
    upload_days: int
    outpatient_visits: int
    outpatient_rate: float
    discharges: int
    discharge_rate: float
    record_basic_rate: float
    record_hypertension_rate: float
    record_diabetes_rate: float


@dataclass(frozen=True, slots=True)
class PrintedHospital:
    """A row of the printed table of province-run hospitals; rates in percent as printed."""

    code: str
    name_zh: str
    name_en: str
    records: int
    outpatient_visits: int
    outpatient_rate: float
    discharges: int
    discharge_rate: float
    lab_exam_records: int
    upload_days: int


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on one printed figure (`code` and `column`), or on the whole print (both "")."""

    code: str
    column: str
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Printed:
    """A bulletin as it was printed; rows in printed order, period inclusive."""

    title_zh: str
    title_en: str
    period_from: date
    period_to: date
    cities: tuple[PrintedCity, ...]
    hospitals: tuple[PrintedHospital, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Region:
    """A province and everything about it that is data; nodes are counties, then hospitals, each by code."""

    id: str
    code: str
    name_zh: str
    name_en: str
    cities: tuple[City, ...]
    divisions: tuple[Division, ...]
    nodes: tuple[Node, ...]
    expected: tuple[ExpectedVolume, ...]
    printed: Printed

    def nodes_on(self, day: date) -> tuple[Node, ...]:
        """Return the nodes that upload on this day."""
        return tuple(node for node in self.nodes if node.is_valid_on(day))

    def node(self, code: str) -> Node:
        """Return the node with this code, whenever it is valid; RegionError where there is none."""
        try:
            return self._nodes_by_code[code]
        except KeyError:
            raise RegionError(
                f"{self.id}: found no node {code!r}; expected one of the {len(self.nodes)} codes "
                f"from {self.nodes[0].code} to {self.nodes[-1].code}; `exchange nodes` lists them"
            ) from None

    def city(self, code: str) -> City:
        """Return the city with this code; RegionError where there is none."""
        try:
            return self._cities_by_code[code]
        except KeyError:
            known = ", ".join(self._cities_by_code)
            raise RegionError(f"{self.id}: found no city {code!r}; expected one of {known}") from None

    def nodes_of_city(self, city: str, day: date) -> tuple[Node, ...]:
        """Return a city's county platforms on this day (hospitals have a table of their own)."""
        return tuple(
            node for node in self.nodes if node.kind == "county" and node.city == city and node.is_valid_on(day)
        )

    def divisions_on(self, day: date) -> tuple[Division, ...]:
        """Return the divisions whose codes were in force on this day."""
        return tuple(division for division in self.divisions if division.is_valid_on(day))

    def expected_of_nodes(self, scale: float = 1.0) -> list[NodeExpected]:
        """Return every expected volume, times `scale`, as the shares of the nodes that it is expected from.

        A city's volume is shared by the residents of its county platforms and left unrounded, so that the
        shares sum to the whole; a hospital's is its own. `assumed` is that of the volume.
        """
        return [share for volume in self.expected for share in self._shares(volume, scale)]

    def _shares(self, volume: ExpectedVolume, scale: float) -> list[NodeExpected]:
        if volume.scope == "hospital":
            return [_share(volume, volume.code, volume.expected * scale, volume.basis)]
        nodes = self.nodes_of_city(volume.code, volume.valid_from)
        residents = sum(node.residents for node in nodes)
        basis = f"{volume.basis}; the county's share of the city's residents"
        return [
            _share(volume, node.code, volume.expected * scale * node.residents / residents, basis) for node in nodes
        ]

    @cached_property
    def _nodes_by_code(self) -> dict[str, Node]:
        return {node.code: node for node in self.nodes}

    @cached_property
    def _cities_by_code(self) -> dict[str, City]:
        return {city.code: city for city in self.cities}


def _share(volume: ExpectedVolume, node: str, expected: float, basis: str) -> NodeExpected:
    return NodeExpected(
        node=node,
        data_set=volume.data_set,
        valid_from=volume.valid_from,
        valid_to=volume.valid_to,
        expected=expected,
        assumed=volume.assumed,
        basis=basis,
    )
