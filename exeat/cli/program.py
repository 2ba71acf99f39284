"""The typer program: mounts the commands and prints any ExeatError as two lines on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import typer

from exeat import __version__
from exeat.cli.assess import assess_command
from exeat.cli.audit import EPILOG as AUDIT_EXAMPLES
from exeat.cli.audit import audit_command
from exeat.cli.demo import demo_command
from exeat.cli.describe import describe_command
from exeat.cli.export import export_command
from exeat.cli.ingest import ingest_command
from exeat.cli.inspect import inspect_command
from exeat.cli.ledger import app as ledger_app
from exeat.cli.minimise import minimise_command
from exeat.cli.pilot import EPILOG as PILOT_EXAMPLES
from exeat.cli.pilot import pilot_command
from exeat.cli.rebuild import rebuild_command
from exeat.cli.schema import schema_command
from exeat.cli.serve import serve_command
from exeat.errors import ExeatError

P = ParamSpec("P")
T = TypeVar("T")
app = typer.Typer(
    name="exeat",
    help="Decide which model checkpoints may leave, on measured evidence and on the record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def spoken(command: Callable[P, T]) -> Callable[P, T]:
    """Print an ExeatError as headline and next step, and exit with its code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except ExeatError as exc:
            print(exc.headline, exc.what_to_do, sep="\n", file=sys.stderr)
            raise typer.Exit(exc.exit_code) from exc

    return run


COMMANDS: dict[str, Callable[..., None]] = {
    "assess": assess_command,
    "audit": audit_command,
    "demo": demo_command,
    "describe": describe_command,
    "export": export_command,
    "ingest": ingest_command,
    "inspect": inspect_command,
    "minimise": minimise_command,
    "pilot": pilot_command,
    "rebuild": rebuild_command,
    "schema": schema_command,
    "serve": serve_command,
}
EXAMPLES = {"audit": AUDIT_EXAMPLES, "pilot": PILOT_EXAMPLES}
for _name, _command in COMMANDS.items():
    app.command(_name, epilog=EXAMPLES.get(_name))(spoken(_command))
for _info in ledger_app.registered_commands:
    if _info.callback is not None:
        _info.callback = spoken(_info.callback)
app.add_typer(ledger_app, name="ledger")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"exeat {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None:
    """Exeat: which model checkpoints may leave, to whom, in what form and for how long."""
