"""Translation on the way: counties speak their own codes, the store holds national ones and the original beside."""

from collections.abc import Iterator
from typing import Any

import pytest
from hub_records import TABLES, Json, concept, number, patient, put, stay, visit
from hub_station import County, Station, add_counties
from sqlalchemy import Engine

from codemaps import Localiser, load_dialect, shipped_dialects
from exchange.systems import ACT_CODE, LOCAL_CODING, MAP_EQUIVALENCE, NATIONAL_CODING

NATIONAL_SEX = TABLES["sex"].system
NATIONAL_VISIT_TYPE = TABLES["visit-type"].system
VENDORS = [name for name in shipped_dialects() if name != "national"]


@pytest.fixture(scope="module")
def vendors_hub(prepared_sqlite: Engine) -> Iterator[Station]:
    """A hub with one county per vendor's dialect: `V-yuntai` speaks yuntai."""
    for name in VENDORS:
        add_counties(prepared_sqlite, [f"V-{name}"], dialect=name)
    with Station(prepared_sqlite) as station:
        yield station


@pytest.fixture
def yuntai(vendors_hub: Station) -> County:
    """A county whose numbers look national and mean something else: sex 0 and 1 are male and female."""
    return County(vendors_hub, "V-yuntai")


def local_codings(element: Json) -> list[Json]:
    return [extension["valueCoding"] for extension in element["extension"] if extension["url"] == LOCAL_CODING]


def national_codings(element: Json) -> list[Json]:
    return [extension["valueCoding"] for extension in element["extension"] if extension["url"] == NATIONAL_CODING]


@pytest.mark.parametrize(("local", "gender", "national"), [("0", "male", "1"), ("1", "female", "2")])
def test_a_local_sex_becomes_the_national_one_and_the_original_stays(
    yuntai: County, local: str, gender: str, national: str
) -> None:
    answer = yuntai.accept(put(patient(gender=local)))
    assert answer.usable()
    stored = yuntai.station.read(answer.locations[0])
    assert stored["gender"] == gender
    assert [coding["code"] for coding in local_codings(stored["_gender"])] == [local]
    assert [(each["system"], each["code"]) for each in national_codings(stored["_gender"])] == [
        (NATIONAL_SEX, national)
    ]


@pytest.mark.parametrize(
    ("local", "hl7", "national", "data_set"),
    [("1", "IMP", "3", "discharge"), ("2", "AMB", "1", "outpatient-visit"), ("3", "EMER", "2", "outpatient-visit")],
)
def test_a_local_visit_type_decides_the_data_set_by_what_it_means_nationally(
    yuntai: County, local: str, hl7: str, national: str, data_set: str
) -> None:
    p = number()
    before = yuntai.held()
    answer = yuntai.accept(put(patient(p, gender="0")), put(stay(p, **{"class": {"code": local}})))
    stored = yuntai.station.read(answer.locations[1])["class"]
    assert (stored["system"], stored["code"]) == (ACT_CODE, hl7)
    assert local_codings(stored) == [{"code": local}]
    assert [(each["system"], each["code"]) for each in national_codings(stored)] == [(NATIONAL_VISIT_TYPE, national)]
    day = "2016-03-09" if data_set == "discharge" else "2016-03-02"
    assert yuntai.held()[data_set, day] == before.get((data_set, day), 0) + 1


def test_a_local_concept_gets_the_national_coding_first_and_keeps_the_original(yuntai: County) -> None:
    married = {"coding": [{"code": "3", "display": "离婚"}], "text": "离异"}
    answer = yuntai.accept(put(patient(gender="0", maritalStatus=married)))
    national, original = yuntai.station.read(answer.locations[0])["maritalStatus"]["coding"]
    assert (national["system"], national["code"]) == (TABLES["marital-status"].system, "40")
    assert original == married["coding"][0]


def test_a_code_that_maps_only_roughly_says_so_and_stays_usable(yuntai: County) -> None:
    answer = yuntai.accept(put(patient(gender="0", maritalStatus={"coding": [{"code": "9", "display": "其他"}]})))
    assert answer.rules() == ["conformity.inexact-code"]
    assert answer.findings()[0]["severity"] == "information"
    assert answer.usable()
    national = yuntai.station.read(answer.locations[0])["maritalStatus"]["coding"][0]
    assert national["extension"] == [{"url": MAP_EQUIVALENCE, "valueCode": "inexact"}]


@pytest.mark.parametrize(
    ("changed", "expression"),
    [
        ({"maritalStatus": {"coding": [{"code": "10", "display": "未婚"}]}}, "maritalStatus.coding[0]"),
        ({"gender": "male"}, "gender"),
        ({"gender": "9"}, "gender"),
    ],
    ids=["national marital status without its system", "FHIR code", "national sex"],
)
def test_a_code_that_looks_national_but_has_no_mapping_does_not_pass(
    yuntai: County, changed: Json, expression: str
) -> None:
    answer = yuntai.push(put(patient(**({"gender": "0"} | changed))))
    assert answer.fates == ["new"]
    assert answer.rules() == ["conformity.unmapped-code"]
    assert answer.findings()[0]["expression"] == f"Bundle.entry[0].resource.{expression}"
    assert not answer.usable()


def test_an_unmapped_sex_leaves_no_value_only_the_original(yuntai: County) -> None:
    answer = yuntai.push(put(patient(gender="9")))
    stored = yuntai.station.read(answer.locations[0])
    assert "gender" not in stored
    assert [coding["code"] for coding in local_codings(stored["_gender"])] == ["9"]


def test_an_unmapped_visit_type_is_no_visit(yuntai: County) -> None:
    p = number()
    before = yuntai.held()
    answer = yuntai.push(put(patient(p, gender="0")), put(visit(p, **{"class": {"code": "88"}})))
    assert answer.fates == ["new", "new"]
    assert answer.rules(1) == ["conformity.unmapped-code"]
    assert {key for key in yuntai.held() if key[0]} == {key for key in before if key[0]}
    assert yuntai.station.read(answer.locations[1])["class"] == {"code": "88"}


def test_a_national_code_under_its_own_system_passes_from_every_vendor(yuntai: County) -> None:
    answer = yuntai.accept(put(patient(gender="0", maritalStatus=concept("marital-status", "10"))))
    assert answer.rules() == []
    assert answer.usable()


def test_the_same_local_codes_again_are_a_repetition(yuntai: County) -> None:
    p = number()
    entries = [put(patient(p, gender="1")), put(visit(p, **{"class": {"code": "2"}}))]
    yuntai.accept(*entries)
    assert yuntai.push(*entries).fates == ["repeated", "repeated"]


def test_the_original_code_is_part_of_the_content(vendors_hub: Station) -> None:
    """男 and 男性 both mean male: the second is still a change of what was sent."""
    yunhe, p = County(vendors_hub, "V-yunhe"), number()
    assert yunhe.push(put(patient(p, gender="男"))).fates == ["new"]
    assert yunhe.push(put(patient(p, gender="男性"))).fates == ["updated"]


def test_a_county_that_speaks_national_codes_may_not_send_local_ones(county: County) -> None:
    answer = county.push(put(patient(gender="1")))
    assert answer.fates == ["refused"]
    assert answer.rules() == ["conformity.required-binding"]
    assert answer.findings()[0]["expression"] == "Bundle.entry[0].resource.gender"
    assert "male, female, other, unknown" in answer.findings()[0]["expected_en"]


def _first(candidates: int) -> int:
    del candidates
    return 0


@pytest.mark.parametrize("name", VENDORS)
def test_what_every_vendor_sends_comes_out_as_the_national_record_meant(vendors_hub: Station, name: str) -> None:
    county, p = County(vendors_hub, f"V-{name}"), number()
    localiser = Localiser(load_dialect(name), TABLES)
    resources: list[dict[str, Any]] = [patient(p, gender="female"), visit(p), stay(p)]
    for resource in resources:
        localiser.localise(resource, _first)
    assert resources[0]["gender"] != "female"
    before = county.held()
    answer = county.accept(*map(put, resources))
    assert all("conformity.unmapped-code" not in answer.rules(position) for position in range(3))
    read = [county.station.read(location) for location in answer.locations]
    assert read[0]["gender"] == "female"
    assert [resource["class"]["code"] for resource in read[1:]] == ["AMB", "IMP"]
    gained = {key[0] for key, count in county.held().items() if count > before.get(key, 0)}
    assert gained == {"", "outpatient-visit", "discharge"}


def test_no_vendor_is_left_out() -> None:
    assert len(VENDORS) >= 5
