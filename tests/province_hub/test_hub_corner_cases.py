"""Corner cases, each of which went wrong once; a test for every defect."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hub_records import (
    Json,
    as_json,
    bundle,
    health_record,
    identifier,
    known_as,
    number,
    patient,
    post,
    put,
    resident_number,
    uuid_url,
    visit,
)
from hub_station import MORNING, County, Desk, Station, assert_untouched, plain_client
from sqlalchemy import Engine

from exchange.systems import ACT_CODE, HEALTH_RECORD_NUMBER, PATIENT_INDEX, RESIDENT_NUMBER
from province_hub.intake.door import TurnedAway, open_bundle
from province_hub.intake.receipt import Receipt
from province_hub.intake.submission import Submission
from province_hub.intake.way import Way
from province_hub.intake.writer import Intake, Writer
from province_hub.ledger.bulletin import make_bulletin
from province_hub.quality.policy import PolicyError, load_policy
from province_hub.store.tables import RECORD

MARCH, APRIL_END = date(2016, 3, 1), date(2016, 4, 30)
PERIOD = {"from": "2016-03-01", "to": "2016-04-30"}


@pytest.fixture(scope="module")
def station(prepared_sqlite: Engine) -> Iterator[Station]:
    """A hub of this file alone, because what fails here may leave a connection broken."""
    with Station(prepared_sqlite, further_counties=200) as station:
        yield station


@pytest.fixture
def county(station: Station) -> Iterator[County]:
    yield County(station, next(station.unused))
    station.client.close()
    station.client = plain_client(station.url)


@pytest.fixture
def own_hub(sqlite_store: Engine) -> Iterator[Station]:
    """A hub that one test may bring out of order."""
    with Station(sqlite_store) as station:
        yield station


def two_numbers(p: str, second: str, **changed: Any) -> Json:
    return patient(p, identifier=[identifier(PATIENT_INDEX, p), identifier(HEALTH_RECORD_NUMBER, second)], **changed)


def by_second(resource: Json) -> Json:
    second = resource["identifier"][-1]
    return put(resource, url=f"Patient?identifier={second['system']}|{second['value']}")


class TestRecordsOfTheWrongPerson:
    """A reference must never lead to somebody else."""

    def test_a_relative_reference_is_relative_to_its_own_entrys_full_url(self, county: County) -> None:
        answer = county.push(
            known_as("http://a.example/fhir/Encounter/1", put(visit("", subject={"reference": "Patient/1"}))),
            known_as("http://a.example/fhir/Patient/1", put(patient())),
            known_as("http://b.example/fhir/Patient/1", put(patient())),
        )
        assert county.station.read(answer.locations[0])["subject"]["reference"] == answer.locations[1]

    def test_a_replayed_relative_reference_does_not_become_an_id_of_the_hub(self, county: County) -> None:
        stranger = county.accept(put(patient())).locations[0]
        broken = visit("", subject={"reference": stranger}, status="x")
        answer = county.push(
            known_as(f"http://his.example/fhir/{stranger}", put(patient())),
            known_as("http://his.example/fhir/Encounter/7", put(broken)),
        )
        (item,) = county.quarantined()
        receipt = county.replay(item["key"], broken | {"status": "finished"}).json()
        subject = county.station.read(receipt["entries"][0]["location"])["subject"]["reference"]
        assert subject != stranger
        assert subject == answer.locations[0]

    def test_a_number_that_two_patients_of_the_bundle_share_leads_to_neither(self, county: County) -> None:
        shared = number()
        subject = {"type": "Patient", "identifier": identifier(HEALTH_RECORD_NUMBER, shared)}
        answer = county.push(
            put(two_numbers(number(), shared)), put(two_numbers(number(), shared)), put(visit("", subject=subject))
        )
        assert answer.fates == ["new", "new", "refused"]


class TestIdentity:
    """A record is counted once per node, type and business identifier, in whatever way it is sent."""

    def test_one_batch_that_names_a_new_record_by_two_numbers_makes_one_record(self, county: County) -> None:
        resource = two_numbers(number(), number())
        assert county.push(put(resource), by_second(resource)).fates == ["new", "repeated"]

    def test_a_transaction_that_names_a_record_by_two_numbers_writes_it_twice_and_is_refused(
        self, county: County
    ) -> None:
        p, second = number(), number()
        county.accept(put(two_numbers(p, second)))
        answer = county.push(
            put(two_numbers(p, second, birthDate="1980-01-02")),
            by_second(two_numbers(p, second, birthDate="1980-01-03")),
            kind="transaction",
        )
        assert answer.fates == ["refused", "refused"]

    def test_a_post_finds_a_record_that_was_sent_by_its_second_number(self, county: County) -> None:
        p, second = number(), number()
        county.accept(put(patient(identifier=[identifier(HEALTH_RECORD_NUMBER, second)])))
        assert county.push(post(two_numbers(p, second))).fates == ["updated"]

    def test_an_own_id_for_a_record_that_is_known_by_number_does_not_double_it(self, county: County) -> None:
        p, own = number(), f"{county.code}-5"
        county.accept(put(patient(p)))
        county.push(put(patient(p, id=own), url=f"Patient/{own}"))
        assert county.records() == 1
        assert county.push(put(patient(p))).fates != ["refused"]

    def test_another_record_that_takes_a_number_does_not_lock_its_owner_out(self, county: County) -> None:
        p, q = number(), number()
        county.accept(put(patient(p)), put(patient(q)))
        county.push(put(patient(q, identifier=[identifier(PATIENT_INDEX, q), identifier(PATIENT_INDEX, p)])))
        assert county.push(put(patient(p))).fates == ["repeated"]


class TestTheSameContentAgain:
    """The same content again is a repetition, not an update."""

    def test_a_record_that_was_read_and_is_sent_back_unchanged_is_a_repetition(self, county: County) -> None:
        location = county.accept(put(patient())).locations[0]
        assert county.push(put(county.station.read(location))).fates == ["repeated"]

    def test_a_visit_alone_or_with_its_patient_is_the_same_visit(self, county: County) -> None:
        own, p = f"{county.code}-6", number()
        county.accept(put(patient(p, id=own), url=f"Patient/{own}"))
        sent = put(visit(p))
        county.accept(sent)
        assert county.push(put(patient(p)), sent).fates == ["repeated", "repeated"]

    def test_a_provider_that_is_sent_later_does_not_change_the_visit(self, county: County) -> None:
        p, organization = number(), number()
        provider = {"type": "Organization", "identifier": identifier("urn:oid:2.16.156.10011.1.5", organization)}
        entries = [put(patient(p)), put(visit(p, serviceProvider=provider))]
        county.accept(*entries)
        resource = {"resourceType": "Organization", "identifier": [provider["identifier"]], "name": "人民医院"}
        county.accept(put(resource))
        assert county.push(*entries).fates == ["repeated", "repeated"]

    def test_the_receipt_of_a_repetition_says_usable_as_a_truth_value(self, county: County) -> None:
        p = number()
        county.accept(put(patient(p)))
        assert county.push(put(patient(p))).receipt["entries"][0]["usable"] is True


class TestNothingBringsTheHubDown:
    """No request is answered with 500, and the writer outlives everything."""

    @pytest.mark.parametrize("path", ["/fhir/Patient/{}", "/api/submissions/{}"])
    def test_a_number_beyond_all_keys_is_404(self, own_hub: Station, path: str) -> None:
        assert own_hub.client.get(path.format(10**30)).status_code == 404

    @pytest.mark.parametrize("shown", ["999999999", str(10**30)])
    def test_a_quarantine_item_that_is_not_there_is_404(self, own_hub: Station, shown: str) -> None:
        assert own_hub.client.get(f"/api/quarantine/{shown}").status_code == 404

    @pytest.mark.parametrize("action", ["replay", "withdraw"])
    def test_a_decision_on_an_item_that_is_not_there_is_404(self, own_hub: Station, action: str) -> None:
        assert own_hub.client.post(f"/api/quarantine/999999999/{action}").status_code == 404

    def test_a_reference_to_a_number_beyond_all_keys_costs_only_its_entry(self, county: County) -> None:
        answer = county.push(put(patient()), put(visit("", subject={"reference": f"Patient/{10**30}"})))
        assert answer.fates == ["new", "refused"]

    @pytest.mark.parametrize("ending", [b"", b"]" * 5000], ids=["open", "closed"])
    def test_very_deep_nesting_is_400(self, county: County, ending: bytes) -> None:
        body = b'{"resourceType": "Bundle", "type": "batch", "x": ' + b"[" * 5000 + ending + b"}"
        assert county.station.send(body, county.code).status_code == 400
        assert_untouched(county)

    def test_a_very_deep_entry_costs_only_itself_or_the_body_is_400(self, county: County) -> None:
        body = as_json(bundle(put(patient()), put(patient(extension="NESTED"))))
        response = county.station.send(body.replace(b'"NESTED"', b"[" * 5000 + b"]" * 5000), county.code)
        assert response.status_code in (200, 400)

    def test_a_zero_character_in_a_number_costs_only_its_entry(self, desk: Desk) -> None:
        strange = patient(identifier=[identifier(PATIENT_INDEX, "1\0")])
        assert desk.take("T0001", put(patient()), post(strange)).entries[0].outcome == "new"

    def test_a_zero_character_in_the_name_of_a_type_costs_only_its_entry(self, desk: Desk) -> None:
        strange = {"resource": {"resourceType": "Pat\0ient"}, "request": {"method": "POST", "url": "Patient"}}
        receipt = desk.take("T0001", put(patient()), strange)
        assert (receipt.new, receipt.refused) == (1, 1)

    def test_a_zero_character_in_the_bundles_number_is_no_fault_of_the_hub(self, desk: Desk) -> None:
        body = as_json(bundle(put(patient()), submission_number="7\0"))
        try:
            submission = open_bundle(body, desk.sender("T0001"), MORNING)
        except TurnedAway:
            return
        assert desk.intake.take([submission])[0].new == 1

    @pytest.mark.parametrize("path", ["expected-volumes", "clock"])
    def test_a_control_call_that_is_not_utf_8_is_refused(self, own_hub: Station, path: str) -> None:
        method = "PUT" if path == "expected-volumes" else "POST"
        body = b'[{"node": "\xc4\xcf\xbe\xa9"}]' if method == "PUT" else b'{"now": "\xc4\xcf\xbe\xa9"}'
        assert own_hub.client.request(method, f"/api/{path}", content=body).status_code in (400, 422)

    def test_the_writer_goes_on_after_somebody_stopped_waiting(self, sqlite_store: Engine) -> None:
        desk = Desk.over(sqlite_store)
        writer = Writer(Intake(sqlite_store, Way()))
        go_on = threading.Event()

        def slow() -> Submission:
            go_on.wait(5)
            return desk.opened("T0001", put(patient("p1")))

        writer.start()
        given_up: Future[Receipt] = writer.submit(slow)
        given_up.cancel()
        go_on.set()
        later = writer.submit(lambda: desk.opened("T0001", put(patient("p2"))))
        assert later.result(timeout=5).new == 1
        writer.close()

    @pytest.mark.parametrize("store", ["postgresql"], indirect=True)
    def test_two_writers_on_postgresql_do_not_break_one_another(self, store: Engine) -> None:
        desks = [Desk.over(store), Desk.over(store)]
        shared, gate = [resident_number() for _ in range(40)], threading.Barrier(2)

        def work(desk: Desk) -> int:
            gate.wait()
            refused = 0
            for turn in range(40):
                refused += desk.take("T0001", put(patient(f"p{turn}", resident=shared[turn]))).refused
            return refused

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(work, desks)) == [0, 0]


class TestExpectedVolumes:
    """A mistake in an expected volume is told when it is entered, not by a bulletin that fails from then on."""

    @pytest.mark.parametrize(
        "changed",
        [
            {"data_set": "discharges"},
            {"data_set": "laboratory-examination"},
            {"valid_from": "2016-03-11", "valid_to": "2016-03-10"},
            {"node": "999999"},
            {"expected": -5.0},
        ],
        ids=["unknown data set", "one without a rate", "end before start", "unknown node", "negative"],
    )
    def test_a_volume_that_cannot_be_is_refused(self, own_hub: Station, changed: Json) -> None:
        volume = {"node": "320481", "data_set": "discharge", "valid_from": "2016-03-01", "valid_to": "2016-04-30"}
        volume |= {"expected": 5.0, "assumed": False, "basis": "a test"} | changed
        entered = own_hub.client.put("/api/expected-volumes", json=[volume])
        assert own_hub.client.get("/api/bulletin", params=PERIOD).status_code == 200
        assert entered.status_code == 422


class TestUnsoundEnvelopes:
    """What is wrong around a resource is told as well as what is wrong in it."""

    @pytest.mark.parametrize(
        ("place", "changed"),
        [
            ("foo", {"foo": 1}),
            ("request.foo", {"request": {"method": "POST", "url": "Patient", "foo": 1}}),
            ("fullUrl", {"fullUrl": 5}),
            (
                "request.ifNoneExist",
                {"request": {"method": "POST", "url": "Patient", "ifNoneExist": ["identifier=a|b"]}},
            ),
        ],
        ids=["unknown element", "unknown element of the request", "fullUrl is no text", "condition is a list"],
    )
    def test_an_unsound_entry_is_refused_and_the_element_named(self, county: County, place: str, changed: Json) -> None:
        answer = county.push(put(patient()), put(patient()) | changed)
        assert answer.fates == ["new", "refused"]
        assert f"Bundle.entry[1].{place}" in [finding["expression"] for finding in answer.findings(1)]

    def test_an_unknown_method_is_named_by_its_element(self, county: County) -> None:
        entry = put(patient())
        entry["request"]["method"] = "FETCH"
        assert county.push(entry).findings()[0]["expression"] == "Bundle.entry[0].request.method"

    def test_a_transaction_with_an_unknown_element_in_an_entry_fails(self, county: County) -> None:
        assert county.push(put(patient()), put(patient()) | {"foo": 1}, kind="transaction").fates == ["refused"] * 2

    def test_bytes_that_are_no_utf_8_are_400_wherever_they_stand(self, county: County) -> None:
        for body in (bundle(put(patient())), bundle(put(patient()), submission_number="批次七")):
            encoded = json.dumps(body, ensure_ascii=False).encode("gb18030")
            assert county.station.send(encoded, county.code).status_code == 400
        assert_untouched(county)

    def test_a_bundle_that_is_posted_as_a_record_is_not_swallowed(self, county: County) -> None:
        response = county.write("POST", "Bundle", bundle(put(patient()), submission_number=number()))
        assert response.status_code >= 400
        assert "/fhir" in response.json()["issue"][0]["diagnostics"]
        assert county.records() == 0


class TestFailedTransactions:
    """Of a failed transaction the answer tells what made it fail."""

    def test_the_status_is_that_of_the_entry_that_failed(self, county: County) -> None:
        p = number()
        marked, unsound = put(visit(p, **{"class": {"code": "门诊"}})), put(patient(nmae=1))
        assert county.push(put(patient(p)), marked, unsound, kind="transaction").status == 400

    def test_what_only_marks_an_entry_is_no_error_beside_what_failed(self, county: County) -> None:
        p = number()
        marked, unsound = put(visit(p, **{"class": {"code": "门诊"}})), put(patient(nmae=1))
        answer = county.push(put(patient(p)), marked, unsound, kind="transaction")
        severities = {issue["expression"][0][:15]: issue["severity"] for issue in answer.response.json()["issue"]}
        assert severities == {"Bundle.entry[1]": "warning", "Bundle.entry[2]": "error"}


SECRETS = {
    "name as text": (put(patient(name="王小明")), "王小明"),
    "resident number as text": (post(patient(identifier="320090198001011234")), "320090198001011234"),
    "resident number in the url": (
        put(patient(), url=f"Patient?identifier={RESIDENT_NUMBER}|320090198001011234"),
        "320090198001011234",
    ),
    "resident number in a bad condition": (
        post(patient(), ifNoneExist=f"name=王小明&identifier={RESIDENT_NUMBER}|320090198001011234"),
        "320090198001011234",
    ),
    "resident number in a literal reference": (
        put(visit("", subject={"reference": "Patient/320090198001011234"})),
        "320090198001011234",
    ),
    "telephone number": (put(patient(telecom=[{"phone": "13912345678"}])), "13912345678"),
}


@pytest.mark.parametrize(("entry", "secret"), SECRETS.values(), ids=SECRETS)
def test_personal_data_are_masked_whatever_is_wrong(county: County, entry: Json, secret: str) -> None:
    answer = county.push(entry)
    assert answer.findings()
    assert secret not in str(answer.findings())


class TestQuarantine:
    """What was refused can be brought in without sending it anew."""

    def test_what_depended_on_a_refused_entry_comes_in_after_it(self, county: County) -> None:
        url, p = uuid_url(), number()
        county.push(known_as(url, put(patient(p, gender="x"))), put(visit("", subject={"reference": url})))
        first, second = county.quarantined()
        assert county.replay(first["key"], patient(p)).json()["new"] == 1
        assert county.replay(second["key"]).json()["new"] == 1

    def test_a_correction_without_a_media_type_is_not_passed_over_in_silence(self, county: County) -> None:
        p = number()
        county.push(put(patient(p, gender="x")))
        (item,) = county.quarantined()
        path = f"/api/quarantine/{item['key']}/replay"
        response = county.station.client.post(path, content=as_json(patient(p)))
        assert response.status_code == 415 or response.json()["new"] == 1

    def test_an_item_that_was_sent_to_the_wrong_url_can_be_corrected(self, county: County) -> None:
        p = number()
        county.push(put(patient(p, id="1"), url="Patient/1"))
        (item,) = county.quarantined()
        corrected = bundle(put(patient(p)))
        assert county.replay(item["key"], corrected).json().get("new") == 1


class TestRules:
    """Rules fire on what they are about."""

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2016-03-01T10:00:00Z", "2016-03-01T09:30:00Z"),
            ("2016-03-01T10:00:00+08:00", "2016-03-01T01:00:00Z"),
            ("2016-03-01T10:00:00+08:00", "2016-03-01T10:30:00+09:00"),
        ],
    )
    def test_an_end_before_the_start_on_the_same_day_is_found_in_every_zone(
        self, county: County, start: str, end: str
    ) -> None:
        p = number()
        answer = county.push(put(patient(p)), put(visit(p, period={"start": start, "end": end})))
        assert "logic.end-before-start" in answer.rules(1)

    def test_a_visit_of_a_class_that_no_data_set_knows_is_told(self, county: County) -> None:
        p = number()
        sent = visit(p, **{"class": {"system": ACT_CODE, "code": "OUTP"}})
        assert county.push(put(patient(p)), put(sent)).rules(1) != []

    def test_a_visit_of_a_class_in_a_system_that_nobody_knows_is_told(self, county: County) -> None:
        p = number()
        sent = visit(p, **{"class": {"system": "https://vendor.example/class", "code": "1"}})
        assert county.push(put(patient(p)), put(sent)).rules(1) != []

    def test_a_visit_whose_start_names_no_day_is_told(self, county: County) -> None:
        p = number()
        assert county.push(put(patient(p)), put(visit(p, start="2016-03"))).rules(1) != []

    def test_a_health_record_of_nobody_is_told(self, county: County) -> None:
        assert county.push(put(health_record("", subject={"display": "张三"}))).rules() != []

    @pytest.mark.parametrize("text", ['refuse = [["conformity.structure"]]', "refuse = [{id = 1}]"])
    def test_a_policy_with_something_else_than_a_rule_in_its_list_is_an_error_of_the_file(
        self, tmp_path: Path, text: str
    ) -> None:
        path = tmp_path / "policy.toml"
        path.write_text(f'version = "1"\n{text}', encoding="utf-8")
        with pytest.raises(PolicyError, match=r"refuse\[0\]"):
            load_policy(path)


class TestBulletin:
    """The figures of a bulletin stay what they were, and residents are counted once."""

    @staticmethod
    def figures(desk: Desk, code: str, as_of: date | None = None) -> Any:
        with desk.engine.connect() as connection:
            rows = make_bulletin(connection, MARCH, APRIL_END, "city", as_of).rows
        return next(row for row in rows if row.code == code)

    def test_a_resident_whose_number_comes_later_is_still_counted_once(self, desk: Desk) -> None:
        resident = resident_number()
        desk.accept("T0001", put(patient("p1")), put(health_record("p1")), at="2016-03-01")
        desk.accept("T0001", put(patient("p1", resident=resident)), at="2016-03-02")
        desk.accept("T0002", put(patient("p9", resident=resident)), put(health_record("p9")), at="2016-03-03")
        assert self.figures(desk, "320100").record_basic == 1

    def test_a_health_record_belongs_to_the_resident_who_is_held_not_to_the_one_who_was_not_stored(
        self, desk: Desk
    ) -> None:
        resident = resident_number()
        desk.accept("T0001", put(patient("p1", resident=resident)), at="2016-03-01")
        condition = f"identifier={PATIENT_INDEX}|p1"
        desk.accept("T0001", post(patient("p1"), ifNoneExist=condition), put(health_record("p1")), at="2016-03-02")
        desk.accept("T0002", put(patient("p9", resident=resident)), put(health_record("p9")), at="2016-03-03")
        assert self.figures(desk, "320100").record_basic == 1

    def test_usable_records_of_a_period_are_never_fewer_than_none(self, desk: Desk) -> None:
        desk.accept("T0001", put(patient("p1")), at="2016-02-01")
        desk.accept("T0001", put(patient("p1", name=[{"text": "-"}])), at="2016-03-01")
        assert self.figures(desk, "320100").usable >= 0


class TestSmallThings:
    """What a person with curl stumbles over."""

    def test_the_location_of_a_created_record_can_be_fetched(self, county: County) -> None:
        created = county.write("POST", "Patient", patient())
        assert county.station.client.get(created.headers["Location"]).status_code == 200

    def test_a_past_version_can_be_fetched(self, county: County) -> None:
        p = number()
        county.accept(put(patient(p)))
        location = county.accept(put(patient(p, gender="other"))).locations[0]
        past = county.station.client.get(f"/fhir/{location}/_history/1")
        assert past.status_code == 200
        assert past.json()["gender"] == "male"

    def test_a_time_without_a_zone_is_not_taken_in_that_of_the_machine(self, own_hub: Station) -> None:
        response = own_hub.client.post("/api/clock", json={"now": "2016-03-12T00:00:00"})
        now = own_hub.client.get("/api/clock").json()["now"]
        assert (response.status_code, now) in [(422, MORNING), (200, "2016-03-12T00:00:00+08:00")]

    def test_an_update_that_is_bound_to_a_version_is_not_carried_out_on_another(self, county: County) -> None:
        p = number()
        county.accept(put(patient(p)))
        path = f"Patient?identifier={PATIENT_INDEX}|{p}"
        response = county.write("PUT", path, patient(p, gender="other"), **{"If-Match": 'W/"99"'})
        assert response.status_code in (400, 412, 501)
        (record,) = county.rows(RECORD)
        assert json.loads(record.body)["gender"] == "male"

    def test_an_id_is_read_only_as_it_is_written(self, county: County) -> None:
        location = county.accept(put(patient())).locations[0]
        resource_type, _, key = location.partition("/")
        assert county.station.client.get(f"/fhir/{resource_type}/000{key}").status_code == 404

    def test_a_batch_reports_every_reference_to_nothing(self, county: County) -> None:
        p = number()
        broken = visit(p, partOf={"reference": "Encounter/none"}, episodeOfCare=[{"reference": "EpisodeOfCare/none"}])
        assert len(county.push(put(patient(p)), put(broken)).findings(1)) == 2

    def test_a_reference_to_an_ambiguous_number_says_that_there_are_several(self, county: County) -> None:
        shared = number()
        county.accept(put(two_numbers(number(), shared)), put(two_numbers(number(), shared)))
        subject = {"type": "Patient", "identifier": identifier(HEALTH_RECORD_NUMBER, shared)}
        (finding,) = county.push(put(visit("", subject=subject))).findings()
        assert "2 records" in finding["found"]

    def test_a_body_over_the_limit_is_refused_by_control_calls_too(self, own_hub: Station) -> None:
        body = b"[" + b" " * (33 * 1024 * 1024) + b"]"
        assert own_hub.client.put("/api/expected-volumes", content=body).status_code == 413

    def test_a_versioned_absolute_reference_leads_to_its_entry(self, county: County) -> None:
        url = "http://his.example/fhir/Patient/77"
        answer = county.push(known_as(url, put(patient())), put(visit("", subject={"reference": f"{url}/_history/2"})))
        assert county.station.read(answer.locations[1])["subject"]["reference"] == answer.locations[0]
