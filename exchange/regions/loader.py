"""Load a region from its folder and check it whole, before anything runs on it."""

import tomllib
from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal, cast

from exchange.regions.declaration import (
    FLOWS,
    STOCKS,
    City,
    Division,
    ExpectedVolume,
    Node,
    Note,
    Printed,
    PrintedCity,
    PrintedHospital,
    Region,
    RegionError,
)
from exchange.regions.table import Row, read_table

_HERE: Final = Path(__file__).parent

_CITIES: Final = ("code", "name_zh", "name_en", "residents", "source")
_DIVISIONS: Final = ("code", "name_zh", "kind", "parent", "valid_from", "valid_to", "note")
_COUNTIES: Final = (
    "code",
    "name_zh",
    "name_en",
    "city",
    "residents",
    "residents_assumed",
    "valid_from",
    "valid_to",
    "dialect",
)
_HOSPITALS: Final = (
    "code",
    "name_zh",
    "name_en",
    "city",
    "institution_type",
    "valid_from",
    "valid_to",
    "dialect",
)
_PRINTED_CITIES: Final = (
    "code",
    "name_zh",
    "name_en",
    "records_uploaded",
    "upload_days",
    "outpatient_visits",
    "outpatient_rate_pct",
    "discharges",
    "discharge_rate_pct",
    "record_basic_rate_pct",
    "record_hypertension_rate_pct",
    "record_diabetes_rate_pct",
)
_PRINTED_HOSPITALS: Final = (
    "code",
    "name_zh",
    "name_en",
    "records_uploaded",
    "outpatient_visits",
    "outpatient_rate_pct",
    "discharges",
    "discharge_rate_pct",
    "lab_exam_records",
    "upload_days",
)
_NOTES: Final = ("code", "column", "text_zh", "text_en")
_EXPECTED: Final = (
    "scope",
    "code",
    "data_set",
    "valid_from",
    "valid_to",
    "expected",
    "assumed",
    "basis",
)
_REGION_KEYS: Final = ("id", "code", "name_zh", "name_en", "printed")
_PRINTED_KEYS: Final = ("title_zh", "title_en", "period_from", "period_to")


def shipped_regions() -> tuple[str, ...]:
    """Return the names of the regions that come with the project."""
    return tuple(sorted(path.parent.name.replace("_", "-") for path in _HERE.glob("*/region.toml")))


def load_region(name_or_path: str | Path) -> Region:
    """Load a shipped region by name (`jiangsu-2016`) or one's own by the path of its folder.

    Raises RegionError, before anything runs, that names file, line, column or key, found and expected.
    """
    shipped = shipped_regions()
    if isinstance(name_or_path, str) and name_or_path in shipped:
        return _load_shipped(name_or_path)
    folder = Path(name_or_path)
    if not folder.is_dir():
        raise RegionError(
            f"found no region {str(name_or_path)!r}, expected a shipped one ({', '.join(shipped)}) "
            "or the path of a folder with a region.toml"
        )
    return _load(folder)


@cache
def _load_shipped(name: str) -> Region:
    return _load(_HERE / name.replace("-", "_"))


def _load(folder: Path) -> Region:
    settings = _read_settings(folder / "region.toml")
    cities = tuple(_city(row) for row in _rows(folder / "cities.csv", _CITIES))
    city_codes = frozenset(city.code for city in cities)
    divisions = tuple(_division(row) for row in _rows(folder / "divisions.csv", _DIVISIONS))
    nodes = _nodes(folder, city_codes)
    hospital_codes = frozenset(node.code for node in nodes if node.kind == "hospital")
    region = Region(
        id=settings.text("id"),
        code=settings.text("code"),
        name_zh=settings.text("name_zh"),
        name_en=settings.text("name_en"),
        cities=cities,
        divisions=divisions,
        nodes=nodes,
        expected=_expected(folder, city_codes, hospital_codes),
        printed=_printed(folder, settings.table("printed", _PRINTED_KEYS), city_codes, hospital_codes),
    )
    _check_every_city_is_covered(folder, region)
    return region


class _Settings:
    """One table of region.toml; its values are read by key and kind."""

    def __init__(self, path: Path, values: dict[str, object], keys: Iterable[str], prefix: str = "") -> None:
        self._path, self._values, self._prefix = path, values, prefix
        for key in values:
            if key not in keys:
                raise RegionError(f"{path}, key {prefix}{key}: found an unknown key, expected only {', '.join(keys)}")

    def text(self, key: str) -> str:
        value = self._values.get(key)
        if not isinstance(value, str) or not value:
            raise self._fault(key, "a text")
        return value

    def day(self, key: str) -> date:
        value = self._values.get(key)
        if type(value) is not date:
            raise self._fault(key, "a day such as 2016-03-01, without quotes")
        return value

    def table(self, key: str, keys: Iterable[str]) -> "_Settings":
        value = self._values.get(key)
        if not isinstance(value, dict):
            raise self._fault(key, f"a table [{key}] with {', '.join(keys)}")
        return _Settings(self._path, value, keys, f"{key}.")

    def period(self) -> tuple[date, date]:
        first, last = self.day("period_from"), self.day("period_to")
        if last < first:
            raise self._fault("period_to", f"a day not before period_from, {first}")
        return first, last

    def _fault(self, key: str, expected: str) -> RegionError:
        value = self._values.get(key)
        found = "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
        return RegionError(f"{self._path}, key {self._prefix}{key}: found {found}, expected {expected}")


def _read_settings(path: Path) -> _Settings:
    try:
        return _Settings(path, tomllib.loads(path.read_text(encoding="utf-8")), _REGION_KEYS)
    except FileNotFoundError:
        raise RegionError(f"{path}: found no such file, expected the settings of the region") from None
    except UnicodeDecodeError as error:
        raise RegionError(f"{path}, byte {error.start}: found bytes that are not UTF-8, expected UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise RegionError(f"{path}: found {error}, expected TOML 1.0") from None


def _rows(path: Path, columns: tuple[str, ...]) -> list[Row]:
    """Read a table whose first code column must not repeat."""
    rows = list(read_table(path, columns))
    first_lines: dict[str, int] = {}
    for row in rows:
        code = row.text("code")
        if code in first_lines:
            raise row.fault("code", f"a code that is used once; line {first_lines[code]} has it already")
        first_lines[code] = row.line
    return rows


def _city(row: Row) -> City:
    return City(row.text("code"), row.text("name_zh"), row.text("name_en"), _residents(row))


def _residents(row: Row) -> int:
    residents = row.whole("residents")
    if residents == 0:
        raise row.fault("residents", "at least one resident")
    return residents


def _division(row: Row) -> Division:
    valid_from, valid_to = row.day_or_open("valid_from"), row.day_or_open("valid_to")
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise row.fault("valid_to", f"a day not before valid_from, {valid_from}")
    return Division(
        code=row.text("code"),
        name_zh=row.text("name_zh"),
        kind=row.text("kind"),
        parent=row.cells["parent"],
        valid_from=valid_from,
        valid_to=valid_to,
        note=row.cells["note"],
    )


def _nodes(folder: Path, cities: frozenset[str]) -> tuple[Node, ...]:
    counties = _rows(folder / "counties.csv", _COUNTIES)
    hospitals = _rows(folder / "hospitals.csv", _HOSPITALS)
    county_codes = {row.cells["code"] for row in counties}
    for row in hospitals:
        if row.cells["code"] in county_codes:
            raise row.fault("code", "a code that no county has")
    return (
        *(_node(row, "county", cities) for row in sorted(counties, key=_code)),
        *(_node(row, "hospital", cities) for row in sorted(hospitals, key=_code)),
    )


def _code(row: Row) -> str:
    return row.cells["code"]


def _node(row: Row, kind: Literal["county", "hospital"], cities: frozenset[str]) -> Node:
    valid_from, valid_to = row.day("valid_from"), row.day_or_open("valid_to")
    if valid_to is not None and valid_to < valid_from:
        raise row.fault("valid_to", f"a day not before valid_from, {valid_from}")
    is_county = kind == "county"
    return Node(
        code=row.text("code"),
        name_zh=row.text("name_zh"),
        name_en=row.text("name_en"),
        kind=kind,
        city=_known(row, "city", cities, "cities.csv"),
        residents=float(_residents(row)) if is_county else 0.0,
        dialect=row.text("dialect"),
        valid_from=valid_from,
        valid_to=valid_to,
        assumed=is_county and row.flag("residents_assumed"),
        institution_type="" if is_county else row.text("institution_type"),
    )


def _known(row: Row, column: str, codes: frozenset[str], where: str) -> str:
    code = row.text(column)
    if code not in codes:
        raise row.fault(column, f"a code of {where}: {', '.join(sorted(codes))}")
    return code


def _expected(folder: Path, cities: frozenset[str], hospitals: frozenset[str]) -> tuple[ExpectedVolume, ...]:
    volumes: list[ExpectedVolume] = []
    for row in read_table(folder / "expected.csv", _EXPECTED):
        volume = _expected_volume(row, cities, hospitals)
        for other in volumes:
            if _overlap(volume, other):
                raise row.fault(
                    "valid_from",
                    f"a period apart from {other.valid_from}..{other.valid_to}, which is expected of "
                    f"{other.code} in {other.data_set} already",
                )
        volumes.append(volume)
    return tuple(volumes)


def _expected_volume(row: Row, cities: frozenset[str], hospitals: frozenset[str]) -> ExpectedVolume:
    valid_from, valid_to = row.day("valid_from"), row.day("valid_to")
    if valid_to < valid_from:
        raise row.fault("valid_to", f"a day not before valid_from, {valid_from}")
    expected = row.number("expected")
    if expected == 0:
        raise row.fault("expected", "a number above 0: a rate needs a denominator; drop the row if there is none")
    if row.choice("scope", ("city", "hospital")) == "city":
        _known(row, "code", cities, "cities.csv")
        row.choice("data_set", sorted(FLOWS | STOCKS))
    else:
        _known(row, "code", hospitals, "hospitals.csv")
        row.choice("data_set", sorted(FLOWS))
    return ExpectedVolume(
        scope=cast("Literal['city', 'hospital']", row.cells["scope"]),
        code=row.cells["code"],
        data_set=row.cells["data_set"],
        valid_from=valid_from,
        valid_to=valid_to,
        expected=expected,
        assumed=row.flag("assumed"),
        basis=row.text("basis"),
    )


def _overlap(one: ExpectedVolume, other: ExpectedVolume) -> bool:
    return (
        (one.code, one.data_set) == (other.code, other.data_set)
        and one.valid_from <= other.valid_to
        and other.valid_from <= one.valid_to
    )


def _printed(folder: Path, settings: _Settings, cities: frozenset[str], hospitals: frozenset[str]) -> Printed:
    period_from, period_to = settings.period()
    city_rows = _rows(folder / "printed_cities.csv", _PRINTED_CITIES)
    hospital_rows = _rows(folder / "printed_hospitals.csv", _PRINTED_HOSPITALS)
    for row in city_rows:
        _known(row, "code", cities, "cities.csv")
    for row in hospital_rows:
        _known(row, "code", hospitals, "hospitals.csv")
    return Printed(
        title_zh=settings.text("title_zh"),
        title_en=settings.text("title_en"),
        period_from=period_from,
        period_to=period_to,
        cities=tuple(_printed_city(row) for row in city_rows),
        hospitals=tuple(_printed_hospital(row) for row in hospital_rows),
        notes=_notes(folder / "printed_notes.csv", cities, hospitals),
    )


def _printed_city(row: Row) -> PrintedCity:
    return PrintedCity(
        code=row.text("code"),
        name_zh=row.text("name_zh"),
        name_en=row.text("name_en"),
        records=row.whole("records_uploaded"),
        upload_days=row.whole("upload_days"),
        outpatient_visits=row.whole("outpatient_visits"),
        outpatient_rate=row.number("outpatient_rate_pct"),
        discharges=row.whole("discharges"),
        discharge_rate=row.number("discharge_rate_pct"),
        record_basic_rate=row.number("record_basic_rate_pct"),
        record_hypertension_rate=row.number("record_hypertension_rate_pct"),
        record_diabetes_rate=row.number("record_diabetes_rate_pct"),
    )


def _printed_hospital(row: Row) -> PrintedHospital:
    return PrintedHospital(
        code=row.text("code"),
        name_zh=row.text("name_zh"),
        name_en=row.text("name_en"),
        records=row.whole("records_uploaded"),
        outpatient_visits=row.whole("outpatient_visits"),
        outpatient_rate=row.number("outpatient_rate_pct"),
        discharges=row.whole("discharges"),
        discharge_rate=row.number("discharge_rate_pct"),
        lab_exam_records=row.whole("lab_exam_records"),
        upload_days=row.whole("upload_days"),
    )


def _notes(path: Path, cities: frozenset[str], hospitals: frozenset[str]) -> tuple[Note, ...]:
    columns_of = {
        **dict.fromkeys(cities, _names_of_fields(PrintedCity)),
        **dict.fromkeys(hospitals, _names_of_fields(PrintedHospital)),
    }
    notes: list[Note] = []
    for row in read_table(path, _NOTES):
        code = row.cells["code"]
        if code:
            _known(row, "code", cities | hospitals, "cities.csv or hospitals.csv")
            row.choice("column", columns_of[code])
        elif row.cells["column"]:
            raise row.fault("column", "nothing, because the note names no code")
        notes.append(Note(code, row.cells["column"], row.text("text_zh"), row.text("text_en")))
    return tuple(notes)


def _names_of_fields(printed_row: type[PrintedCity] | type[PrintedHospital]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(printed_row))


def _check_every_city_is_covered(folder: Path, region: Region) -> None:
    """Refuse a city whose volume no county shares, or whose counties change while it is expected."""
    for volume in region.expected:
        if volume.scope != "city":
            continue
        first = region.nodes_of_city(volume.code, volume.valid_from)
        if not first:
            raise RegionError(
                f"{folder / 'counties.csv'}: found no county of city {volume.code} on {volume.valid_from}, "
                f"expected at least one to share its {volume.data_set} (see expected.csv)"
            )
        if first != region.nodes_of_city(volume.code, volume.valid_to):
            raise RegionError(
                f"{folder / 'expected.csv'}: found {volume.data_set} of city {volume.code} expected for "
                f"{volume.valid_from}..{volume.valid_to}, while its counties change in between; "
                "expected one row before the change and one after it"
            )
