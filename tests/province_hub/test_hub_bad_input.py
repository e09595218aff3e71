"""Bad input over HTTP: every refusal names the place and how to mend it, and leaves store and ledger as they were."""

import json
import socket

import pytest
from hub_records import Json, as_json, bundle, number, patient, post, put, visit
from hub_station import FHIR_JSON, County, Station, assert_untouched, count_rows, refusal

from province_hub.store.tables import LEDGER, QUARANTINE, RECORD, SUBMISSION

SOUND = as_json(bundle(put(patient("never-stored"))))

# What is turned away never reaches the store: one of the two is enough.
pytestmark = pytest.mark.parametrize("station", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", SOUND[:-20], SOUND + b"}", b"[" + SOUND + b"]", b'"Bundle"', b"null", b"\xef\xbb\xbf" + SOUND],
    ids=["empty", "no JSON", "truncated", "more after the end", "array", "string", "null", "byte order mark"],
)
def test_what_is_no_json_object_is_400(county: County, body: bytes) -> None:
    issue = refusal(county.station.send(body, county.code), 400)
    assert "UTF-8" in issue["diagnostics"]
    assert_untouched(county)


def test_utf_16_is_400(county: County) -> None:
    refusal(county.station.send(SOUND.decode().encode("utf-16"), county.code), 400)
    assert_untouched(county)


def test_gb18030_bytes_never_reach_the_store_and_the_answer_says_utf_8(county: County) -> None:
    body = SOUND.decode().encode("gb18030")
    response = county.station.send(body, county.code)
    assert "UTF-8" in response.text
    assert county.rows(RECORD) == []


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (patient(), "'Patient'"),
        ({}, "None"),
        ({"resourceType": "bundle", "type": "batch"}, "'bundle'"),
        ({"resourceType": 5}, "None"),
        ({"resourceType": "Parameters"}, "'Parameters'"),
    ],
    ids=["another resource", "no type", "lower case", "number", "parameters"],
)
def test_what_is_no_bundle_is_422(county: County, content: Json, found: str) -> None:
    issue = refusal(county.station.send(content, county.code), 422)
    assert issue["expression"] == ["resourceType"]
    assert found in issue["diagnostics"]
    assert "/fhir/<type>" in issue["diagnostics"]
    assert_untouched(county)


@pytest.mark.parametrize("kind", ["collection", "document", "searchset", "batch-response", "history"])
def test_a_bundle_of_another_type_is_422(county: County, kind: str) -> None:
    issue = refusal(county.station.send(bundle(put(patient()), kind=kind), county.code), 422)
    assert issue["expression"] == ["Bundle.type"]
    assert f"'{kind}'" in issue["diagnostics"]
    assert "'batch' or 'transaction'" in issue["diagnostics"]
    assert_untouched(county)


@pytest.mark.parametrize(
    ("changed", "expression"),
    [
        ({"type": "colection"}, "Bundle.type"),
        ({"entry": []}, "Bundle.entry"),
        ({"entry": {}}, "Bundle.entry"),
        ({"entry": None}, "Bundle.entry"),
        ({"entries": []}, "Bundle.entries"),
        ({"timestamp": "yesterday"}, "Bundle.timestamp"),
        ({"identifier": "7"}, "Bundle.identifier"),
    ],
    ids=["unknown type", "empty list", "no list", "null", "unknown element", "timestamp", "identifier"],
)
def test_an_unsound_envelope_is_422_and_named(county: County, changed: Json, expression: str) -> None:
    issue = refusal(county.station.send(bundle(put(patient())) | changed, county.code), 422)
    assert issue["expression"] == [expression]
    assert_untouched(county)


def test_a_bundle_without_type_is_422(county: County) -> None:
    content = {name: value for name, value in bundle(put(patient())).items() if name != "type"}
    assert refusal(county.station.send(content, county.code), 422)["expression"] == ["Bundle.type"]
    assert_untouched(county)


def test_a_bundle_without_entries_is_an_empty_submission(county: County) -> None:
    answer = county.push()
    assert answer.status == 200
    assert answer.receipt["submitted"] == 0
    assert county.rows(LEDGER) == []
    (row,) = county.rows(SUBMISSION)
    assert (row.submitted, row.refused) == (0, 0)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/fhir+xml",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json-patch+json",
        "application/fhir+json; charset=gb18030",
        "application/json;charset=GBK",
        'application/fhir+json; charset="iso-8859-1"',
        "",
    ],
)
def test_a_wrong_media_type_is_415_and_says_utf_8(county: County, content_type: str) -> None:
    response = county.station.send(SOUND, county.code, **{"Content-Type": content_type})
    assert "UTF-8" in refusal(response, 415)["diagnostics"].upper()
    assert_untouched(county)


def test_a_missing_media_type_is_415(county: County) -> None:
    response = county.station.client.post("/fhir", content=SOUND, headers={"X-Node": county.code})
    assert "application/fhir+json" in refusal(response, 415)["diagnostics"]
    assert_untouched(county)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/fhir+json",
        "application/json",
        "Application/FHIR+JSON;charset=UTF-8",
        'application/json; charset="utf-8"',
    ],
)
def test_json_in_utf_8_is_taken_under_either_name(county: County, content_type: str) -> None:
    response = county.station.send(bundle(put(patient())), county.code, **{"Content-Type": content_type})
    assert county.answered(response).fates == ["new"]


@pytest.mark.parametrize("code", ["999999", "t0001", "320481,320482", "溧阳"])
def test_an_unknown_node_is_403(station: Station, code: str) -> None:
    before = count_rows(station.engine, SUBMISSION)
    headers = {b"Content-Type": FHIR_JSON.encode(), b"X-Node": code.encode()}
    issue = refusal(station.client.post("/fhir", content=SOUND, headers=headers), 403)
    assert "X-Node" in issue["diagnostics"]
    assert count_rows(station.engine, SUBMISSION) == before


def test_a_caller_that_names_no_node_is_403(station: Station) -> None:
    response = station.client.post("/fhir", content=SOUND, headers={"Content-Type": FHIR_JSON})
    issue = refusal(response, 403)
    assert issue["code"] == "forbidden"
    assert "/api/nodes" in issue["diagnostics"]


def test_an_unknown_node_cannot_write_one_resource_either(station: Station) -> None:
    headers = {"Content-Type": FHIR_JSON, "X-Node": "nobody"}
    for method, path in (("POST", "Patient"), ("PUT", "Patient/nobody-1"), ("PUT", "Patient?identifier=a%7Cb")):
        refusal(station.client.request(method, f"/fhir/{path}", content=as_json(patient()), headers=headers), 403)


def test_an_unknown_resource_type_in_an_entry_is_refused_and_named(county: County) -> None:
    stranger = {"resourceType": "Patinet", "identifier": [{"system": "urn:oid:1.2.3", "value": "1"}]}
    answer = county.push(put(patient()), put(stranger), put(patient()))
    assert answer.fates == ["new", "refused", "new"]
    (finding,) = answer.findings(1)
    assert finding["expression"] == "Bundle.entry[1].resource.resourceType"
    assert "`Patient`" in finding["mend_en"]


@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
@pytest.mark.parametrize("resource_type", ["Patinet", "patient", "metadata2"])
def test_an_unknown_resource_type_in_the_path_is_404(county: County, method: str, resource_type: str) -> None:
    path = resource_type if method == "POST" else f"{resource_type}/{county.code}-1"
    issue = refusal(county.write(method, path, patient(id=f"{county.code}-1")), 404)
    assert resource_type in issue["diagnostics"]
    assert_untouched(county)


def test_an_entry_without_a_resource_is_refused(county: County) -> None:
    answer = county.push(put(patient()), {"request": {"method": "POST", "url": "Patient"}})
    assert answer.fates == ["new", "refused"]
    assert answer.statuses == ["201", "400"]
    (finding,) = answer.findings(1)
    assert (finding["expression"], finding["found"]) == ("Bundle.entry[1].resource", "no resource")


def test_an_entry_without_a_request_is_refused_and_told_how_to_write_one(county: County) -> None:
    answer = county.push(put(patient()), {"resource": patient()})
    assert answer.fates == ["new", "refused"]
    (finding,) = answer.findings(1)
    assert finding["rule"] == "conformity.request"
    assert finding["expression"] == "Bundle.entry[1].request.url"
    assert '"method": "PUT"' in finding["mend_en"]


def test_an_unknown_method_costs_only_its_own_entry(county: County) -> None:
    entries = [put(patient()) for _ in range(10)]
    entries[7]["request"]["method"] = "FETCH"
    answer = county.push(*entries)
    assert answer.fates == ["new"] * 7 + ["refused"] + ["new"] * 2
    (finding,) = answer.findings(7)
    assert finding["expression"].startswith("Bundle.entry[7].request")
    assert "FETCH" in finding["found"]
    assert "POST or PUT" in finding["expected_en"]


NO_ENTRIES: dict[str, object] = {
    "null": None,
    "number": 5,
    "string": "entry",
    "empty list": [],
    "list": [put(patient())],
    "empty": {},
    "null resource": {"resource": None},
    "number as resource": {"resource": 5},
    "list as resource": {"resource": []},
    "empty resource": {"resource": {}},
}


@pytest.mark.parametrize("entry", NO_ENTRIES.values(), ids=NO_ENTRIES)
def test_what_is_no_entry_at_all_costs_only_itself(county: County, entry: object) -> None:
    answer = county.push(put(patient()), entry, put(patient()))
    assert answer.fates == ["new", "refused", "new"]
    assert answer.findings(1)
    assert all(finding["expression"].startswith("Bundle.entry[1]") for finding in answer.findings(1))
    assert county.ledger() == {"new": 2, "refused": 1, "held": 2, "usable": 2}


@pytest.mark.parametrize(
    ("changed", "expression", "hint"),
    [
        ({"gender": "mann"}, "gender", "male, female"),
        ({"gendre": "male"}, "gendre", "`gender`"),
        ({"birthDate": "1980-02-30"}, "birthDate", "a date that exists"),
        ({"birthDate": 1980}, "birthDate", "quotes"),
        ({"active": "true"}, "active", "quotes"),
        ({"name": {"text": "x"}}, "name", "array"),
        ({"name": []}, "name", "empty"),
        ({"name": [{"text": ""}]}, "name[0].text", "empty"),
        ({"deceasedBoolean": False, "deceasedDateTime": "2016-01-01"}, "deceased", "deceasedBoolean"),
        ({"birthDate": None}, "birthDate", "Leave the element out"),
    ],
)
def test_an_unsound_element_is_named_with_what_to_do(county: County, changed: Json, expression: str, hint: str) -> None:
    answer = county.push(put(patient()), put(patient(**changed)))
    assert answer.fates == ["new", "refused"]
    (finding,) = answer.findings(1)
    assert finding["expression"] == f"Bundle.entry[1].resource.{expression}"
    (issue,) = answer.response.json()["entry"][1]["response"]["outcome"]["issue"]
    assert issue["expression"] == [finding["expression"]]
    assert hint in issue["diagnostics"]


@pytest.mark.parametrize("depth", [10, 200])
def test_a_deeply_nested_element_is_refused_like_any_other(county: County, depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    body = as_json(bundle(put(patient()), put(patient(extension="NESTED")))).replace(b'"NESTED"', nested)
    answer = county.answered(county.station.send(body, county.code))
    assert answer.fates == ["new", "refused"]
    assert answer.findings(1)[0]["expression"].startswith("Bundle.entry[1].resource.extension")


def test_deep_but_sound_nesting_is_taken(county: County) -> None:
    extension: Json = {"url": "https://vendor.example/last", "valueString": "x"}
    for level in range(40):
        extension = {"url": f"https://vendor.example/{level}", "extension": [extension]}
    answer = county.push(put(patient(extension=[extension])))
    assert answer.fates == ["new"]
    assert county.station.read(answer.locations[0])["extension"] == [extension]


def test_a_value_of_a_million_characters_is_not_repeated_in_the_answer(county: County) -> None:
    answer = county.push(put(patient(gender="x" * 1_000_000)))
    assert answer.fates == ["refused"]
    assert len(answer.response.content) < 5000


def test_an_upload_that_breaks_off_leaves_nothing(county: County) -> None:
    body = as_json(bundle(put(patient())))
    head = (
        f"POST /fhir HTTP/1.1\r\nHost: hub\r\nX-Node: {county.code}\r\nContent-Type: {FHIR_JSON}\r\n"
        f"Content-Length: {len(body) + 10}\r\n\r\n"
    )
    with socket.create_connection(county.station.address) as connection:
        connection.sendall(head.encode() + body)
    assert county.push(put(patient())).fates == ["new"]
    assert county.ledger() == {"new": 1, "held": 1, "usable": 1}


def test_a_path_that_is_not_there_is_answered_with_an_outcome(station: Station) -> None:
    assert "/fhir/metadata" in refusal(station.client.get("/nothing/here"), 404)["diagnostics"]
    assert refusal(station.client.get("/fhir/Patient"), 405)["code"] == "not-supported"
    assert refusal(station.client.delete("/fhir/Patient/1"), 405)["code"] == "not-supported"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (as_json({"resourceType": "Patient", "gender": "x"}), 422), (as_json({}), 400)],
    ids=["no JSON", "array", "unsound", "no type"],
)
def test_a_single_resource_that_is_unsound_is_refused(county: County, body: bytes, status: int) -> None:
    refusal(county.write("POST", "Patient", body), status)
    assert county.records() == 0


def test_a_refused_single_resource_is_in_quarantine_like_an_entry(county: County) -> None:
    response = county.write("POST", "Patient", patient(gender="x"))
    issue = refusal(response, 422)
    assert issue["expression"] == ["Patient.gender"]
    (item,) = county.rows(QUARANTINE)
    assert (item.method, item.url) == ("POST", "Patient")
    assert county.ledger() == {"refused": 1}
    assert json.loads(item.content)["gender"] == "x"


def test_after_everything_bad_the_hub_still_works(county: County) -> None:
    p = number()
    for body in (b"", b"{", b"[" * 100, as_json(bundle(5)), as_json(bundle(kind="nothing"))):
        county.station.send(body, county.code)
    assert county.push(post(patient(p)), post(visit(p))).fates == ["new", "new"]
