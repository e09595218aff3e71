"""The documentation does not fall behind: pages, names, links, files, commands and examples are those of the code."""

import json
import re
import shlex
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest
from typer.testing import CliRunner

from county_nodes.noise import KINDS, REFUSED_KINDS
from exchange.cli import app
from exchange.scenario.file import ScenarioFile, shipped_scenarios
from province_hub.intake.door import open_bundle
from province_hub.intake.submission import Sender
from province_hub.intake.way import Way
from province_hub.intake.writer import Intake
from province_hub.quality.engine import DIMENSION_MODULES
from province_hub.quality.policy import load_policy
from province_hub.quality.rule import RULES
from province_hub.settings import Settings
from province_hub.store.engine import in_memory
from tests.reference_pages import FOLDER, PAGES, ROOT, anchor, commands, page

HAND_WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
EVERY_PAGE = [*HAND_WRITTEN, *sorted(FOLDER.glob("*.md"))]
README = (ROOT / "README.md").read_text("utf-8")
POLICY = (ROOT / "docs" / "policy.md").read_text("utf-8")
TOP_LEVEL = ("exchange", "county_nodes", "province_hub", "codemaps", "docs", "tests")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


# Reference pages


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    written = FOLDER / name
    assert written.is_file(), f"docs/reference/{name} is missing; run `make docs`"
    assert text_of(written) == page(name), f"docs/reference/{name} has fallen behind; run `make docs`"


def test_there_is_no_reference_page_that_the_code_does_not_write() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


# Names


def test_every_rule_is_described_with_what_the_default_policy_does_about_it() -> None:
    assert len(DIMENSION_MODULES) > 0
    refused, marked = POLICY.split("## Refused")[1].split("## Marked")[0], POLICY.split("## Marked")[1]
    refusing = load_policy().refusing
    for rule in RULES:
        assert f"## {rule}\n" in text_of(FOLDER / "quality-rules.md")
        assert f"| `{rule}` |" in (refused if rule in refusing else marked.split("## Usable")[0]), rule


def test_every_severity_of_a_marking_rule_on_the_policy_page_is_the_one_declared() -> None:
    for rule in RULES.values():
        if rule.id not in load_policy().refusing:
            assert f"| `{rule.id}` | {rule.severity} |" in POLICY


def test_every_kind_of_noise_is_described() -> None:
    described = text_of(FOLDER / "noise.md")
    for kind in (*KINDS, *REFUSED_KINDS):
        assert f"| `{kind.name}` | {kind.sentence_en} |" in described


def test_every_setting_and_every_key_of_a_scenario_is_described() -> None:
    described = text_of(FOLDER / "settings.md")
    guide = text_of(ROOT / "docs" / "guide-province.md")
    for name in Settings.__dataclass_fields__:
        assert f"| `{name}` |" in described
    for key in ScenarioFile.__struct_fields__:
        assert f"| `{key}` |" in described
        assert f"`{key}`" in guide


def test_every_command_and_shipped_scenario_is_described() -> None:
    described = text_of(FOLDER / "command-line.md")
    prose = "".join(map(text_of, HAND_WRITTEN))
    for command in commands():
        assert f"## exchange {command.name}\n" in described
        assert f"exchange {command.name}" in prose
    for scenario in shipped_scenarios():
        assert scenario in prose


def test_every_dependency_is_explained() -> None:
    explained = text_of(ROOT / "docs" / "dependencies.md")
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    for requirement in chain(project["dependencies"], *project["optional-dependencies"].values()):
        package = re.split(r"[\[<>=;]", requirement)[0]
        assert f"`{package}`" in explained, f"{package} is not explained in docs/dependencies.md"


# Links and files


def links(text: str) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_fences(text)):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(path: Path) -> set[str]:
    return {
        anchor(heading.replace("`", "")) for heading in re.findall(r"^#+ (.+)$", without_fences(text_of(path)), re.M)
    }


@pytest.mark.parametrize("path", EVERY_PAGE, ids=name_of)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for target in links(text_of(path)):
        file, _, fragment = target.partition("#")
        there = (path.parent / unquote(file)).resolve() if file else path
        assert there.exists(), f"{name_of(path)}: {target} leads nowhere"
        assert there.is_relative_to(ROOT), f"{name_of(path)}: {target} leads out of the project"
        if fragment:
            assert unquote(fragment) in anchors(there), f"{name_of(path)}: {target} names no heading"


@pytest.mark.parametrize("path", EVERY_PAGE, ids=name_of)
def test_every_file_that_a_page_names_exists(path: Path) -> None:
    for named in re.findall(rf"`((?:{'|'.join(TOP_LEVEL)})/[\w./-]+)`", text_of(path)):
        assert (ROOT / named).exists(), f"{name_of(path)}: there is no {named}"


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "pictures").iterdir()), ids=name_of)
def test_a_picture_is_sound_says_what_it_shows_and_is_shown(path: Path) -> None:
    picture = ET.fromstring(text_of(path))  # our own file
    spoken = {element.tag.rpartition("}")[2] for element in picture}
    assert {"title", "desc"} <= spoken
    assert any(f"pictures/{path.name}" in text_of(each) for each in HAND_WRITTEN)


# Commands


def shown_commands(text: str) -> Iterator[list[str]]:
    """The words of each `exchange …` and `make …` of the page's `sh` blocks."""
    for block in fenced(text, "sh"):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            for part in re.split(r" \|\|? | && ", line.partition(" # ")[0]):
                words = part.split(" > ")[0].removeprefix(".venv/bin/").strip()
                if words.startswith(("exchange ", "make ")):
                    yield shlex.split(words)


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.M))


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=name_of)
def test_every_command_that_a_page_shows_exists_with_its_options(path: Path) -> None:
    by_name = {command.name: command for command in commands()}
    for program, *words in shown_commands(text_of(path)):
        if program == "make":
            assert words[0] in make_targets(), f"{name_of(path)}: there is no make {words[0]}"
            continue
        name = next((name for name in (" ".join(words[:2]), words[0]) if name in by_name), None)
        assert name is not None, f"{name_of(path)}: there is no exchange {' '.join(words[:2])}"
        options = {word for word in words if word.startswith("--")}
        assert options <= by_name[name].options, f"{name_of(path)}: exchange {name} has no {options}"


def test_the_readme_shows_the_two_commands_and_the_commands_that_follow() -> None:
    shown = [" ".join(words[:2]) for words in shown_commands(README)]
    for wanted in (
        "make demo",
        "make test",
        "exchange hub",
        "exchange sample",
        "exchange quarantine",
        "exchange validate",
    ):
        assert wanted in shown


# The README's example


def run(*arguments: str) -> str:
    return CliRunner().invoke(app, list(arguments)).output


@pytest.fixture
def edited() -> str:
    """The sample with the two mistakes that the README makes in it."""
    (command,) = (words for block in fenced(README, "sh") for words in block.splitlines() if words.startswith("sed -e"))
    text = run("sample", "--node", "320481")
    for old, new in re.findall(r"s/([^/]+)/([^/]+)/'", command):
        assert old in text
        text = text.replace(old, new)
    return text


def assert_shortened(shown: str, whole: str) -> None:
    """Every line that is shown stands in the whole, in this order; `…` stands for what was left out."""
    lines = iter(whole.splitlines())
    for line in shown.splitlines():
        kept = line.partition("…")[0].strip()
        assert not kept or any(actual.strip().startswith(kept) for actual in lines), f"not there: {line}"


def test_the_receipt_in_the_readme_is_the_hubs(edited: str) -> None:
    engine = in_memory()
    submission = open_bundle(edited.encode(), Sender("320481", "taihu"), "2016-03-01T22:00:00+08:00")
    (receipt,) = Intake(engine, Way()).take([submission])
    engine.dispose()
    (shown,) = fenced(README, "json")
    assert f"/api/submissions/{receipt.submission} " in README
    assert f"exchange quarantine replay {receipt.entries[5].quarantine} " in README
    assert_shortened(shown, json.dumps(msgspec.to_builtins(receipt), indent=4, ensure_ascii=False))


def test_what_validate_prints_in_the_readme_is_what_it_prints(edited: str, tmp_path: Path) -> None:
    file = tmp_path / "edited.json"
    file.write_text(edited, "utf-8")
    shown = fenced(README, "text")[-1]
    assert_shortened(shown, run("validate", str(file)).replace(str(tmp_path) + "/", ""))
