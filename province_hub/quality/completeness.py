"""Completeness (完整性): what a data set requires is there and is not a filler."""

from collections.abc import Iterator

from msgspec import Struct

from exchange.datasets import missing_elements
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
