"""The policy file: what it says is done, and an error in it is told with its place."""

from pathlib import Path

import pytest
from hub_records import patient, put
from hub_station import Desk

from province_hub.intake.way import Way
from province_hub.intake.writer import Intake
from province_hub.quality.policy import PolicyError, load_policy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("refuse = []\nversion = x\n", "line 2"),
        ("refuse = []", "version: found None"),
        ("version = 3\nrefuse = []", "version: found 3"),
        ('version = "1"', "refuse: found None"),
        ('version = "1"\nrefuse = "conformity.structure"', "refuse: found 'conformity.structure'"),
        (
            'version = "1"\nrefuse = ["conformity.structure", "conformity.struture"]',
            "refuse[1]: found 'conformity.struture'",
        ),
    ],
    ids=["not TOML", "no version", "version is no text", "no list", "not a list", "unknown rule"],
)
def test_an_error_in_a_policy_file_is_told_with_file_and_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as refusal:
        load_policy(path)
    assert str(path) in str(refusal.value)
    assert said in str(refusal.value)


def test_an_unknown_rule_is_told_together_with_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('version = "1"\nrefuse = ["x"]', encoding="utf-8")
    with pytest.raises(PolicyError, match=r"conformity\.structure, "):
        load_policy(path)


def test_a_policy_file_that_is_not_there_or_not_utf_8_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"none\.toml"):
        load_policy(tmp_path / "none.toml")
    path = tmp_path / "policy.toml"
    path.write_bytes('version = "国标"'.encode("gb18030"))
    with pytest.raises(PolicyError, match=r"policy\.toml"):
        load_policy(path)


def test_the_default_policy_refuses_only_what_cannot_be_stored_or_attributed() -> None:
    policy = load_policy()
    assert not any(rule.startswith(("logic.", "completeness.")) for rule in policy.refusing)
    assert "conformity.unmapped-code" not in policy.refusing
    assert "conformity.resident-number" not in policy.refusing


def test_a_stricter_policy_refuses_what_the_default_one_marks(tmp_path: Path, desk: Desk) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('version = "strict"\nrefuse = ["completeness.required-element"]', encoding="utf-8")
    strict = Desk(desk.engine, Intake(desk.engine, Way(policy=load_policy(path))))
    nameless = put({name: value for name, value in patient("p1").items() if name != "name"})
    assert strict.take("T0001", nameless).refused == 1
    assert desk.take("T0001", nameless).new == 1
