"""What a newcomer asks first: help, nodes, scenarios, a sample to start from."""

import json
import re
from itertools import count

import pytest
from province_runs import exchange, exchange_here, in_a_terminal, sentence
from typer.testing import CliRunner

from exchange.cli import app
from exchange.regions import load_region
from exchange.scenario.file import load_scenario, shipped_scenarios
from exchange.scenario.sample import sample_bundle
from province_hub.intake.door import open_bundle
from province_hub.intake.submission import Sender
from province_hub.intake.way import Way
from province_hub.store.engine import in_memory

REGION = load_region("jiangsu-2016")
NODES = REGION.nodes_on(REGION.printed.period_from)
DIALECTS = {node.dialect for node in NODES}


def one_of_each_dialect_and_kind():
    """The first county and the first hospital of every vendor."""
    found = {(node.dialect, node.kind): node.code for node in reversed(NODES)}
    return sorted(found.values())


def output_of(*arguments: str) -> str:
    """What a command prints that opens no store, run in this process."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


COMMANDS = {
    "": "省平台",
    "simulate": "县区平台",
    "hub": "省平台",
    "nodes": "接入单位",
    "county": "县区平台",
    "validate": "方言",
    "report": "报表",
    "report bulletin": "通报",
    "quarantine": "隔离",
}


@pytest.mark.parametrize(("command", "term"), COMMANDS.items(), ids=[command or "exchange" for command in COMMANDS])
def test_help_explains_a_command_with_its_chinese_term(command, term):
    shown = output_of(*command.split(), "--help")
    assert "Usage: " in shown
    assert term in shown


def listed(shown: str) -> list[str]:
    return re.findall(r"^ {2}([a-z]+) {2,}\S", shown.partition("Commands:")[2], re.MULTILINE)


def test_help_lists_every_command():
    assert listed(output_of("--help")) == [
        "simulate", "scenarios", "hub", "nodes", "county", "sample", "validate", "report", "quarantine",
    ]  # fmt: skip
    assert listed(output_of("report", "--help")) == ["bulletin"]
    assert listed(output_of("quarantine", "--help")) == ["list", "show", "replay", "withdraw"]


@pytest.mark.parametrize(
    "command",
    ["scenarios", "sample", "quarantine list", "quarantine show", "quarantine replay", "quarantine withdraw"],
)
def test_help_works_for_every_other_command(command):
    assert f"{command} [OPTIONS]" in output_of(*command.split(), "--help")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["simulate"], "scenario"),
        (["simulat"], "simulat"),
        (["simulate", "zhenjiang-2016", "--scale", "much"], "--scale"),
        (["simulate", "zhenjiang-2016", "--processes", "0"], "--processes"),
        (["simulate", "zhenjiang-2016", "--seed", "-1"], "--seed"),
        (["report", "bulletin", "--store", "x"], "--from"),
        (["report", "bulletin", "--store", "x", "--from", "1.3.2016", "--to", "2016-04-30"], "--from"),
        (["report", "bulletin", "--store", "x", "--from", "2016-03-01", "--to", "2016-02-30"], "--to"),
        (["quarantine", "show", "first", "--store", "x"], "key"),
        (["hub", "--port", "70000"], "--port"),
        (["hub", "--clock", "sundial"], "--clock"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_slip_on_the_command_line_is_named_with_exit_code_2(arguments, named):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert named in result.output.rpartition("Error: ")[2]


def codes_in(shown: str) -> list[str]:
    return re.findall(r"^ ?(32\d{4}|32H\d\d) ", shown, re.MULTILINE)


@pytest.mark.parametrize("columns", [80, 120])
def test_nodes_shows_every_code_whole_in_a_terminal(columns):
    shown = in_a_terminal(columns, "nodes")
    assert sorted(codes_in(shown)) == sorted(node.code for node in NODES)


def test_nodes_lists_97_county_platforms_and_12_hospitals_also_into_a_file():
    shown = exchange_here("nodes").stdout
    codes = codes_in(shown)
    assert sum(code.isdecimal() for code in codes) == 97
    assert sum("H" in code for code in codes) == 12
    for node in NODES:
        assert re.search(rf"^ ?{node.code} +{node.name_zh} +.*{node.dialect} *$", shown, re.MULTILINE), node


def test_nodes_knows_the_divisions_of_another_day():
    before, after = exchange_here("nodes").stdout, exchange_here("nodes", "--on", "2016-07-01").stdout
    assert "320813 " in after
    assert "320813 " not in before


def test_nodes_explains_every_dialect():
    last_lines = output_of("nodes").splitlines()[-len(DIALECTS) :]
    assert {line.split()[0] for line in last_lines} == DIALECTS


def test_an_unknown_region_is_refused_with_those_there_are():
    said = sentence(exchange_here("nodes", "--region", "zhejiang-2016"))
    assert said.startswith("found no region 'zhejiang-2016', expected a shipped one (jiangsu-2016)")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_scenarios_lists_and_explains_all_in_both_languages(lang):
    shown = output_of("scenarios", "--lang", lang)
    assert re.findall(r"^(\S+): ", shown, re.MULTILINE) == list(shipped_scenarios())
    for name in shipped_scenarios():
        values = load_scenario(name).values
        title, description = (
            (values.title_zh, values.description_zh) if lang == "zh" else (values.title_en, values.description_en)
        )
        assert f"{name}: {title}" in shown
        for line in description.strip().splitlines():
            assert f"  {line}" in shown


@pytest.fixture(scope="module")
def samples():
    return {code: sample_bundle(code) for code in one_of_each_dialect_and_kind()}


@pytest.fixture(scope="module")
def judged():
    """What the hub would say of a bundle of a node."""
    engine, way = in_memory(), Way()

    def receipt(code: str, bundle: str):
        sender = Sender(code, REGION.node(code).dialect)
        submission = open_bundle(bundle.encode(), sender, "2016-03-01T22:00:00+08:00")
        with engine.connect() as connection:
            return way.rehearse(submission, connection, count(1).__next__, look_outside=True)

    yield receipt
    engine.dispose()


def errors_of(receipt):
    return [finding for entry in receipt.entries for finding in entry.findings if finding.severity == "error"]


@pytest.mark.parametrize("code", one_of_each_dialect_and_kind())
def test_the_sample_of_any_vendor_is_clean_in_its_own_codes(samples, judged, code):
    receipt = judged(code, samples[code])
    assert errors_of(receipt) == []
    assert (receipt.refused, receipt.usable) == (0, receipt.submitted)


def test_a_sample_is_not_clean_in_the_codes_of_another_vendor(samples, judged):
    others = {code: errors_of(judged("32H02", samples[code])) for code in samples}
    assert {code for code, errors in others.items() if not errors} == {
        code for code in samples if REGION.node(code).dialect == "national"
    }


@pytest.mark.parametrize("code", one_of_each_dialect_and_kind())
def test_a_sample_shows_one_patient_with_one_visit_and_its_details(samples, code):
    bundle = json.loads(samples[code])
    types = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert types.count("Patient") == 1
    assert types.count("Encounter") == 1
    assert types.count("DiagnosticReport") == 1
    assert len(types) == 6


@pytest.mark.slow
def test_the_sample_of_every_node_is_clean(judged):
    assert {node.code: errors_of(judged(node.code, sample_bundle(node.code))) for node in NODES} == {
        node.code: [] for node in NODES
    }


def test_a_sample_is_the_same_every_time_and_its_way_into_validate_is_clean():
    sample = exchange("sample", "--node", "32H07")
    assert sample.stdout == sample_bundle("32H07") + "\n"
    judged = exchange("validate", "-", "--node", "32H07", given=sample.stdout.encode())
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert judged.stdout.startswith("-: 6 entries 条, 6 would be accepted 接收, 0 refused 拒收, 6 usable 可用")


def test_a_sample_of_an_unknown_node_is_refused():
    said = sentence(exchange_here("sample", "--node", "320999"))
    assert "found no node '320999'" in said
    assert "`exchange nodes` lists them" in said
