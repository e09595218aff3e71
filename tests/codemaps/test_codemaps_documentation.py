"""The page about code tables does not fall behind, and its example works as printed."""

import re
from pathlib import Path

from codemaps_resources import DIALECTS, TABLES

from codemaps import CODED_ELEMENTS, Equivalence, catalogue, load_dialect
from exchange.systems import BASE

PAGE = (Path(__file__).parents[2] / "docs" / "codemaps.md").read_text(encoding="utf-8")


def test_the_page_lists_every_table() -> None:
    for table_id, name_zh, name_en, codes, version, system in catalogue(TABLES):
        short = system.replace(BASE, "…")
        assert f"| `{table_id}` | {name_zh} | {name_en} | {codes} | {version} | `{short}` |" in PAGE


def test_the_page_lists_every_coded_element_dialect_and_equivalence() -> None:
    for element in CODED_ELEMENTS.values():
        assert f"| `{element.path}` | {element.type} | `{element.table}` |" in PAGE
    for name in DIALECTS:
        assert f"| `{name}`" in PAGE
    for equivalence in Equivalence:
        assert f"`{equivalence}`" in PAGE


def test_the_dialect_on_the_page_works(tmp_path: Path) -> None:
    directory = tmp_path / "mine"
    directory.mkdir()
    for language, file, encoding in (
        ("toml", "dialect.toml", "utf-8"),
        ("csv", "admission-route.csv", "gb18030"),
    ):
        block = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
        assert block is not None
        (directory / file).write_text(block[1], encoding=encoding)
    (element,) = load_dialect(directory).elements
    assert element.map["1"].target_code == "2"
    assert element.map["X"].equivalence is Equivalence.UNMATCHED
