"""Localising at the county, and the way there and back."""

from typing import Any

from codemaps_resources import (
    DIALECTS,
    LOCALISED,
    LOCALISERS,
    TABLES,
    national_value,
    resource_with,
    translate,
    value_at,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from codemaps import CODED_ELEMENTS, DialectElement, Equivalence

BOTH = st.sampled_from(LOCALISED).flatmap(
    lambda pair: st.tuples(st.just(pair[0]), st.just(pair[1]), st.sampled_from(sorted(TABLES[pair[1].table].concepts)))
)


def first(count: int) -> int:
    return 0


def refuse_to_choose(count: int) -> int:
    raise AssertionError(f"there was nothing to choose, and yet {count} candidates")


def test_a_concept_becomes_the_vendors_code_and_name() -> None:
    resource = resource_with("Condition.code", national_value("Condition.code", "I10.x00") | {"text": "高血压"})
    LOCALISERS["yuntai"].localise(resource, refuse_to_choose)
    assert resource["code"] == {
        "coding": [{"code": "I10.X00", "display": "特发性（原发性）高血压"}],
        "text": "高血压",
    }


def test_gender_and_class_become_local_codes() -> None:
    patient = resource_with("Patient.gender", "female")
    LOCALISERS["yuntai"].localise(patient, refuse_to_choose)
    assert patient["gender"] == "1"
    encounter = resource_with("Encounter.class", national_value("Encounter.class", "3"))
    LOCALISERS["luoma"].localise(encounter, refuse_to_choose)
    assert encounter["class"] == {"code": "I", "display": "Inpatient"}


def test_the_vendors_own_system_is_sent() -> None:
    resource = resource_with("Encounter.class", national_value("Encounter.class", "1"))
    LOCALISERS["langshan"].localise(resource, refuse_to_choose)
    assert resource["class"]["system"] == "https://langshan.example/codes/visit-type"


def test_among_several_local_codes_the_caller_chooses() -> None:
    path = "Encounter.hospitalization.dischargeDisposition"
    asked: list[int] = []

    def last(count: int) -> int:
        asked.append(count)
        return count - 1

    resource = resource_with(path, national_value(path, "3"))
    LOCALISERS["langshan"].localise(resource, last)
    assert asked == [2]
    assert value_at(path, resource)["coding"][0]["code"] == "302"


def test_there_is_nothing_to_choose_where_one_local_code_stands_for_two_national_ones() -> None:
    patient = resource_with("Patient.gender", "unknown")
    LOCALISERS["taihu"].localise(patient, refuse_to_choose)
    assert patient["gender"] == "3"


def test_what_the_vendor_has_no_code_for_goes_under_the_documented_one() -> None:
    path = "Encounter.hospitalization.dischargeDisposition"
    resource = resource_with(path, national_value(path, "2"))
    LOCALISERS["yuntai"].localise(resource, refuse_to_choose)
    assert value_at(path, resource)["coding"][0]["code"] == "9"


def test_what_is_not_in_the_table_stays_as_it_is() -> None:
    strange: dict[str, Any] = {"coding": [{"system": TABLES["diagnosis"].system, "code": "Q99.900"}]}
    for value in (
        strange,
        {"coding": [{"system": "urn:somebody:else", "code": "I10.x00"}]},
        {"text": "高血压"},
    ):
        resource = resource_with("Condition.code", value)
        LOCALISERS["yuntai"].localise(resource, refuse_to_choose)
        assert resource == resource_with("Condition.code", value)
    patient = resource_with("Patient.gender", "other")
    LOCALISERS["yuntai"].localise(patient, refuse_to_choose)
    assert patient["gender"] == "other"


def test_elements_that_a_dialect_does_not_list_are_sent_national() -> None:
    path = "Patient.extension(patient-ethnicity).valueCodeableConcept"
    resource = resource_with(path, national_value(path, "01"))
    for name in ("luoma", "national"):
        LOCALISERS[name].localise(resource, refuse_to_choose)
        assert resource == resource_with(path, national_value(path, "01"))


@settings(deadline=None)
@given(BOTH, st.data())
def test_every_national_code_has_a_local_one(drawn: tuple[str, DialectElement, str], data: st.DataObject) -> None:
    name, element, code = drawn
    resource = resource_with(element.path, national_value(element.path, code))
    before = resource_with(element.path, national_value(element.path, code))
    LOCALISERS[name].localise(resource, lambda count: data.draw(st.integers(0, count - 1)))
    (result,), _ = translate(name, resource)
    assert result.local_code in element.map
    assert resource != before


@settings(deadline=None)
@given(BOTH, st.data())
def test_there_and_back_gives_the_national_code_where_the_map_says_equivalent(
    drawn: tuple[str, DialectElement, str], data: st.DataObject
) -> None:
    name, element, code = drawn
    resource = resource_with(element.path, national_value(element.path, code))
    LOCALISERS[name].localise(resource, lambda count: data.draw(st.integers(0, count - 1)))
    (result,), after = translate(name, resource)
    row = element.map[result.local_code]
    concept = TABLES[element.table].concepts[code]
    if row.equivalence is Equivalence.EQUIVALENT and code not in row.also_sent_for:
        back, sent = value_at(element.path, after), national_value(element.path, code)
        if CODED_ELEMENTS[element.path].type == "code":
            assert back == sent
        elif CODED_ELEMENTS[element.path].type == "Coding":
            assert (back["system"], back["code"]) == (sent["system"], sent["code"])
        else:
            assert back["coding"][0] == sent["coding"][0]
            assert result.target_display == concept.display_zh


def test_visits_and_discharges_come_back_as_such_from_every_vendor() -> None:
    for name in DIALECTS:
        for code in ("1", "2", "3"):
            national = national_value("Encounter.class", code)
            resource = resource_with("Encounter.class", dict(national))
            LOCALISERS[name].localise(resource, first)
            _, after = translate(name, resource)
            assert after["class"]["code"] == national["code"]
