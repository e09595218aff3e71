"""Runs every rule that applies to a resource, in one pass, and returns all findings."""

from collections import defaultdict

from msgspec import Struct

from province_hub.quality import completeness, conformity, linkage, logic, uniqueness
from province_hub.quality.rule import RULES, Check, Circumstances, Finding, Rule

# Importing a dimension declares its rules.
DIMENSION_MODULES = (completeness, conformity, logic, linkage, uniqueness)

_FOR_EVERY_TYPE = ""


def _by_type() -> dict[str, list[tuple[Rule, Check]]]:
    rules: dict[str, list[tuple[Rule, Check]]] = defaultdict(list)
    for rule in RULES.values():
        if rule.check is not None:
            for resource_type in rule.applies_to or (_FOR_EVERY_TYPE,):
                rules[resource_type].append((rule, rule.check))
    return rules


_RULES = _by_type()
_GENERAL = _RULES[_FOR_EVERY_TYPE]


def judge_resource(resource: Struct, circumstances: Circumstances) -> list[Finding]:
    """All findings on one resource that is structurally sound and translated."""
    findings: list[Finding] = []
    for rule, check in _GENERAL:
        findings += [Finding(rule, violation) for violation in check(resource, circumstances)]
    for rule, check in _RULES.get(type(resource).__name__, ()):
        findings += [Finding(rule, violation) for violation in check(resource, circumstances)]
    return findings
