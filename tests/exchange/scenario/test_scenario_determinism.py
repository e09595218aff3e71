"""The same seed gives the same bytes, with one node process or two, within a run or alone."""

import hashlib
from datetime import date

import pytest
from province_runs import FILES, simulate

from exchange.scenario.file import load_scenario
from exchange.scenario.platforms import Platforms


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """The same run once more, all nodes in one process."""
    return simulate(tmp_path_factory.mktemp("again") / "run", "zhenjiang-2016", 0.001, 7, "--processes", 1)


@pytest.mark.parametrize("name", FILES)
def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_processes(zhenjiang_run, again, name):
    assert again.file_bytes()[name] == zhenjiang_run.file_bytes()[name]


def test_another_seed_plans_as_much_and_sends_other_records(zhenjiang_run):
    scenario = load_scenario("zhenjiang-2016")
    ours, others = (Platforms(scenario, zhenjiang_run.scale, seed) for seed in (7, 8))
    for code, plan in ours.plans.items():
        assert plan.volumes.records == others.plans[code].volumes.records
        assert plan.volumes.registered_basic == others.plans[code].volumes.registered_basic
    sent = {row["sha256"] for row in zhenjiang_run.rows("sent.csv")}
    day = others.plans["321102"].quotas[0].day
    made = [hashlib.sha256(each.body).hexdigest() for each in others.platform("321102").bundles(day)]
    assert made
    assert sent.isdisjoint(made)


@pytest.mark.parametrize("node", ["321102", "321183"])
def test_one_day_of_one_node_made_alone_is_the_same_as_within_the_run(zhenjiang_run, node):
    platform = Platforms(load_scenario("zhenjiang-2016"), zhenjiang_run.scale, zhenjiang_run.seed).platform(node)
    rows = [row for row in zhenjiang_run.rows("sent.csv") if row["node"] == node]
    days = sorted({row["day"] for row in rows})
    # The last first: no day needs the one before it.
    for day in (days[-1], days[len(days) // 2], days[0]):
        wanted = [(row["submission"], row["entries"], row["sha256"]) for row in rows if row["day"] == day]
        made = (platform.registry_bundles if day == days[0] else platform.bundles)(date.fromisoformat(day))
        assert [(each.number, str(each.entries), hashlib.sha256(each.body).hexdigest()) for each in made] == wanted


def test_a_node_alone_knows_the_truth_of_its_day(zhenjiang_run):
    platforms = Platforms(load_scenario("zhenjiang-2016"), zhenjiang_run.scale, zhenjiang_run.seed)
    truth = next(each for each in zhenjiang_run.truths() if each["day"] != "2016-02-29")
    day = date.fromisoformat(truth["day"])
    made = [known for each in platforms.platform(truth["node"]).bundles(day) for known in each.truths]
    assert truth["identifier"] in {known.identifier for known in made}
    assert len(made) == sum(
        (each["node"], each["day"]) == (truth["node"], truth["day"]) for each in zhenjiang_run.truths()
    )


@pytest.mark.slow
def test_the_whole_province_twice_gives_the_same_bytes(bulletin_run, tmp_path):
    second = simulate(tmp_path / "run", "bulletin-2016", bulletin_run.scale, bulletin_run.seed, "--processes", 1)
    first_bytes, second_bytes = bulletin_run.file_bytes(), second.file_bytes()
    assert [name for name in FILES if first_bytes[name] != second_bytes[name]] == []


@pytest.mark.slow
def test_another_seed_gives_another_run_with_the_same_bulletin(zhenjiang_run, tmp_path):
    other = simulate(tmp_path / "run", "zhenjiang-2016", 0.001, 8)
    first_bytes, other_bytes = zhenjiang_run.file_bytes(), other.file_bytes()
    assert [name for name in FILES if first_bytes[name] == other_bytes[name]] == [
        "bulletin_cities.csv",
        "bulletin_hospitals.csv",
        "bulletin.xlsx",
    ]
    bundles = {row["sha256"] for row in zhenjiang_run.rows("sent.csv")}
    assert bundles.isdisjoint(row["sha256"] for row in other.rows("sent.csv"))
