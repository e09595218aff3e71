"""Every outcome as FHIR R4 says it: OperationOutcome, batch and transaction responses, and their HTTP statuses."""

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from exchange.systems import BASE
from province_hub.intake.door import TurnedAway
from province_hub.intake.receipt import Receipt, ReceiptEntry, ReceiptFinding

FHIR_JSON = "application/fhir+json; charset=utf-8"
RULE_SYSTEM = f"{BASE}/CodeSystem/quality-rule"

Resource = dict[str, Any]

_STATUS_OF_RULE = {
    "conformity.structure": HTTPStatus.BAD_REQUEST,
    "uniqueness.ambiguous-identity": HTTPStatus.PRECONDITION_FAILED,
    "uniqueness.other-version": HTTPStatus.PRECONDITION_FAILED,
}


def fhir_response(resource: Resource | bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A resource as an HTTP response."""
    content = resource if isinstance(resource, bytes) else msgspec.json.encode(resource)
    return Response(content, status, headers, media_type=FHIR_JSON)


def turned_away(outcome: TurnedAway) -> Response:
    """The response to a request that held no submission."""
    issue = simple_issue(outcome.code, outcome.diagnostics, outcome.expression)
    headers = {"Retry-After": "1"} if outcome.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return fhir_response(operation_outcome([issue]), outcome.status, headers)


def simple_issue(code: str, diagnostics: str, expression: str = "") -> Resource:
    """An issue of severity error that no quality rule stands behind."""
    issue: Resource = {"severity": "error", "code": code, "diagnostics": diagnostics}
    if expression:
        issue["expression"] = [expression]
    return issue


def operation_outcome(issues: list[Resource]) -> Resource:
    """An OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": issues}


def submission_headers(receipt: Receipt) -> dict[str, str]:
    """Where the receipt can be fetched again."""
    return {
        "X-Submission-Id": receipt.submission,
        "Link": f'</api/submissions/{receipt.submission}>; rel="receipt"',
    }


def bundle_response(receipt: Receipt) -> Response:
    """The answer to a batch or transaction, entry by entry (R4 http.html#transaction-response)."""
    headers = submission_headers(receipt)
    if receipt.failed:
        issues = [_issue(finding) for entry in receipt.entries for finding in entry.findings]
        first = next(entry for entry in receipt.entries if any(finding.refuses for finding in entry.findings))
        return fhir_response(operation_outcome(issues), _status(first), headers)
    bundle: Resource = {
        "resourceType": "Bundle",
        "id": receipt.submission,
        "type": f"{receipt.kind}-response",
        "timestamp": receipt.arrived_at,
        "link": [{"relation": "receipt", "url": f"/api/submissions/{receipt.submission}"}],
        "entry": [{"response": _entry_response(entry, receipt)} for entry in receipt.entries],
    }
    if not receipt.entries:
        del bundle["entry"]
    return fhir_response(bundle, 200, headers)


def single_response(receipt: Receipt) -> Response:
    """The answer to a create or update of one resource."""
    entry = receipt.entries[0]
    headers = submission_headers(receipt)
    if entry.outcome == "refused":
        return fhir_response(outcome_of(entry), _status(entry), headers)
    headers |= {"Location": f"/fhir/{_versioned(entry)}", "ETag": f'W/"{entry.version}"'}
    return fhir_response(outcome_of(entry), _status(entry), headers)


def outcome_of(entry: ReceiptEntry) -> Resource:
    """The findings on one entry as an OperationOutcome; it says so where there are none."""
    issues = [_issue(finding) for finding in entry.findings]
    if not issues:
        sentence = f"Accepted ({entry.outcome}), nothing found. 已接收，未发现质量问题。"
        issues = [{"severity": "information", "code": "informational", "diagnostics": sentence}]
    return operation_outcome(issues)


def _entry_response(entry: ReceiptEntry, receipt: Receipt) -> Resource:
    status = _status(entry)
    response: Resource = {"status": f"{status.value} {status.phrase}"}
    if entry.outcome != "refused":
        response["location"] = _versioned(entry)
        response["etag"] = f'W/"{entry.version}"'
        if entry.outcome != "repeated":
            response["lastModified"] = receipt.arrived_at
    if entry.findings:
        response["outcome"] = outcome_of(entry)
    return response


def _versioned(entry: ReceiptEntry) -> str:
    return f"{entry.location}/_history/{entry.version}"


def _status(entry: ReceiptEntry) -> HTTPStatus:
    if entry.outcome == "new":
        return HTTPStatus.CREATED
    if entry.outcome != "refused":
        return HTTPStatus.OK
    return next(
        (_STATUS_OF_RULE[finding.rule] for finding in entry.findings if finding.rule in _STATUS_OF_RULE),
        HTTPStatus.UNPROCESSABLE_ENTITY,
    )


def _issue(finding: ReceiptFinding) -> Resource:
    # R4: severity error means that the action failed; what only marks a record is a warning on the wire.
    severity = "warning" if finding.severity == "error" and not finding.refuses else finding.severity
    return {
        "severity": severity,
        "code": finding.code,
        "details": {
            "coding": [{"system": RULE_SYSTEM, "code": finding.rule, "display": finding.title_en}],
            "text": f"{finding.title_zh} {finding.title_en}",
        },
        "diagnostics": (
            f"Found {finding.found}; expected {finding.expected_en}. {finding.mend_en} "
            f"实际：{finding.found}；应为：{finding.expected_zh}。{finding.mend_zh}"
        ),
        "expression": [finding.expression],
    }
