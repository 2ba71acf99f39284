"""``exeat inspect``: what is inside a checkpoint, without executing any of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def inspect_command(
    file: Annotated[Path, typer.Argument(help="A checkpoint file, or the folder of a sharded or distributed one.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object (exeat-inspection/1) on stdout.")] = False,
) -> None:
    """Say what a checkpoint contains without executing it: exit 0 clean, 4 unsafe, 3 unreadable."""
    from exeat.evidence.inspection import inspect  # noqa: PLC0415 usage errors should not wait for it

    found = inspect(file)
    if json:
        typer.echo(found.to_bytes())
    else:
        from exeat.cli.inspection_text import show  # noqa: PLC0415 the same

        show(found)
    raise typer.Exit(found.verdict.exit_code)
