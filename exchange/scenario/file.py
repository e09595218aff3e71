"""A scenario file: which nodes of which region upload when. TOML, checked whole before anything runs."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path

import msgspec

from codemaps import CodemapError, load_dialect
from exchange.clock import CHINA
from exchange.regions import PrintedCity, PrintedHospital, Region, RegionError, load_region

_SHIPPED = Path(__file__).with_name("shipped")


class ScenarioError(ValueError):
    """A scenario that cannot run: names the file and the key, what was found, what was expected, how to mend it."""


class ScenarioFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of a scenario file; the shipped ones show each with a comment."""

    title_en: str
    title_zh: str
    description_en: str
    description_zh: str
    region: str
    period_from: date
    period_to: date
    registry_day: date
    upload_time: time
    scale: float
    seed: int
    entries_in_a_bundle: int
    noise: float
    cities: list[str] | None = None
    hospitals: bool = True


@dataclass(frozen=True)
class Scenario:
    """A scenario ready to run: its name, its file's values and its region."""

    name: str
    values: ScenarioFile
    region: Region

    @cached_property
    def city_codes(self) -> tuple[str, ...]:
        """The cities whose county platforms take part."""
        return tuple(self.values.cities or (city.code for city in self.region.cities))

    def upload_instant(self, day: date) -> datetime:
        """When nodes upload on a day."""
        return datetime.combine(day, self.values.upload_time, CHINA)


def shipped_scenarios() -> tuple[str, ...]:
    """The names of the scenarios that come with the project."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def load_scenario(name_or_path: str) -> Scenario:
    """A shipped scenario by name, or a file of one's own. Raises ScenarioError."""
    shipped = _SHIPPED / f"{name_or_path}.toml"
    path = shipped if name_or_path in shipped_scenarios() else Path(name_or_path)
    if not path.is_file():
        known = ", ".join(shipped_scenarios())
        raise ScenarioError(
            f"scenario {name_or_path!r}: found neither a file nor a shipped scenario; shipped are {known}"
        )
    values = _read(path)
    _check(path, values)
    try:
        region = load_region(values.region)
        for code in values.cities or ():
            region.city(code)
        _check_region(path, values, region)
        for dialect in sorted({node.dialect for node in region.nodes}):
            load_dialect(dialect)
    except (RegionError, CodemapError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    return Scenario(path.stem, values, region)


def _read(path: Path) -> ScenarioFile:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: found bytes that are not UTF-8 ({error}); save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: not TOML: {error}") from error
    try:
        return msgspec.convert(content, ScenarioFile)
    except msgspec.ValidationError as error:
        expected = ", ".join(ScenarioFile.__struct_fields__)
        raise ScenarioError(f"{path}: {error}; the keys are {expected}") from error


def _check_region(path: Path, values: ScenarioFile, region: Region) -> None:
    """What the file says of days has to suit the region."""
    days = (values.period_to - values.period_from).days + 1
    codes = values.cities or [city.code for city in region.cities]
    rows: list[PrintedCity | PrintedHospital] = [row for row in region.printed.cities if row.code in codes]
    rows += region.printed.hospitals if values.hospitals else ()
    for row in rows:
        if row.upload_days > days:
            raise ScenarioError(
                f"{path}: period_to: found {values.period_to}, {days} days from {values.period_from}, and "
                f"{row.name_en} has {row.upload_days} upload days; expected a period of at least as many"
            )
    for code in codes:
        missing = set(region.nodes_of_city(code, values.period_from)) - set(
            region.nodes_of_city(code, values.registry_day)
        )
        if missing:
            node = min(missing, key=lambda each: each.code)
            raise ScenarioError(
                f"{path}: registry_day: found {values.registry_day}, expected a day on which every county platform may "
                f"upload; {node.code} {node.name_zh} may from {node.valid_from}"
            )


def _check(path: Path, values: ScenarioFile) -> None:
    checks = {
        "period_to": (
            values.period_to >= values.period_from,
            values.period_to,
            f"a day not before {values.period_from}",
        ),
        "registry_day": (
            values.registry_day < values.period_from,
            values.registry_day,
            f"a day before {values.period_from}",
        ),
        "scale": (0 < values.scale <= 1, values.scale, "a number above 0 and at most 1"),
        "seed": (values.seed >= 0, values.seed, "a whole number, 0 or more"),
        "noise": (0 <= values.noise <= 100, values.noise, "a factor from 0 to 100"),
        "entries_in_a_bundle": (
            1 <= values.entries_in_a_bundle <= 10_000,
            values.entries_in_a_bundle,
            "1 to 10000",
        ),
        "cities": (values.cities != [], values.cities, "at least one city code, or no such key for all"),
    }
    for key, (holds, found, expected) in checks.items():
        if not holds:
            raise ScenarioError(f"{path}: {key}: found {found}, expected {expected}")
