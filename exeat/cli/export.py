"""``exeat export``: a manifest in the words of another project."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from exeat.errors import BadInput
from exeat.evidence.exporters import export
from exeat.model.documents import MAX_DOCUMENT_BYTES, parse_document
from exeat.model.manifest import Manifest


class As(StrEnum):
    """Formats that a manifest is written in."""

    HUGGING_FACE = "hugging-face"
    CYCLONEDX = "cyclonedx"


def export_command(
    manifest: Annotated[Path, typer.Argument(help="A complete manifest (exeat-manifest/1).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    as_: Annotated[As, typer.Option("--as", help="The format to write.")],
) -> None:
    """Write a manifest as a model card or a bill of materials that describe reads back to the same manifest."""
    try:
        with manifest.open("rb") as file:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
        output.write_bytes(export(parse_document(data, Manifest), as_.value))
    except OSError as exc:
        raise BadInput(f"{exc.filename}: {exc.strerror}.", "Check the path and its permissions.") from exc
    typer.echo(f"{output} is written.", err=True)
