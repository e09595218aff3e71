"""What a reference leads to, inside the bundle and outside, and what becomes of those that lead nowhere."""

from itertools import permutations

import pytest
from hub_records import (
    Json,
    health_record,
    identifier,
    known_as,
    number,
    observation,
    patient,
    post,
    put,
    report,
    to_patient,
    uuid_url,
    visit,
)
from hub_station import County, NewCounty

from exchange.systems import OBSERVATION_NUMBER, OUTPATIENT_NUMBER, PATIENT_INDEX


def subject_of(county: County, location: str) -> Json:
    subject = county.station.read(location)["subject"]
    assert isinstance(subject, dict)
    return subject


def test_a_urn_uuid_leads_to_the_entry_that_has_it_as_full_url(county: County) -> None:
    url = uuid_url()
    answer = county.push(known_as(url, put(patient())), put(visit("", subject={"reference": url})))
    assert answer.fates == ["new", "new"]
    assert subject_of(county, answer.locations[1])["reference"] == answer.locations[0]


def test_a_relative_reference_leads_to_the_entry_with_that_rest_url(county: County) -> None:
    base = "http://his.example/fhir"
    answer = county.push(
        known_as(f"{base}/Patient/abc", put(patient())),
        known_as(f"{base}/Encounter/abc", put(visit("", subject={"reference": "Patient/abc"}))),
    )
    assert answer.fates == ["new", "new"]
    assert subject_of(county, answer.locations[1])["reference"] == answer.locations[0]


def test_an_absolute_reference_leads_to_the_entry_with_that_rest_url(county: County) -> None:
    url = "http://his.example/fhir/Patient/abc"
    answer = county.push(known_as(url, put(patient())), put(visit("", subject={"reference": url})))
    assert subject_of(county, answer.locations[1])["reference"] == answer.locations[0]


@pytest.mark.parametrize("earlier", [True, False], ids=["earlier", "same bundle"])
def test_a_conditional_reference_is_resolved(county: County, earlier: bool) -> None:
    p = number()
    first = [put(patient(p))]
    second = [put(visit("", subject={"reference": f"Patient?identifier={PATIENT_INDEX}|{p}"}))]
    if earlier:
        county.accept(*first)
        answer = county.push(*second)
    else:
        answer = county.push(*first, *second)
    assert "refused" not in answer.fates
    assert subject_of(county, answer.locations[-1])["reference"].startswith("Patient/")


@pytest.mark.parametrize("earlier", [True, False], ids=["earlier", "same bundle"])
def test_a_logical_reference_is_resolved_and_keeps_its_identifier(county: County, earlier: bool) -> None:
    p = number()
    if earlier:
        location = county.accept(put(patient(p))).locations[0]
        answer = county.push(put(visit(p)))
    else:
        answer = county.push(put(patient(p)), put(visit(p)))
        location = answer.locations[0]
    assert subject_of(county, answer.locations[-1]) == {"reference": location} | to_patient(p)


def test_a_logical_reference_needs_no_type_where_the_element_tells_it(county: County) -> None:
    p, v = number(), number()
    answer = county.push(
        put(patient(p)),
        put(visit(p, v, subject={"identifier": identifier(PATIENT_INDEX, p)})),
        put(observation(p, encounter={"identifier": identifier(OUTPATIENT_NUMBER, v)})),
    )
    assert answer.fates == ["new"] * 3
    assert county.station.read(answer.locations[2])["encounter"]["reference"] == answer.locations[1]


def test_a_literal_id_leads_to_an_earlier_record(county: County) -> None:
    location = county.accept(put(patient())).locations[0]
    answer = county.push(put(visit("", subject={"reference": location})))
    assert answer.fates == ["new"]
    assert subject_of(county, answer.locations[0])["reference"] == location


def test_an_own_id_leads_to_its_record_earlier_or_in_the_same_bundle(county: County) -> None:
    own, other = f"{county.code}-1", f"{county.code}-2"
    county.accept(put(patient(id=own), url=f"Patient/{own}"))
    answer = county.push(
        put(visit("", subject={"reference": f"Patient/{own}"})),
        put(visit("", subject={"reference": f"Patient/{other}"})),
        put(patient(id=other), url=f"Patient/{other}"),
    )
    assert answer.fates == ["new"] * 3
    assert subject_of(county, answer.locations[0])["reference"] == f"Patient/{own}"
    assert subject_of(county, answer.locations[1])["reference"] == f"Patient/{other}"


def test_a_versioned_reference_leads_to_the_record(county: County) -> None:
    location = county.accept(put(patient())).locations[0]
    answer = county.push(put(visit("", subject={"reference": f"{location}/_history/1"})))
    assert answer.fates == ["new"]
    assert subject_of(county, answer.locations[0])["reference"].startswith(location)


def test_another_nodes_record_cannot_be_referred_to(new_county: NewCounty) -> None:
    one, other = new_county(), new_county()
    p, own = number(), f"{one.code}-1"
    location = one.accept(put(patient(p))).locations[0]
    one.accept(put(patient(id=own), url=f"Patient/{own}"))
    answer = other.push(
        put(visit("", subject={"reference": location})),
        put(visit("", subject={"reference": f"Patient/{own}"})),
        put(visit(p)),
        put(visit("", subject={"reference": f"Patient?identifier={PATIENT_INDEX}|{p}"})),
    )
    assert answer.fates == ["refused"] * 4
    assert {rule for position in range(4) for rule in answer.rules(position)} == {"linkage.reference-to-nothing"}
    assert other.records() == 0


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"},
        {"reference": "Patient/999999999"},
        {"reference": "Patient/T0001-none"},
        {"reference": "Patient/abc"},
        {"reference": f"Patient?identifier={PATIENT_INDEX}|nobody"},
        to_patient("nobody"),
        {"reference": "Patient"},
        {"reference": "urn:oid:1.2.3"},
    ],
    ids=["urn", "hub id", "own id", "local id", "conditional", "logical", "no id", "oid"],
)
def test_a_reference_to_nothing_is_refused_and_named(county: County, subject: Json) -> None:
    answer = county.push(put(patient()), put(visit("", subject=subject)))
    assert answer.fates == ["new", "refused"]
    (finding,) = answer.findings(1)
    assert finding["rule"] == "linkage.reference-to-nothing"
    assert finding["expression"] == "Bundle.entry[1].resource.subject"
    assert finding["mend_en"]


def test_a_number_that_is_another_types_does_not_resolve(county: County) -> None:
    location = county.accept(put(patient())).locations[0]
    answer = county.push(put(observation("", subject={"reference": f"Group/{location.split('/')[1]}"})))
    assert answer.rules() == ["linkage.reference-to-nothing"]


def test_a_reference_to_nothing_in_a_list_is_told_with_its_place(county: County) -> None:
    p, o = number(), number()
    result = [{"type": "Observation", "identifier": identifier(OBSERVATION_NUMBER, o)}, {"reference": "Observation/x"}]
    answer = county.push(put(patient(p)), put(observation(p, o)), put(report(p, result=result)))
    assert [finding["expression"] for finding in answer.findings(2)] == ["Bundle.entry[2].resource.result[1]"]


def test_what_points_to_a_refused_entry_is_refused_with_it(county: County) -> None:
    p = number()
    answer = county.push(put(patient(p, gender="mann")), put(visit(p)), put(patient()))
    assert answer.fates == ["refused", "refused", "new"]
    assert answer.rules(1) == ["linkage.reference-to-nothing"]


def test_refusal_runs_along_a_chain_in_either_order(county: County) -> None:
    p, v, o = number(), number(), number()
    to_visit = {"type": "Encounter", "identifier": identifier(OUTPATIENT_NUMBER, v)}
    url = uuid_url()
    entries = [
        put(patient(p, gender="mann")),
        put(visit(p, v)),
        known_as(url, put(observation("", o, subject={"display": "somebody"}, encounter=to_visit))),
        put(report("", subject={"display": "somebody"}, result=[{"reference": url}])),
        put(patient()),
    ]
    assert county.push(*entries).fates == ["refused"] * 4 + ["new"]
    assert county.push(*reversed(entries)).fates == ["repeated"] + ["refused"] * 4


def test_a_cycle_of_references_is_accepted_as_a_whole(county: County) -> None:
    p = number()
    one, two = uuid_url(), uuid_url()
    answer = county.push(
        put(patient(p)),
        known_as(one, put(observation(p, hasMember=[{"reference": two}]))),
        known_as(two, put(observation(p, hasMember=[{"reference": one}]))),
    )
    assert answer.fates == ["new"] * 3
    member = county.station.read(answer.locations[1])["hasMember"][0]["reference"]
    assert member == answer.locations[2]


def test_a_cycle_with_one_refused_member_is_refused_as_a_whole(county: County) -> None:
    p = number()
    one, two, three = uuid_url(), uuid_url(), uuid_url()
    answer = county.push(
        put(patient(p)),
        known_as(one, put(observation(p, hasMember=[{"reference": two}]))),
        known_as(two, put(observation(p, hasMember=[{"reference": three}]))),
        known_as(three, put(observation(p, hasMember=[{"reference": one}, {"reference": "Observation/none"}]))),
    )
    assert answer.fates == ["new", "refused", "refused", "refused"]


def test_a_record_may_refer_to_itself(county: County) -> None:
    p, url = number(), uuid_url()
    answer = county.push(put(patient(p)), known_as(url, put(observation(p, hasMember=[{"reference": url}]))))
    assert answer.fates == ["new", "new"]
    assert county.station.read(answer.locations[1])["hasMember"] == [{"reference": answer.locations[1]}]


def test_an_earlier_version_of_a_refused_target_still_holds(county: County) -> None:
    p = number()
    location = county.accept(put(patient(p))).locations[0]
    answer = county.push(put(patient(p, gender="mann")), put(visit(p)))
    assert answer.fates == ["refused", "new"]
    assert subject_of(county, answer.locations[1])["reference"] == location


def test_a_contained_resource_needs_no_entry(county: County) -> None:
    doctor = {"resourceType": "Practitioner", "id": "d1", "name": [{"text": "李医生"}]}
    p = number()
    answer = county.push(put(patient(p)), put(report(p, contained=[doctor], performer=[{"reference": "#d1"}])))
    assert answer.fates == ["new", "new"]
    stored = county.station.read(answer.locations[1])
    assert stored["performer"] == [{"reference": "#d1"}]
    assert stored["contained"] == [doctor]


def test_another_servers_url_is_kept_as_it_is(county: County) -> None:
    p = number()
    url = "https://elsewhere.example/fhir/Practitioner/5"
    answer = county.push(put(patient(p)), put(report(p, performer=[{"reference": url}])))
    assert answer.fates == ["new", "new"]
    assert county.station.read(answer.locations[1])["performer"] == [{"reference": url}]


def test_an_organisation_named_by_number_need_not_be_a_record(county: County) -> None:
    p = number()
    provider = {"identifier": identifier("urn:oid:2.16.156.10011.1.5", "320481-001"), "display": "溧阳市人民医院"}
    answer = county.push(put(patient(p)), put(visit(p, serviceProvider=provider)))
    assert answer.fates == ["new", "new"]
    assert county.station.read(answer.locations[1])["serviceProvider"] == provider


def test_a_reference_inside_an_extension_is_followed_too(county: County) -> None:
    p, url = number(), uuid_url()
    extension = [{"url": "https://vendor.example/mother", "valueReference": {"reference": url}}]
    answer = county.push(put(patient(p, extension=extension)), known_as(url, put(patient())))
    assert answer.fates == ["new", "new"]
    stored = county.station.read(answer.locations[0])["extension"][0]["valueReference"]["reference"]
    assert stored == answer.locations[1]
    dangling = [{"url": "https://vendor.example/mother", "valueReference": {"reference": uuid_url()}}]
    assert county.push(put(patient(p, extension=dangling))).rules() == ["linkage.reference-to-nothing"]


def test_the_order_within_the_bundle_does_not_matter(new_county: NewCounty) -> None:
    p, v, o = number(), number(), number()
    url = uuid_url()
    entries = [
        put(patient(p)),
        known_as(url, put(visit(p, v))),
        put(observation(p, o, encounter={"reference": url})),
    ]
    for order in permutations(range(3)):
        county = new_county()
        answer = county.push(*[entries[position] for position in order])
        assert answer.fates == ["new"] * 3
        locations = [answer.locations[order.index(position)] for position in range(3)]
        assert county.station.read(locations[1])["subject"]["reference"] == locations[0]
        assert county.station.read(locations[2])["encounter"]["reference"] == locations[1]


def test_a_health_records_sections_are_followed(county: County) -> None:
    p = number()
    record = health_record(p)
    record["section"][0]["entry"] = [{"reference": "Observation/none"}]
    answer = county.push(put(patient(p)), put(record))
    assert answer.findings(1)[0]["expression"] == "Bundle.entry[1].resource.section[0].entry[0]"


def test_references_of_a_created_resource_are_resolved_too(county: County) -> None:
    p = number()
    location = county.accept(post(patient(p))).locations[0]
    created = county.write("POST", "Encounter", visit(p))
    assert created.status_code == 201
    path = created.headers["Location"].removeprefix("/fhir/")
    assert subject_of(county, path)["reference"] == location
    refused = county.write("POST", "Encounter", visit("nobody"))
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Encounter.subject"]
