"""What went wrong once in scenarios, and must not again."""

import shutil
from pathlib import Path

import pytest
import run_checks
from province_runs import exchange_here, sentence


def test_every_error_of_a_kind_that_the_rules_know_is_found_at_its_entry(bulletin_run):
    assert run_checks.truths_without_a_finding(bulletin_run) == []


@pytest.fixture
def scenario_file(tmp_path, shipped):
    return Path(shutil.copy(shipped / "zhenjiang-2016.toml", tmp_path / "mine.toml"))


def change(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_period_shorter_than_the_upload_days_is_not_called_a_small_scale(scenario_file):
    change(scenario_file, "period_to = 2016-04-30", "period_to = 2016-03-31")
    said = sentence(exchange_here("simulate", scenario_file, "--out", scenario_file.parent / "out"))
    assert "60 upload days" in said
    assert "scale" not in said, "no scale mends it"
    assert "period_to" in said


def test_a_registry_day_on_which_nobody_may_upload_is_refused_before_anything_runs(scenario_file):
    change(scenario_file, "registry_day = 2016-02-29", "registry_day = 2014-02-28")
    out = scenario_file.parent / "out"
    said = sentence(exchange_here("simulate", scenario_file, "--out", out))
    assert "registry_day" in said
    assert "seen a run" not in said
    assert not out.exists()
