"""The command line: the only place that sees everything. Each command imports what it needs when it runs."""

import typer

from exchange.cli import data, hub, quarantine, report, simulate, validate
from exchange.cli.common import Failure

app = typer.Typer(
    name="exchange",
    help=(
        "A regional health information exchange on HL7 FHIR R4, to run and to test against: county platforms "
        "(县区平台), code-table translation (码表转换), a provincial hub (省平台) that judges and counts, and its "
        "bulletin (通报)."
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("simulate")(simulate.simulate)
app.command("scenarios")(simulate.scenarios)
app.command("hub")(hub.hub)
app.command("nodes")(data.nodes)
app.command("county")(simulate.county)
app.command("sample")(data.sample)
app.command("validate")(validate.validate)
app.add_typer(report.app, name="report")
app.add_typer(quarantine.app, name="quarantine")


def main() -> None:
    """Run the command line; errors that a user can mend end in one sentence and exit code 2."""
    try:
        app()
    except Failure as failure:
        typer.echo(f"exchange: {failure}", err=True)
        raise SystemExit(2) from None
