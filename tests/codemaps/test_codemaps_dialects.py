"""The shipped dialects: that each can say everything, and that what is dangerous in them is read right."""

import pytest
from codemaps_resources import DIALECTS, LOCALISED, TABLES, local_value, resource_with, translate

from codemaps import Dialect, DialectElement, Equivalence
from codemaps.dialect import SHIPPED


def test_there_are_six_vendors_and_the_national_form() -> None:
    assert set(DIALECTS) == {"taihu", "yunhe", "yuntai", "luoma", "langshan", "maoshan", "national"}
    assert DIALECTS["national"].elements == ()


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_dialect_names_its_release_its_day_and_its_source(dialect: Dialect) -> None:
    assert dialect.release
    assert dialect.valid_from.isoformat() <= "2016-03-01"
    assert dialect.source


@pytest.mark.parametrize(("name", "element"), LOCALISED, ids=lambda value: getattr(value, "path", value))
def test_a_dialect_has_a_local_code_for_every_national_one(name: str, element: DialectElement) -> None:
    said = {code for row in element.map.values() for code in (row.target_code, *row.also_sent_for)}
    assert TABLES[element.table].concepts.keys() - said == set()


def test_every_kind_of_equivalence_occurs() -> None:
    used = {row.equivalence for _, element in LOCALISED for row in element.map.values()}
    assert used == set(Equivalence)


def test_one_vendor_exports_in_gb18030() -> None:
    assert DIALECTS["yunhe"].encoding == "GB18030"
    raw = (SHIPPED / "yunhe" / "sex.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")


COLLISIONS = [
    ("yuntai: 0 is male, nationally unknown", "yuntai", "Patient.gender", "0", "1"),
    ("yuntai: 1 is female, nationally male", "yuntai", "Patient.gender", "1", "2"),
    ("yuntai: 2 is unknown, nationally female", "yuntai", "Patient.gender", "2", "0"),
    ("yuntai: route 1 is outpatient", "yuntai", "Encounter.hospitalization.admitSource", "1", "2"),
    ("yuntai: route 2 is emergency", "yuntai", "Encounter.hospitalization.admitSource", "2", "1"),
    ("yuntai: outcome 4 is death", "yuntai", "Encounter.hospitalization.dischargeDisposition", "4", "5"),
    ("yuntai: visit 1 is inpatient", "yuntai", "Encounter.class", "1", "3"),
    ("yuntai: 30 would be widowed, 3 is divorced", "yuntai", "Patient.maritalStatus", "3", "40"),
    ("yuntai: document 2 is an officer's card", "yuntai", "Patient.identifier.type", "2", "04"),
    ("maoshan: visit 1 is emergency", "maoshan", "Encounter.class", "1", "2"),
    ("luoma: M is male", "luoma", "Patient.gender", "M", "1"),
    ("luoma: M is married", "luoma", "Patient.maritalStatus", "M", "20"),
    ("taihu: 3.1 is respiratory medicine", "taihu", "Encounter.serviceType", "3.1", "03.01"),
    ("taihu: 3.10 is geriatrics", "taihu", "Encounter.serviceType", "3.10", "03.10"),
    ("yuntai: 304 is cardiology", "yuntai", "Encounter.serviceType", "304", "03.04"),
    (
        "taihu: ethnicity 1 is Han",
        "taihu",
        "Patient.extension(patient-ethnicity).valueCodeableConcept",
        "1",
        "01",
    ),
    ("yuntai: I10.X00 in upper case", "yuntai", "Encounter.reasonCode", "I10.X00", "I10.x00"),
    ("yunhe: a name in the code field", "yunhe", "Patient.gender", "男", "1"),
    ("luoma: pinyin initials", "luoma", "Encounter.serviceType", "XNK", "03.04"),
]


@pytest.mark.parametrize(
    ("dialect", "path", "local", "national"),
    [row[1:] for row in COLLISIONS],
    ids=[row[0] for row in COLLISIONS],
)
def test_a_code_means_what_its_vendor_means_by_it(dialect: str, path: str, local: str, national: str) -> None:
    (result,), _ = translate(dialect, resource_with(path, local_value(path, local)))
    assert (result.local_code, result.target_code) == (local, national)


NEVER = [
    ("taihu", "Encounter.reasonCode", "I10.x00"),
    ("yuntai", "Encounter.reasonCode", "I10.x00"),
    ("taihu", "Encounter.serviceType", "03.04"),
    ("taihu", "Patient.extension(patient-ethnicity).valueCodeableConcept", "01"),
    ("luoma", "Patient.gender", "1"),
    ("luoma", "Patient.gender", "male"),
    ("yunhe", "Encounter.class", "1"),
    ("yuntai", "Encounter.hospitalization.dischargeDisposition", "5"),
    ("luoma", "Encounter.class", "AMB"),
]


@pytest.mark.parametrize(("dialect", "path", "code"), NEVER)
def test_a_national_looking_code_that_the_vendor_has_not_does_not_pass(dialect: str, path: str, code: str) -> None:
    (result,), _ = translate(dialect, resource_with(path, local_value(path, code)))
    assert result.equivalence is Equivalence.UNMATCHED
    assert result.target_code == ""


SPLIT_AND_MERGED = [
    ("langshan", "Encounter.hospitalization.dischargeDisposition", "301", "3", Equivalence.WIDER),
    (
        "langshan",
        "Encounter.extension(encounter-payment).valueCodeableConcept",
        "90",
        "2",
        Equivalence.NARROWER,
    ),
    ("yuntai", "Encounter.hospitalization.dischargeDisposition", "1", "1", Equivalence.INEXACT),
    ("yunhe", "Encounter.serviceType", "五官科", "11", Equivalence.NARROWER),
    ("taihu", "Condition.code", "I10", "I10.x00", Equivalence.NARROWER),
    ("maoshan", "Condition.code", "E11", "E11.900", Equivalence.NARROWER),
    ("luoma", "Encounter.extension(encounter-payment).valueCodeableConcept", "YB", "", Equivalence.UNMATCHED),
    ("yuntai", "MedicationRequest.dosageInstruction.timing.code", "3", "99", Equivalence.WIDER),
]


@pytest.mark.parametrize(("dialect", "path", "local", "national", "equivalence"), SPLIT_AND_MERGED)
def test_how_well_a_code_fits_is_told(
    dialect: str, path: str, local: str, national: str, equivalence: Equivalence
) -> None:
    system = next(element.system for element in DIALECTS[dialect].elements if element.path == path)
    (result,), _ = translate(dialect, resource_with(path, local_value(path, local, system)))
    assert (result.target_code, result.equivalence) == (national, equivalence)


@pytest.mark.parametrize(
    ("dialect", "filler"),
    [(name, filler) for name, dialect in DIALECTS.items() if dialect.elements for filler in sorted(dialect.fillers)],
)
def test_a_filler_counts_as_nothing(dialect: str, filler: str) -> None:
    (result,), after = translate(dialect, resource_with("Patient.gender", filler))
    assert result.filler
    assert result.equivalence is Equivalence.UNMATCHED
    assert "gender" not in after
