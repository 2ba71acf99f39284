"""What the options of ``exeat audit`` ask for; whatever cannot be meant exits 2 before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from exeat.audit.engine.checkpoint import digests_of
from exeat.audit.engine.plan import Plan, as_delta
from exeat.audit.engine.request import Source
from exeat.errors import BadInput
from exeat.evidence.new_file import check_new
from exeat.model.base import Slug
from exeat.model.documents import MAX_DOCUMENT_BYTES, parse_document
from exeat.model.manifest import Manifest

USAGE = 2
HELP = "See: exeat audit --help"
SLUG: TypeAdapter[str] = TypeAdapter(Slug)


def usage(headline: str, what_to_do: str = HELP) -> typer.Exit:
    """Say what is wrong with the command, and exit 2."""
    typer.echo(f"{headline}\n{what_to_do}", err=True)
    return typer.Exit(USAGE)


def source(
    job: Path | None, program: Path | None, members: list[Path] | None, non_members: list[Path] | None
) -> Source:
    """Return where the target comes from: a job file, or a program with its records."""
    if (job is None) == (program is None):
        raise usage("Give a job file or --program, one of the two.")
    if program is not None and not (members and non_members):
        raise usage("--program needs --members and --non-members.")
    if job is not None and (members or non_members):
        raise usage("A job file brings its own records.", "Leave --members and --non-members out.")
    return Source(job=job, program=program, members=tuple(members or ()), non_members=tuple(non_members or ()))


def plan(*, attacks: str, regimes: str, delta: str, manifest: Path | None, **settings: Any) -> Plan:
    """Return the plan, with the claim of the manifest."""
    claim = read(manifest).dp if manifest is not None else None
    try:
        return Plan(attacks=_names(attacks), regimes=_names(regimes), delta=as_delta(delta), claim=claim, **settings)
    except BadInput as exc:
        raise usage(exc.headline, exc.what_to_do) from exc


def subject(
    checkpoint: list[Path] | None, checkpoint_id: str, manifest: Path | None, output: Path | None
) -> tuple[tuple[Path, ...], str, Path]:
    """Return the files and the id that the report is about, and where to write it."""
    if not checkpoint:
        raise usage(
            "A report needs --checkpoint: the files that it is about.",
            "Name the weights that you would release, for example --checkpoint model.safetensors.",
        )
    name = checkpoint_id or (read(manifest).checkpoint_id if manifest is not None else "")
    if not _is_slug(name):
        raise usage(
            "A report needs --checkpoint-id.",
            "Give the id of the manifest: small letters, digits, dots, dashes, at most 80.",
        )
    target = _new(output)
    if manifest is not None:
        _agree(read(manifest), manifest, name, checkpoint)
    return tuple(checkpoint), name, target


def _new(output: Path | None) -> Path:
    if output is None:
        raise usage("A report needs --output.", "Name the file to write: -o report.json")
    try:
        check_new(output)
    except BadInput as exc:
        raise usage(exc.headline, exc.what_to_do) from exc
    return output


def read(path: Path) -> Manifest:
    """Return a manifest from its file; raise BadInput when it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror}.", "Check the path and its permissions.") from exc
    return parse_document(data, Manifest)


def _agree(document: Manifest, path: Path, checkpoint_id: str, checkpoint: list[Path]) -> None:
    """Refuse files that are not components of the manifest: its report would be attached to nothing."""
    if document.checkpoint_id != checkpoint_id:
        raise BadInput(
            f"{path.name} is about {document.checkpoint_id}, not about {checkpoint_id}.",
            "Leave --checkpoint-id out; the manifest gives it.",
        )
    listed = {component.sha256 for component in document.components}
    strange = [
        file.name for file, sha256 in zip(checkpoint, digests_of(*checkpoint), strict=True) if sha256 not in listed
    ]
    if strange:
        raise BadInput(
            f"{strange[0]} is not a component of {path.name}: no digest there is the file's.",
            "Name the files of the manifest with --checkpoint, or correct the manifest.",
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _is_slug(text: str) -> bool:
    try:
        SLUG.validate_python(text)
    except ValidationError:
        return False
    return True
