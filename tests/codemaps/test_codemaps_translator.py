"""Translation at the hub: what stands where afterwards, and the laws that hold for every dialect."""

import json
from typing import Any

from codemaps_resources import (
    DIALECTS,
    LOCALISED,
    TABLES,
    TRANSLATORS,
    decode,
    local_value,
    national_value,
    resource_with,
    translate,
    value_at,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from codemaps import CODED_ELEMENTS, DialectElement, Equivalence, Translation
from exchange.fhir import encode
from exchange.systems import ACT_CODE, LOCAL_CODING, MAP_EQUIVALENCE, NATIONAL_CODING, PATIENT_ETHNICITY

SEX = TABLES["sex"].system
VISIT = TABLES["visit-type"].system
DIAGNOSIS = TABLES["diagnosis"].system


def test_a_concept_holds_the_national_coding_first_and_the_original_after_it() -> None:
    original = {"code": "I10.X00", "display": "高血压病"}
    results, after = translate("yuntai", resource_with("Condition.code", {"coding": [original], "text": "高血压"}))
    assert after["code"] == {
        "coding": [{"system": DIAGNOSIS, "code": "I10.x00", "display": "特发性（原发性）高血压"}, original],
        "text": "高血压",
    }
    assert results == [
        Translation(
            expression="Condition.code.coding[0]",
            table="diagnosis",
            local_code="I10.X00",
            local_display="高血压病",
            target_code="I10.x00",
            target_display="特发性（原发性）高血压",
            equivalence=Equivalence.EQUIVALENT,
        )
    ]


def test_a_national_coding_that_is_not_equivalent_says_so() -> None:
    _, after = translate("taihu", resource_with("Condition.code", {"coding": [{"code": "I10"}]}))
    assert after["code"]["coding"][0]["extension"] == [{"url": MAP_EQUIVALENCE, "valueCode": "narrower"}]


def test_an_unmatched_concept_keeps_its_original_and_gets_nothing() -> None:
    results, after = translate("yuntai", resource_with("Condition.code", {"coding": [{"code": "Q99"}]}))
    assert after["code"] == {"coding": [{"code": "Q99"}]}
    assert results[0].equivalence is Equivalence.UNMATCHED
    assert not results[0].filler


def test_a_coding_without_a_code_is_unmatched_by_its_name() -> None:
    (result,), _ = translate("yuntai", resource_with("Condition.code", {"coding": [{"display": "上感"}]}))
    assert (result.local_code, result.local_display, result.filler) == ("", "上感", False)


def test_the_class_of_an_encounter_becomes_its_hl7_code_and_keeps_the_original_in_an_extension() -> None:
    _, after = translate("luoma", resource_with("Encounter.class", {"code": "I", "display": "Inpatient"}))
    assert after["class"] == {
        "system": ACT_CODE,
        "code": "IMP",
        "extension": [
            {"url": LOCAL_CODING, "valueCoding": {"code": "I", "display": "Inpatient"}},
            {"url": NATIONAL_CODING, "valueCoding": {"system": VISIT, "code": "3", "display": "住院"}},
        ],
    }


def test_a_class_without_an_hl7_code_becomes_the_national_coding() -> None:
    _, after = translate("luoma", resource_with("Encounter.class", {"code": "H"}))
    assert after["class"] == {
        "system": VISIT,
        "code": "9",
        "display": "其他",
        "extension": [
            {"url": LOCAL_CODING, "valueCoding": {"code": "H"}},
            {"url": MAP_EQUIVALENCE, "valueCode": "wider"},
        ],
    }


def test_an_unmatched_class_stays_as_it_was_sent() -> None:
    (result,), after = translate("luoma", resource_with("Encounter.class", {"code": "?"}))
    assert after["class"] == {"code": "?"}
    assert (result.expression, result.equivalence) == ("Encounter.class", Equivalence.UNMATCHED)


def test_gender_becomes_the_code_of_fhir_with_the_original_on_its_sibling() -> None:
    (result,), after = translate("yuntai", resource_with("Patient.gender", "1"))
    assert after["gender"] == "female"
    assert after["_gender"]["extension"] == [
        {"url": LOCAL_CODING, "valueCoding": {"code": "1", "display": "女"}},
        {"url": NATIONAL_CODING, "valueCoding": {"system": SEX, "code": "2", "display": "女"}},
    ]
    assert result.expression == "Patient.gender"


def test_an_unmatched_gender_leaves_no_value_and_keeps_the_original() -> None:
    _, after = translate("yuntai", resource_with("Patient.gender", "男"))
    assert "gender" not in after
    assert after["_gender"] == {"extension": [{"url": LOCAL_CODING, "valueCoding": {"code": "男"}}]}


def test_what_stands_on_the_sibling_already_stays() -> None:
    mine = {"url": "urn:test:mine", "valueString": "mine"}
    _, after = translate("yuntai", resource_with("Patient.gender", "1") | {"_gender": {"extension": [mine]}})
    assert [each["url"] for each in after["_gender"]["extension"]] == [
        mine["url"],
        LOCAL_CODING,
        NATIONAL_CODING,
    ]


def test_a_forged_original_does_not_let_a_local_code_pass() -> None:
    forged = {"extension": [{"url": LOCAL_CODING, "valueCoding": {"code": "x"}}]}
    (result,), after = translate("yuntai", resource_with("Patient.gender", "男") | {"_gender": forged})
    assert result.equivalence is Equivalence.UNMATCHED
    assert "gender" not in after


def test_a_coding_of_any_other_system_is_left_alone() -> None:
    sent = resource_with("Condition.code", {"coding": [{"system": "urn:somebody:else", "code": "I10.X00"}]})
    assert translate("yuntai", sent) == ([], sent)


def test_the_vendors_own_system_is_local_and_needs_no_guess() -> None:
    own = "https://langshan.example/codes/payment"
    path = "Encounter.extension(encounter-payment).valueCodeableConcept"
    (result,), after = translate("langshan", resource_with(path, local_value(path, "90", own)))
    assert result.target_code == "2"
    assert value_at(path, after)["coding"][1] == {"system": own, "code": "90"}


def test_a_local_coding_beside_a_national_one_is_not_translated_again() -> None:
    national = national_value("Condition.code", "E11.900")["coding"][0]
    sent = resource_with("Condition.code", {"coding": [{"code": "I10.X00"}, national]})
    assert translate("yuntai", sent) == ([], sent)


def test_the_place_of_every_coding_is_told() -> None:
    sent = resource_with("Encounter.class", {"code": "1"})
    sent["reasonCode"] = [
        {"text": "no coding at all"},
        {"coding": [{"system": "urn:somebody:else", "code": "1"}, {"code": "R05.X00"}, {"code": "?"}]},
    ]
    results, after = translate("yuntai", sent)
    assert [(result.expression, result.target_code) for result in results] == [
        ("Encounter.class", "3"),
        ("Encounter.reasonCode[1].coding[1]", "R05.x00"),
        ("Encounter.reasonCode[1].coding[2]", ""),
    ]
    assert [coding["code"] for coding in after["reasonCode"][1]["coding"]] == ["R05.x00", "1", "R05.X00", "?"]


def test_an_extension_is_found_by_its_url() -> None:
    sent = {
        "resourceType": "Patient",
        "extension": [
            {"url": "urn:test:other", "valueCodeableConcept": {"coding": [{"code": "HA"}]}},
            {"url": PATIENT_ETHNICITY, "valueCodeableConcept": {"coding": [{"code": "HA"}]}},
        ],
    }
    (result,), after = translate("yuntai", sent)
    assert result.expression == "Patient.extension[1].valueCodeableConcept.coding[0]"
    assert after["extension"][0] == sent["extension"][0]


def test_only_code_typed_elements_are_localised_for_the_decoder() -> None:
    assert TRANSLATORS["yuntai"].localised == frozenset({"Patient.gender"})
    assert TRANSLATORS["national"].localised == frozenset()


def test_the_national_form_is_left_as_it_is() -> None:
    sent = resource_with("Patient.gender", "male") | resource_with(
        "Patient.maritalStatus", national_value("Patient.maritalStatus", "20")
    )
    assert translate("national", sent) == ([], sent)


rows = st.sampled_from(LOCALISED).flatmap(
    lambda pair: st.tuples(st.just(pair[0]), st.just(pair[1]), st.sampled_from(sorted(pair[1].map)))
)
# What a careless system might send: national codes, HL7's codes, other vendors' codes, anything.
codes = st.one_of(
    st.sampled_from(sorted({code for table in TABLES.values() for code in table.concepts})),
    st.sampled_from(["male", "female", "unknown", "AMB", "EMER", "IMP"]),
    st.sampled_from(sorted({code for _, element in LOCALISED for code in element.map})),
    st.from_regex(r"[0-9A-Za-z男女.]{1,6}", fullmatch=True),
)


def national_codings(path: str, table_id: str, value: Any) -> list[dict[str, Any]]:
    """The national codings within a value, wherever the translator may put them."""
    if not isinstance(value, dict):
        return []
    inner = [each["valueCoding"] for each in value.get("extension", ()) if each["url"] == NATIONAL_CODING]
    candidates = [value, *value.get("coding", ()), *inner]
    return [each for each in candidates if each.get("system") == TABLES[table_id].system]


@settings(deadline=None)
@given(rows)
def test_the_original_stays_beside_every_translation(row: tuple[str, DialectElement, str]) -> None:
    name, element, code = row
    sent = local_value(element.path, code, element.system)
    (result,), after = translate(name, resource_with(element.path, sent))
    meaning = element.map[code]
    assert (result.target_code, result.equivalence) == (meaning.target_code, meaning.equivalence)
    assert json.dumps({"code": code}, ensure_ascii=False)[1:-1] in json.dumps(after, ensure_ascii=False)


@settings(deadline=None)
@given(st.sampled_from(LOCALISED), codes)
def test_a_code_absent_from_the_map_never_passes(pair: tuple[str, DialectElement], code: str) -> None:
    name, element = pair
    sent = resource_with(element.path, local_value(element.path, code, element.system))
    (result,), after = translate(name, sent)
    value = value_at(element.path, after)
    if code in element.map:
        assert result.equivalence is element.map[code].equivalence
    else:
        assert (result.target_code, result.equivalence) == ("", Equivalence.UNMATCHED)
        assert national_codings(element.path, element.table, value) == []
        assert value in (None, local_value(element.path, code, element.system))


@settings(deadline=None)
@given(rows)
def test_translating_twice_changes_nothing(row: tuple[str, DialectElement, str]) -> None:
    name, element, code = row
    resource = decode(name, resource_with(element.path, local_value(element.path, code, element.system)))
    (first,) = TRANSLATORS[name].translate(resource)
    once = encode(resource)
    again = TRANSLATORS[name].translate(resource)
    assert encode(resource) == once
    assert again in ([], [first])


@settings(deadline=None)
@given(st.sampled_from([pair for pair in LOCALISED if CODED_ELEMENTS[pair[1].path].type != "code"]), st.data())
def test_a_coding_that_is_national_already_stays_as_it_is(
    pair: tuple[str, DialectElement], data: st.DataObject
) -> None:
    name, element = pair
    code = data.draw(st.sampled_from(sorted(TABLES[element.table].concepts)))
    sent = resource_with(element.path, national_value(element.path, code))
    assert translate(name, sent) == ([], sent)


def test_translators_of_two_dialects_do_not_disturb_each_other() -> None:
    for name in ("yuntai", "luoma", "yuntai"):
        local = next(code for code, row in DIALECTS[name].elements[0].map.items() if row.target_code == "1")
        assert translate(name, resource_with("Patient.gender", local))[1]["gender"] == "male"
