"""``exeat schema NAME``: print the JSON Schema of a canonical document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from exeat.evidence.binding import Binding
from exeat.model.documents import SCHEMAS

if TYPE_CHECKING:
    from exeat.model.base import Document

NAMES: dict[str, type[Document]] = {**SCHEMAS, "exeat-binding/1": Binding}
USAGE = 2


def schema_command(
    name: Annotated[str, typer.Argument(help="For example exeat-manifest/1.")] = "",
) -> None:
    """Print the JSON Schema of a document; without a name, list them."""
    document = NAMES.get(name) or NAMES.get(f"{name}/1") or NAMES.get(f"exeat-{name}/1")
    if document is None:
        typer.echo(f"There is no schema {name!r}." if name else "Which schema?", err=True)
        typer.echo("\n".join(sorted(NAMES)), err=True)
        raise typer.Exit(USAGE)
    typer.echo(json.dumps(document.model_json_schema(by_alias=True), indent=2))
