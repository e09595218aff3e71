"""The care tables fit the national code tables and each other, and care fits age, sex and disease."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

import pytest

from codemaps import CodeTable
from county_nodes.care import (
    GENERAL,
    SPECIALTIES,
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
from county_nodes.draws import Draws
from county_nodes.population import vitals_of

DAY = date(2016, 3, 7)


def test_every_code_of_care_is_in_the_national_tables(tables: Mapping[str, CodeTable]) -> None:
    for diagnosis in diagnoses().values():
        assert diagnosis.code in tables["diagnosis"].concepts
        assert diagnosis.department in tables["department"].concepts
        assert not diagnosis.procedure or diagnosis.procedure in tables["procedure"].concepts
    for medication in medications().values():
        assert medication.frequency in tables["medication-frequency"].concepts
    assert {"07", "20"} <= set(tables["department"].concepts)


def test_every_key_of_a_diagnosis_has_its_row() -> None:
    for diagnosis in diagnoses().values():
        assert set(diagnosis.medications) <= set(medications()), diagnosis.code
        assert set(diagnosis.panels) <= set(panels()), diagnosis.code
        assert set(diagnosis.examinations) <= set(examinations()), diagnosis.code


def test_no_medicine_panel_or_examination_is_there_for_nobody() -> None:
    used = [key for diagnosis in diagnoses().values() for key in diagnosis.medications + diagnosis.examinations]
    used += [key for diagnosis in diagnoses().values() for key in diagnosis.panels]

    assert set(medications()) | set(examinations()) | set(panels()) == set(used)


def test_diagnoses_fit_age_sex_and_disease() -> None:
    draws = Draws(7, "care")
    seen = Counter()
    for number in range(4000):
        vitals = vitals_of(number * 1009, 7)
        diagnosis = choose_diagnosis(vitals, DAY, False, GENERAL, draws)
        if diagnosis.code[0] == "O" or diagnosis.code[:3] in ("N76", "N83", "N92", "D25", "Z34"):
            assert vitals.sex == "female"
        if diagnosis.code[0] == "O":
            assert 18 <= vitals.age < 45
        if diagnosis.code == "N40.x00":
            assert vitals.sex == "male"
            assert vitals.age >= 45
        if diagnosis.code == "Z00.100":
            assert vitals.age < 18
        seen[diagnosis.code == "I10.x00", vitals.hypertension] += 1
    assert seen[True, True] > 10 * seen[True, False]


def test_a_cold_is_more_frequent_in_march_than_in_april() -> None:
    vitals = [vitals_of(number, 7) for number in range(3000)]
    by_month = {}
    for day in (date(2016, 3, 7), date(2016, 4, 11)):
        draws = Draws(7, "season")
        found = [choose_diagnosis(each, day, False, GENERAL, draws).code for each in vitals]
        by_month[day.month] = sum(code[0] == "J" for code in found)
    assert by_month[3] > 1.1 * by_month[4]


def test_a_specialised_hospital_treats_what_it_is_there_for() -> None:
    draws = Draws(7, "cancer")
    elderly = [vitals for vitals in (vitals_of(number, 7) for number in range(500)) if vitals.age > 50]

    for vitals in elderly:
        assert choose_diagnosis(vitals, DAY, True, SPECIALTIES["A514"], draws).department == "19"


def test_children_and_emergencies_have_departments_of_their_own() -> None:
    cold = diagnoses()["J06.900"]

    assert department_of(cold, 5, emergency=False) == "07"
    assert department_of(cold, 40, emergency=False) == "03.01"
    assert department_of(cold, 5, emergency=True) == "20"


def test_events_lie_in_the_window_of_their_upload() -> None:
    draws, window = Draws(7, "window"), Window(date(2016, 3, 3), date(2016, 3, 9))

    days = Counter(window.visit_day(draws) for _ in range(3000))
    assert set(days) == {date(2016, 3, day) for day in range(3, 10)}
    assert days[date(2016, 3, 7)] > days[date(2016, 3, 6)]  # Monday, Sunday
    assert {window.discharge_day(draws) for _ in range(500)} == set(days)


@pytest.mark.parametrize("kind", ["AMB", "EMER", "discharge"])
def test_what_is_uploaded_has_happened_before_the_upload_hour(kind) -> None:
    draws = Draws(7, kind)

    assert max(minute_of(kind, draws) for _ in range(2000)) < 20 * 60


def test_stays_are_around_the_mean_of_their_diagnosis() -> None:
    draws, stroke = Draws(7, "stays"), diagnoses()["I63.900"]

    stays = [stay_days(stroke, draws) for _ in range(2000)]
    assert min(stays) >= 1
    assert 10 < sum(stays) / len(stays) < 15


def test_values_are_plausible_and_mostly_within_the_reference_range() -> None:
    draws = Draws(7, "values")
    for panel in panels().values():
        for analyte in panel.analytes:
            values = [analyte.value(True, draws) for _ in range(300)]
            assert min(values) >= 0
            assert max(values) <= 3 * analyte.high
            assert sum(analyte.low <= value <= analyte.high for value in values) > 150
            healthy = [analyte.value(False, draws) for _ in range(50)]
            assert all(analyte.low <= value <= analyte.high for value in healthy)
