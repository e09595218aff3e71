"""The main job: what the hub counted is what the province printed, and what the nodes know of what they sent."""

import csv

import pytest
import run_checks
from province_runs import FILES, assert_store_is_whole, simulate

SCALES = [pytest.param(0.001, id="a-thousandth"), pytest.param(0.01, id="a-hundredth", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=SCALES)
def run(request, tmp_path_factory):
    if request.param == 0.001:
        return request.getfixturevalue("bulletin_run")
    return simulate(tmp_path_factory.mktemp("hundredth") / "run", "bulletin-2016", request.param, 7)


@pytest.mark.parametrize("name", run_checks.TABLES)
def test_every_cell_is_the_printed_one_times_the_scale(run, name):
    assert run_checks.differing_cells(run, name) == []


@pytest.mark.parametrize("name", run_checks.TABLES)
def test_the_columns_are_those_of_the_printed_table(run, name):
    with (run.folder / name).open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    printed = list(run_checks.printed_rows(name)[0])
    # The printed hospitals have no code: theirs stands in the region's data only.
    assert header == (printed if name == "bulletin_cities.csv" else printed[1:])


@pytest.mark.parametrize("name", run_checks.TABLES)
def test_the_rows_stand_in_the_printed_order(run, name):
    def records(row):
        return -int(row["records_uploaded"])

    rows = run.rows(name)
    assert rows == sorted(rows, key=records)
    assert [row["name_zh"] for row in rows] == [row["name_zh"] for row in run_checks.printed_rows(name)]


def test_what_was_sent_is_what_arrived(run):
    run_checks.assert_what_was_sent_is_what_arrived(run)


def test_the_ledger_equals_a_recount_of_the_store(run):
    assert_store_is_whole(run.store)


def test_quarantine_holds_what_had_to_be_refused_and_nothing_else(run):
    run_checks.assert_quarantine_is_what_was_injected(run)


def test_an_error_is_found_only_where_a_node_made_one(run):
    assert run_checks.findings_without_a_truth(run) == set()


def test_the_workbook_holds_the_figures_of_the_csv(run):
    run_checks.assert_workbook_holds_the_csv(run)


def test_the_page_needs_nothing_but_itself(run):
    assert run_checks.links_of_page(run) == []


def test_a_run_leaves_what_it_says_it_leaves(run):
    names = {*FILES, "hub.sqlite"}
    assert names <= {path.name for path in run.folder.iterdir()}
    said = run.output.partition("Results are in")[2]
    assert str(run.folder) in said
    assert sorted(names) == sorted(line.split()[0] for line in said.splitlines()[1:])


def test_the_two_tables_are_printed_beside_the_printed_ones(run):
    shown = run.output
    for row in (*run.rows("bulletin_cities.csv"), *run.rows("bulletin_hospitals.csv")):
        assert row["name_zh"] in shown
        assert f"{int(row['records_uploaded']):,}" in shown
    assert "Second line: as printed" in shown
    assert f"{sum(int(row['entries']) for row in run.rows('sent.csv')):,} entries pushed" in shown


def test_every_entry_that_the_hub_marked_or_refused_is_told_apart_in_the_truth(run):
    truths = run.truths()
    assert {truth["effect"] for truth in truths} == {"marked", "refused"}
    places = [(truth["node"], truth["submission"], truth["entry"]) for truth in truths]
    assert len(set(places)) == len(places), "one error for one entry"
