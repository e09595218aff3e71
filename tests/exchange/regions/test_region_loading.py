"""A region with an error is refused by file, line and column before anything runs on it."""

import shutil
from datetime import date
from pathlib import Path

import pytest

import exchange.regions
from exchange.regions import RegionError, load_region

SHIPPED = Path(exchange.regions.__file__).parent / "jiangsu_2016"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "province"))


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_folder_of_ones_own_loads_like_a_shipped_region(folder):
    assert load_region(folder) == load_region("jiangsu-2016")
    assert load_region(str(folder)) == load_region("jiangsu-2016")


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        (
            "counties.csv",
            "Xuanwu,320100",
            "Xuanwu,329900",
            r"counties.csv, line 2, column city: found '329900', expected a code of cities.csv",
        ),
        (
            "counties.csv",
            "\n320104,",
            "\n320102,",
            r"counties.csv, line 3, column code: found '320102', expected a code that is used once; line 2",
        ),
        (
            "counties.csv",
            "644750",
            "0",
            r"counties.csv, line 2, column residents: found '0', expected at least one resident",
        ),
        ("counties.csv", "644750", "many", r"column residents: found 'many', expected a whole number"),
        (
            "counties.csv",
            "644750,true",
            "644750,yes",
            r"column residents_assumed: found 'yes', expected one of true, false",
        ),
        (
            "counties.csv",
            "2016-06-30",
            "2015-06-30",
            r"column valid_to: found '2015-06-30', expected a day not before valid_from, 2016-01-01",
        ),
        (
            "counties.csv",
            "2016-06-30",
            "June",
            r"column valid_to: found 'June', expected a day such as 2016-03-01",
        ),
        (
            "counties.csv",
            "residents_assumed",
            "guessed",
            r"counties.csv, line 1: found the unknown column 'guessed'",
        ),
        ("counties.csv", ",dialect", "", r"counties.csv, line 1: found no column 'dialect'"),
        ("counties.csv", "玄武区,Xuanwu", "Xuanwu", r"counties.csv, line 2: found 8 cells, expected 9"),
        (
            "cities.csv",
            "name_zh,name_en",
            "name_zh,name_zh",
            r"cities.csv, line 1: found the column 'name_zh' twice",
        ),
        (
            "cities.csv",
            "8270000",
            "-1",
            r"cities.csv, line 2, column residents: found '-1', expected a whole number",
        ),
        (
            "hospitals.csv",
            "\n32H01,",
            "\n320102,",
            r"hospitals.csv, line 2, column code: found '320102', expected a code that no county has",
        ),
        (
            "divisions.csv",
            "county,320800,,2016-06-30",
            "county,320800,2016-07-01,2016-06-30",
            r"divisions.csv, line \d+, column valid_to: found '2016-06-30', expected a day not before",
        ),
        (
            "printed_cities.csv",
            "\n321300,",
            "\n321399,",
            r"printed_cities.csv, line 2, column code: found '321399', expected a code of cities.csv",
        ),
        (
            "printed_hospitals.csv",
            "32H12",
            "32H13",
            r"printed_hospitals.csv, line 13, column code: found '32H13', expected a code of hospitals.csv",
        ),
        (
            "printed_hospitals.csv",
            "69.7,",
            "69.7%,",
            r"column outpatient_rate_pct: found '69.7%', expected a number",
        ),
        (
            "printed_notes.csv",
            "320300,upload_days",
            "320300,days",
            r"printed_notes.csv, line 8, column column: found 'days', expected one of code, name_zh",
        ),
        (
            "expected.csv",
            "city,320100,discharge",
            "city,320100,discharges",
            r"expected.csv, line 3, column data_set: found 'discharges', expected one of discharge",
        ),
        (
            "expected.csv",
            "city,320100,discharge",
            "city,320100,outpatient-visit",
            r"expected.csv, line 3, column valid_from: .* expected a period apart from 2016-03-01",
        ),
        (
            "expected.csv",
            "hospital,32H12,discharge",
            "city,32H12,discharge",
            r"column code: found '32H12', expected a code of cities.csv",
        ),
        (
            "expected.csv",
            "6035321",
            "0",
            r"expected.csv, line 2, column expected: found '0', expected a number above 0",
        ),
        ("expected.csv", "6035321", "nan", r"column expected: found 'nan', expected a number of 0 or more"),
        ("region.toml", 'id = "jiangsu-2016"', "id = 7", r"region.toml, key id: found 7, expected a text"),
        ("region.toml", 'id = "jiangsu-2016"', "", r"region.toml, key id: found nothing, expected a text"),
        ("region.toml", 'code = "320000"', 'kode = "320000"', r"region.toml, key kode: found an unknown key"),
        (
            "region.toml",
            "period_to = 2016-04-30",
            "period_to = 2016-01-30",
            r"key printed.period_to: found 2016-01-30, expected a day not before",
        ),
        ("region.toml", "period_to = 2016-04-30", "period_to = tomorrow", r"region.toml: found .*line \d+"),
    ],
)
def test_an_error_is_named_by_file_line_and_column(folder, file, old, new, complaint):
    change(folder / file, old, new)
    with pytest.raises(RegionError, match=complaint):
        load_region(folder)


def test_a_volume_across_a_change_of_counties_must_be_split(folder):
    change(
        folder / "expected.csv",
        "city,320800,discharge,2016-03-01,2016-04-30",
        "city,320800,discharge,2016-03-01,2016-08-31",
    )
    with pytest.raises(
        RegionError,
        match=r"discharge of city 320800 expected for 2016-03-01..2016-08-31, while its counties change",
    ):
        load_region(folder)


def test_a_file_in_another_encoding_is_refused_by_its_byte(folder):
    text = (folder / "cities.csv").read_text(encoding="utf-8")
    (folder / "cities.csv").write_bytes(text.encode("gb18030"))
    with pytest.raises(RegionError, match=r"cities.csv, byte \d+: found bytes that are not UTF-8"):
        load_region(folder)


def test_a_missing_file_is_named_with_its_columns(folder):
    (folder / "hospitals.csv").unlink()
    with pytest.raises(RegionError, match=r"hospitals.csv: found no such file, expected a CSV with the columns code,"):
        load_region(folder)


def test_an_unknown_region_is_refused_with_the_shipped_ones():
    with pytest.raises(RegionError, match=r"found no region 'zhejiang-2016', expected a shipped one \(jiangsu-2016\)"):
        load_region("zhejiang-2016")


def test_a_node_is_found_by_code_whenever_it_is_valid(folder):
    region = load_region(folder)
    assert region.node("320813").valid_from == date(2016, 7, 1)
    assert region.city("320400").name_en == "Changzhou"
