"""What happens to patients: what ails them, when and where they are seen, what is measured and prescribed.

The tables beside this file (diagnoses, medications, laboratory, examinations) are plausible shares for a
county of eastern China, not statistics; their codes are those of the national tables, LOINC, ATC and UCUM.
"""

import csv
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from county_nodes.draws import Draws, running_sum
from county_nodes.plan import discharge_weight, visit_weight
from county_nodes.population import Vitals

VisitClass = Literal["AMB", "EMER", "IMP"]

UPLOAD_HOUR: Final = 22
"""Nodes upload at 22:00; everything that they send has happened before."""

_AGE_COLUMNS = ("age_0", "age_6", "age_18", "age_45", "age_65")
# Until 20:00, so that what follows from a visit is known before the upload.
_VISITS_BY_HOUR = (1, 1, 1, 1, 1, 1, 3, 22, 62, 74, 60, 30, 12, 34, 52, 44, 28, 12, 8, 5)
_EMERGENCIES_BY_HOUR = (14, 10, 8, 7, 7, 8, 11, 18, 30, 32, 30, 26, 22, 24, 26, 26, 28, 34, 42, 46)
_DISCHARGES_BY_HOUR = (0, 0, 0, 0, 0, 0, 0, 2, 22, 48, 40, 16, 4, 14, 18, 12, 5, 1)
_ADMISSIONS_BY_HOUR = (1, 1, 1, 1, 1, 1, 2, 8, 30, 46, 34, 14, 6, 20, 28, 22, 12, 6, 4, 4, 3, 2, 1, 1)


class Specialty(msgspec.Struct, frozen=True):
    """What a hospital is there for: some departments only, patients up to an age; else everything."""

    departments: frozenset[str] = frozenset()
    oldest: int | None = None


SPECIALTIES: Final[Mapping[str, Specialty]] = MappingProxyType(
    {
        "A511": Specialty(departments=frozenset({"12"})),
        "A514": Specialty(departments=frozenset({"19"})),
        "A519": Specialty(oldest=14),
    }
)
"""Specialised hospitals by institution type (WS 218): stomatology, cancer, children."""

GENERAL: Final = Specialty()


class Diagnosis(msgspec.Struct, frozen=True):
    """A diagnosis of the national table and the care that goes with it.

    `weights` are outpatient visits by age band (0, 6, 18, 45, 65 years and over); `cold_season` is the
    percentage of them in winter and early spring; `emergency` the percentage seen in emergency; `inpatient`
    the weight of admissions in percent of visits; `days` the mean stay. `chronic` names the disease that
    brings it again.
    """

    code: str
    department: str
    sex: str
    weights: tuple[int, ...]
    cold_season: int
    emergency: int
    inpatient: int
    days: int
    chronic: str
    medications: tuple[str, ...]
    panels: tuple[str, ...]
    examinations: tuple[str, ...]
    procedure: str


class Medication(msgspec.Struct, frozen=True):
    """A medicine (ATC code) with its usual dose and frequency (CV06.00.228)."""

    key: str
    atc: str
    name: str
    strength: str
    dose: float
    unit: str
    unit_code: str
    frequency: str
    days: int


class Analyte(msgspec.Struct, frozen=True):
    """One laboratory value: LOINC code, UCUM unit, decimals as reported, reference range."""

    loinc: str
    name: str
    unit: str
    decimals: int
    low: float
    high: float

    def value(self, abnormal: bool, draws: Draws) -> float:
        """Return a value inside the reference range, or, where abnormal, now and then outside it."""
        scale = (1, 10, 100)[self.decimals]
        low, high = int(self.low * scale + 0.5), int(self.high * scale + 0.5)
        span = high - low
        if abnormal and draws.below(100) < 38:
            found = high + 1 + draws.below(span + 2) if draws.below(100) < 64 else low - 1 - draws.below(span // 3 + 1)
        else:
            found = low + (draws.below(span + 1) + draws.below(span + 1)) // 2
        return max(found, 0) / scale

    def raised(self, draws: Draws) -> float:
        """Return a value above the reference range, as a disease brings it that shows in this value."""
        scale = (1, 10, 100)[self.decimals]
        low, high = int(self.low * scale + 0.5), int(self.high * scale + 0.5)
        return (high + 1 + draws.below(2 * (high - low))) / scale


class Panel(msgspec.Struct, frozen=True):
    """A set of laboratory values that is ordered and reported together."""

    key: str
    loinc: str
    name: str
    analytes: tuple[Analyte, ...]


class Examination(msgspec.Struct, frozen=True):
    """An examination and its findings: category of HL7 v2 table 0074, LOINC code or ""."""

    key: str
    category: str
    loinc: str
    name: str
    normal: str
    abnormal: str


def _rows(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def diagnoses() -> Mapping[str, Diagnosis]:
    """Return the diagnoses by code."""
    return MappingProxyType(
        {
            row["code"]: Diagnosis(
                code=row["code"],
                department=row["department"],
                sex=row["sex"],
                weights=tuple(int(row[column]) for column in _AGE_COLUMNS),
                cold_season=int(row["cold_season"]),
                emergency=int(row["emergency"]),
                inpatient=int(row["inpatient"]),
                days=int(row["days"]),
                chronic=row["chronic"],
                medications=tuple(row["medications"].split()),
                panels=tuple(row["panels"].split()),
                examinations=tuple(row["examinations"].split()),
                procedure=row["procedure"],
            )
            for row in _rows("diagnoses.csv")
        }
    )


@cache
def medications() -> Mapping[str, Medication]:
    """Return the medicines by key."""
    return MappingProxyType(
        {
            row["key"]: Medication(
                key=row["key"],
                atc=row["atc"],
                name=row["name"],
                strength=row["strength"],
                dose=float(row["dose"]),
                unit=row["unit"],
                unit_code=row["unit_code"],
                frequency=row["frequency"],
                days=int(row["days"]),
            )
            for row in _rows("medications.csv")
        }
    )


@cache
def panels() -> Mapping[str, Panel]:
    """Return the laboratory panels by key."""
    names: dict[str, tuple[str, str]] = {}
    analytes: dict[str, list[Analyte]] = {}
    for row in _rows("laboratory.csv"):
        names[row["panel"]] = (row["panel_loinc"], row["panel_name"])
        analytes.setdefault(row["panel"], []).append(
            Analyte(
                loinc=row["loinc"],
                name=row["name"],
                unit=row["unit"],
                decimals=int(row["decimals"]),
                low=float(row["low"]),
                high=float(row["high"]),
            )
        )
    return MappingProxyType(
        {key: Panel(key, loinc, name, tuple(analytes[key])) for key, (loinc, name) in names.items()}
    )


@cache
def examinations() -> Mapping[str, Examination]:
    """Return the examinations by key."""
    return MappingProxyType({row["key"]: Examination(**row) for row in _rows("examinations.csv")})


def age_band(age: int) -> int:
    """Return the column of the diagnosis table for an age in years."""
    return 0 if age < 6 else 1 if age < 18 else 2 if age < 45 else 3 if age < 65 else 4


@cache
def _choices(
    band: int,
    sex: str,
    cold: bool,
    inpatient: bool,
    hypertension: bool,
    diabetes: bool,
    departments: frozenset[str],
) -> tuple[tuple[Diagnosis, ...], tuple[int, ...]]:
    """Return the diagnoses that fit, with the running sum of their weights."""
    has = {"hypertension": hypertension, "diabetes": diabetes}
    fitting, weights = [], []
    for diagnosis in diagnoses().values():
        weight = diagnosis.weights[band] * 100
        if diagnosis.sex not in ("", sex) or (departments and diagnosis.department not in departments):
            continue
        if diagnosis.chronic:
            # The table's weight is of the whole age band; it belongs to those who have the disease.
            weight = weight * 3 if has[diagnosis.chronic] else weight // 50
        if cold:
            weight = weight * diagnosis.cold_season // 100
        if inpatient:
            weight = weight * diagnosis.inpatient // 100
        if weight:
            fitting.append(diagnosis)
            weights.append(weight)
    if not fitting:
        # Nothing of the hospital's own fits this person: they came with something else.
        return _choices(band, sex, cold, inpatient, hypertension, diabetes, frozenset())
    return tuple(fitting), running_sum(weights)


def choose_diagnosis(vitals: Vitals, day: date, inpatient: bool, specialty: Specialty, draws: Draws) -> Diagnosis:
    """Return what brings this person in, by age, sex, season and chronic disease."""
    fitting, weights = _choices(
        age_band(vitals.age),
        vitals.sex,
        day.month in (12, 1, 2, 3),
        inpatient,
        vitals.hypertension,
        vitals.diabetes,
        specialty.departments,
    )
    return fitting[draws.weighted(weights)]


def department_of(diagnosis: Diagnosis, age: int, emergency: bool) -> str:
    """Return the department (诊疗科目) that sees a diagnosis; emergency and children's come first."""
    if emergency:
        return "20"
    if age < 14 and diagnosis.department[:2] in ("02", "03", "16"):
        return "07"
    return diagnosis.department


class Window(msgspec.Struct, frozen=True):
    """The days that one upload covers, with how busy each was."""

    since: date
    until: date

    def visit_day(self, draws: Draws) -> date:
        """Return the day of a visit."""
        days, visits, _ = _days_of(self.since, self.until)
        return days[draws.weighted(visits)] if len(days) > 1 else days[0]

    def discharge_day(self, draws: Draws) -> date:
        """Return the day of a discharge."""
        days, _, discharges = _days_of(self.since, self.until)
        return days[draws.weighted(discharges)] if len(days) > 1 else days[0]


@cache
def _days_of(since: date, until: date) -> tuple[tuple[date, ...], tuple[int, ...], tuple[int, ...]]:
    days = tuple(date.fromordinal(number) for number in range(since.toordinal(), until.toordinal() + 1))
    return (
        days,
        running_sum([visit_weight(day) for day in days]),
        running_sum([discharge_weight(day) for day in days]),
    )


_BY_HOUR: Final = {
    "AMB": running_sum(_VISITS_BY_HOUR),
    "EMER": running_sum(_EMERGENCIES_BY_HOUR),
    "discharge": running_sum(_DISCHARGES_BY_HOUR),
    "admission": running_sum(_ADMISSIONS_BY_HOUR),
}


def minute_of(kind: Literal["AMB", "EMER", "discharge", "admission"], draws: Draws) -> int:
    """Return a minute of the day (0-1439) at which such a thing happens."""
    return draws.weighted(_BY_HOUR[kind]) * 60 + draws.below(60)


def stay_days(diagnosis: Diagnosis, draws: Draws) -> int:
    """Return the days of a stay, at least one: around the diagnosis's mean, with a long tail."""
    half = diagnosis.days
    days = 1 + draws.below(half) + draws.below(half)
    return days + draws.below(2 * half) if draws.below(100) < 8 else days
