"""What a quality rule and a finding are, and the register in which every rule is declared once.

Dimensions follow the published practice of regional platforms (完整性 … 唯一性); `code` is FHIR R4's IssueType.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from msgspec import Struct


class Dimension(StrEnum):
    """A side of data quality."""

    COMPLETENESS = "completeness"
    CONFORMITY = "conformity"
    LOGIC = "logic"
    CONSISTENCY = "consistency"
    LINKAGE = "linkage"
    TIMELINESS = "timeliness"
    UNIQUENESS = "uniqueness"


DIMENSIONS_ZH: Mapping[Dimension, str] = {
    Dimension.COMPLETENESS: "完整性",
    Dimension.CONFORMITY: "规范性",
    Dimension.LOGIC: "逻辑性",
    Dimension.CONSISTENCY: "一致性",
    Dimension.LINKAGE: "关联性",
    Dimension.TIMELINESS: "及时性",
    Dimension.UNIQUENESS: "唯一性",
}

Severity = Literal["error", "warning", "information"]


class Circumstances(Struct, frozen=True, gc=False):
    """What a rule may know beside the resource: the day it arrived and the data set it anchors, if any."""

    arrival_day: date
    arrived_at: str
    data_set: str


@dataclass(frozen=True, slots=True)
class Violation:
    """Where a resource breaks a rule. `expression` is FHIRPath from the resource's type; `found` is safe to show.

    What was expected and how to mend it are the rule's own sentences unless this violation knows better.
    """

    expression: str
    found: str
    expected_en: str = ""
    expected_zh: str = ""
    mend_en: str = ""
    mend_zh: str = ""


Check = Callable[[Struct, Circumstances], Iterable[Violation]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, with its sentences for people. `check` is None where a step of the way raises it itself."""

    id: str
    dimension: Dimension
    severity: Severity
    code: str
    title_en: str
    title_zh: str
    expected_en: str
    expected_zh: str
    mend_en: str
    mend_zh: str
    applies_to: tuple[str, ...] = ()
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about one element (质量问题)."""

    rule: Rule
    violation: Violation

    @property
    def expected_en(self) -> str:
        """What was expected, in English."""
        return self.violation.expected_en or self.rule.expected_en

    @property
    def expected_zh(self) -> str:
        """What was expected, in Chinese."""
        return self.violation.expected_zh or self.rule.expected_zh

    @property
    def mend_en(self) -> str:
        """How to mend it, in English."""
        return self.violation.mend_en or self.rule.mend_en

    @property
    def mend_zh(self) -> str:
        """How to mend it, in Chinese."""
        return self.violation.mend_zh or self.rule.mend_zh


RULES: dict[str, Rule] = {}
"""Every declared rule by id; filled when `province_hub.quality.engine` is imported."""


def declare(rule: Rule) -> Rule:
    """Enter a rule in the register. Raises ValueError where its id is taken."""
    if rule.id in RULES:
        raise ValueError(f"the quality rule {rule.id} is declared twice")
    RULES[rule.id] = rule
    return rule


def mask(value: str) -> str:
    """Personal data as it may be shown: the first three and the last two characters, the rest as stars."""
    if len(value) <= 6:
        return f"{value[:1]}{'*' * (len(value) - 1)}"
    return f"{value[:3]}{'*' * (len(value) - 5)}{value[-2:]}"


def shown_token(token: str) -> str:
    """An identifier `system|value` as it may be shown: the value masked."""
    system, _, value = token.partition("|")
    return f"{system}|{mask(value)}"
