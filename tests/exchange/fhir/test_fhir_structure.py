"""Decoding and encoding: what a decoded resource looks like, and that writing gives back what was read."""

import calendar
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from fhir_corpus import BASES, CONCEPT, GOOD, Json, changed
from hypothesis import given
from hypothesis import strategies as st

from exchange.fhir import StructureFault, encode, known_resource_types, resource_type_of, structure


def written(resource: Json) -> bytes:
    return json.dumps(resource, ensure_ascii=False).encode()


def decoded(resource: Json, localised: frozenset[str] = frozenset()) -> Any:
    return structure(localised).decode(resource["resourceType"], written(resource))


def test_a_resource_is_a_struct_named_after_its_type_with_values_as_written() -> None:
    observation = decoded(BASES["Observation"])

    assert type(observation).__name__ == "Observation"
    assert observation.status == "final"
    assert observation.effectiveDateTime == "2016-03-01T08:12:33+08:00"
    assert observation.valueQuantity.value == Decimal("121.5")
    assert observation.code.coding[0].display == "收缩压"
    assert observation.valueString is msgspec.UNSET


def test_a_keyword_gets_an_underscore_and_a_sibling_gets_ext() -> None:
    encounter = decoded(BASES["Encounter"])
    patient = decoded(changed("Patient", "_birthDate", {"id": "b"}))

    assert encounter.class_.code == "AMB"
    assert patient.birthDate__ext.id == "b"


@pytest.mark.parametrize("resource", GOOD, ids=lambda resource: resource["resourceType"])
def test_writing_what_was_read_gives_the_same_json(resource: Json) -> None:
    assert json.loads(encode(decoded(resource))) == resource


@pytest.mark.parametrize("number", ["121.50", "0.10", "5", "-0.000", "1.0", "100000000000000000000.1"])
def test_a_decimal_keeps_its_digits(number: str) -> None:
    raw = written(BASES["Observation"]).replace(b"121.5", number.encode())

    assert f'"value":{number},'.encode() in encode(structure().decode("Observation", raw))


@given(number=st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_comes_back_as_the_same_number(number: Decimal) -> None:
    raw = written(BASES["Observation"]).replace(b"121.5", str(number).encode())
    observation: Any = structure().decode("Observation", raw)

    again: Any = structure().decode("Observation", encode(observation))
    assert observation.valueQuantity.value == number == again.valueQuantity.value


def test_decimals_in_an_array_are_read_like_single_ones() -> None:
    def sequence(precision: str) -> bytes:
        quality = f'{{"type":"snp","roc":{{"precision":{precision}}}}}'
        return f'{{"resourceType":"MolecularSequence","coordinateSystem":0,"quality":[{quality}]}}'.encode()

    read: Any = structure().decode("MolecularSequence", sequence("[0.50,1]"))
    assert read.quality[0].roc.precision == [Decimal("0.50"), Decimal(1)]
    assert encode(read) == sequence("[0.50,1]")
    for wrong in ('["0.50"]', "[true]", "0.50", "[]", "[null]"):
        with pytest.raises(StructureFault):
            structure().decode("MolecularSequence", sequence(wrong))


MOMENTS = st.datetimes(timezones=st.sampled_from([timezone(timedelta(hours=hours)) for hours in (-5, 0, 8, 14)]))


@given(moment=MOMENTS)
def test_every_moment_that_exists_is_a_date_time_and_its_day_a_date(moment: datetime) -> None:
    patient = decoded(
        changed("Patient", "deceasedDateTime", moment.isoformat())
        | {"birthDate": moment.date().isoformat(), "meta": {"lastUpdated": moment.isoformat()}}
    )

    assert patient.deceasedDateTime == moment.isoformat()
    with pytest.raises(StructureFault):
        decoded(changed("Patient", "deceasedDateTime", moment.replace(tzinfo=None).isoformat()))


@given(year=st.integers(1, 9999), month=st.integers(1, 12), day=st.integers(29, 31))
def test_a_day_is_accepted_exactly_if_the_calendar_has_it(year: int, month: int, day: int) -> None:
    exists = day <= calendar.monthrange(year, month)[1]
    text = f"{year:04}-{month:02}-{day:02}"

    for value in (text, f"{text}T08:00:00+08:00"):
        resource = changed("Condition", "onsetDateTime", value)
        if exists:
            assert decoded(resource).onsetDateTime == value
        else:
            with pytest.raises(StructureFault):
                decoded(resource)


def test_the_same_content_is_written_to_the_same_bytes_whatever_its_order_and_spacing() -> None:
    resource = changed("Patient", "contained", [{"resourceType": "Organization", "id": "o", "name": "县医院"}])
    upside_down = json.dumps(dict(reversed(resource.items())), indent=3).encode()

    assert encode(decoded(resource)) == encode(structure().decode("Patient", upside_down))


def test_the_resources_of_a_bundle_stay_raw_so_that_one_bad_entry_does_not_spoil_the_others() -> None:
    bundle = decoded(changed("Bundle", "entry.0.resource", {"resourceType": "Patient", "gendr": {}}))

    assert isinstance(bundle.entry[0].resource, msgspec.Raw)
    assert resource_type_of(bytes(bundle.entry[0].resource)) == "Patient"


def test_a_contained_resource_is_checked_with_the_resource() -> None:
    with pytest.raises(StructureFault, match="nam"):
        decoded(changed("Patient", "contained", [{"resourceType": "Organization", "nam": "x"}]))


def test_a_required_binding_is_left_open_only_where_the_dialect_is_local() -> None:
    local = frozenset({"Patient.gender", "Patient.name.use"})
    resource = changed("Patient", "gender", "男")

    assert decoded(resource, local).gender == "男"
    assert decoded(changed("Patient", "name.0.use", "1"), local).name[0].use == "1"
    with pytest.raises(StructureFault):
        decoded(resource)
    with pytest.raises(StructureFault):
        decoded(changed("Patient", "contact.0.gender", "男"), local)
    with pytest.raises(StructureFault):
        decoded(changed("Patient", "contact.0.name.use", "1"), local)
    with pytest.raises(StructureFault):
        decoded(changed("Patient", "gender", ""), local)


def test_a_resource_of_another_type_is_refused() -> None:
    with pytest.raises(StructureFault, match="resourceType"):
        structure().decode("Patient", written(BASES["Encounter"]))
    with pytest.raises(StructureFault, match="not a resource type"):
        structure().decode("HumanName", b'{"text":"x"}')


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b'{"resourceType":"Patient"}', "Patient"),
        (b'{"id":"x","resourceType":"Nobody"}', "Nobody"),
        (b'{"id":"x"}', None),
        (b'{"resourceType":5}', None),
        (b"[]", None),
        (b"{", None),
        (b"\xff", None),
    ],
)
def test_the_resource_type_is_read_without_reading_the_rest(raw: bytes, named: str | None) -> None:
    assert resource_type_of(raw) == named


NESTED = b'{"resourceType":"Patient","extension":' + b'[{"url":"x","extension":' * 5000


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[]", b"{", b"\xff\xfe{", b'{"resourceType":"Patient","id":"\xff"}', NESTED],
    ids=["nothing", "null", "array", "cut", "bytes", "not UTF-8", "too deep"],
)
def test_what_is_no_json_object_is_a_fault_and_nothing_worse(raw: bytes) -> None:
    with pytest.raises(StructureFault):
        structure().decode("Patient", raw)


def test_an_exponent_without_bounds_is_a_fault() -> None:
    with pytest.raises(StructureFault):
        structure().decode("Observation", written(BASES["Observation"]).replace(b"121.5", b"1e" + b"9" * 30))


def test_a_refused_value_is_refused_again_after_a_good_one_was_remembered() -> None:
    for _ in range(2):
        decoded(changed("Encounter", "period.start", "2016-03-01T08:00:00+08:00"))
        decoded(changed("Encounter", "period.start", "2016-03"))
        for wrong in ("2016-03T08:00:00+08:00", "2016-02-30T08:00:00+08:00", "2016-03-01T08:00:00"):
            with pytest.raises(StructureFault):
                decoded(changed("Encounter", "period.start", wrong))
        with pytest.raises(StructureFault):
            decoded(changed("Patient", "meta.lastUpdated", "2016-03"))


def test_every_known_type_can_be_compiled_and_knows_its_own_name() -> None:
    for resource_type in (
        "Patient",
        "Claim",
        "Questionnaire",
        "ValueSet",
        "OperationOutcome",
        "Parameters",
        "Task",
    ):
        assert resource_type in known_resource_types()
        with_unknown = json.dumps({"resourceType": resource_type, "unheardOf": 1}).encode()
        with pytest.raises(StructureFault, match="unheardOf"):
            structure().decode(resource_type, with_unknown)


def test_importing_the_package_does_not_import_fhir_resources() -> None:
    program = "import sys, exchange.fhir; print({'fhir', 'fhir_core', 'pydantic'}.isdisjoint(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "True"


def test_a_changed_resource_is_written_with_its_changes() -> None:
    patient = decoded(changed("Patient", "maritalStatus", CONCEPT))
    patient.gender = msgspec.UNSET
    patient.maritalStatus.coding.insert(0, type(patient.maritalStatus.coding[0])(system="urn:oid:1.2", code="20"))

    again = json.loads(encode(patient))
    assert "gender" not in again
    assert again["maritalStatus"]["coding"][0] == {"system": "urn:oid:1.2", "code": "20"}
