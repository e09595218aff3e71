"""Explanations: every problem of a resource, at its place, in two languages."""

import json

import pytest
from fhir_corpus import ABSENT_REASON, BAD, BASES, REMOVE, Case, changed

from exchange.fhir import Problem, StructureFault, structure


def explained(resource: object, localised: frozenset[str] = frozenset()) -> list[Problem]:
    return structure(localised).explain(json.dumps(resource, ensure_ascii=False).encode())


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_single_mistake_is_explained_at_its_place_in_both_languages(case: Case) -> None:
    problem = only(explained(case.resource))

    assert problem.expression == case.expression
    assert len(problem.found) <= 60
    assert problem.expected_en.isascii() or "…" in problem.expected_en
    for chinese in (problem.expected_zh, problem.mend_zh):
        assert any("一" <= character <= "鿿" for character in chinese)


def test_all_mistakes_are_named_at_once() -> None:
    resource = changed("Encounter", "status", "done") | {
        "subjct": {},
        "period": {"start": "yesterday", "end": 5},
    }
    del resource["class"]

    assert {(problem.expression, problem.kind) for problem in explained(resource)} == {
        ("Encounter.status", "code-invalid"),
        ("Encounter.subjct", "structure"),
        ("Encounter.period.start", "value"),
        ("Encounter.period.end", "value"),
        ("Encounter.class", "required"),
    }


def test_a_misspelt_element_gets_the_likely_one() -> None:
    assert "`gender`" in only(explained(changed("Patient", "Gender", "male"))).mend_en
    assert "`birthDate`" in only(explained(changed("Patient", "birthdate", "1980"))).mend_en


def test_a_code_outside_its_binding_gets_the_whole_list_and_the_likely_one() -> None:
    problem = only(explained(changed("Encounter", "status", "Finished")))

    assert problem.found == '"Finished"'
    assert "entered-in-error" in problem.expected_en
    assert "`finished`" in problem.mend_en


def test_a_local_code_is_no_problem_where_the_dialect_is_local() -> None:
    assert explained(changed("Patient", "gender", "男"), frozenset({"Patient.gender"})) == []
    assert explained(changed("Patient", "name.0.use", "1"), frozenset({"Patient.name.use"})) == []


def test_a_missing_element_is_said_to_be_absent() -> None:
    problem = only(explained(changed("Observation", "code", REMOVE)))

    assert (problem.kind, problem.found) == ("required", "absent")


def test_a_long_value_is_shortened() -> None:
    assert only(explained(changed("Patient", "birthDate", "x" * 500))).found.endswith("x…")


def test_text_in_place_of_a_truth_value_or_a_number_is_told_to_lose_its_quotes() -> None:
    assert "quotes" in only(explained(changed("Patient", "active", "true"))).mend_en
    assert "quotes" in only(explained(changed("Observation", "valueQuantity.value", "121.5"))).mend_en


def test_a_time_without_zone_is_told_to_give_one() -> None:
    assert "zone" in only(explained(changed("Encounter", "period.start", "2016-03-01T08:00:00"))).mend_en


def test_a_mistake_inside_a_contained_resource_is_placed_there() -> None:
    contained = [{"resourceType": "Organization", "name": "x"}, {"resourceType": "Patient", "gender": "m"}]

    assert only(explained(changed("Patient", "contained", contained))).expression == "Patient.contained[1].gender"


def test_an_extension_alone_may_stand_for_a_required_value_but_an_id_may_not() -> None:
    without = changed("Observation", "status", REMOVE)

    assert explained(without | {"_status": ABSENT_REASON}) == []
    assert only(explained(without | {"_status": {"id": "x"}})).expression == "Observation.status"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "truncated"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ('{"resourceType":"Patient","name":[{"text":"王"}]}'.encode("gb18030"), "not UTF-8"),
        (b"[1]", "array"),
        (b'"text"', "object"),
        (b"{}", "resourceType"),
        (b'{"resourceType":"patient"}', "`Patient`"),
        (b'{"resourceType":["Patient"]}', "resource type of R4"),
        (b'{"resourceType":"Observation","valueQuantity":{"value":1e999999999999999999999}}', "bounds"),
        (b'{"resourceType":"Patient","active":"x","active":true}', "decoder"),
    ],
)
def test_what_cannot_be_read_has_one_problem_that_says_why(raw: bytes, words: str) -> None:
    problem = only(structure().explain(raw))

    assert words in problem.mend_en
    with pytest.raises(StructureFault):
        structure().decode("Patient", raw)


def test_nesting_beyond_all_bounds_is_explained() -> None:
    deep = b'{"resourceType":"Patient","extension":' + b'[{"url":"x","extension":' * 5000
    assert "recursion" in only(structure().explain(deep)).mend_en


@pytest.mark.parametrize("resource", BASES.values(), ids=list(BASES))
def test_a_good_resource_has_nothing_to_explain(resource: object) -> None:
    assert explained(resource) == []
