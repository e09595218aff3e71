"""`exchange validate`: judge files as the hub would, storing nothing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.common import Failure, arrival, failures

if TYPE_CHECKING:
    from province_hub.intake.door import TurnedAway
    from province_hub.intake.receipt import Receipt

FINDINGS = 3
"""Exit code where a finding of severity error was made (0: none, 2: usage)."""


def validate(
    files: Annotated[
        list[Path],
        typer.Argument(help="Bundles or single resources as JSON, UTF-8 or GB18030; - is standard input."),
    ],
    node: Annotated[
        str, typer.Option(help="The node that would send them: its dialect (方言) translates the codes.")
    ] = "320481",
    region: Annotated[str, typer.Option(help="The region of the node: a shipped one, or a folder.")] = "jiangsu-2016",
    json: Annotated[bool, typer.Option("--json", help="One receipt a line, as JSON.")] = False,
    store: Annotated[
        str | None,
        typer.Option(help="A hub's store to look references up in; without, only those inside a bundle count."),
    ] = None,
    day: Annotated[str | None, typer.Option(help="The day of arrival. [default: today]", metavar="YYYY-MM-DD")] = None,
) -> None:
    """Judge FHIR files the same way as an upload; nothing is stored.

    Exit code 0: no finding of severity error. 3: some. 2: a file or option cannot be used.
    """
    from codemaps import CodemapError
    from exchange.regions import RegionError, load_region
    from province_hub.intake.door import TurnedAway
    from province_hub.intake.rehearsal import Rehearsal
    from province_hub.intake.submission import Sender
    from province_hub.store.engine import StoreError

    with failures(RegionError):
        sender = load_region(region).node(node)
    with failures(StoreError, CodemapError):
        rehearsal = Rehearsal(Sender(sender.code, sender.dialect), store, arrival(day))
    worst = 0
    for path in files:
        name, content = _read(path)
        try:
            receipt = rehearsal.receipt(content)
        except TurnedAway as refusal:
            worst = FINDINGS
            _print_refusal(name, refusal, as_json=json)
            continue
        if any(finding.severity == "error" for entry in receipt.entries for finding in entry.findings):
            worst = FINDINGS
        _print_receipt(name, receipt, as_json=json)
    raise SystemExit(worst)


def _read(path: Path) -> tuple[str, bytes]:
    """A file's name and its content in UTF-8; what is not UTF-8 is read as GB18030."""
    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        try:
            content = content.decode("gb18030").encode("utf-8")
        except UnicodeDecodeError as error:
            raise Failure(f"{path}: found bytes that are neither UTF-8 nor GB18030 ({error})") from error
    return str(path), content


def _print_refusal(name: str, refusal: "TurnedAway", *, as_json: bool) -> None:
    import msgspec

    if as_json:
        line = {"file": name, "turned_away": refusal.status, "diagnostics": refusal.diagnostics}
        typer.echo(msgspec.json.encode(line).decode())
    else:
        typer.echo(f"{name}: turned away 拒收 ({refusal.status})\n  {refusal.expression} {refusal.diagnostics}")


def _print_receipt(name: str, receipt: "Receipt", *, as_json: bool) -> None:
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode({"file": name, "receipt": receipt}).decode())
        return
    refused, usable = receipt.refused, receipt.usable
    typer.echo(
        f"{name}: {receipt.submitted} entries 条, {receipt.accepted} would be accepted 接收, "
        f"{refused} refused 拒收, {usable} usable 可用"
    )
    number = 0
    for entry in receipt.entries:
        for finding in entry.findings:
            number += 1
            typer.echo(
                f"\n{number:>3}. {finding.severity:<11} {finding.expression}\n"
                f"     {finding.title_zh} {finding.title_en} [{finding.rule}, {finding.dimension_zh}]\n"
                f"     found 实际     {finding.found}\n"
                f"     expected 应为  {finding.expected_en}  {finding.expected_zh}\n"
                f"     mend 处理      {finding.mend_en}\n"
                f"                    {finding.mend_zh}"
            )
    if not number:
        typer.echo("  nothing found 未发现质量问题")
