"""A scenario file is checked whole before anything runs; one that is right runs from anywhere."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import run_checks
from province_runs import exchange_here, query, sentence, simulate

from exchange.scenario.file import Scenario, ScenarioError, load_scenario, shipped_scenarios
from exchange.scenario.platforms import Platforms
from exchange.scenario.volumes import plan_nodes


@pytest.fixture
def scenario_file(tmp_path, shipped):
    return Path(shutil.copy(shipped / "zhenjiang-2016.toml", tmp_path / "mine.toml"))


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


FAULTS = [
    ("scale = 0.001", 'scale = "small"', r"Expected `float`, got `str` - at `\$.scale`; the keys are title_en,"),
    ("scale = 0.001", "scale = 0", r"scale: found 0.0, expected a number above 0 and at most 1"),
    ("scale = 0.001", "scale = 1.5", r"scale: found 1.5, expected a number above 0 and at most 1"),
    ("scale = 0.001", "scale = nan", r"scale: found nan, expected a number above 0 and at most 1"),
    ("scale = 0.001", "", r"missing required field `scale`; the keys are title_en,"),
    ("scale = 0.001", "sacle = 0.001\nscale = 0.001", r"unknown field `sacle`; the keys are title_en,"),
    ("seed = 7", "seed = -1", r"seed: found -1, expected a whole number, 0 or more"),
    ("seed = 7", "seed = 7.5", r"Expected `int`, got `float` - at `\$.seed`"),
    ("seed = 7", "seed = true", r"Expected `int`, got `bool` - at `\$.seed`"),
    ("noise = 1.0", "noise = -0.5", r"noise: found -0.5, expected a factor from 0 to 100"),
    ("noise = 1.0", "noise = inf", r"noise: found inf, expected a factor from 0 to 100"),
    ("entries_in_a_bundle = 100", "entries_in_a_bundle = 0", r"entries_in_a_bundle: found 0, expected 1 to 10000"),
    ("entries_in_a_bundle = 100", "entries_in_a_bundle = 10001", r"entries_in_a_bundle: found 10001, expected 1 to"),
    ("period_to = 2016-04-30", "period_to = 2016-02-29", r"period_to: found 2016-02-29, expected a day not before"),
    ("period_to = 2016-04-30", 'period_to = "later"', r"Invalid RFC3339 .* - at `\$.period_to`"),
    ("period_to = 2016-04-30", "period_to = 2016-04-31", r"not TOML: .*line 1\d"),
    (
        "registry_day = 2016-02-29",
        "registry_day = 2016-03-01",
        r"registry_day: found 2016-03-01, expected a day before",
    ),
    ("upload_time = 22:00:00", "upload_time = 22", r"Expected `time`, got `int` - at `\$.upload_time`"),
    ('["321100"]', '["321100", "329900"]', r"found no city '329900'; expected one of 320100, 320200,"),
    ('["321100"]', "[]", r"cities: found \[\], expected at least one city code, or no such key for all"),
    ('["321100"]', "[321100]", r"Expected `str`, got `int` - at `\$.cities\[0\]`"),
    ('["321100"]', '"321100"', r"Expected `array \| null`, got `str` - at `\$.cities`"),
    ("hospitals = false", 'hospitals = "no"', r"Expected `bool`, got `str` - at `\$.hospitals`"),
    ('"jiangsu-2016"', '"jiangsu-1916"', r"found no region 'jiangsu-1916', expected a shipped one \(jiangsu-2016\)"),
    ("seed = 7", "seed = ", r"not TOML: .*line 1\d"),
]


@pytest.mark.parametrize(("old", "new", "complaint"), FAULTS, ids=[fault[1] or "nothing" for fault in FAULTS])
def test_a_fault_is_named_by_file_key_found_and_expected(scenario_file, old, new, complaint):
    change(scenario_file, old, new)
    with pytest.raises(ScenarioError, match=rf"^{re.escape(str(scenario_file))}: .*{complaint}"):
        load_scenario(str(scenario_file))


def test_a_file_in_another_encoding_is_refused(scenario_file):
    scenario_file.write_bytes(scenario_file.read_text(encoding="utf-8").encode("gb18030"))
    with pytest.raises(ScenarioError, match=r"mine.toml: found bytes that are not UTF-8 .*; save the file as UTF-8"):
        load_scenario(str(scenario_file))


@pytest.mark.parametrize("name", ["bulletin-2017", "", ".", "/", "no/such/file.toml"])
def test_what_is_neither_a_file_nor_shipped_is_refused_with_the_shipped_ones(name):
    with pytest.raises(ScenarioError, match=rf"{re.escape(repr(name))}: .* shipped are bulletin-2016, noisy-2016"):
        load_scenario(name)


def test_a_fault_of_a_file_is_said_in_one_sentence_before_anything_is_made(scenario_file, tmp_path):
    change(scenario_file, "scale = 0.001", "scale = 0")
    said = sentence(exchange_here("simulate", scenario_file, "--out", tmp_path / "out"))
    assert said == f"{scenario_file}: scale: found 0.0, expected a number above 0 and at most 1"
    assert not (tmp_path / "out").exists()


def test_a_fault_of_a_region_of_ones_own_is_said_before_anything_is_made(scenario_file, tmp_path):
    folder = shutil.copytree(run_checks.REGION_FOLDER, tmp_path / "province")
    change(folder / "counties.csv", "Jurong,321100", "Jurong,329900")
    change(scenario_file, '"jiangsu-2016"', f'"{folder}"')
    said = sentence(exchange_here("simulate", scenario_file, "--out", tmp_path / "out"))
    assert re.search(r"counties.csv, line \d+, column city: found '329900', expected a code", said)
    assert not (tmp_path / "out").exists()


def test_a_scale_too_small_is_refused_before_anything_is_made_with_the_smallest_that_works(tmp_path):
    said = sentence(exchange_here("simulate", "bulletin-2016", "--scale", "0.00001", "--out", tmp_path / "out"))
    assert re.search(r"--scale 1e-05 is too small for bulletin-2016: .*\d+ records are needed", said)
    assert re.search(r"The smallest scale that works is \S+\.$", said)
    assert not (tmp_path / "out").exists()


def smallest_scale(scenario: Scenario, too_small: float) -> float:
    with pytest.raises(ScenarioError) as refusal:
        plan_nodes(scenario, too_small, 7)
    found = re.search(r"The smallest scale that works is (\S+)\.$", str(refusal.value))
    assert found
    return float(found[1])


@pytest.mark.parametrize(("name", "too_small"), [("bulletin-2016", 5e-6), ("zhenjiang-2016", 1e-9)])
def test_the_smallest_scale_works_and_the_one_below_it_does_not(name, too_small):
    scenario = load_scenario(name)
    smallest = smallest_scale(scenario, too_small)
    plans = plan_nodes(scenario, smallest, 7)
    assert {code for code, plan in plans.items() if plan.volumes.records} <= set(plans)
    digits, exponent = f"{smallest:.1e}".split("e")
    below = float(f"{float(digits) - 0.1:.1f}e{exponent}")
    with pytest.raises(ScenarioError, match="is too small"):
        plan_nodes(scenario, below, 7)


def test_at_any_scale_that_works_the_plans_sum_to_the_printed_figures():
    scenario = load_scenario("bulletin-2016")
    for scale in (smallest_scale(scenario, 1e-5), 0.37):
        plans = plan_nodes(scenario, scale, 7)
        assert len(plans) == 97 + 12
        for printed in scenario.region.printed.cities:
            counties = [plans[node.code] for node in scenario.region.nodes_of_city(printed.code, date(2016, 3, 1))]
            quotas = [quota for plan in counties for quota in plan.quotas]
            assert sum(quota.records for quota in quotas) == round(printed.records * scale)
            assert sum(quota.visits for quota in quotas) == round(printed.outpatient_visits * scale)
            assert sum(quota.discharges for quota in quotas) == round(printed.discharges * scale)
            assert len({quota.day for quota in quotas}) == printed.upload_days
        for hospital in scenario.region.printed.hospitals:
            plan = plans[hospital.code]
            assert sum(quota.records for quota in plan.quotas) == round(hospital.records * scale)
            assert sum(quota.reports or 0 for quota in plan.quotas) == round(hospital.lab_exam_records * scale)
            assert len(plan.quotas) == hospital.upload_days


def test_a_node_that_takes_no_part_is_refused_with_an_example():
    platforms = Platforms(load_scenario("zhenjiang-2016"), 0.001, 7)
    with pytest.raises(ScenarioError, match=r"node '320481': takes no part in zhenjiang-2016; `exchange nodes` lists"):
        platforms.platform("320481")


def test_every_shipped_scenario_loads_and_says_what_it_is_in_both_languages():
    for name in shipped_scenarios():
        values = load_scenario(name).values
        for text in (values.title_en, values.description_en):
            assert text.strip()
            assert text.isascii()
        for text in (values.title_zh, values.description_zh):
            assert re.search("[\u4e00-\u9fff]", text)


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    """A scenario file and a region folder of one's own: much noise, small bundles, one county of another vendor."""
    folder = tmp_path_factory.mktemp("own")
    region = shutil.copytree(run_checks.REGION_FOLDER, folder / "my-province")
    shipped = run_checks.REGION_FOLDER.parents[1] / "scenario" / "shipped"
    file = Path(shutil.copy(shipped / "zhenjiang-2016.toml", folder / "much-noise.toml"))
    change(file, '"jiangsu-2016"', f'"{region}"')
    change(file, "entries_in_a_bundle = 100", "entries_in_a_bundle = 7")
    change(file, "noise = 1.0", "noise = 30.0")
    return simulate(folder / "run", file, 0.0002, 3)


def test_a_scenario_and_a_region_of_ones_own_run(own_run):
    assert [row["code"] for row in own_run.rows("bulletin_cities.csv")] == ["321100"]
    assert own_run.rows("bulletin_hospitals.csv") == []
    assert max(int(row["entries"]) for row in own_run.rows("sent.csv")) == 7
    assert query(own_run.store, "SELECT count(*) FROM node") == [(len(run_checks.REGION.nodes),)]


def test_much_noise_changes_no_count_of_the_bulletin(own_run):
    (row,) = own_run.rows("bulletin_cities.csv")
    printed = next(row for row in run_checks.printed_rows("bulletin_cities.csv") if row["code"] == "321100")
    for column in ("records_uploaded", "outpatient_visits", "discharges"):
        assert row[column] == str(round(int(printed[column]) * own_run.scale))
    assert row["upload_days"] == printed["upload_days"]


def test_much_noise_is_all_found_and_all_that_had_to_be_refused_is_in_quarantine(own_run):
    kinds = {truth["kind"] for truth in own_run.truths()}
    assert set(run_checks.RULE_OF_KIND) - {"admission-after-discharge"} <= kinds, "as many kinds as can be"
    run_checks.assert_quarantine_is_what_was_injected(own_run)
    run_checks.assert_what_was_sent_is_what_arrived(own_run)
    assert run_checks.findings_without_a_truth(own_run) == set()
