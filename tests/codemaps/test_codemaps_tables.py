"""The national code tables, as shipped and as one's own."""

from datetime import date
from pathlib import Path

import pytest
from codemaps_resources import TABLES

from codemaps import CODED_ELEMENTS, CodemapError, catalogue, load_tables
from exchange.datasets import DATA_SETS
from exchange.systems import ACT_CODE, BASE

BULLETIN = date(2016, 3, 1)


def test_every_table_is_valid_in_the_period_of_the_bulletin_and_names_its_source() -> None:
    for table in TABLES.values():
        assert table.valid_from <= BULLETIN
        assert table.valid_to is None or table.valid_to >= BULLETIN
        assert table.source
        assert all(concept.source for concept in table.concepts.values()), table.id


def test_every_code_has_a_name_in_both_languages() -> None:
    unnamed = [
        (table.id, concept.code)
        for table in TABLES.values()
        for concept in table.concepts.values()
        if not (concept.display_zh and concept.display_en)
    ]
    assert unnamed == []


def test_a_table_has_its_national_oid_or_a_readable_url() -> None:
    for table in TABLES.values():
        assert table.system.startswith("urn:oid:2.16.156.10011.") or table.system == f"{BASE}/CodeSystem/{table.id}"
    assert TABLES["sex"].system == "urn:oid:2.16.156.10011.2.3.3.4"
    assert TABLES["department"].system == f"{BASE}/CodeSystem/department"


def test_sex_and_visit_type_know_the_codes_of_fhir() -> None:
    sex, visit = TABLES["sex"], TABLES["visit-type"]
    assert {code: concept.fhir_code for code, concept in sex.concepts.items()} == {
        "0": "unknown",
        "1": "male",
        "2": "female",
        "9": "unknown",
    }
    assert {code: concept.fhir_code for code, concept in visit.concepts.items()} == {
        "1": "AMB",
        "2": "EMER",
        "3": "IMP",
        "9": "",
    }
    assert visit.fhir_system == ACT_CODE


def test_a_code_typed_element_has_a_fhir_code_for_every_national_one() -> None:
    for element in CODED_ELEMENTS.values():
        if element.type == "code":
            assert all(concept.fhir_code for concept in TABLES[element.table].concepts.values())


def test_departments_form_a_tree() -> None:
    department = TABLES["department"].concepts
    assert department["03.04"].parent == "03"
    assert department["03"].parent == ""


def test_the_tables_are_those_that_the_data_sets_bind() -> None:
    bound = {
        (element.path, element.table)
        for data_set in DATA_SETS.values()
        for element in data_set.elements
        if element.table is not None
    }
    assert bound <= {(element.path, element.table) for element in CODED_ELEMENTS.values()}
    assert {element.table for element in CODED_ELEMENTS.values()} <= TABLES.keys()


def test_the_catalogue_lists_every_table_once() -> None:
    rows = catalogue(TABLES)
    assert [row[0] for row in rows] == list(TABLES)
    assert ("sex", "生理性别代码", "Sex", 4, "GB/T 2261.1-2003", "urn:oid:2.16.156.10011.2.3.3.4") in rows


INDEX = """\
[colour]
system = "urn:test:colour"
name_zh = "颜色"
name_en = "Colour"
version = "1"
valid_from = 2016-01-01
source = "made up"
"""
HEADER = "code,display_zh,display_en,fhir_code,parent,note,source\n"


def write(directory: Path, index: str = INDEX, rows: str = "1,红,red,,,,made up\n") -> Path:
    (directory / "tables.toml").write_text(index, encoding="utf-8")
    (directory / "colour.csv").write_text(HEADER + rows, encoding="utf-8")
    return directory


def test_tables_of_ones_own_load_from_a_directory(tmp_path: Path) -> None:
    table = load_tables(write(tmp_path))["colour"]
    assert table.concepts["1"].display_zh == "红"
    assert table.valid_to is None


@pytest.mark.parametrize(
    ("index", "rows", "said"),
    [
        (INDEX.replace("2016-01-01", '"soon"'), "", ["tables.toml, key colour.valid_from", "date"]),
        (INDEX + 'colour = "red"\n', "", ["tables.toml, key colour", "`colour`"]),
        (
            INDEX + "valid_to = 2015-01-01\n",
            "1,红,red,,,,x\n",
            ["tables.toml, key colour.valid_to", "2015-01-01"],
        ),
        (INDEX + INDEX.replace("[colour]", "[hue]"), "", ["key hue.system", "which is colour's"]),
        (INDEX + "=", "", ["tables.toml", "TOML", "line 8"]),
        (INDEX, "1,红,red,,,,x\n1,蓝,blue,,,,x\n", ["colour.csv, line 3, column code", "'1'"]),
        (INDEX, "1,,red,,,,x\n", ["colour.csv, line 2, column display_zh"]),
        (INDEX, "1,红,red,,7,,x\n", ["colour.csv, line 2, column parent", "'7'"]),
        (INDEX, "1,红,red\n", ["colour.csv, line 2", "3 cells", "7 cells"]),
    ],
)
def test_a_table_with_an_error_is_refused_with_its_place(
    tmp_path: Path, index: str, rows: str, said: list[str]
) -> None:
    with pytest.raises(CodemapError) as refusal:
        load_tables(write(tmp_path, index, rows))
    assert all(words in str(refusal.value) for words in said), refusal.value
