"""The compiled decoder against its authority, fhir.resources: one verdict, but for justified differences."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from fhir.resources import R4B
from fhir.resources.R4B import get_fhir_model_class
from fhir_corpus import BAD, GOOD, Case, Json
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.fhir import Problem, StructureFault, known_resource_types, structure


def written(resource: Json) -> bytes:
    return json.dumps(resource, ensure_ascii=False).encode()


def decoder_accepts(resource_type: str, raw: bytes) -> bool:
    try:
        structure().decode(resource_type, raw)
    except StructureFault:
        return False
    return True


def authority_accepts(resource_type: str, raw: bytes) -> bool:
    try:
        get_fhir_model_class(resource_type).model_validate_json(raw)
    except (ValueError, KeyError, AttributeError, TypeError, AssertionError):
        # It stumbles over some wrong JSON types instead of refusing them: a refusal all the same.
        return False
    return True


@pytest.mark.parametrize("resource", GOOD, ids=lambda resource: resource["resourceType"])
def test_both_accept_a_good_resource(resource: Json) -> None:
    raw = written(resource)

    assert structure().explain(raw) == []
    assert decoder_accepts(resource["resourceType"], raw)
    assert authority_accepts(resource["resourceType"], raw)


@pytest.mark.parametrize("case", BAD, ids=str)
def test_the_decoder_refuses_a_bad_resource_and_the_authority_too_unless_it_is_known_to_be_lenient(
    case: Case,
) -> None:
    raw = written(case.resource)

    assert not decoder_accepts(case.base, raw)
    assert authority_accepts(case.base, raw) == bool(case.lenient)


def test_the_listed_resource_types_are_those_of_the_authority() -> None:
    # Read from the sources: to import all 141 modules takes seconds.
    heading = re.compile(r"^class (\w+)\((?:domainresource\.DomainResource|resource\.Resource)\):", re.MULTILINE)
    sources = Path(R4B.__file__).parent.glob("*.py")
    resources = {name for source in sources for name in heading.findall(source.read_text("utf-8"))}

    assert known_resource_types() == resources - {"DomainResource"}


CONVERTED = {
    "true or false, without quotes",
    "a number, without quotes",
    "a whole number of 32 bits",
    "a whole number, 0 or more",
    "a whole number, 1 or more",
}
"""What is expected where fhir.resources converts text, numbers and truth values into one another."""


def the_authority_may_accept(problem: Problem) -> bool:
    return (
        problem.kind == "code-invalid"  # required bindings
        or problem.found in ("null", "[]", "{}", '""')  # absent or empty content
        or problem.expression == "Resource.resourceType"  # it knows the type from the model
        or (problem.kind == "value" and problem.expected_en in CONVERTED)
        or (problem.kind == "value" and problem.found.lstrip("-")[0].isdigit())  # seconds since 1970 for a date
        or any(format_ in problem.expected_en for format_ in ("URI", "URL", "base64"))
    )


def places(content: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    steps: Any = (
        content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    )
    for step, value in steps:
        if path or step != "resourceType":
            found += places(value, (*path, step))
    return found


WRONG = st.sampled_from(
    [
        None,
        "",
        [],
        {},
        5,
        1.5,
        -1,
        True,
        "true",
        "7",
        "text",
        " text",
        "2016-02-30",
        "2016-03-01T08:00:00",
        ["text"],
        {"x": 1},
    ]
).map(copy.deepcopy)  # a change must not reach the next example


@st.composite
def mutations(draw: st.DrawFn) -> Json:
    """A good resource with one or two changes: an element dropped, replaced, wrapped, copied or added."""
    resource: Json = copy.deepcopy(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 2))):
        *parents, last = draw(st.sampled_from(places(resource)))
        parent: Any = resource
        for step in parents:
            parent = parent[step]
        match draw(st.sampled_from(["drop", "replace", "wrap", "add", "move"])):
            case "drop":
                del parent[last]
            case "replace":
                parent[last] = draw(WRONG)
            case "wrap":
                parent[last] = [parent[last]]
            case "add" if isinstance(parent, dict):
                parent["unheardOf"] = draw(WRONG)
            case "move" if isinstance(parent, dict):
                parent["valueString"] = parent.pop(last)
        if not places(resource):
            break
    return resource


@settings(max_examples=400, deadline=None, derandomize=True)
@given(resource=mutations())
def test_decoder_authority_and_explanation_agree_on_what_a_mutation_breaks(resource: Json) -> None:
    raw = written(resource)
    resource_type = resource["resourceType"]
    accepted = decoder_accepts(resource_type, raw)
    problems = structure().explain(raw)

    assert accepted == (not problems)
    assert not any("The decoder says" in problem.mend_en for problem in problems)
    if authority_accepts(resource_type, raw):
        assert all(the_authority_may_accept(problem) for problem in problems)
    elif accepted:
        # The resources in a Bundle are left to their own turn; the authority looks into them.
        assert resource_type == "Bundle"
