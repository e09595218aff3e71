"""Structural problems, as FHIR's structure explains them, become findings; what they quote of a person is masked."""

from exchange.fhir import Problem
from province_hub.quality import conformity
from province_hub.quality.rule import Rule, Violation, mask

_PERSONAL = tuple(
    f"Patient.{element}"
    for element in ("identifier", "name", "telecom", "birthDate", "_birthDate", "address", "photo", "contact", "text")
)


def rule_of(problem: Problem) -> Rule:
    """The rule that a problem breaks."""
    return conformity.REQUIRED_BINDING if problem.kind == "code-invalid" else conformity.STRUCTURE


def violation_of(problem: Problem, expression: str | None = None) -> Violation:
    """The problem as a rule's violation, at its own place or another one."""
    personal = problem.expression.startswith(_PERSONAL) and problem.found != "absent"
    return Violation(
        problem.expression if expression is None else expression,
        mask(problem.found) if personal else problem.found,
        problem.expected_en,
        problem.expected_zh,
        problem.mend_en,
        problem.mend_zh,
    )
