"""Writes docs/reference/*.md from the code: `make docs`.

What is declared once in the code (rules, noise, code tables, data sets, commands, settings) is described from
that declaration; `test_docs.py` fails where a page has fallen behind.
"""

import enum
import inspect
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import typer
from sqlmodel import SQLModel
from typer.models import ArgumentInfo, OptionInfo

from codemaps import Equivalence, load_dialect, load_tables, shipped_dialects
from county_nodes.noise import KINDS, REFUSED_KINDS
from exchange.cli import app
from exchange.clock import SystemClock
from exchange.datasets import DATA_SETS, Element
from exchange.regions import load_region, shipped_regions
from exchange.scenario.file import ScenarioFile
from exchange.systems import BASE
from province_hub.app import make_app
from province_hub.quality import policy
from province_hub.quality.engine import DIMENSION_MODULES
from province_hub.quality.rule import DIMENSIONS_ZH, RULES, Dimension, Rule
from province_hub.settings import Settings
from province_hub.store import tables
from province_hub.store.engine import in_memory

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "reference"
_NOTICE: Final = (
    "<!-- Written by `make docs` (tests/reference_pages.py) from the code. Change the code, then run it. -->"
)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines) + "\n"


def _cell(content: object) -> str:
    return " ".join(str(content).split()).replace("|", "\\|")


def code(content: object) -> str:
    return f"`{content}`" if content != "" else ""


def short(uri: str) -> str:
    """A URI of this project with its base left out."""
    return code(uri.replace(BASE, "…"))


def chapter(*parts: str) -> str:
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


# Quality rules


def quality_rules() -> str:
    refusing = policy.load_policy().refusing
    rows = [
        (
            f"[`{rule.id}`](#{anchor(rule.id)})",
            f"{rule.dimension} {DIMENSIONS_ZH[rule.dimension]}",
            rule.severity,
            _effect(rule, refusing),
            rule.title_en,
        )
        for rule in _rules()
    ]
    return chapter(
        "# Quality rules (质控规则)",
        f"{len(RULES)} rules in {len(DIMENSION_MODULES)} files, one for each dimension. What a rule's finding does to "
        "the entry, the [policy](../policy.md) decides; the column *by default* says what the shipped one does.",
        table(("rule", "dimension", "severity", "by default", "finding"), rows),
        *(_rule(rule, refusing) for rule in _rules()),
    )


def _rules() -> list[Rule]:
    """All rules by dimension and id, whichever module was imported first."""
    dimensions = list(Dimension)
    return sorted(RULES.values(), key=lambda rule: (dimensions.index(rule.dimension), rule.id))


def _effect(rule: Rule, refusing: frozenset[str]) -> str:
    if rule.id in refusing:
        return "**refuses** 拒收"
    return "marks, not usable 不可用" if rule.severity == "error" else "notes 提示"


def _rule(rule: Rule, refusing: frozenset[str]) -> str:
    applies = ", ".join(map(code, rule.applies_to)) or "every type"
    where = f"looked for in {applies}" if rule.check else "raised by a step of the way itself: read, translate or link"
    return chapter(
        f"## {rule.id}",
        f"**{rule.title_en}** {rule.title_zh}",
        f"- {rule.dimension} {DIMENSIONS_ZH[rule.dimension]}, severity {rule.severity}, issue code {code(rule.code)}; "
        f"by default it {_effect(rule, refusing)}\n"
        f"- expected: {rule.expected_en} {rule.expected_zh}\n"
        f"- mend: {rule.mend_en} {rule.mend_zh}\n"
        f"- {where}",
    )


# Noise


def noise() -> str:
    return chapter(
        "# Noise (错误数据)",
        "What simulated nodes get wrong. A scenario's `noise` multiplies the rates: 0 switches noise off. Every error "
        "is written to `truth.ndjson` with the node, day, bundle, entry, element, and the value before and as sent.",
        "## Marked (计入但标记)",
        "The record counts, with what is wrong in it. The rate is the share among the records of these types.",
        table(
            ("kind", "what is wrong", "", "rate", "in"),
            (
                (
                    code(kind.name),
                    kind.sentence_en,
                    kind.sentence_zh,
                    _percent(kind.rate),
                    ", ".join(sorted(kind.applies_to)),
                )
                for kind in KINDS
            ),
        ),
        "## Refused (拒收)",
        "The hub must refuse the record. It is sent on top of the node's volume, under an identifier of its own, and "
        "nothing refers to it. The rate is a share of all records that are not Patients.",
        table(
            ("kind", "what is wrong", "", "rate"),
            ((code(kind.name), kind.sentence_en, kind.sentence_zh, _percent(kind.rate)) for kind in REFUSED_KINDS),
        ),
    )


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


# Code tables and dialects


def code_tables() -> str:
    loaded = load_tables()
    rows = [
        (
            code(each.id),
            f"{each.name_zh} {each.name_en}",
            len(each.concepts),
            each.version,
            f"{each.valid_from} – {each.valid_to or ''}",
            short(each.system),
            code(each.fhir_system),
            each.source,
        )
        for each in loaded.values()
    ]
    return chapter(
        "# Code tables and dialects (码表与本地码表)",
        f"How translation works is told in [code tables, dialects and translation](../codemaps.md). `…` is `{BASE}`.",
        "## Code tables (国家码表)",
        table(("id", "table", "codes", "version", "valid", "system", "HL7 system", "source"), rows),
        "## Dialects (本地码表)",
        *(_dialect(name) for name in shipped_dialects()),
    )


def _dialect(name: str) -> str:
    dialect = load_dialect(name)
    nodes = sum(node.dialect == name for region in shipped_regions() for node in load_region(region).nodes)
    fillers = ", ".join(code(filler) for filler in sorted(dialect.fillers)) or "none"
    head = chapter(
        f"### {name}",
        f"{dialect.title_en} {dialect.title_zh}: release {dialect.release}, valid from {dialect.valid_from}, files in "
        f"{dialect.encoding}, fillers {fillers}, spoken by {nodes} nodes of the shipped region.",
    )
    if not dialect.elements:
        return chapter(head, "Every element is sent in national form.")
    rows = []
    for element in dialect.elements:
        count = Counter(row.equivalence for row in element.map.values())
        fits = ", ".join(f"{count[kind]} {kind}" for kind in Equivalence if count[kind])
        rows.append((code(element.path), code(element.table), code(element.system or ""), len(element.map), fits))
    return chapter(head, table(("element", "table", "local system", "local codes", "of which"), rows))


# Data sets


def data_sets() -> str:
    rows = [
        (f"[`{each.id}`](#{anchor(each.id)})", f"{each.name_en} {each.name_zh}", code(each.anchor), each.basis)
        for each in DATA_SETS.values()
    ]
    return chapter(
        "# Data sets (数据集)",
        "What the province asks for. The anchor is the resource that counts as the event: it must have what its data "
        "set requires. Any other resource, such as a Patient, must have what every data set with its type requires.",
        "In a path, `[x]` is any branch of a choice, `extension(name)` the extension of this project with that name, "
        "`section(code)` the section of a health record with that code.",
        table(("id", "data set", "anchor", "basis"), rows),
        *(
            chapter(
                f"## {each.id}",
                f"{each.name_en} {each.name_zh}",
                table(("element", "name", "", "identifier", "required", "code table"), map(_element, each.elements)),
            )
            for each in DATA_SETS.values()
        ),
    )


def _element(element: Element) -> tuple[str, ...]:
    return (
        code(element.path),
        element.name_en,
        element.name_zh,
        element.identifier,
        "required 必填" if element.required else "",
        code(element.table or ""),
    )


# Commands


@dataclass(frozen=True)
class Command:
    """A command as it is typed, without the program's name; `options` holds the long names of all, hidden ones too."""

    name: str
    function: Callable[..., None]

    @property
    def options(self) -> frozenset[str]:
        names = {"--help"}
        for parameter in inspect.signature(self.function, eval_str=True).parameters.values():
            info = _info(parameter)
            if isinstance(info, OptionInfo):
                names |= set(_option_names(parameter.name, info))
        return frozenset(names)


def commands() -> list[Command]:
    """Every command, those of groups too, in the order of `exchange --help`."""
    return list(_commands(app, ""))


def _commands(group: typer.Typer, prefix: str) -> Iterator[Command]:
    for registered in group.registered_commands:
        assert registered.callback is not None
        name = registered.name or registered.callback.__name__.replace("_", "-")
        yield Command(f"{prefix}{name}", registered.callback)
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from _commands(inner.typer_instance, f"{prefix}{inner.name} ")


def command_line() -> str:
    return chapter(
        "# The command line",
        str(app.info.help),
        "Exit code 0: done. 2: something that you can mend, said in one sentence. `exchange validate` ends with 3 "
        "where it found something of severity error.",
        *map(_command, commands()),
    )


def _command(command: Command) -> str:
    parameters = inspect.signature(command.function, eval_str=True).parameters.values()
    shown = [(parameter, _info(parameter)) for parameter in parameters if not _info(parameter).hidden]
    arguments = [
        (parameter.name.upper(), _kind(parameter, info), "required" if _is_required(parameter) else "", info.help or "")
        for parameter, info in shown
        if isinstance(info, ArgumentInfo)
    ]
    options = [
        (
            code(", ".join(_option_names(parameter.name, info))),
            _kind(parameter, info),
            "required" if _is_required(parameter) else code(_default(parameter.default)),
            info.help or "",
        )
        for parameter, info in shown
        if isinstance(info, OptionInfo)
    ]
    usage = " ".join(["exchange", command.name, *(f"{name}" for name, *_ in arguments), "[OPTIONS]" if options else ""])
    parts = [
        f"## exchange {command.name}",
        inspect.getdoc(command.function) or "",
        f"```text\n{usage.strip()}\n```",
    ]
    if arguments or options:
        parts.append(table(("argument or option", "value", "default", ""), [*arguments, *options]))
    return chapter(*parts)


def _info(parameter: inspect.Parameter) -> OptionInfo | ArgumentInfo:
    for each in parameter.annotation.__metadata__:
        if isinstance(each, OptionInfo | ArgumentInfo):
            return each
    raise AssertionError(f"{parameter.name} is declared neither as an option nor as an argument")


def _option_names(name: str, info: OptionInfo) -> tuple[str, ...]:
    return tuple(info.param_decls or ()) or (f"--{name.strip('_').replace('_', '-')}",)


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default in (inspect.Parameter.empty, ...)


def _default(value: object) -> object:
    if value is None or value is False:
        return ""
    return value.value if isinstance(value, enum.Enum) else value


def _kind(parameter: inspect.Parameter, info: OptionInfo | ArgumentInfo) -> str:
    kind = get_args(parameter.annotation)[0]
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(each for each in get_args(kind) if each is not types.NoneType)
    if info.metavar:
        return info.metavar
    if get_origin(kind) is Literal:
        return " ".join(map(code, get_args(kind)))
    if inspect.isclass(kind) and issubclass(kind, enum.Enum):
        return " ".join(code(member.value) for member in kind)
    names = {datetime: "YYYY-MM-DD", bool: "", str: "text", float: "number", Path: "path", list[Path]: "paths"}
    if kind is int:
        limits = [str(limit) for limit in (info.min, info.max) if limit is not None]
        return f"whole number{', from ' + ' to '.join(limits) if limits else ''}"
    return names[kind]


# Settings, scenario and policy files


def settings() -> str:
    hub = [(code(each.name), code(_default_of(each))) for each in fields(Settings)]
    keys = [
        (code(name), _name_of(kind), "" if name not in optional else code(optional[name]))
        for optional in [_optional(ScenarioFile)]
        for name, kind in inspect.get_annotations(ScenarioFile, eval_str=True).items()
    ]
    shipped = (ROOT / "exchange" / "scenario" / "shipped" / "bulletin-2016.toml").read_text("utf-8")
    default_policy = Path(policy.__file__).with_name("policy.toml").read_text("utf-8")
    return chapter(
        "# Settings",
        "## A hub's settings",
        "Given as options of [`exchange hub`](command-line.md#exchange-hub).",
        table(("setting", "default"), hub),
        "## Keys of a scenario file",
        "A key without a default must be there; an unknown key is refused.",
        table(("key", "value", "default"), keys),
        "The shipped `bulletin-2016`, with comments:",
        f"```toml\n{shipped.strip()}\n```",
        "## The policy file",
        "`refuse` lists [rules](quality-rules.md) by id; [the default policy](../policy.md) says why these.",
        f"```toml\n{default_policy.strip()}\n```",
    )


def _default_of(each: Any) -> object:
    return "" if each.default is MISSING else each.default


def _optional(struct: Any) -> dict[str, object]:
    names, defaults = struct.__struct_fields__, struct.__struct_defaults__
    return dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))


def _name_of(kind: Any) -> str:
    names = {str: "text", int: "whole number", float: "number", date: "day", bool: "true or false"}
    if get_origin(kind) is types.UnionType:
        return "list of texts"
    return names.get(kind, "time")


# Nodes of the shipped region


def nodes() -> str:
    parts = ["# Nodes of the shipped regions (接入单位)"]
    for name in shipped_regions():
        region = load_region(name)
        day = region.printed.period_from
        parts += [
            f"## {name}",
            f"{region.name_en} {region.name_zh}: {len(region.cities)} cities, "
            f"{len(region.nodes_on(day))} nodes on {day}. "
            "A county's code is its code in GB/T 2260; a province-run hospital has one of this project's own.",
        ]
        for city in region.cities:
            parts += [f"### {city.code} {city.name_zh} {city.name_en}", _nodes(region.nodes, "county", city.code)]
        parts += ["### Province-run hospitals 省属医疗机构", _nodes(region.nodes, "hospital", "")]
    return chapter(*parts)


def _nodes(every: Iterable[Any], kind: str, city: str) -> str:
    chosen = [node for node in every if node.kind == kind and city in ("", node.city)]
    return table(
        ("code", "name", "", "dialect", "valid"),
        (
            (
                code(node.code),
                node.name_zh,
                node.name_en,
                code(node.dialect),
                f"{node.valid_from} – {node.valid_to or ''}",
            )
            for node in chosen
        ),
    )


# HTTP


def http() -> str:
    engine = in_memory()
    described = make_app(engine, SystemClock(), Settings()).openapi()
    engine.dispose()
    by_tag: dict[str, list[tuple[str, ...]]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            (tag,) = operation["tags"]
            query = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
            by_tag.setdefault(tag, []).append(
                (code(f"{method.upper()} {path}"), operation["summary"], ", ".join(map(_parameter, query)))
            )
    return chapter(
        "# The hub over HTTP",
        "What the statuses mean and how a receipt reads is told in the [guide for connectors](../guide-connector.md). "
        "A running hub describes itself at `/fhir/metadata` and `/openapi.json`.",
        *(chapter(f"## {tag}", table(("request", "", "query"), rows)) for tag, rows in by_tag.items()),
    )


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    values = "".join(f" {each}" for each in schema.get("enum", ()))
    needed = " (required)" if parameter["required"] else ""
    return f"`{parameter['name']}`{':' + values if values else ''}{needed}"


# The store


_COLUMN_TYPES: Final = {
    "AutoString": "text",
    "Text": "text",
    "Integer": "whole number",
    "BigInteger": "whole number",
    "Float": "number",
    "Boolean": "true or false",
    "Date": "day",
    "LargeBinary": "bytes",
}


def store() -> str:
    models = [
        each
        for _, each in inspect.getmembers(tables, inspect.isclass)
        if issubclass(each, SQLModel) and each.__module__ == tables.__name__
    ]
    by_table = {model.__tablename__: model for model in models}
    parts = [
        "# The store",
        inspect.getdoc(tables) or "",
    ]
    for name, described in SQLModel.metadata.tables.items():
        if name not in by_table:
            continue
        rows = []
        for column in described.columns:
            kind = _COLUMN_TYPES[type(column.type).__name__]
            rows.append((code(column.name), kind, "may be empty" if column.nullable else ""))
        key = ", ".join(code(column.name) for column in described.primary_key)
        indexes = [
            f"{code(index.name)} over {', '.join(code(column.name) for column in index.columns)}"
            f"{', unique' if index.unique else ''}"
            for index in sorted(described.indexes, key=lambda index: str(index.name))
        ]
        parts += [
            f"## {name}",
            inspect.getdoc(by_table[name]) or "",
            table(("column", "type", ""), rows),
            f"Key: {key}." + (f" Indexes: {'; '.join(indexes)}." if indexes else ""),
        ]
    return chapter(*parts)


# All pages


PAGES: Final[dict[str, Callable[[], str]]] = {
    "code-tables.md": code_tables,
    "command-line.md": command_line,
    "data-sets.md": data_sets,
    "http.md": http,
    "nodes.md": nodes,
    "noise.md": noise,
    "quality-rules.md": quality_rules,
    "settings.md": settings,
    "store.md": store,
}


def page(name: str) -> str:
    """The text of a reference page as the code has it now."""
    return f"{_NOTICE}\n\n{PAGES[name]()}"


def anchor(heading: str) -> str:
    """The fragment by which a heading is linked: as the usual Markdown renderers make it."""
    kept = (character for character in heading.lower() if character.isalnum() or character in " -_")
    return "".join(kept).replace(" ", "-")


def main() -> None:
    """Write every page anew, and remove those that the code no longer has."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for stale in FOLDER.glob("*.md"):
        if stale.name not in PAGES:
            stale.unlink()
    for name in PAGES:
        (FOLDER / name).write_text(page(name), encoding="utf-8")
        typer.echo(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
