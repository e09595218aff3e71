"""Noise is a catalogue: every kind does what it says, tells the truth, and leaves what is counted."""

import copy
from collections import Counter
from datetime import date
from typing import Any

import orjson
import pytest
from stdnum.cn import ric

from codemaps import Translator, load_dialect
from county_nodes.draws import Draws
from county_nodes.noise import KINDS, REFUSED_KINDS, Kind, Noise
from exchange.datasets import data_set_of, event_day
from exchange.fhir import StructureFault, structure

REGISTRY_DAY = date(2016, 2, 29)


@pytest.fixture(scope="module")
def samples(platform, resources) -> dict[str, dict[str, Any]]:
    """One record of each type, in local codes; the Encounter is a stay."""
    node = platform(dialect="yunhe", records=800, visits=10, discharges=40, days=1)
    found: dict[str, dict[str, Any]] = {}
    for submission in node.bundles(node.plan.volumes.upload_days[0]):
        for resource in resources(submission):
            if resource["resourceType"] != "Encounter" or "hospitalization" in resource:
                found.setdefault(resource["resourceType"], resource)
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_changes_just_what_its_truth_says(kind: Kind, samples, tables) -> None:
    translator = Translator(load_dialect("yunhe", tables), tables)
    decoder = structure(translator.localised)
    for resource_type in sorted(kind.applies_to):
        original = samples[resource_type]
        changed = copy.deepcopy(original)
        if kind.name == "sex-contradiction":
            changed["gender"] = "male"

        change = kind.inject(changed, Draws(7, kind.name))

        assert change is not None
        assert changed != original
        assert change.element.startswith(f"{resource_type}.")
        assert change.original != change.sent
        assert changed["identifier"][0] == original["identifier"][0]
        decoded = decoder.decode(resource_type, orjson.dumps(changed))
        plain = decoder.decode(resource_type, orjson.dumps(original))
        for each in (decoded, plain):
            translator.translate(each)
        assert data_set_of(decoded) == data_set_of(plain)
        if data_set_of(plain):
            assert event_day(decoded) == event_day(plain)


def test_a_wrong_check_character_is_wrong(samples) -> None:
    (kind,) = [kind for kind in KINDS if kind.name == "wrong-check-character"]
    for trial in range(50):
        patient = copy.deepcopy(samples["Patient"])
        change = kind.inject(patient, Draws(7, trial))
        assert change is not None
        assert ric.calc_check_digit(change.original) == change.original[-1]
        assert ric.calc_check_digit(change.sent) != change.sent[-1]


def test_a_visit_has_no_admission_to_be_wrong(platform, resources) -> None:
    (kind,) = [kind for kind in KINDS if kind.name == "admission-after-discharge"]
    node = platform(visits=50, discharges=0, days=1)
    (visit, *_) = [
        resource
        for submission in node.bundles(node.plan.volumes.upload_days[0])
        for resource in resources(submission)
        if resource["resourceType"] == "Encounter"
    ]

    assert kind.inject(visit, Draws(7)) is None


def test_a_national_code_is_never_made_a_local_one() -> None:
    (kind,) = [kind for kind in KINDS if kind.name == "unmapped-code"]
    condition = {
        "resourceType": "Condition",
        "code": {"coding": [{"system": "urn:oid:2.16.156.10011.2.3.3.11", "code": "I10.x00"}]},
    }

    assert kind.inject(condition, Draws(7)) is None
    assert condition["code"]["coding"][0]["code"] == "I10.x00"


@pytest.mark.parametrize("kind", REFUSED_KINDS, ids=lambda kind: kind.name)
def test_a_refused_kind_is_refused_and_nothing_else_is_wrong_with_it(kind) -> None:
    resource, change = kind.make("320481-X1", "320481-0000001", "2016-03-01T08:00:00+08:00", Draws(7, kind.name))

    assert change.element.startswith(f"{resource['resourceType']}.")
    if kind.name == "no-identifier":
        assert "identifier" not in resource
        structure().decode(resource["resourceType"], orjson.dumps(resource))
    else:
        with pytest.raises(StructureFault):
            structure().decode(resource["resourceType"], orjson.dumps(resource))
        problems = structure().explain(orjson.dumps(resource))
        assert {problem.expression.split("[")[0] for problem in problems} == {change.element}


def test_names_are_unique_and_sentences_are_in_both_languages() -> None:
    catalogue = (*KINDS, *REFUSED_KINDS)

    assert len({kind.name for kind in catalogue}) == len(catalogue)
    for kind in catalogue:
        assert kind.sentence_en.endswith(".")
        assert kind.sentence_zh.endswith("。")
        assert 0 < kind.rate <= 0.02


def test_the_background_is_low_and_told_entry_by_entry(platform, resources) -> None:
    node = platform(records=6000, visits=400, discharges=60, noise=1.0, dialect="yunhe")
    clean = platform(records=6000, visits=400, discharges=60, noise=0.0, dialect="yunhe")
    effects: Counter[str] = Counter()
    entries = 0
    for day in node.plan.by_day:
        for submission in node.bundles(day):
            records = resources(submission)
            entries += submission.entries
            for truth in submission.truths:
                effects[truth.effect] += 1
                assert truth.submission == submission.number
                assert records[truth.entry]["resourceType"] == truth.resource_type
                if truth.kind != "no-identifier":
                    assert records[truth.entry]["identifier"][0]["value"] == truth.identifier
    assert entries >= 6000 + effects["refused"]
    assert 0.004 < effects["marked"] / 6000 < 0.016
    assert 0.001 < effects["refused"] / 6000 < 0.006
    assert not [truth for day in clean.plan.by_day for each in clean.bundles(day) for truth in each.truths]


def test_refused_records_come_on_top_of_the_volume(platform, resources) -> None:
    noisy, clean = platform(records=3000, noise=4.0), platform(records=3000)
    for day in noisy.plan.by_day:
        wanted = {
            (resource["resourceType"], resource["identifier"][0]["value"])
            for submission in clean.bundles(day)
            for resource in resources(submission)
        }
        refused, sent = set(), set()
        for submission in noisy.bundles(day):
            extra = {truth.entry for truth in submission.truths if truth.effect == "refused"}
            for position, resource in enumerate(resources(submission)):
                identifier = resource.get("identifier", [{"value": ""}])[0]["value"]
                (refused if position in extra else sent).add((resource["resourceType"], identifier))
        assert sent <= wanted  # a patient with an error in it is not sent again
        assert all(resource_type == "Patient" for resource_type, _ in wanted - sent)
        assert not refused & wanted


def test_a_level_of_zero_switches_noise_off() -> None:
    noise, draws = Noise(0.0), Draws(7)

    assert all(noise.kind_for("Patient", draws) is None for _ in range(300))
    assert all(noise.refused_kind(draws) is None for _ in range(300))
