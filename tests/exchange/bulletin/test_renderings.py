"""CSV, workbook, page and terminal show the same bulletin, and the same bytes for the same bulletin."""

import io
import os
import re
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from rich.cells import cell_len
from rich.console import Console

from exchange.bulletin import Bulletin, BulletinRow
from exchange.bulletin.columns import format_rate
from exchange.bulletin.csv_file import render_csv
from exchange.bulletin.html_page import render_html
from exchange.bulletin.terminal import print_bulletin
from exchange.bulletin.xlsx_file import render_xlsx
from exchange.regions import load_region

PRINTED = load_region("jiangsu-2016").printed
PERIOD = {"period_from": date(2016, 3, 1), "period_to": date(2016, 4, 30)}
TITLES = {"title_zh": PRINTED.title_zh, "title_en": PRINTED.title_en}

CHANGZHOU = BulletinRow(
    code="320400",
    name_zh="常州市",
    name_en="Changzhou",
    kind="city",
    records=25516,
    updated=3,
    repeated=14,
    refused=7,
    usable=25100,
    upload_days=60,
    outpatient_visits=302,
    outpatient_expected=4124.5,
    discharges=3,
    discharge_expected=124.825,
    record_basic=2893,
    record_basic_expected=4708.3,
    record_hypertension=200,
    record_hypertension_expected=972.9,
    record_diabetes=271,
    record_diabetes_expected=374.5,
    assumed=frozenset({"record_basic_expected", "record_hypertension_expected", "record_diabetes_expected"}),
)
HUAIAN = BulletinRow(
    code="320800",
    name_zh="淮安市",
    name_en="Huai'an",
    kind="city",
    records=3376,
    upload_days=25,
    outpatient_expected=3568.648,
    assumed=frozenset({"outpatient_expected"}),
)
WUXI = BulletinRow(code="320200", name_zh="无锡市", name_en="Wuxi", kind="city")
CHILDREN = BulletinRow(
    code="32H10",
    name_zh="苏州大学附属儿童医院",
    name_en="Children's Hospital, <Soochow> & more",
    kind="hospital",
    records=414,
    usable=414,
    upload_days=2,
    outpatient_expected=281.46,
    discharge_expected=12.343,
    lab_exam_records=9,
    assumed=frozenset({"outpatient_expected", "discharge_expected"}),
)
CITIES = Bulletin(by="city", rows=(CHANGZHOU, HUAIAN, WUXI), **PERIOD)
HOSPITALS = Bulletin(by="hospital", rows=(CHILDREN,), **PERIOD)


def page(**options):
    return render_html(CITIES, HOSPITALS, **TITLES, **options).decode()


def shown(width, bulletin, **options):
    written = io.StringIO()
    print_bulletin(Console(file=written, width=width, color_system=None), bulletin, **options)
    return written.getvalue()


def test_the_csv_of_cities_has_exactly_the_printed_columns():
    assert render_csv(CITIES).decode() == (
        "code,name_zh,name_en,records_uploaded,upload_days,outpatient_visits,outpatient_rate_pct,discharges,"
        "discharge_rate_pct,record_basic_rate_pct,record_hypertension_rate_pct,record_diabetes_rate_pct\n"
        "320400,常州市,Changzhou,25516,60,302,7.32,3,2.4,61.44,20.56,72.36\n"
        "320800,淮安市,Huai'an,3376,25,0,0,0,,,,\n"
        "320200,无锡市,Wuxi,0,0,0,,0,,,,\n"
    )


def test_the_csv_of_hospitals_has_exactly_the_printed_columns():
    assert render_csv(HOSPITALS).decode() == (
        "name_zh,name_en,records_uploaded,outpatient_visits,outpatient_rate_pct,discharges,"
        "discharge_rate_pct,lab_exam_records,upload_days\n"
        '苏州大学附属儿童医院,"Children\'s Hospital, <Soochow> & more",414,0,0,0,0,9,2\n'
    )


def test_the_csv_by_node_adds_the_kind_and_the_laboratory_records():
    bulletin = Bulletin(by="node", rows=(WUXI, CHILDREN), **PERIOD)
    lines = render_csv(bulletin).decode().splitlines()
    assert lines[0] == (
        "code,name_zh,name_en,kind,records_uploaded,upload_days,outpatient_visits,outpatient_rate_pct,"
        "discharges,discharge_rate_pct,record_basic_rate_pct,record_hypertension_rate_pct,"
        "record_diabetes_rate_pct,lab_exam_records"
    )
    assert lines[1] == "320200,无锡市,Wuxi,city,0,0,0,,0,,,,,0"


@pytest.mark.parametrize(
    ("rate", "text"), [(9.2, "9.2"), (1.0, "1"), (0.0, "0"), (10.0, "10"), (0.004, "0"), (33.836, "33.84")]
)
def test_a_rate_is_printed_with_two_decimals_and_no_trailing_zeros(rate, text):
    assert format_rate(rate) == text


def test_the_workbook_holds_both_tables_under_headers_in_both_languages():
    book = load_workbook(io.BytesIO(render_xlsx(CITIES, HOSPITALS, **TITLES)))
    cities, hospitals = book.worksheets
    assert [cell.value for cell in cities[2]][:3] == ["代码", "单位", "单位（英文）"]
    assert [cell.value for cell in cities[3]][3:5] == ["Uploads\nRecords", "Uploads\nDays"]
    assert [cell.value for cell in cities[4]][:6] == ["320400", "常州市", "Changzhou", 25516, 60, 302]
    assert cities["G4"].value == CHANGZHOU.outpatient_rate
    assert cities["G4"].number_format == "0.00"
    assert cities["D4"].number_format == "#,##0"
    assert cities["G6"].value is None
    assert cities.freeze_panes == "D4"
    assert hospitals.freeze_panes == "C4"
    assert hospitals["A4"].value == "苏州大学附属儿童医院"
    assert (cities["G4"].font.italic, cities["G5"].font.italic) == (False, True)


def test_no_time_of_the_machine_stands_in_the_workbook():
    with zipfile.ZipFile(io.BytesIO(render_xlsx(CITIES, HOSPITALS, **TITLES))) as book:
        assert {entry.date_time for entry in book.infolist()} == {(2016, 4, 30, 0, 0, 0)}
        stamps = re.findall(rb"\d{4}-\d\d-\d\dT[\d:]+Z", book.read("docProps/core.xml"))
    assert stamps == [b"2016-04-30T00:00:00Z"] * 2


def test_the_page_shows_the_hubs_figures_beside_the_printed_ones():
    text = page(printed=PRINTED, scale=0.001, seed=7)
    assert "江苏省健康信息平台数据上传情况通报" in text
    changzhou = text[text.index("常州市") : text.index("淮安市")]
    assert re.findall(r'class="hub">([\d.,]+)', changzhou)[:3] == ["25,516", "60", "302"]
    assert re.findall(r'class="printed">([\d.,]+)', changzhou)[:4] == ["25,516", "60", "302", "7.31"]


def test_the_page_marks_what_differs_and_only_that():
    text = page(printed=PRINTED, scale=0.001)
    changzhou = text[text.index("常州市") : text.index("淮安市")]
    assert "different" not in changzhou
    assert 'class="rate rounding"' in changzhou
    huaian = text[text.index("淮安市") : text.index("无锡市")]
    assert 'class="count different"' in huaian
    assert 'class="rate nil different"' in huaian


def test_the_page_carries_the_notes_on_the_rows_it_shows_and_the_mark_of_assumed_denominators():
    text = page(printed=PRINTED, scale=0.001)
    notes = text[text.index("<ol>") :]
    assert notes.count("<li") == sum(note.code in {"320400", "320800", "320200", "32H10"} for note in PRINTED.notes)
    assert "414,323 条记录" in notes
    assert "Nantong" not in notes
    assert text.count('href="#assumed"') == 6
    assert text.count('id="assumed"') == 1


def test_the_page_needs_nothing_from_outside_and_escapes_what_it_shows():
    text = page(printed=PRINTED, scale=0.001, seed=7)
    assert not re.search(r"https?://|<script|<link|@import|url\(", text)
    assert "Children&#39;s Hospital, &lt;Soochow&gt; &amp; more" in text


def test_the_page_shows_what_was_submitted_accepted_and_usable():
    text = page()
    counts = text[text.index("提交、接收与可用") :]
    changzhou = counts[counts.index("常州市") : counts.index("淮安市")]
    assert re.findall(r'class="hub">([\d.,]+)', changzhou) == [
        "25,540",
        "25,516",
        "3",
        "14",
        "7",
        "25,100",
        "98.37",
    ]


def test_without_a_print_the_page_compares_nothing():
    text = page()
    assert 'class="printed"' not in text
    assert "As printed" not in text
    assert "Scale" not in text


def test_the_same_bulletin_gives_the_same_bytes_in_another_process():
    mine = render_xlsx(CITIES, HOSPITALS, **TITLES) + page(printed=PRINTED, scale=0.001, seed=7).encode()
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_renderings as t; "
        "sys.stdout.buffer.write(t.render_xlsx(t.CITIES, t.HOSPITALS, **t.TITLES)"
        " + t.page(printed=t.PRINTED, scale=0.001, seed=7).encode())"
    )
    theirs = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    assert theirs.stdout == mine


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("bulletin", [CITIES, HOSPITALS, Bulletin(by="node", rows=(WUXI, CHILDREN), **PERIOD)])
def test_the_terminal_never_wraps_or_cuts_a_figure(width, lang, bulletin):
    text = shown(width, bulletin, printed=PRINTED, scale=0.001, lang=lang)
    tables = text.split("\n\n")[:-1]
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert not re.search(r"\d…", text)
    for row in bulletin.rows:
        for table in tables[:1]:
            assert f"{row.records:,}" in table
        assert row.name_zh in text


def test_the_terminal_shows_everything_in_one_table_at_100_columns_and_in_several_at_60():
    assert shown(100, CITIES, printed=PRINTED, scale=0.001).count("常州市") == 1
    assert shown(60, CITIES, printed=PRINTED, scale=0.001).count("常州市") == 2


def test_the_terminal_puts_the_printed_figures_under_the_hubs():
    lines = shown(100, CITIES, printed=PRINTED, scale=0.001).splitlines()
    hub = next(index for index, line in enumerate(lines) if line.startswith("常州市"))
    assert lines[hub].split() == [
        "常州市", "25,516", "60", "302", "7.32", "3", "2.4", "61.44†", "20.56†", "72.36†",
    ]  # fmt: skip
    assert lines[hub + 1].split() == [
        "Changzhou", "25,516", "60", "302", "7.31", "3", "2.28", "61.45", "20.52", "72.47",
    ]  # fmt: skip


def test_headers_follow_the_language_and_names_stand_in_both():
    chinese = shown(100, CITIES, lang="zh")
    assert "各设区市数据上传情况" in chinese
    assert "Records" not in chinese
    assert "Changzhou" in chinese
    assert "Uploads by city" in shown(100, CITIES, lang="en")


def test_an_empty_bulletin_has_a_header_everywhere():
    empty = Bulletin(by="city", rows=(), **PERIOD)
    assert render_csv(empty).count(b"\n") == 1
    assert "Records" in shown(100, empty)
    assert render_html(empty, empty, **TITLES)
    assert render_xlsx(empty, empty, **TITLES)
