"""The receipt (回执): what became of every entry of a submission, as data.

It is stored with the submission and can be fetched again; the FHIR response is made from it (`outcome`).
"""

from msgspec import Struct

from province_hub.intake.submission import Entry, Outcome, Submission
from province_hub.quality.policy import Policy
from province_hub.quality.rule import DIMENSIONS_ZH, Finding


class ReceiptFinding(Struct, frozen=True, omit_defaults=True):
    """A finding as people and connectors read it; `expression` is FHIRPath from what was sent.

    `refuses` tells that by the hub's policy it alone refuses the entry; any other only marks it.
    """

    rule: str
    dimension: str
    dimension_zh: str
    severity: str
    code: str
    title_en: str
    title_zh: str
    expression: str
    found: str
    expected_en: str
    expected_zh: str
    mend_en: str
    mend_zh: str
    refuses: bool = False


class ReceiptEntry(Struct, frozen=True, omit_defaults=True):
    """What became of one entry: new, updated, repeated or refused, where it is now, and what was found."""

    entry: int
    resource_type: str
    outcome: Outcome
    location: str = ""
    version: int = 0
    usable: bool = False
    quarantine: int = 0
    findings: tuple[ReceiptFinding, ...] = ()


class Receipt(Struct, frozen=True):
    """What became of a submission; submitted = new + updated + repeated + refused, always."""

    submission: str
    node: str
    number: str
    kind: str
    arrived_at: str
    submitted: int
    new: int
    updated: int
    repeated: int
    refused: int
    accepted: int
    usable: int
    entries: tuple[ReceiptEntry, ...]

    @property
    def failed(self) -> bool:
        """Whether it was a transaction of which nothing was stored."""
        return self.kind == "transaction" and self.refused > 0


def receipt_of(submission: Submission, policy: Policy) -> Receipt:
    """The receipt of a submission whose way is decided."""
    counts = dict.fromkeys(("new", "updated", "repeated", "refused"), 0)
    usable = 0
    for entry in submission.entries:
        outcome = "refused" if entry.refused else entry.outcome
        counts[outcome] += 1
        usable += entry.usable and not entry.refused
    return Receipt(
        submission=str(submission.key),
        node=submission.sender.code,
        number=submission.number,
        kind=submission.kind,
        arrived_at=submission.arrived_at,
        submitted=len(submission.entries),
        **counts,
        accepted=len(submission.entries) - counts["refused"],
        usable=usable,
        entries=tuple([_entry(submission, entry, policy) for entry in submission.entries]),
    )


def _entry(submission: Submission, entry: Entry, policy: Policy) -> ReceiptEntry:
    findings = tuple([_finding(submission, entry, finding, policy) for finding in entry.findings])
    if entry.refused:
        return ReceiptEntry(
            entry.position,
            entry.resource_type,
            "refused",
            quarantine=entry.quarantine or 0,
            findings=findings,
        )
    return ReceiptEntry(
        entry.position,
        entry.resource_type,
        entry.outcome,
        location=entry.location,
        version=entry.version,
        usable=entry.usable,
        findings=findings,
    )


def _finding(submission: Submission, entry: Entry, finding: Finding, policy: Policy) -> ReceiptFinding:
    rule = finding.rule
    return ReceiptFinding(
        rule=rule.id,
        dimension=rule.dimension,
        dimension_zh=DIMENSIONS_ZH[rule.dimension],
        severity=rule.severity,
        code=rule.code,
        title_en=rule.title_en,
        title_zh=rule.title_zh,
        expression=_located(submission, entry, finding.violation.expression),
        found=finding.violation.found,
        expected_en=finding.expected_en,
        expected_zh=finding.expected_zh,
        mend_en=finding.mend_en,
        mend_zh=finding.mend_zh,
        refuses=policy.refuses(finding),
    )


def _located(submission: Submission, entry: Entry, expression: str) -> str:
    """`Patient.gender` as seen from what was sent: `Bundle.entry[7].resource.gender`."""
    if submission.kind == "single":
        return expression
    place = f"Bundle.entry[{entry.position}]"
    if not expression[:1].isupper():  # something around the resource: request.method, fullUrl
        return f"{place}.{expression}".rstrip(".")
    _, dot, rest = expression.partition(".")
    return f"{place}.resource{dot}{rest}"
