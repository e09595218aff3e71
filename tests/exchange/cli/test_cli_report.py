"""`exchange report bulletin`: the store of a run gives the files of the run again, in every form."""

import re
import sqlite3
from contextlib import closing

import pytest
import run_checks
from province_runs import PERIOD, Run, exchange_here, in_a_terminal, query, sentence

from exchange.bulletin import from_json
from exchange.bulletin.csv_file import render_csv


def report(store, *options):
    done = exchange_here("report", "bulletin", "--store", store, *PERIOD, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(("by", "name"), [("city", "bulletin_cities.csv"), ("hospital", "bulletin_hospitals.csv")])
def test_csv_is_the_file_of_the_run(bulletin_run, by, name):
    wanted = (bulletin_run.folder / name).read_text(encoding="utf-8")
    assert report(bulletin_run.store, "--format", "csv", "--by", by) == wanted


def test_csv_into_a_file_is_the_same_as_into_the_terminal(zhenjiang_run, tmp_path):
    assert report(zhenjiang_run.store, "--format", "csv", "--out", tmp_path / "cities.csv") == ""
    assert (tmp_path / "cities.csv").read_text(encoding="utf-8") == report(zhenjiang_run.store, "--format", "csv")


def test_json_holds_the_same_bulletin(bulletin_run):
    bulletin = from_json(report(bulletin_run.store, "--format", "json").encode())
    assert render_csv(bulletin) == (bulletin_run.folder / "bulletin_cities.csv").read_bytes()
    assert sum(row.submitted for row in bulletin.rows) > sum(row.records for row in bulletin.rows)
    assert all(row.usable <= row.records for row in bulletin.rows)


def test_the_rows_of_nodes_sum_to_those_of_cities(bulletin_run):
    cities = from_json(report(bulletin_run.store, "--format", "json").encode())
    nodes = from_json(report(bulletin_run.store, "--format", "json", "--by", "node").encode())
    counties = [row for row in nodes.rows if row.kind == "county"]
    for name in ("records", "repeated", "refused", "usable", "outpatient_visits", "discharges", "record_basic"):
        assert sum(getattr(row, name) for row in counties) == sum(getattr(row, name) for row in cities.rows), name
    of_city = dict(query(bulletin_run.store, "SELECT code, city FROM node"))
    for city in cities.rows:
        assert city.records == sum(row.records for row in counties if of_city[row.code] == city.code)


def test_workbook_and_page_hold_the_figures_of_the_run(bulletin_run, tmp_path):
    for format_ in ("xlsx", "html"):
        report(bulletin_run.store, "--format", format_, "--out", tmp_path / f"bulletin.{format_}")
    for name in run_checks.TABLES:
        (tmp_path / name).write_bytes((bulletin_run.folder / name).read_bytes())
    again = Run(tmp_path, bulletin_run.scale, bulletin_run.seed, "")
    run_checks.assert_workbook_holds_the_csv(again)
    assert run_checks.links_of_page(again) == []


@pytest.mark.parametrize(("lang", "words"), [("en", ("Records", "Days")), ("zh", ("上传量", "天数", "人次"))])
def test_the_table_is_for_people_in_their_language(zhenjiang_run, tmp_path, lang, words):
    shown = report(zhenjiang_run.store, "--lang", lang)
    ((records,),) = query(zhenjiang_run.store, "SELECT sum(new) FROM ledger WHERE arrival_day >= '2016-03-01'")
    assert re.search(rf"镇江市.* {records:,} +60 ", shown)
    assert all(word in shown.replace("\n", "") for word in words)
    report(zhenjiang_run.store, "--lang", lang, "--out", tmp_path / "table.txt")
    assert (tmp_path / "table.txt").read_text(encoding="utf-8") == shown


def test_the_bulletin_shows_every_column_in_a_terminal_of_80_columns(zhenjiang_run):
    shown = in_a_terminal(80, "report", "bulletin", "--store", str(zhenjiang_run.store), *PERIOD)
    for header in ("Basic", "Hypert", "Diabetes"):
        assert header in shown, shown[:900]


def test_as_of_leaves_out_what_arrived_later(zhenjiang_run):
    def zhenjiang(*options):
        rows = from_json(report(zhenjiang_run.store, "--format", "json", *options).encode()).rows
        return next(row for row in rows if row.code == "321100")

    whole, frozen = zhenjiang(), zhenjiang("--as-of", "2016-03-31")
    counted = query(
        zhenjiang_run.store,
        "SELECT sum(new), sum(refused) FROM ledger WHERE arrival_day BETWEEN '2016-03-01' AND '2016-03-31'",
    )
    assert counted == [(frozen.records, frozen.refused)]
    assert frozen.records < whole.records
    assert frozen.outpatient_visits < whole.outpatient_visits
    assert frozen.record_basic == whole.record_basic, "health records arrived before the period"
    assert zhenjiang("--as-of", "2016-02-28").record_basic == 0


def test_a_store_that_is_none_is_refused_in_one_sentence_and_left_alone(tmp_path):
    (tmp_path / "words.sqlite").write_text("These are words.\n", encoding="utf-8")
    (tmp_path / "empty.sqlite").write_bytes(b"")
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("CREATE TABLE thing (name TEXT)")
    complaints = {
        "none.sqlite": "there is no such file; the store of a run is DIR/hub.sqlite",
        "words.sqlite": "cannot be opened (file is not a database)",
        "empty.sqlite": "found no hub's tables there; the store of a run is DIR/hub.sqlite",
        "other.sqlite": "found no hub's tables there; the store of a run is DIR/hub.sqlite",
        "mysql://localhost/hub": "found mysql, expected sqlite:///FILE or postgresql://…",
    }
    for store, complaint in complaints.items():
        done = exchange_here("report", "bulletin", "--store", store, *PERIOD, folder=tmp_path)
        assert sentence(done) == f"store {store!r}: {complaint}"
    assert not (tmp_path / "none.sqlite").exists()
    assert (tmp_path / "words.sqlite").read_text(encoding="utf-8") == "These are words.\n"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ["--from", "2016-04-30", "--to", "2016-03-01"],
            "--to 2016-03-01: expected a day not before --from 2016-04-30",
        ),
        ([*PERIOD, "--format", "xlsx"], "--format xlsx: a workbook is not for the terminal; give a file with --out"),
    ],
)
def test_what_cannot_be_reported_is_refused_in_one_sentence(zhenjiang_run, options, complaint):
    assert sentence(exchange_here("report", "bulletin", "--store", zhenjiang_run.store, *options)) == complaint
