"""Logic (逻辑性): what a record says of one thing agrees with what it says of another."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from exchange.clock import day_of
from province_hub.quality.conformity import resident_number_is_valid, resident_numbers
from province_hub.quality.rule import Circumstances, Dimension, Rule, Violation, declare, mask

_GENDER_OF_SEX_DIGIT = {0: "female", 1: "male"}


def birth_date_of_resident_number(patient: Any, _: Circumstances) -> Iterator[Violation]:
    """A birth date that differs from digits 7 to 14 of a valid resident number."""
    birth_date = patient.birthDate
    if not birth_date or len(birth_date) != 10:
        return
    for _position, number in resident_numbers(patient):
        if resident_number_is_valid(number) and number[6:14] != birth_date.replace("-", ""):
            yield Violation(
                "Patient.birthDate",
                f"{birth_date[:4]}-**-**",
                f"the date in {mask(number)}",
                f"与{mask(number)}一致",
            )


def sex_of_resident_number(patient: Any, _: Circumstances) -> Iterator[Violation]:
    """A gender that differs from the 17th digit (odd for men) of a valid resident number."""
    if patient.gender not in ("male", "female"):
        return
    for _position, number in resident_numbers(patient):
        if resident_number_is_valid(number):
            expected = _GENDER_OF_SEX_DIGIT[int(number[16]) % 2]
            if patient.gender != expected:
                yield Violation("Patient.gender", str(patient.gender), expected, expected)


def end_before_start(encounter: Any, _: Circumstances) -> Iterator[Violation]:
    """A visit or stay that ends before it begins."""
    period = encounter.period
    if period and period.start and period.end and _later(period.start, period.end):
        yield Violation("Encounter.period.end", f"{period.end}, with start {period.start}")


def in_the_future(resource: Any, circumstances: Circumstances) -> Iterator[Violation]:
    """Something that is said to have happened after it arrived."""
    path, instant = _clinical_instant(resource)
    if instant:
        day = day_of(instant)
        if day is not None and day > circumstances.arrival_day:
            yield Violation(path, instant, f"not after {circumstances.arrived_at}", f"不晚于{circumstances.arrived_at}")


def _later(first: str, second: str) -> bool:
    # Same precision and same offset, as connectors send them, compare as text; other instants as such; else by day.
    if first[10:11] == second[10:11] == "T":
        if first[-6:] == second[-6:] and first[-6] in "+-":
            return first > second
        return datetime.fromisoformat(first) > datetime.fromisoformat(second)
    first_day, second_day = day_of(first), day_of(second)
    return first_day is not None and second_day is not None and first_day > second_day


def _clinical_instant(resource: Any) -> tuple[str, str]:
    match type(resource).__name__:
        case "Encounter":
            return "Encounter.period.start", (resource.period.start or "") if resource.period else ""
        case "Observation":
            return "Observation.effectiveDateTime", resource.effectiveDateTime or ""
        case "DiagnosticReport":
            return "DiagnosticReport.effectiveDateTime", resource.effectiveDateTime or ""
        case "Condition":
            return "Condition.recordedDate", resource.recordedDate or ""
        case "Procedure":
            return "Procedure.performedDateTime", resource.performedDateTime or ""
        case "Composition":
            return "Composition.date", resource.date or ""
        case _:
            return "", ""


BIRTH_DATE = declare(
    Rule(
        id="logic.birth-date-of-resident-number",
        dimension=Dimension.LOGIC,
        severity="error",
        code="business-rule",
        title_en="Birth date and resident number disagree",
        title_zh="出生日期与身份证号不符",
        expected_en="the date in the resident number",
        expected_zh="与身份证号一致",
        mend_en="Correct the one that was typed; the number's digits 7 to 14 are the birth date.",
        mend_zh="请改正录入有误的一项；身份证号第7至14位为出生日期。",
        applies_to=("Patient",),
        check=birth_date_of_resident_number,
    )
)

SEX = declare(
    Rule(
        id="logic.sex-of-resident-number",
        dimension=Dimension.LOGIC,
        severity="error",
        code="business-rule",
        title_en="Sex and resident number disagree",
        title_zh="性别与身份证号不符",
        expected_en="the sex in the resident number",
        expected_zh="与身份证号一致",
        mend_en="Correct the sex at its source, or check the map of sex codes; the 17th digit is odd for men.",
        mend_zh="请核对性别录入或性别码映射；身份证号第17位奇数为男。",
        applies_to=("Patient",),
        check=sex_of_resident_number,
    )
)

END_BEFORE_START = declare(
    Rule(
        id="logic.end-before-start",
        dimension=Dimension.LOGIC,
        severity="error",
        code="business-rule",
        title_en="A visit ends before it begins",
        title_zh="结束时间早于开始时间",
        expected_en="an end that is not before the start",
        expected_zh="结束时间不早于开始时间",
        mend_en="Correct admission or discharge time at the source.",
        mend_zh="请在源系统核对入院与出院时间。",
        applies_to=("Encounter",),
        check=end_before_start,
    )
)

FUTURE = declare(
    Rule(
        id="logic.in-the-future",
        dimension=Dimension.LOGIC,
        severity="error",
        code="business-rule",
        title_en="It happened after it arrived",
        title_zh="业务时间晚于上传时间",
        expected_en="a time that is not after the arrival",
        expected_zh="不晚于上传时间",
        mend_en="Check the clock and the time zone of the source system.",
        mend_zh="请检查源系统时钟与时区。",
        applies_to=("Encounter", "Observation", "DiagnosticReport", "Condition", "Procedure", "Composition"),
        check=in_the_future,
    )
)
