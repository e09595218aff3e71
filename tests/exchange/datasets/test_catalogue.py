"""The declarations hold together: paths exist in FHIR, codes name their table, everything has a basis."""

import re

import pytest
from fhir.resources.R4B import get_fhir_model_class

from exchange.datasets import DATA_SETS, HEALTH_RECORD_TYPES, SECTIONS

ELEMENTS = [element for data_set in DATA_SETS.values() for element in data_set.elements]
TABLES = {
    "Patient.gender": "sex",
    "Patient.maritalStatus": "marital-status",
    "Patient.extension(patient-ethnicity).valueCodeableConcept": "ethnicity",
    "Patient.identifier.type": "identity-document-type",
    "Encounter.class": "visit-type",
    "Encounter.serviceType": "department",
    "Encounter.reasonCode": "diagnosis",
    "Encounter.extension(encounter-payment).valueCodeableConcept": "payment",
    "Encounter.hospitalization.admitSource": "admission-route",
    "Encounter.hospitalization.dischargeDisposition": "discharge-disposition",
    "Condition.code": "diagnosis",
    "Procedure.code": "procedure",
    "MedicationRequest.dosageInstruction.timing.code": "medication-frequency",
}


def test_there_are_six_data_sets_in_the_order_of_the_bulletin():
    assert list(DATA_SETS) == [
        "outpatient-visit",
        "discharge",
        "laboratory-examination",
        "health-record-basic",
        "health-record-hypertension",
        "health-record-diabetes",
    ]
    assert [data_set.anchor for data_set in DATA_SETS.values()] == [
        "Encounter",
        "Encounter",
        "DiagnosticReport",
        "Composition",
        "Composition",
        "Composition",
    ]


def test_coded_elements_and_no_others_name_their_table():
    assert {element.path: element.table for element in ELEMENTS if element.table} == TABLES


@pytest.mark.parametrize("path", sorted({element.path for element in ELEMENTS}))
def test_every_path_exists_in_fhir(path):
    resource_type, *steps = path.split(".")
    model = get_fhir_model_class(resource_type)
    for step in steps:
        name = re.sub(r"\(.*\)|\[x\]", "", step)
        fields = {field.alias or key: field for key, field in model.model_fields.items()}
        matches = [key for key in fields if (re.fullmatch(rf"{name}[A-Z]\w*", key) if "[x]" in step else key == name)]
        assert matches, f"{step} in {path}"
        annotation = re.search(r"(\w+)Type\b", str(fields[matches[0]].annotation) + str(fields[matches[0]].metadata))
        if annotation and step != steps[-1]:
            model = get_fhir_model_class(annotation[1])


def test_no_data_set_asks_twice_for_the_same_element():
    for data_set in DATA_SETS.values():
        paths = [element.path for element in data_set.elements]
        assert len(paths) == len(set(paths))


def test_every_element_has_both_names_and_a_basis_and_identifiers_are_well_formed():
    for element in ELEMENTS:
        assert element.name_zh
        assert element.name_en
        assert element.basis
        assert re.fullmatch(r"(DE\d\d\.\d\d\.\d\d\d\.\d\d)?", element.identifier)


def test_every_anchor_has_its_patient_and_its_own_elements():
    for data_set in DATA_SETS.values():
        required = {element.path for element in data_set.elements if element.required}
        assert {"Patient.name", "Patient.gender", "Patient.birthDate", "Patient.identifier"} <= required
        assert f"{data_set.anchor}.identifier" in required
        assert f"{data_set.anchor}.subject" in required


def test_every_health_record_has_sections_with_unique_codes():
    assert set(SECTIONS) == set(HEALTH_RECORD_TYPES.values())
    for sections in SECTIONS.values():
        assert len({section.code for section in sections}) == len(sections)
        assert sum(section.required for section in sections) >= 4
