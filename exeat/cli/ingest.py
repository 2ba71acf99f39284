"""``exeat ingest``: take files and folders into the evidence store and register them on the ledger."""

from __future__ import annotations

import json as json_lib
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exeat.cli.common_desk import open_cli_desk, shell_operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exeat.evidence.intake import IntakeResult

SOME_REJECTED = 3
USAGE = 2
SHOWN = 20


def ingest_command(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of any format that Exeat reads.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Take files in; idempotent; rejects are kept with file, place and reason. Exit 3 when some were rejected."""
    missing = [path for path in paths if not path.exists() and not path.is_symlink()]
    if missing:
        typer.echo(f"There is no {missing[0]}.", err=True)
        raise typer.Exit(USAGE)
    with open_cli_desk() as desk, _progress() as progress:
        result = desk.evidence.ingest(paths, shell_operator(), progress)
    if json:
        typer.echo(json_lib.dumps(_as_dict(result)))
    else:
        _print(result)
    if result.rejected:
        raise typer.Exit(SOME_REJECTED)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar on stderr when someone watches; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 pipelines do without
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Intake", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _as_dict(result: IntakeResult) -> dict[str, Any]:
    return {"counts": result.counts, **asdict(result)}


def _print(result: IntakeResult) -> None:
    for record in result.rejected[:SHOWN]:
        place = f" ({record.place})" if record.place else ""
        typer.echo(f"rejected {record.name}{place}: {record.reason} {record.what_to_do}", err=True)
    if len(result.rejected) > SHOWN:
        typer.echo(f"… and {len(result.rejected) - SHOWN:,} more; the intake page lists them all.", err=True)
    for skipped in result.skipped[:SHOWN]:
        typer.echo(f"skipped {skipped.name}: {skipped.reason}", err=True)
    typer.echo(result.sentence)
