"""A dialect with an error is refused before use, with its place, what was found and what was expected."""

from pathlib import Path

import pytest
from codemaps_resources import TABLES

from codemaps import CodemapError, Translator, load_dialect
from exchange.fhir import structure

TOML = """\
name = "mine"
title_zh = "我的"
title_en = "Mine"
release = "1"
valid_from = 2016-01-01
source = "made up"
fillers = ["-"]

[[element]]
path = "Patient.gender"
table = "sex"
map = "sex.csv"

[[element]]
path = "Condition.code"
table = "diagnosis"
map = "diagnosis.csv"
system = "https://mine.example/diagnosis"
"""
SEX = "local_code,local_display,target_code,equivalence,note\n男,男,1,equivalent,\n女,女,2,equivalent,\n"
DIAGNOSIS = "local_code,local_display,target_code,equivalence,note,also_sent_for\nI10,高血压,I10.x00,narrower,,\n"


def write(parent: Path, toml: str = TOML, sex: str = SEX, diagnosis: str = DIAGNOSIS, encoding: str = "utf-8") -> Path:
    directory = parent / "mine"
    directory.mkdir()
    (directory / "dialect.toml").write_text(toml, encoding="utf-8")
    (directory / "sex.csv").write_text(sex, encoding=encoding)
    (directory / "diagnosis.csv").write_text(diagnosis, encoding=encoding)
    return directory


def test_a_dialect_of_ones_own_loads_from_its_directory_and_translates(tmp_path: Path) -> None:
    translator = Translator(load_dialect(write(tmp_path)), TABLES)
    assert translator.localised == frozenset({"Patient.gender"})
    patient = structure(translator.localised).decode("Patient", '{"resourceType":"Patient","gender":"女"}'.encode())
    (result,) = translator.translate(patient)
    assert result.target_code == "2"


@pytest.mark.parametrize(("declared", "written"), [("UTF-8", "utf-8-sig"), ("UTF-8", "utf-8"), ("GB18030", "gb18030")])
def test_maps_may_have_a_byte_order_mark_or_be_gb18030_as_declared(tmp_path: Path, declared: str, written: str) -> None:
    toml = f'encoding = "{declared}"\n' + TOML
    dialect = load_dialect(write(tmp_path, toml, encoding=written))
    assert "男" in dialect.elements[0].map


def change(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


IN_TOML = [
    ("unknown key", change(TOML, "release", "edition"), ["dialect.toml", "edition"]),
    ("wrong type", change(TOML, '"Patient.gender"', "7"), ["key element[0].path", "int"]),
    ("missing key", change(TOML, 'source = "made up"\n', ""), ["dialect.toml", "source"]),
    ("no TOML", TOML + "=", ["dialect.toml", "line 19"]),
    (
        "unknown path",
        change(TOML, "Patient.gender", "Patient.sex"),
        ["element[0].path", "'Patient.sex'", "Patient.gender"],
    ),
    ("path twice", change(TOML, "Condition.code", "Patient.gender"), ["element[1].path", "second time"]),
    (
        "unknown table",
        change(TOML, '"sex"', '"gender"'),
        ["element[0].table", "'gender'", "sex, marital-status"],
    ),
    ("wrong table", change(TOML, '"diagnosis"', '"procedure"'), ["element[1].table", "'diagnosis'"]),
    (
        "national system",
        change(TOML, "https://mine.example/diagnosis", TABLES["diagnosis"].system),
        ["element[1].system", "vendor's own"],
    ),
    ("unknown encoding", 'encoding = "BIG5"\n' + TOML, ["key encoding", "BIG5"]),
    ("another name", change(TOML, 'name = "mine"', 'name = "yours"'), ["key name", "'yours'", "'mine'"]),
    ("absent file", change(TOML, "sex.csv", "gender.csv"), ["gender.csv", "No such file"]),
]


@pytest.mark.parametrize(("toml", "said"), [case[1:] for case in IN_TOML], ids=[case[0] for case in IN_TOML])
def test_an_error_in_the_declaration_is_refused_with_its_key_path(tmp_path: Path, toml: str, said: list[str]) -> None:
    with pytest.raises(CodemapError) as refusal:
        load_dialect(write(tmp_path, toml))
    assert all(words in str(refusal.value) for words in said), refusal.value


IN_CSV = [
    (
        "unknown target",
        change(SEX, "女,女,2", "女,女,3"),
        ["sex.csv, line 3, column target_code", "'3'", "table sex"],
    ),
    (
        "local code twice",
        SEX + "男,男,1,equivalent,\n",
        ["sex.csv, line 4, column local_code", "'男'", "once"],
    ),
    (
        "bad equivalence",
        change(SEX, "2,equivalent", "2,equal"),
        ["line 3, column equivalence", "'equal'", "wider"],
    ),
    ("missing column", change(SEX, "local_display,", ""), ["sex.csv, line 1", "local_display"]),
    ("unknown column", change(SEX, "note", "remark"), ["sex.csv, line 1", "remark"]),
    ("short row", SEX + "M,1\n", ["sex.csv, line 4", "2 cells", "5 cells"]),
    ("no code", SEX + ",男,1,equivalent,\n", ["line 4, column local_code"]),
    ("blank at an end", SEX + "M ,男,1,equivalent,\n", ["line 4, column local_code", "'M '"]),
    ("a filler", SEX + "-,男,1,equivalent,\n", ["line 4, column local_code", "'-'", "filler"]),
    ("unmatched with a target", SEX + "x,x,1,unmatched,\n", ["line 4, column target_code", "unmatched"]),
    ("matched without one", SEX + "x,x,,wider,\n", ["line 4, column target_code", "''"]),
    ("open quotes", SEX + '"x,x,1,wider,\n', ["sex.csv, line 4", "CSV"]),
    ("empty", "", ["sex.csv, line 1", "(none)"]),
]


@pytest.mark.parametrize(("sex", "said"), [case[1:] for case in IN_CSV], ids=[case[0] for case in IN_CSV])
def test_an_error_in_a_map_is_refused_with_its_line(tmp_path: Path, sex: str, said: list[str]) -> None:
    with pytest.raises(CodemapError) as refusal:
        load_dialect(write(tmp_path, sex=sex))
    assert all(words in str(refusal.value) for words in said), refusal.value


@pytest.mark.parametrize("codes", ["I10.x99", "I10.x00"])
def test_a_code_is_sent_for_another_only_where_that_has_none_of_its_own(tmp_path: Path, codes: str) -> None:
    with pytest.raises(CodemapError, match=r"diagnosis\.csv, line 2, column also_sent_for"):
        load_dialect(write(tmp_path, diagnosis=change(DIAGNOSIS, "narrower,,", f"narrower,,{codes}")))


def test_gb18030_that_was_declared_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(CodemapError, match=r"line 2: found the byte 0x.., which is not UTF-8"):
        load_dialect(write(tmp_path, encoding="gb18030"))


def test_utf8_that_was_declared_gb18030_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodemapError, match="found UTF-8 text; expected GB18030"):
        load_dialect(write(tmp_path, 'encoding = "GB18030"\n' + TOML))


def test_an_unknown_dialect_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(CodemapError, match="langshan, luoma, maoshan, national, taihu, yunhe, yuntai"):
        load_dialect("atlantis")
