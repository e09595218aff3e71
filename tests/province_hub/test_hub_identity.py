"""By what a record is known: business identifiers, own ids, and never another county's."""

import pytest
from hub_records import Json, as_json, bundle, identifier, number, patient, post, put, resident_number, visit
from hub_station import County, NewCounty

from exchange.systems import HEALTH_RECORD_NUMBER, OUTPATIENT_NUMBER, PATIENT_INDEX, RESIDENT_NUMBER
from province_hub.store.tables import OTHER_IDENTIFIER, RECORD


def test_put_by_identifier_creates_and_then_updates_one_record(county: County) -> None:
    p = number()
    first = county.accept(put(patient(p)))
    second = county.accept(put(patient(p, gender="unknown")))
    assert (first.fates, second.fates) == (["new"], ["updated"])
    assert first.locations == second.locations


def test_the_value_in_the_url_may_be_percent_encoded(county: County) -> None:
    p = number()
    county.accept(put(patient(p)))
    url = f"Patient?identifier={PATIENT_INDEX.replace(':', '%3A').replace('/', '%2F')}%7C{p}"
    assert county.push(put(patient(p), url=url)).fates == ["repeated"]


def test_create_if_none_exist_creates_once_and_changes_nothing_later(county: County) -> None:
    p = number()
    token = f"identifier={PATIENT_INDEX}|{p}"
    first = county.accept(post(patient(p), ifNoneExist=token))
    second = county.accept(post(patient(p, gender="unknown"), ifNoneExist=token))
    assert (first.fates, second.fates) == (["new"], ["repeated"])
    assert second.statuses == ["200"]
    assert county.station.read(second.locations[0])["gender"] == "male"


def test_create_if_none_exist_twice_in_one_batch_creates_once(county: County) -> None:
    p = number()
    entry = post(patient(p), ifNoneExist=f"identifier={PATIENT_INDEX}|{p}")
    assert county.push(entry, entry).fates == ["new", "repeated"]


def test_a_plain_post_is_known_by_its_own_business_identifier(county: County) -> None:
    p = number()
    first = county.accept(post(patient(p)))
    assert county.push(post(patient(p))).fates == ["repeated"]
    assert county.push(put(patient(p))).locations == first.locations


def test_a_plain_post_of_a_patient_is_known_by_the_patient_index_before_other_numbers(county: County) -> None:
    p = number()
    numbers = [identifier(RESIDENT_NUMBER, resident_number()), identifier(PATIENT_INDEX, p)]
    first = county.accept(post(patient(p, identifier=numbers)))
    (record,) = county.rows(RECORD)
    assert record.identity == f"{PATIENT_INDEX}|{p}"
    assert county.push(put(patient(p))).locations == first.locations


def test_a_record_is_found_by_its_other_identifiers_too(county: County) -> None:
    p, second = number(), resident_number()
    first = county.accept(put(patient(p, resident=second)))
    again = county.push(put(patient(p, resident=second), url=f"Patient?identifier={RESIDENT_NUMBER}|{second}"))
    assert again.fates == ["repeated"]
    assert again.locations == first.locations


def test_an_identifier_that_an_update_dropped_finds_the_record_no_more(county: County) -> None:
    p, dropped = number(), number()
    numbers = [identifier(PATIENT_INDEX, p), identifier(HEALTH_RECORD_NUMBER, dropped)]
    county.accept(put(patient(p, identifier=numbers)))
    assert [row.token for row in county.rows(OTHER_IDENTIFIER)] == [f"{HEALTH_RECORD_NUMBER}|{dropped}"]
    county.accept(put(patient(p)))
    assert county.rows(OTHER_IDENTIFIER) == []
    alone = patient(p, identifier=[identifier(HEALTH_RECORD_NUMBER, dropped)])
    assert county.push(put(alone)).fates == ["new"]


def test_a_county_may_choose_ids_under_its_own_prefix(county: County) -> None:
    own = f"{county.code}-77"
    resource = patient(id=own)
    first = county.push(put(resource, url=f"Patient/{own}"))
    assert first.fates == ["new"]
    assert first.locations == [f"Patient/{own}"]
    assert county.push(put(resource, url=f"Patient/{own}")).fates == ["repeated"]
    assert county.push(put(resource | {"gender": "other"}, url=f"Patient/{own}")).fates == ["updated"]
    assert county.station.read(f"Patient/{own}")["gender"] == "other"


def test_a_record_with_an_own_id_keeps_it_when_written_by_identifier(county: County) -> None:
    own, p = f"{county.code}-78", number()
    county.accept(put(patient(p, id=own), url=f"Patient/{own}"))
    again = county.push(put(patient(p, gender="other")))
    assert again.fates == ["updated"]
    assert again.locations == [f"Patient/{own}"]
    assert county.station.read(f"Patient/{own}")["gender"] == "other"


@pytest.mark.parametrize("logical_id", ["1", "320481-1", "T-1", "{code}", "x{code}-1"])
def test_an_id_outside_the_countys_own_prefix_is_refused_with_the_reason(county: County, logical_id: str) -> None:
    logical_id = logical_id.format(code=county.code)
    answer = county.push(put(patient(id=logical_id), url=f"Patient/{logical_id}"))
    assert answer.fates == ["refused"]
    assert answer.statuses == ["422"]
    (finding,) = answer.findings()
    assert finding["rule"] == "conformity.foreign-id"
    assert finding["expression"] == "Bundle.entry[0].request.url"
    assert finding["found"] == f"Patient/{logical_id}"
    assert f"Patient/{county.code}-" in finding["expected_en"]
    assert "Patient?identifier=" in finding["mend_en"]
    assert county.records() == 0


def test_the_id_in_the_resource_must_be_the_one_in_the_url(county: County) -> None:
    answer = county.push(put(patient(id=f"{county.code}-1"), url=f"Patient/{county.code}-2"))
    assert answer.rules() == ["conformity.request"]
    assert answer.findings()[0]["expression"] == "Bundle.entry[0].resource.id"


def test_two_counties_with_the_same_numbers_never_meet_in_one_record(new_county: NewCounty) -> None:
    p, v = number(), number()
    one, other = new_county(), new_county()
    entries = [put(patient(p)), put(visit(p, v))]
    first, second = one.push(*entries), other.push(*entries)
    assert first.fates == second.fates == ["new", "new"]
    assert set(first.locations).isdisjoint(second.locations)
    other.accept(put(patient(p, birthDate="1999-09-09")))
    assert one.station.read(first.locations[0])["birthDate"] == "1980-01-01"
    (subject,) = (one.station.read(first.locations[1])["subject"], other.station.read(second.locations[1])["subject"])[
        :1
    ]
    assert subject["reference"] == first.locations[0]
    assert other.station.read(second.locations[1])["subject"]["reference"] == second.locations[0]


def test_two_counties_that_both_put_patient_1_are_both_refused(new_county: NewCounty) -> None:
    for county in (new_county(), new_county()):
        assert county.push(put(patient(id="1"), url="Patient/1")).rules() == ["conformity.foreign-id"]
        assert county.records() == 0


def test_a_county_cannot_write_under_another_ones_prefix(new_county: NewCounty) -> None:
    one, other = new_county(), new_county()
    own = f"{one.code}-1"
    one.accept(put(patient(id=own), url=f"Patient/{own}"))
    answer = other.push(put(patient(id=own, gender="other"), url=f"Patient/{own}"))
    assert answer.rules() == ["conformity.foreign-id"]
    assert one.station.read(f"Patient/{own}")["gender"] == "male"


def test_an_identifier_in_the_url_that_the_resource_does_not_carry_is_refused(county: County) -> None:
    p = number()
    answer = county.push(put(patient(p), url=f"Patient?identifier={PATIENT_INDEX}|another"))
    assert answer.rules() == ["uniqueness.no-identity"]
    assert answer.findings()[0]["expression"] == "Bundle.entry[0].resource.identifier"
    assert county.records() == 0


@pytest.mark.parametrize(
    "identifiers",
    [
        {},
        {"identifier": [{"value": "without system"}]},
        {"identifier": [{"system": PATIENT_INDEX}]},
    ],
    ids=["none", "no system", "no value"],
)
def test_a_resource_without_a_usable_identifier_is_refused(county: County, identifiers: Json) -> None:
    resource = {name: value for name, value in patient().items() if name != "identifier"} | identifiers
    answer = county.push({"resource": resource, "request": {"method": "POST", "url": "Patient"}})
    assert answer.fates == ["refused"]
    assert answer.rules() == ["uniqueness.no-identity"]


def test_an_identifier_that_names_two_records_is_ambiguous(county: County) -> None:
    shared = resident_number()
    for _ in range(2):
        county.accept(put(patient(resident=shared)))
    p = number()
    answer = county.push(put(patient(p, resident=shared), url=f"Patient?identifier={RESIDENT_NUMBER}|{shared}"))
    assert answer.fates == ["refused"]
    assert answer.statuses == ["412"]
    assert answer.rules() == ["uniqueness.ambiguous-identity"]
    single = county.write("PUT", f"Patient?identifier={RESIDENT_NUMBER}|{shared}", patient(p, resident=shared))
    assert single.status_code == 412
    assert single.json()["issue"][0]["code"] == "multiple-matches"


def test_the_same_identity_twice_in_a_transaction_is_refused(county: County) -> None:
    p = number()
    answer = county.push(put(patient(p)), put(patient(p, gender="other")), kind="transaction")
    assert answer.fates == ["refused", "refused"]
    assert answer.rules(1) == ["uniqueness.same-identity-twice"]
    assert county.records() == 0


def test_the_same_number_on_two_types_of_resource_is_no_clash(county: County) -> None:
    p, n = number(), number()
    shared = [identifier(OUTPATIENT_NUMBER, n)]
    answer = county.push(put(patient(p)), put(patient(identifier=shared)), put(visit(p, identifier=shared)))
    assert answer.fates == ["new"] * 3


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PUT", "Patient"),
        ("PUT", "Patient?"),
        ("PUT", "Patient?name=王"),
        ("PUT", "Patient?identifier=without-system"),
        ("PUT", "Patient?identifier={token}&gender=male"),
        ("PUT", "Patient/{code}-1?identifier={token}"),
        ("POST", "Patient/{code}-1"),
        ("POST", "Patient?identifier={token}"),
        ("POST", "Encounter"),
        ("POST", ""),
        ("PATCH", "Patient?identifier={token}"),
        ("DELETE", "Patient?identifier={token}"),
        ("GET", "Patient?identifier={token}"),
    ],
)
def test_a_request_that_names_no_one_record_is_refused(county: County, method: str, url: str) -> None:
    p = number()
    url = url.format(token=f"{PATIENT_INDEX}|{p}", code=county.code)
    request = {"method": method, "url": url} if url else {"method": method}
    answer = county.push({"resource": patient(p), "request": request}, put(patient()))
    assert answer.fates == ["refused", "new"]
    assert answer.rules() == ["conformity.request"]
    assert answer.findings()[0]["expression"].startswith("Bundle.entry[0].request")


@pytest.mark.parametrize("condition", ["Patient?identifier=a|b", "name=x", "identifier=without-system"])
def test_a_condition_that_is_no_identifier_is_refused(county: County, condition: str) -> None:
    answer = county.push(post(patient(), ifNoneExist=condition))
    assert answer.rules() == ["conformity.request"]
    assert answer.findings()[0]["expression"] == "Bundle.entry[0].request.ifNoneExist"


def test_one_resource_at_a_time_walks_the_same_way(county: County) -> None:
    p = number()
    path = f"Patient?identifier={PATIENT_INDEX}|{p}"
    created = county.write("PUT", path, patient(p))
    assert created.status_code == 201
    assert created.headers["ETag"] == 'W/"1"'
    again = county.write("PUT", path, patient(p))
    assert again.status_code == 200
    changed = county.write("PUT", path, patient(p, gender="other"))
    assert (changed.status_code, changed.headers["ETag"]) == (200, 'W/"2"')
    assert county.push(put(patient(p, gender="other"))).fates == ["repeated"]
    assert county.ledger() == {"new": 1, "updated": 1, "repeated": 2, "held": 1, "usable": 1}


def test_a_single_post_creates_by_business_identifier(county: County) -> None:
    p = number()
    created = county.write("POST", "Patient", patient(p))
    assert created.status_code == 201
    assert created.headers["Location"].startswith("/fhir/Patient/")
    assert county.write("POST", "Patient", patient(p)).status_code == 200
    token = f"identifier={PATIENT_INDEX}|{p}"
    kept = county.write("POST", "Patient", patient(p, gender="other"), **{"If-None-Exist": token})
    assert kept.status_code == 200
    assert county.station.read(f"Patient/{created.headers['Location'].split('/')[3]}")["gender"] == "male"


def test_a_single_put_under_the_own_prefix_creates_that_id(county: County) -> None:
    own = f"{county.code}-9"
    created = county.write("PUT", f"Patient/{own}", patient(id=own))
    assert created.status_code == 201
    assert created.headers["Location"] == f"/fhir/Patient/{own}/_history/1"


def test_a_single_put_under_a_bare_id_is_refused_with_the_reason(county: County) -> None:
    refused = county.write("PUT", "Patient/1", patient(id="1"))
    assert refused.status_code == 422
    (issue,) = refused.json()["issue"]
    assert issue["code"] == "business-rule"
    assert "Patient/1" in issue["diagnostics"]
    assert f"{county.code}-" in issue["diagnostics"]
    assert county.records() == 0


def test_a_resource_of_another_type_than_the_path_is_refused(county: County) -> None:
    refused = county.write("POST", "Encounter", patient())
    assert refused.status_code == 422
    assert "begins with Patient" in refused.json()["issue"][0]["diagnostics"]


def test_the_number_of_a_bundle_is_kept_with_its_submission(county: County) -> None:
    sent = bundle(put(patient()), submission_number="2016-03-10/7")
    answer = county.answered(county.station.send(as_json(sent), county.code))
    assert answer.receipt["number"] == "2016-03-10/7"
