"""The comparisons of a run with what was printed, with what was sent and with what is true, at any scale."""

import csv
import re
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path

from openpyxl import load_workbook
from province_runs import Run, query

import exchange.regions
from codemaps import Equivalence, load_dialect, shipped_dialects
from exchange.bulletin.columns import COLUMNS, format_rate
from exchange.regions import load_region

REGION = load_region("jiangsu-2016")
REGION_FOLDER = Path(exchange.regions.__file__).parent / "jiangsu_2016"
TABLES = {"bulletin_cities.csv": "printed_cities.csv", "bulletin_hospitals.csv": "printed_hospitals.csv"}
DATA_SET_OF_RATE = {
    "outpatient_rate_pct": "outpatient-visit",
    "discharge_rate_pct": "discharge",
    "record_basic_rate_pct": "health-record-basic",
    "record_hypertension_rate_pct": "health-record-hypertension",
    "record_diabetes_rate_pct": "health-record-diabetes",
}
RULE_OF_KIND = {
    "wrong-check-character": "conformity.resident-number",
    "birth-date-contradiction": "logic.birth-date-of-resident-number",
    "sex-contradiction": "logic.sex-of-resident-number",
    "filler": "completeness.required-element",
    "missing-element": "completeness.required-element",
    "admission-after-discharge": "logic.end-before-start",
    "future-time": "logic.in-the-future",
    "unmapped-code": "conformity.unmapped-code",
}
"""The kinds of noise that mark a record and that the present rules know."""


def printed_rows(name: str) -> list[dict[str, str]]:
    """A printed table as it lies in the region's folder."""
    with (REGION_FOLDER / TABLES[name]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def differing_cells(run: Run, name: str) -> list[str]:
    """Every cell of a run's table that the printed one and the run's scale do not explain."""
    printed = {row["name_zh"]: row for row in printed_rows(name)}
    found = run.rows(name)
    assert sorted(row["name_zh"] for row in found) == sorted(printed), "each row once"
    return [
        f"{row['name_en']}, {column}: {cell} beside the printed {printed[row['name_zh']][column]}"
        for row in found
        for column, cell in row.items()
        if not _explained(printed[row["name_zh"]], column, cell, run.scale)
    ]


def _explained(printed: dict[str, str], column: str, cell: str, scale: float) -> bool:
    wanted = printed[column]
    if column in ("code", "name_zh", "name_en", "upload_days"):
        return cell == wanted
    if column not in DATA_SET_OF_RATE:
        return cell == str(round(int(wanted) * scale))
    data_set, rate, printed_rate = DATA_SET_OF_RATE[column], float(cell), float(wanted)
    volume = next(each for each in REGION.expected if (each.code, each.data_set) == (printed["code"], data_set))
    # Half a record over the expected, and half a hundredth for each of the two prints.
    by_rounding = 50 / (volume.expected * scale) + 0.01 + 1e-9
    if volume.assumed and data_set in ("outpatient-visit", "discharge"):
        # A flow of which the print says so little that its denominator had to be assumed.
        return printed_rate in (0, 0.01) and rate <= 0.01 + by_rounding
    return abs(rate - printed_rate) <= by_rounding


def assert_workbook_holds_the_csv(run: Run) -> None:
    """The workbook's two sheets hold the figures of the two files, cell by cell."""
    book = load_workbook(run.folder / "bulletin.xlsx")
    assert len(book.worksheets) == 2
    for sheet, by, name in zip(book.worksheets, ("city", "hospital"), TABLES, strict=True):
        columns = COLUMNS[by]
        rows = run.rows(name)
        lines = sheet.iter_rows(min_row=4, max_row=3 + len(rows), max_col=len(columns), values_only=True)
        for row, line in zip(rows, lines, strict=True):
            for column, value in zip(columns, line, strict=True):
                text = format_rate(value) if column.form == "rate" else str(value)
                assert text == row[column.csv_name], (row["name_en"], column.csv_name)


class _Links(HTMLParser):
    """Gathers what a page would have to fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            is_link = name in ("src", "srcset", "href", "xlink:href", "action", "data", "poster")
            if is_link and not (value or "").startswith(("#", "data:")):
                self.found.append(f"<{tag} {name}={value!r}>")
            if name == "style" and re.search(r"url\(\s*['\"]?(?!data:|#)", value or ""):
                self.found.append(f"<{tag} style={value!r}>")

    def handle_data(self, data: str) -> None:
        self.text += data


def links_of_page(run: Run) -> list[str]:
    """What the page of a run would fetch from elsewhere."""
    page = (run.folder / "bulletin.html").read_text(encoding="utf-8")
    reader = _Links()
    reader.feed(page)
    for row in (*run.rows("bulletin_cities.csv"), *run.rows("bulletin_hospitals.csv")):
        assert row["name_zh"] in reader.text
        assert f"{int(row['records_uploaded']):,}" in reader.text
    fetching = re.findall(r"(?:@import[^;]*;|url\(\s*['\"]?(?!data:|#)[^)]*\))", page)
    return [*reader.found, *fetching]


def assert_what_was_sent_is_what_arrived(run: Run) -> None:
    """Bundle by bundle and entry by entry; and every entry has one fate."""
    sent = {(row["node"], row["submission"]): (row["day"], int(row["entries"])) for row in run.rows("sent.csv")}
    assert len(sent) == len(run.rows("sent.csv")), "a number is used once"
    arrived = query(run.store, "SELECT node, number, arrival_day, submitted FROM submission")
    assert {(node, number): (day, submitted) for node, number, day, submitted in arrived} == sent
    assert len(arrived) == len(sent)
    ((entries, fates),) = query(
        run.store,
        "SELECT (SELECT sum(submitted) FROM submission), sum(new + updated + repeated + refused) FROM ledger",
    )
    assert entries == fates == sum(entries for _, entries in sent.values())


def assert_quarantine_is_what_was_injected(run: Run) -> None:
    """Every entry that had to be refused is in quarantine where it was sent, and nothing else is."""
    kept = query(
        run.store,
        "SELECT q.node, s.number, q.entry, q.resource_type FROM quarantine q JOIN submission s ON s.key = q.submission",
    )
    wanted = [
        (truth["node"], truth["submission"], truth["entry"], truth["resource_type"])
        for truth in run.truths()
        if truth["effect"] == "refused"
    ]
    assert wanted, "no such noise: nothing would be shown"
    assert sorted(kept) == sorted(wanted)


def truths_without_a_finding(run: Run) -> list[str]:
    """Errors of the kinds that the rules know, of which the hub said nothing at that entry."""
    found = _rules_by_entry(run)
    return [
        f"{truth['kind']} at {truth['node']} {truth['submission']}, entry {truth['entry']}: {truth['element']} "
        f"{truth['original']!r} -> {truth['sent']!r}"
        for truth in run.truths()
        if truth["effect"] == "marked"
        and truth["kind"] in RULE_OF_KIND
        and RULE_OF_KIND[truth["kind"]] not in found[truth["node"], truth["submission"], truth["entry"]]
    ]


def findings_without_a_truth(run: Run) -> set[tuple[str, str]]:
    """Rules that found an error where no node made one, with what they found; codes that a dialect gives up aside."""
    known = {(truth["node"], truth["submission"], truth["entry"]) for truth in run.truths()}
    given_up = {
        name: {
            f"{row.local_code} {row.local_display}".strip()
            for element in load_dialect(name).elements
            for row in element.map.values()
            if row.equivalence is Equivalence.UNMATCHED
        }
        for name in shipped_dialects()
    }
    rows = query(
        run.store,
        "SELECT f.node, s.number, f.entry, f.rule, f.found, n.dialect FROM finding f "
        "JOIN submission s ON s.key = f.submission JOIN node n ON n.code = f.node WHERE f.severity = 'error'",
    )
    return {
        (rule, found)
        for node, number, entry, rule, found, dialect in rows
        if (node, number, entry) not in known
        and not (rule == "conformity.unmapped-code" and found in given_up[dialect])
    }


def _rules_by_entry(run: Run) -> defaultdict[tuple[str, str, int], set[str]]:
    rows = query(
        run.store,
        "SELECT f.node, s.number, f.entry, f.rule FROM finding f JOIN submission s ON s.key = f.submission",
    )
    found: defaultdict[tuple[str, str, int], set[str]] = defaultdict(set)
    for node, number, entry, rule in rows:
        found[node, number, entry].add(rule)
    return found
