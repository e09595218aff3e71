"""What a reader can count on: files and functions that are short, modules that say what they are for, quick help."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("exchange", "county_nodes", "province_hub", "codemaps")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LONGEST_FILE = 450
LONGEST_FUNCTION = 60
HEAVY = ("fastapi", "starlette", "sqlmodel", "sqlalchemy", "fhir", "rich", "httpx", "openpyxl", "uvicorn")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions_of(path: Path) -> Iterator[tuple[str, int]]:
    """Each function of a module with its lines, decorators and docstring included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield f"{name_of(path)}:{first} {node.name}", (node.end_lineno or first) - first + 1


def test_there_is_something_to_look_at():
    assert len(MODULES) > 80
    assert {name_of(path).partition("/")[0] for path in MODULES} == set(PACKAGES)


def test_no_file_is_longer_than_a_reader_can_hold():
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen():
    lengths = [each for path in MODULES for each in functions_of(path)]
    assert [(name, lines) for name, lines in lengths if lines > LONGEST_FUNCTION] == []


def test_every_module_opens_by_saying_what_it_is_for():
    silent = [name_of(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_every_package_says_that_it_is_typed():
    assert [package for package in PACKAGES if not (ROOT / package / "py.typed").is_file()] == []


def test_test_files_have_names_of_their_own():
    own = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name not in ("conftest.py", "__init__.py")]
    assert sorted(own) == sorted(set(own))


def loaded_by(*arguments: str) -> set[str]:
    """The top-level modules that a command of `exchange` has loaded when it ends."""
    program = (
        "import json, sys\n"
        "from exchange.cli import main\n"
        f"sys.argv = ['exchange', *{arguments!r}]\n"
        "try:\n    main()\n"
        "finally:\n    print('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert "Usage: " in done.stdout, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [(), ("simulate",), ("hub",), ("report", "bulletin"), ("quarantine", "replay")])
def test_help_loads_nothing_heavy(arguments):
    assert sorted(loaded_by(*arguments, "--help").intersection(HEAVY)) == []
