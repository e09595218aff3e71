"""Judge: every rule over every entry that could be read; the policy says which findings refuse."""

from datetime import date

from exchange.datasets import data_set_of, event_day
from province_hub.intake.submission import Entry, Submission
from province_hub.quality.engine import judge_resource
from province_hub.quality.policy import Policy
from province_hub.quality.rule import Circumstances


def judge(submission: Submission, policy: Policy) -> None:
    """Add the findings of all rules, and refuse the entries that the policy refuses."""
    arrival_day = date.fromisoformat(submission.arrival_day)
    for entry in submission.entries:
        if entry.refused:
            continue
        _recognise(entry)
        circumstances = Circumstances(arrival_day, submission.arrived_at, entry.data_set)
        entry.findings += judge_resource(entry.resource, circumstances)
        if entry.findings:
            entry.refused = any(policy.refuses(finding) for finding in entry.findings)


def _recognise(entry: Entry) -> None:
    """Which data set the resource anchors, and its day: known only once its codes are national."""
    entry.data_set = data_set_of(entry.resource)
    day = event_day(entry.resource) if entry.data_set else None
    entry.event_day = day.isoformat() if day else ""
