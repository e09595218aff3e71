"""A simulated node sends exactly what its plan says, in valid R4, the same bytes every time."""

import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from itertools import islice
from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class

from codemaps import Translator, load_dialect, shipped_dialects
from county_nodes.patients import Patients
from county_nodes.plan import PlanError
from exchange.datasets import data_set_of, event_day, missing_elements
from exchange.fhir import structure
from exchange.systems import PATIENT_INDEX, RESIDENT_NUMBER

FROM, TO = date(2016, 3, 1), date(2016, 4, 30)
REGISTRY_DAY = date(2016, 2, 29)


def identity(resource: dict[str, Any]) -> tuple[str, str]:
    identifier = resource["identifier"]
    if isinstance(identifier, list):
        identifier = identifier[0]
    return resource["resourceType"], identifier["value"]


def references_in(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if isinstance(value.get("type"), str) and "identifier" in value:
            yield value["type"], value["identifier"]["value"]
        for part in value.values():
            yield from references_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from references_in(part)


def everything(node) -> list[Any]:
    return [submission for day in node.plan.by_day for submission in node.bundles(day)]


NODES = {
    "many details a visit": {"code": "320481"},
    "hardly any details": {"code": "320481", "records": 130, "visits": 80, "discharges": 20},
    "no visit at all": {"code": "320481", "visits": 0, "discharges": 0, "records": 300},
    "a single day": {"code": "320481", "days": 1},
    "a hospital with exact reports": {"code": "32H03", "reports": 300, "records": 1200},
    "a hospital without reports": {"code": "32H01", "reports": 0},
    "a children's hospital": {
        "code": "32H10",
        "institution_type": "A519",
        "visits": 0,
        "discharges": 0,
        "reports": 0,
        "records": 200,
        "days": 2,
    },
    "a city too small for much": {"code": "320481", "records": 9, "visits": 0, "discharges": 0},
}


@pytest.mark.parametrize("changed", NODES.values(), ids=NODES)
def test_the_hub_counts_exactly_what_was_planned(platform, resources, changed) -> None:
    node = platform(**changed)
    volumes = node.plan.volumes
    decoder = structure()
    seen = {
        identity(resource) for submission in node.registry_bundles(REGISTRY_DAY) for resource in resources(submission)
    }
    counts: Counter[str] = Counter()
    days = set()
    for submission in everything(node):
        for resource in resources(submission):
            if identity(resource) in seen:
                continue
            seen.add(identity(resource))
            counts["records"] += 1
            days.add(submission.day)
            decoded = decoder.decode(resource["resourceType"], orjson.dumps(resource))
            data_set = data_set_of(decoded)
            counts[data_set] += 1
            if data_set in ("outpatient-visit", "discharge"):
                assert FROM <= event_day(decoded) <= submission.day

    assert counts["records"] == volumes.records
    assert counts["outpatient-visit"] == volumes.visits
    assert counts["discharge"] == volumes.discharges
    if volumes.reports is not None:
        assert counts["laboratory-examination"] == volumes.reports
    assert days == set(volumes.upload_days)


@pytest.mark.parametrize("changed", NODES.values(), ids=NODES)
def test_every_reference_points_back_or_into_the_same_bundle(platform, resources, changed) -> None:
    node = platform(**changed)
    sent = {
        identity(resource) for submission in node.registry_bundles(REGISTRY_DAY) for resource in resources(submission)
    }
    for submission in everything(node):
        inside = [identity(resource) for resource in resources(submission)]
        assert len(inside) == len(set(inside)), "a bundle holds each record once"
        sent.update(inside)
        for resource in resources(submission):
            assert set(references_in(resource)) <= sent


def test_every_type_of_record_is_valid_r4(platform, resources) -> None:
    node = platform(records=1500, discharges=60, days=3)
    by_type: dict[str, list[dict[str, Any]]] = {}
    for submission in (*node.registry_bundles(REGISTRY_DAY), *everything(node)):
        for resource in resources(submission):
            by_type.setdefault(resource["resourceType"], []).append(resource)

    assert set(by_type) == {
        *("Patient", "Encounter", "Condition", "Observation", "DiagnosticReport"),
        *("Procedure", "MedicationRequest", "Composition"),
    }
    for resource_type, records in by_type.items():
        model = get_fhir_model_class(resource_type)
        for record in records[:: max(1, len(records) // 25)]:
            model.model_validate(record)


def test_a_bundle_is_valid_r4(platform) -> None:
    node = platform(days=1)
    submission = next(node.bundles(node.plan.volumes.upload_days[0]))

    bundle = get_fhir_model_class("Bundle").model_validate_json(submission.body)

    assert bundle.identifier.value == submission.number
    assert len(bundle.entry) == submission.entries
    assert bundle.timestamp.isoformat().endswith("+08:00")


def test_records_have_every_element_that_their_data_set_requires(platform, resources) -> None:
    node, decoder = platform(records=1200, discharges=30), structure()
    for submission in (*node.registry_bundles(REGISTRY_DAY), *everything(node)):
        for resource in resources(submission):
            decoded = decoder.decode(resource["resourceType"], orjson.dumps(resource))
            assert not missing_elements(decoded, data_set_of(decoded))


@pytest.mark.parametrize("dialect", shipped_dialects())
def test_a_dialect_leaves_what_the_bulletin_counts(platform, resources, tables, dialect) -> None:
    national, local = platform(records=400, days=2), platform(records=400, days=2, dialect=dialect)
    translator = Translator(load_dialect(dialect, tables), tables)
    decoder = structure(translator.localised)

    for plain, spoken in zip(everything(national), everything(local), strict=True):
        for resource, localised in zip(resources(plain), resources(spoken), strict=True):
            decoded = decoder.decode(localised["resourceType"], orjson.dumps(localised))
            translator.translate(decoded)
            original = structure().decode(resource["resourceType"], orjson.dumps(resource))
            assert identity(localised) == identity(resource)
            assert data_set_of(decoded) == data_set_of(original)
            assert event_day(decoded) == event_day(original)


def test_a_day_alone_is_the_same_as_within_the_whole_run(platform) -> None:
    whole = {
        day: [submission.body for submission in node.bundles(day)]
        for node in [platform(noise=1.0, dialect="yunhe")]
        for day in node.plan.by_day
    }
    for day in reversed(whole):
        alone = platform(noise=1.0, dialect="yunhe")
        assert [submission.body for submission in alone.bundles(day)] == whole[day]


def test_another_seed_gives_other_records_of_the_same_volume(platform) -> None:
    one, other = everything(platform(seed=7)), everything(platform(seed=8))

    assert sum(submission.entries for submission in one) >= 900
    assert {submission.body for submission in one}.isdisjoint(submission.body for submission in other)


def test_a_day_without_upload_brings_nothing(platform) -> None:
    node = platform(days=1)

    assert list(node.bundles(date(2016, 3, 2))) == []


FINGERPRINT = """
import sys; sys.path.insert(0, {folder!r})
from test_county_platform import fingerprint
print(fingerprint())
"""


def fingerprint() -> str:
    """The hash of one node's bytes, made without pytest."""
    from codemaps import Localiser, load_tables
    from county_nodes.noise import Noise
    from county_nodes.plan import NodeVolumes, choose_upload_days, plan_node
    from county_nodes.platform import CountyPlatform
    from county_nodes.population import People, Place
    from exchange.regions import Node

    tables = load_tables()
    days = choose_upload_days("320481", 5, FROM, TO, 7)
    plan = plan_node(NodeVolumes("320481", 400, 30, 3, None, days, 20, 3, 1, FROM, TO), 7)
    node = Node("320481", "溧阳市", "Liyang", "county", "320400", 7.6e5, "taihu", FROM, None, True)
    people = People([Place("320481", "溧阳市", "320400", "常州市", "江苏省", 760_000)], 7)
    localiser = Localiser(load_dialect("taihu", tables), tables)
    platform = CountyPlatform(plan, node, people, tables, localiser, Noise(5.0), 7)
    digest = sha256()
    for submission in (*platform.registry_bundles(REGISTRY_DAY), *everything(platform)):
        digest.update(submission.body)
        digest.update(repr(submission.truths).encode())
    return digest.hexdigest()


def test_another_process_with_another_hash_seed_gives_the_same_bytes() -> None:
    program = FINGERPRINT.format(folder=os.path.dirname(__file__))
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "42", "PYTHONPATH": os.getcwd()},
        capture_output=True,
        check=True,
        text=True,
    )

    assert found.stdout.strip() == fingerprint()


def test_bundles_are_batches_of_conditional_updates_with_patients_first(platform) -> None:
    for submission in everything(platform(size=40)):
        bundle = orjson.loads(submission.body)
        types = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
        assert bundle["type"] == "batch"
        assert submission.entries == len(types) <= 40
        assert types == sorted(types, key=lambda name: name != "Patient")
        for entry in bundle["entry"]:
            resource = entry["resource"]
            identifier = resource["identifier"]
            identifier = identifier[0] if isinstance(identifier, list) else identifier
            assert entry["request"] == {
                "method": "PUT",
                "url": f"{resource['resourceType']}?identifier={identifier['system']}|{identifier['value']}",
            }
            assert set(entry) == {"resource", "request"}


def test_submissions_are_numbered_by_node_day_and_serial(platform) -> None:
    node = platform(days=1)
    (day,) = node.plan.volumes.upload_days
    numbers = [submission.number for submission in node.bundles(day)]

    assert numbers == [f"320481-{day:%Y%m%d}-{serial:04d}" for serial in range(1, len(numbers) + 1)]


def test_a_discharge_has_an_admission_before_it_and_a_visit_ends_before_the_upload(platform, resources) -> None:
    node = platform(records=1500, visits=300, discharges=200)
    encounters = [
        (submission, resource)
        for submission in everything(node)
        for resource in resources(submission)
        if resource["resourceType"] == "Encounter"
    ]

    for submission, encounter in encounters:
        period = encounter["period"]
        assert period["start"] < period["end"] < f"{submission.day}T22:00:00+08:00"
        assert ("hospitalization" in encounter) == (encounter["class"]["code"] == "IMP")
    assert any(encounter["period"]["start"] < "2016-03-01" for _, encounter in encounters)


def test_nothing_is_dated_after_its_upload(platform, resources) -> None:
    decoder = structure()
    for submission in everything(platform(records=1500)):
        for resource in resources(submission):
            day = event_day(decoder.decode(resource["resourceType"], orjson.dumps(resource)))
            assert day is None or day <= submission.day


def test_a_day_of_millions_of_records_is_made_bundle_by_bundle(platform) -> None:
    node = platform(records=3_000_000, visits=150_000, discharges=3000, days=1, registered_basic=200_000)
    (day,) = node.plan.volumes.upload_days

    tracemalloc.start()
    try:
        entries = sum(submission.entries for submission in islice(node.bundles(day), 20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert entries == 2000
    assert peak < 4_000_000


def test_a_patient_who_is_sent_again_is_sent_unchanged(platform, resources) -> None:
    node = platform(records=6000, visits=4000, discharges=0, days=20)
    sent: dict[tuple[str, str], dict[str, Any]] = {}
    again = 0
    for submission in (*node.registry_bundles(REGISTRY_DAY), *everything(node)):
        for resource in resources(submission):
            if resource["resourceType"] == "Patient":
                before = sent.setdefault(identity(resource), resource)
                again += before is not resource
                assert resource == before
    assert 3 < again < 60


def test_the_registry_holds_the_exact_stock_and_is_not_counted_again(platform, resources) -> None:
    node = platform(registered_basic=240, registered_hypertension=50, registered_diabetes=20)
    records = [resource for submission in node.registry_bundles(REGISTRY_DAY) for resource in resources(submission)]
    kinds = Counter(
        resource["type"]["coding"][0]["code"] for resource in records if resource["resourceType"] == "Composition"
    )

    assert kinds == {"basic": 240, "hypertension": 50, "diabetes": 20}
    assert len({identity(resource) for resource in records}) == len(records) == 240 + 310
    assert all(resource["date"] < "2016-02-29" for resource in records if resource["resourceType"] == "Composition")
    assert node.plan.quotas[0].patients_before == 240


def test_who_has_a_hypertension_record_is_ill_or_old(platform, people, resources) -> None:
    node = platform(registered_basic=240, registered_hypertension=30)
    patients = Patients(people, "320481", "320400", 240)
    chosen = [
        patients.vitals(int(resource["subject"]["identifier"]["value"][-7:]))
        for submission in node.registry_bundles(REGISTRY_DAY)
        for resource in resources(submission)
        if resource["resourceType"] == "Composition" and "hypertension" in resource["meta"]["profile"][0]
    ]

    assert len(chosen) == 30
    assert all(vitals.hypertension for vitals in chosen)


def test_one_resident_bears_one_resident_number_at_every_node(platform, resources) -> None:
    def residents(node) -> dict[str, str]:
        return {
            patient["identifier"][1]["value"]: patient["name"][0]["text"]
            for submission in (*node.registry_bundles(REGISTRY_DAY), *everything(node))
            for patient in resources(submission)
            if patient["resourceType"] == "Patient"
        }

    county = residents(platform("320481", registered_basic=400))
    hospital = residents(platform("32H06", visits=400, records=2000))
    shared = county.keys() & hospital.keys()

    assert len(shared) > 10
    assert all(county[number] == hospital[number] for number in shared)


def test_a_patient_has_a_local_and_a_national_identifier(platform, resources) -> None:
    node = platform(days=1, visits=0, discharges=0, records=20)
    submission = next(node.registry_bundles(REGISTRY_DAY))
    patient = resources(submission)[0]

    assert [identifier["system"] for identifier in patient["identifier"][:2]] == [PATIENT_INDEX, RESIDENT_NUMBER]
    assert patient["identifier"][0]["value"] == "320481-0000000"
    assert patient["identifier"][1]["type"]["coding"][0]["display"] == "居民身份证"


def test_a_plan_of_another_node_is_refused(platform, people, tables) -> None:
    node = platform("320481")
    with pytest.raises(ValueError, match="the plan is for node 320402, the platform is 320481"):
        type(node)(platform("320402").plan, node.node, people, tables, None, None, 7)


def test_a_scale_that_is_too_small_says_what_works(platform) -> None:
    with pytest.raises(PlanError, match="at least 66 are needed"):
        platform(records=10)
