"""What one upload brings: newcomers, visits and stays with their details, follow-ups without a visit.

The order is fixed by the quota and the draws of the day, so that a day can be made alone. Nothing is kept of
a record once it is handed on.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Final, Literal

import msgspec

from county_nodes.care import (
    Diagnosis,
    Panel,
    Specialty,
    Window,
    choose_diagnosis,
    department_of,
    diagnoses,
    examinations,
    medications,
    minute_of,
    panels,
    stay_days,
)
from county_nodes.concepts import Resource
from county_nodes.draws import Draws, running_sum
from county_nodes.observations import blood_pressure, laboratory_value, vital_sign
from county_nodes.patients import Patients
from county_nodes.plan import DayQuota
from county_nodes.population import Vitals
from county_nodes.records import (
    Institution,
    Records,
    Visit,
    examination_report,
    laboratory_report,
    moment,
    reference,
)
from exchange.systems import INPATIENT_NUMBER, OBSERVATION_NUMBER, OUTPATIENT_NUMBER

DETAILS_OF_A_VISIT: Final = 40
"""As many details hang on one visit at most; a stay is worth six visits."""

_STAY: Final = 6
_REPORTS_OF_A_VISIT: Final = 24
_SENT_AGAIN: Final = 0.004
_COMMON_PANELS: Final = (
    "blood",
    "liver",
    "renal",
    "lipids",
    "electrolytes",
    "urine",
    "coagulation",
    "glucose",
)
_COMMON_EXAMINATIONS: Final = ("ecg", "chest-xray", "abdomen-ultrasound")
_ROUTES: Final = ("1", "2", "3", "9")
_DISPOSITIONS: Final = ("1", "2", "3", "4", "9")
_DISPOSITION_WEIGHTS: Final = running_sum((926, 16, 26, 28, 4))


class Newcomer(msgspec.Struct, frozen=True, gc=False):
    """A patient, by local index, who is met for the first time and sent now."""

    patient: int


class Again(msgspec.Struct, frozen=True, gc=False):
    """A patient, by local index, who is sent once more, unchanged."""

    patient: int


class Upload:
    """The records of one upload day of one node."""

    def __init__(
        self,
        node: str,
        quota: DayQuota,
        patients: Patients,
        records: Records,
        institutions: tuple[Institution, ...],
        specialty: Specialty,
        seed: int,
    ) -> None:
        self._specialty = specialty
        self._quota = quota
        self._patients = patients
        self._records = records
        self._institutions = institutions
        self._draws = Draws(seed, node, quota.day, "care")
        self._window = Window(quota.since, quota.day)
        self._prefix = f"{node}-{quota.day:%Y%m%d}"
        self._serial = 0
        self._free_reports = quota.reports is None
        self._sent_again: set[int] = set()
        self._steps = (
            (self._condition, self._procedure, self._prescription, self._signs),
            (self._prescription, self._condition, self._signs),
            (self._signs, self._prescription, self._condition),
        )

    def records(self) -> Iterator[Resource | Newcomer | Again]:
        """Everything new of this day, in an order in which every reference points back."""
        quota, draws = self._quota, self._draws
        events = quota.visits + quota.discharges
        at_events = min(quota.new_patients, events)
        known = quota.patients_before
        for _ in range(quota.new_patients - at_events):
            yield Newcomer(known)
            known += 1
        details, reports = quota.details, quota.reports or 0
        weight_left = quota.visits + _STAY * quota.discharges
        introduced = 0
        for event in range(events):
            is_stay = (event + 1) * quota.discharges // events > event * quota.discharges // events
            is_new = -(-(event + 1) * at_events // events) > introduced
            if is_new:
                index, known, introduced = known, known + 1, introduced + 1
                yield Newcomer(index)
                vitals = self._patients.vitals(index)
            else:
                index, vitals = self._returning(known)
                if self._is_sent_again(index):
                    yield Again(index)
            weight = _STAY if is_stay else 1
            own = self._share(details, weight, weight_left, varies=True)
            own = min(details if weight == weight_left else own, details, DETAILS_OF_A_VISIT * weight)
            own_reports = min(
                self._share(reports, weight, weight_left, varies=False), reports, _REPORTS_OF_A_VISIT * weight
            )
            details, reports, weight_left = details - own, reports - own_reports, weight_left - weight
            visit = self._stay(index, vitals) if is_stay else self._visit(index, vitals)
            yield self._encounter(visit, vitals)
            yield from self._details(visit, vitals, own, own_reports)
        while details or reports:
            index, vitals = self._returning(known)
            own, own_reports = min(details, 3 + draws.below(10)), min(reports, 1 + draws.below(2))
            details, reports = details - own, reports - own_reports
            yield from self._details(self._follow_up(index, vitals), vitals, own, own_reports)

    def _share(self, left: int, weight: int, weight_left: int, *, varies: bool) -> int:
        """Return a part of what is left by its weight; one that varies is anything up to twice that."""
        if not left:
            return 0
        part = left * weight
        if varies:
            part = (2 * part * self._draws.word()) >> 32
        return (part + self._draws.below(weight_left)) // weight_left

    def _number(self, letters: str) -> str:
        self._serial += 1
        return f"{self._prefix}-{letters}{self._serial:06d}"

    def _returning(self, known: int) -> tuple[int, Vitals]:
        """Somebody who is known; of two the one who needs care more. The dead do not come back."""
        draws, patients = self._draws, self._patients
        index = draws.below(known)
        vitals = patients.vitals(index)
        for _ in range(2):
            other = draws.below(known)
            candidate = patients.vitals(other)
            if vitals.last_visit or (candidate.need > vitals.need and not candidate.last_visit):
                index, vitals = other, candidate
        return index, vitals

    def _is_sent_again(self, index: int) -> bool:
        if index >= self._quota.patients_before or not self._draws.chance(_SENT_AGAIN) or index in self._sent_again:
            return False
        self._sent_again.add(index)
        return True

    def _visit(self, index: int, vitals: Vitals) -> Visit:
        draws = self._draws
        day = self._window.visit_day(draws)
        diagnosis = choose_diagnosis(vitals, day, False, self._specialty, draws)
        kind: Literal["AMB", "EMER"] = "EMER" if draws.below(100) < diagnosis.emergency else "AMB"
        start = minute_of(kind, draws)
        number = self._number("MZ")
        return Visit(
            subject=self._records.subject(index),
            number=number,
            kind=kind,
            diagnosis=diagnosis,
            department=department_of(diagnosis, vitals.age, kind == "EMER"),
            payment=vitals.payment,
            start_day=day.toordinal(),
            start_minute=start,
            end_day=day.toordinal(),
            end_minute=start + 15 + draws.below(75),
            reference=reference("Encounter", OUTPATIENT_NUMBER, number),
        )

    def _stay(self, index: int, vitals: Vitals) -> Visit:
        draws = self._draws
        day = self._window.discharge_day(draws)
        diagnosis = choose_diagnosis(vitals, day, True, self._specialty, draws)
        number = self._number("ZY")
        return Visit(
            subject=self._records.subject(index),
            number=number,
            kind="IMP",
            diagnosis=diagnosis,
            department=department_of(diagnosis, vitals.age, False),
            payment=vitals.payment,
            start_day=day.toordinal() - stay_days(diagnosis, draws),
            start_minute=minute_of("admission", draws),
            end_day=day.toordinal(),
            end_minute=minute_of("discharge", draws),
            reference=reference("Encounter", INPATIENT_NUMBER, number),
        )

    def _follow_up(self, index: int, vitals: Vitals) -> Visit:
        """Return what is measured or prescribed outside any visit: an occasion without an Encounter."""
        draws = self._draws
        day = self._window.visit_day(draws)
        start = minute_of("AMB", draws)
        return Visit(
            subject=self._records.subject(index),
            number="",
            kind="AMB",
            diagnosis=self._follow_up_diagnosis(vitals, day),
            department="",
            payment="",
            start_day=day.toordinal(),
            start_minute=start,
            end_day=day.toordinal(),
            end_minute=start,
            reference=None,
        )

    def _follow_up_diagnosis(self, vitals: Vitals, day: date) -> Diagnosis:
        draws = self._draws
        if not self._specialty.departments:
            if vitals.hypertension and draws.below(100) < 60:
                return diagnoses()["I10.x00"]
            if vitals.diabetes and draws.below(100) < 70:
                return diagnoses()["E11.900"]
        return choose_diagnosis(vitals, day, False, self._specialty, draws)

    def _encounter(self, visit: Visit, vitals: Vitals) -> Resource:
        draws = self._draws
        institutions = self._institutions
        route = disposition = ""
        if visit.kind == "IMP":
            by_emergency = draws.below(100) < visit.diagnosis.emergency
            route = "1" if by_emergency else _ROUTES[1 + (draws.below(100) >= 94) + (draws.below(100) >= 99)]
            disposition = "5" if vitals.last_visit else _DISPOSITIONS[draws.weighted(_DISPOSITION_WEIGHTS)]
            institution = institutions[draws.below(min(2, len(institutions)))]
        else:
            # Two draws favour the first institutions of the list, which are the large ones.
            institution = institutions[min(draws.below(len(institutions)), draws.below(len(institutions)))]
        return self._records.encounter(visit, institution, route, disposition)

    def _details(self, visit: Visit, vitals: Vitals, left: int, reports: int) -> list[Resource]:
        """`left` details and `reports` exact reports of one visit, in clinical order."""
        made: list[Resource] = []
        if left:
            # With few details the mix still differs from visit to visit.
            for step in self._steps[self._draws.below(3) if left < 4 else 0]:
                if len(made) < left:
                    step(visit, vitals, left - len(made), made)
            left -= len(made)
        turn = 0
        while left > 0 or reports > 0:
            is_examination = turn % 4 == 1 and (reports > 0 or self._free_reports)
            if is_examination or not left:
                made.append(self._examination(visit, turn))
                reports, left = (reports - 1, left) if reports else (0, left - 1)
            elif turn % 6 == 5:
                before = len(made)
                self._signs(visit, vitals, left, made, turn)
                left -= len(made) - before
            else:
                left, reports = self._laboratory(visit, turn, left, reports, made)
            turn += 1
        return made

    def _when(self, visit: Visit, turn: int) -> str:
        if visit.kind == "IMP":
            stay = visit.end_day - visit.start_day
            return moment(visit.start_day + 1 + turn % stay, 390 + turn % 30)
        return moment(visit.start_day, visit.start_minute + 8 + min(turn * 4, 76))

    def _condition(self, visit: Visit, vitals: Vitals, left: int, made: list[Resource]) -> None:
        codes = [visit.diagnosis.code]
        if vitals.hypertension and visit.diagnosis.chronic != "hypertension":
            codes.append("I10.x00")
        if vitals.diabetes and visit.diagnosis.chronic != "diabetes":
            codes.append("E11.900")
        when = self._when(visit, 0)
        for code in codes[: 1 if left < 8 else left]:
            made.append(self._records.condition(self._number("ZD"), visit.subject, visit.reference, code, when))

    def _prescription(self, visit: Visit, _vitals: Vitals, left: int, made: list[Resource]) -> None:
        when = self._when(visit, 1)
        for key in visit.diagnosis.medications[:left]:
            made.append(
                self._records.medication_request(
                    self._number("CF"), visit.subject, visit.reference, medications()[key], when
                )
            )

    def _procedure(self, visit: Visit, _vitals: Vitals, _left: int, made: list[Resource]) -> None:
        if visit.kind == "IMP" and visit.diagnosis.procedure and self._draws.below(100) < 55:
            made.append(self._records.procedure(self._number("SS"), visit, self._when(visit, 1)))

    def _signs(self, visit: Visit, vitals: Vitals, left: int, made: list[Resource], turn: int = 0) -> None:
        draws, age = self._draws, vitals.age
        when = self._when(visit, turn)
        if age >= 14:
            systolic = 106 + min(age, 80) // 4 + 16 * vitals.hypertension + draws.below(26)
            diastolic = 62 + min(age, 60) // 6 + 8 * vitals.hypertension + draws.below(17)
            made.append(blood_pressure(self._number("GC"), visit.subject, visit.reference, systolic, diastolic, when))
        for sign in ("temperature", "pulse", "weight")[: max(0, min(left, 3) - (age >= 14))]:
            made.append(
                vital_sign(
                    self._number("GC"),
                    visit.subject,
                    visit.reference,
                    sign,
                    _sign_value(sign, vitals, visit.diagnosis, draws),
                    when,
                )
            )

    def _laboratory(self, visit: Visit, turn: int, left: int, reports: int, made: list[Resource]) -> tuple[int, int]:
        """Add a panel as far as the details reach, with its report; return what is left of both."""
        draws = self._draws
        choice = _panels_of(visit.diagnosis)
        panel = choice[turn % len(choice)]
        when = self._when(visit, turn)
        has_report = reports > 0 or (self._free_reports and left > 1)
        room = left - 1 if has_report and not reports else left
        results = []
        is_ill = draws.below(100) < 60
        shows = panel.key == "glucose" and visit.diagnosis.chronic == "diabetes" and draws.below(100) < 70
        subject, encounter = visit.subject, visit.reference
        for analyte in panel.analytes[:room]:
            number = self._number("GC")
            value = analyte.raised(draws) if shows else analyte.value(is_ill, draws)
            made.append(laboratory_value(number, subject, encounter, analyte, value, when))
            if has_report:
                results.append(reference("Observation", OBSERVATION_NUMBER, number))
        left -= min(room, len(panel.analytes))
        if has_report:
            number = self._number("JY")
            made.append(laboratory_report(number, subject, encounter, panel, when, results))
            reports, left = (reports - 1, left) if reports else (0, left - 1)
        return left, reports

    def _examination(self, visit: Visit, turn: int) -> Resource:
        keys = visit.diagnosis.examinations + _COMMON_EXAMINATIONS
        examination = examinations()[keys[turn // 4 % len(keys)]]
        return examination_report(
            self._number("JC"),
            visit.subject,
            visit.reference,
            examination,
            self._draws.below(100) < 45,
            self._when(visit, turn),
        )


@cache
def _panels_of(diagnosis: Diagnosis) -> tuple[Panel, ...]:
    """Return the panels that go with a diagnosis, then the common ones."""
    keys = dict.fromkeys((*diagnosis.panels, *_COMMON_PANELS))
    return tuple(panels()[key] for key in keys)


def _sign_value(sign: str, vitals: Vitals, diagnosis: Diagnosis, draws: Draws) -> float:
    age = vitals.age
    if sign == "temperature":
        fever = diagnosis.code[:3] in ("J06", "J03", "J11", "J18", "R50", "A09") and draws.below(100) < 55
        return (372 + draws.below(22) if fever else 361 + draws.below(10)) / 10
    if sign == "pulse":
        return 62 + draws.below(34) + max(0, 12 - age) * 3
    if age < 18:
        return (80 + age * 27 + draws.below(60)) / 10
    return ((530 if vitals.sex == "female" else 620) + draws.below(181)) / 10
