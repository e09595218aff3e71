"""Reading back: records, what the server can do, and answers that FHIR's own models accept."""

from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.patient import Patient
from hub_records import as_json, bundle, number, patient, post, put, report, visit
from hub_station import County, Station


def test_a_record_is_read_by_the_hubs_id(county: County) -> None:
    resource = patient()
    location = county.accept(put(resource)).locations[0]
    response = county.station.client.get(f"/fhir/{location}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert response.headers["ETag"] == 'W/"1"'
    read = response.json()
    assert read.pop("id") == location.split("/")[1]
    assert read.pop("meta") == {"versionId": "1", "lastUpdated": "2016-03-10T22:00:00+08:00"}
    assert read == resource
    Patient.model_validate_json(response.content)


def test_a_record_is_read_by_the_countys_own_id(county: County) -> None:
    own = f"{county.code}-1"
    county.accept(put(patient(id=own), url=f"Patient/{own}"))
    assert county.station.read(f"Patient/{own}")["id"] == own


def test_the_version_counts_up_with_every_change(county: County) -> None:
    p = number()
    county.accept(put(patient(p)))
    location = county.accept(put(patient(p, gender="other"))).locations[0]
    response = county.station.client.get(f"/fhir/{location}")
    assert response.headers["ETag"] == 'W/"2"'
    assert response.json()["meta"]["versionId"] == "2"


def test_what_the_node_says_in_meta_is_kept_beside_the_hubs_own(county: County) -> None:
    meta = {"versionId": "99", "lastUpdated": "2001-01-01T00:00:00Z", "profile": ["https://vendor.example/p"]}
    location = county.accept(put(patient(meta=meta))).locations[0]
    stored = county.station.read(location)["meta"]
    assert stored == {"profile": meta["profile"], "versionId": "1", "lastUpdated": "2016-03-10T22:00:00+08:00"}


@pytest.mark.parametrize(
    "path", ["Patient/999999999", "Patient/T0001-none", "Patient/abc", "Patient/-1", "Patient/1.0"]
)
def test_a_record_that_is_not_there_is_404(station: Station, path: str) -> None:
    response = station.client.get(f"/fhir/{path}")
    assert response.status_code == 404
    (issue,) = response.json()["issue"]
    assert issue["code"] == "not-found"
    assert path in issue["diagnostics"]


def test_a_record_is_not_found_under_another_type(county: County) -> None:
    location = county.accept(put(patient())).locations[0]
    assert county.station.client.get(f"/fhir/Encounter/{location.split('/')[1]}").status_code == 404


def test_an_unknown_type_is_404_and_says_so(station: Station) -> None:
    response = station.client.get("/fhir/Patinet/1")
    assert response.status_code == 404
    assert response.json()["issue"][0]["code"] == "not-supported"


@pytest.mark.parametrize("digits", ["12.50", "0.10", "100", "1.0", "-0.00", "1E+3", "12345678901234567890.123456789"])
def test_decimals_come_back_as_they_were_written(county: County, digits: str) -> None:
    p = number()
    extension = [{"url": "https://vendor.example/fee", "valueDecimal": "DIGITS"}]
    body = as_json(bundle(put(patient(p)), put(report(p, extension=extension)))).replace(b'"DIGITS"', digits.encode())
    answer = county.answered(county.station.send(body, county.code))
    text = county.station.client.get(f"/fhir/{answer.locations[1]}").text
    assert f'"valueDecimal":{digits}' in text


def test_chinese_text_comes_back_as_it_was_written(county: County) -> None:
    name = [{"text": "王小明𠮷·阿不都", "family": "王"}]
    location = county.accept(put(patient(name=name))).locations[0]
    assert county.station.read(location)["name"] == name


def test_the_capability_statement_is_sound_and_says_what_the_hub_does(station: Station) -> None:
    response = station.client.get("/fhir/metadata")
    assert response.status_code == 200
    statement: Any = CapabilityStatement.model_validate_json(response.content)
    assert statement.fhirVersion == "4.0.1"
    assert statement.format == ["application/fhir+json"]
    (rest,) = statement.rest
    assert {interaction.code for interaction in rest.interaction} == {"batch", "transaction"}
    resources = {resource.type: resource for resource in rest.resource}
    assert {"Patient", "Encounter", "Composition", "DiagnosticReport"} <= resources.keys()
    assert {interaction.code for interaction in resources["Patient"].interaction} >= {"read", "create", "update"}
    assert resources["Patient"].conditionalCreate
    assert resources["Patient"].conditionalUpdate


def test_a_batch_response_is_a_sound_bundle(county: County) -> None:
    p = number()
    county.accept(put(patient(p)))
    answer = county.push(put(patient(p)), put(visit(p, reasonCode=[{"text": "-"}])), put(visit("x")), post(report(p)))
    made: Any = Bundle.model_validate_json(answer.response.content)
    assert made.type == "batch-response"
    assert [entry.response.status[:3] for entry in made.entry] == ["200", "201", "422", "201"]
    outcomes = [entry.response.outcome for entry in made.entry]
    assert [outcome is not None for outcome in outcomes] == [False, True, True, False]
    assert all(isinstance(outcome, OperationOutcome) for outcome in outcomes if outcome is not None)
    locations = [entry.response.location for entry in made.entry]
    assert locations == [f"{location}/_history/1" if location else None for location in answer.locations]
    assert answer.response.headers["Link"] == f'</api/submissions/{made.id}>; rel="receipt"'


def test_a_transaction_response_is_a_sound_bundle(county: County) -> None:
    p = number()
    answer = county.push(put(patient(p)), put(visit(p)), kind="transaction")
    made: Any = Bundle.model_validate_json(answer.response.content)
    assert made.type == "transaction-response"
    assert [entry.response.etag for entry in made.entry] == ['W/"1"', 'W/"1"']


def test_the_answer_to_an_empty_bundle_is_a_sound_bundle(county: County) -> None:
    made: Any = Bundle.model_validate_json(county.push().response.content)
    assert made.type == "batch-response"


def test_a_failed_transaction_is_answered_with_a_sound_outcome(county: County) -> None:
    answer = county.push(put(patient(gender="x", birthDate="y")), put(visit("nobody")), kind="transaction")
    outcome: Any = OperationOutcome.model_validate_json(answer.response.content)
    assert {issue.expression[0] for issue in outcome.issue} == {
        "Bundle.entry[0].resource.gender",
        "Bundle.entry[0].resource.birthDate",
        "Bundle.entry[1].resource.subject",
    }
    assert all(issue.details.coding[0].code and issue.diagnostics for issue in outcome.issue)


def test_what_only_marks_a_record_is_a_warning_on_the_wire(county: County) -> None:
    written = county.write("POST", "Patient", patient(name=[{"text": "-"}]))
    assert written.status_code == 201
    outcome: Any = OperationOutcome.model_validate_json(written.content)
    assert [issue.severity for issue in outcome.issue] == ["warning"]
    sound: Any = OperationOutcome.model_validate_json(county.write("POST", "Patient", patient()).content)
    assert [issue.severity for issue in sound.issue] == ["information"]
