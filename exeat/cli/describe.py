"""``exeat describe``: what files of any format say of one checkpoint, who says it, and what is missing."""

from __future__ import annotations

import json as json_lib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exeat.cli.describe_text import as_text
from exeat.errors import BadInput
from exeat.evidence.answers import with_typed
from exeat.evidence.describe import Described, describe
from exeat.evidence.given import files_of
from exeat.evidence.partial import complete

if TYPE_CHECKING:
    from exeat.evidence.partial import Fact, Merged

INCOMPLETE = 1
USAGE = 2
NOTHING_READ = 3


def describe_command(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders of one checkpoint, in any known format.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the manifest, or its draft.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="PATH=VALUE: answer a gap; repeat it.")] = None,
    key: Annotated[list[Path] | None, typer.Option(help="Public key (PEM) of who signed the files; repeat it.")] = None,
) -> None:
    """Describe a checkpoint from what there is: exit 0 when complete, 1 with gaps or contradictions, 3 unreadable."""
    missing = [path for path in [*paths, *(key or ())] if not path.exists() and not path.is_symlink()]
    if missing:
        typer.echo(f"There is no {missing[0]}.", err=True)
        raise typer.Exit(USAGE)
    described = describe(files_of(paths), keys=tuple(path.read_bytes() for path in key or ()))
    described = described._replace(merged=with_typed(described.merged, set_ or ()))
    merged = described.merged
    done = not merged.gaps and not merged.unsettled
    if output is not None:
        _write(output, merged, done=done)
    typer.echo(json_lib.dumps(_as_dict(described, done=done), indent=1) if json else as_text(described, done=done))
    if not described.read:
        raise typer.Exit(NOTHING_READ)
    if not done:
        raise typer.Exit(INCOMPLETE)


def _write(output: Path, merged: Merged, *, done: bool) -> None:
    """Write the manifest; while something is missing, what is known, which ``describe`` reads again."""
    data = complete(merged).to_bytes() if done else json_lib.dumps(merged.document(), indent=1).encode()
    try:
        output.write_bytes(data + b"\n")
    except OSError as exc:
        raise BadInput(f"{output} cannot be written: {exc.strerror}.", "Choose another place.") from exc


def _as_dict(described: Described, *, done: bool) -> dict[str, Any]:
    merged = described.merged
    return {
        "complete": done,
        "fields": [
            {"path": path, "value": merged.value(path), "sources": [*map(_source, merged.facts_of(path))]}
            for path in merged.paths
        ],
        "contradictions": [
            {"path": one.path, "settled": one.settled is not None, "sources": [*map(_source, one.facts)]}
            for one in merged.contradictions
        ],
        "gaps": [gap._asdict() for gap in merged.gaps],
        "notes": [{"file": file, "note": note} for file, note in merged.notes],
        "read": [{"file": file, "format": title} for file, title in described.read],
        "reports": [{"file": file.name, "kind": kind} for file, kind in described.reports],
        "checkpoints": [file.name for file in described.checkpoints],
        "unread": [one._asdict() for one in described.unread],
        "manifest": merged.document(),
    }


def _source(fact: Fact) -> dict[str, Any]:
    return {"value": fact.value, **fact.origin._asdict()}
