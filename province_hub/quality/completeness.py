"""Completeness (完整性): what a data set requires is there and is not a filler."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from exchange.clock import day_of
from exchange.datasets import COUNTED_CLASSES, missing_elements
from province_hub.quality.rule import Circumstances, Dimension, Rule, Violation, declare


def required_elements(resource: Struct, circumstances: Circumstances) -> Iterator[Violation]:
    """Required elements of the data set that are absent or hold a filler such as `-` or `不详`."""
    for element in missing_elements(resource, circumstances.data_set):
        yield Violation(
            element.path,
            "nothing, or a filler 缺失或占位值",
            expected_en=f"{element.name_en} ({element.identifier or element.basis})",
            expected_zh=f"{element.name_zh}（{element.identifier or element.basis}）",
        )


def day_of_encounter(encounter: Any, circumstances: Circumstances) -> Iterator[Violation]:
    """A visit whose start, or a discharge whose end, names no single day, such as `2016-03`."""
    if circumstances.data_set and encounter.period:
        which = "end" if circumstances.data_set == "discharge" else "start"
        instant = getattr(encounter.period, which)
        if instant and day_of(instant) is None:
            yield Violation(f"Encounter.period.{which}", instant)


def class_of_encounter(encounter: Any, circumstances: Circumstances) -> Iterator[Violation]:
    """A class that no data set counts."""
    coding = encounter.class_
    if not circumstances.data_set and coding.system:  # without a system it is a local code, and was found unmapped
        yield Violation("Encounter.class", f"{coding.system or 'no system'}|{coding.code or 'no code'}")


REQUIRED_ELEMENT = declare(
    Rule(
        id="completeness.required-element",
        dimension=Dimension.COMPLETENESS,
        severity="error",
        code="required",
        title_en="An element that the data set requires is missing",
        title_zh="数据集要求的必填项缺失",
        expected_en="a value",
        expected_zh="必填项有值",
        mend_en="Fill the element at its source; a filler (-, 无, 不详) counts as empty.",
        mend_zh="请在源系统补填该项；“-”“无”“不详”等占位值视为空。",
        check=required_elements,
    )
)

DAY_OF_ENCOUNTER = declare(
    Rule(
        id="completeness.day-of-encounter",
        dimension=Dimension.COMPLETENESS,
        severity="error",
        code="required",
        title_en="A visit cannot be counted, because its day is not known",
        title_zh="就诊或出院日期不明确，无法统计",
        expected_en="a date with its day",
        expected_zh="精确到日的日期",
        mend_en="Send the day, better the time with its offset.",
        mend_zh="请上传精确到日（最好到时刻并带时区）的时间。",
        applies_to=("Encounter",),
        check=day_of_encounter,
    )
)

CLASS_OF_ENCOUNTER = declare(
    Rule(
        id="completeness.class-of-encounter",
        dimension=Dimension.COMPLETENESS,
        severity="warning",
        code="informational",
        title_en="An Encounter of this class counts in no data set",
        title_zh="该就诊类别不计入任何数据集",
        expected_en=f"one of {', '.join(COUNTED_CLASSES)} of v3-ActCode, if it is to count",
        expected_zh=f"如需计数，应为v3-ActCode的{'、'.join(COUNTED_CLASSES)}之一",
        mend_en="Map the local kind of visit to outpatient, emergency or inpatient.",
        mend_zh="请将本地就诊类别映射为门诊、急诊或住院。",
        applies_to=("Encounter",),
        check=class_of_encounter,
    )
)
