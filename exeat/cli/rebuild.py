"""``exeat rebuild``: drop and rebuild the warehouse."""

from __future__ import annotations

import json as json_lib
from typing import Annotated

import typer

from exeat.cli.common_desk import open_cli_desk


def rebuild_command(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Drop and rebuild the warehouse from evidence, access events and ledger; print its table sizes."""
    with open_cli_desk() as desk:
        counts = desk.warehouse.rebuild()
    if json:
        typer.echo(json_lib.dumps({"tables": counts}, sort_keys=True))
    else:
        for table, rows in sorted(counts.items()):
            typer.echo(f"{table:20} {rows:>10,}")
