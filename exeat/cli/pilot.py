"""``exeat pilot``: try protections on copies of a model, attack each copy, and set utility beside exposure."""

from __future__ import annotations

import json as json_lib
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exeat.errors import BadInput
from exeat.evidence.new_file import NewFile, check_new

if TYPE_CHECKING:
    from exeat.audit.pilots.job import Result
    from exeat.audit.pilots.request import PilotRequest

USAGE = 2
EPILOG = """
Examples:

exeat pilot job.py --checkpoint model.safetensors --checkpoint-id onco-v1 --protections all --folder ../pilots -o pilots.json

exeat pilot job.py … --protections rounding,pruning:share=0.8,dp_finetune:start=fresh:noise_multiplier=2

exeat pilot --folder ../pilots --keep pruning

exeat pilot --folder ../pilots --discard

Protections: dp_finetune, clipping, weight_noise, pruning, quantisation, rounding, top_k, label_only, surrogate, synthetic. Their settings stand in docs/pilots.md.

Killed half-way? Run the same command again: it goes on where it stopped. Next: exeat ingest manifest.json pilots.json. No manifest yet: exeat describe drafts one.
"""  # noqa: E501 typer joins the lines of a paragraph


def pilot_command(
    job: Annotated[
        Path | None, typer.Argument(help="A Python file of yours that defines target() and recipe(), as for audit.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A file of the checkpoint that is copied; repeat it. It is only read.")
    ] = None,
    checkpoint_id: Annotated[str, typer.Option(help="The checkpoint's id, as in its manifest.")] = "",
    protections: Annotated[
        str, typer.Option(help="What to try, with commas between, or all. A setting follows a colon.")
    ] = "all",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The report to write; it must not exist.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="A folder of its own for the copies, apart from the checkpoint's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Every random choice follows from it.")] = 0,
    shadows: Annotated[int, typer.Option(help="Shadow models of the attacker, each protected like the copy.")] = 16,
    author: Annotated[str, typer.Option(help="Who measured: a role or an office.")] = "not stated",
    date: Annotated[str, typer.Option(help="The report's date, RFC 3339; without it now.")] = "",
    estimate: Annotated[bool, typer.Option("--estimate", help="Print the cost in trainings and try nothing.")] = False,
    keep: Annotated[str, typer.Option(help="Remove every copy but this pilot's.")] = "",
    discard: Annotated[bool, typer.Option("--discard", help="Remove every copy; the report stays.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Try protections on copies of your model, attack each copy, and write what each did to utility and exposure.

    The checkpoint's files are only read: their digests are compared at the end. Without JOB, --keep and --discard clear
    the folder of an earlier study. Exit 0 when the report is written, 2 for wrong usage, 3 when something is refused.
    """
    if folder is None:
        raise _usage("Copies need --folder.", "Name a folder of its own for them, apart from the checkpoint's.")
    if keep and discard:
        raise _usage("--keep and --discard exclude each other.", "Name one of them.")
    if job is None:
        _clear_only(folder, keep, discard, json)
        return
    target = _place(checkpoint, checkpoint_id, output, estimate)
    request, ids = _request(
        job, tuple(checkpoint or ()), checkpoint_id, protections, folder, seed=seed, shadows=shadows, author=author,
        date=date, report_id=f"{checkpoint_id}-pilots"[:80],
    )  # fmt: skip
    if estimate:
        _estimate(request, json)
        return
    from exeat.audit.pilots.job import run_study  # noqa: PLC0415 usage errors should not wait for torch

    if keep and keep not in ids:
        raise _usage(f"There is no pilot {keep[:80]!r} to keep.", f"This study has {', '.join(ids)}.")
    result = run_study(request, ids, _say)
    with NewFile(target) as file:
        file.write(result.data)
        file.finish()
    removed = _clear(folder, keep) if keep or discard else []
    _show(result, target, folder, removed, json)


def _place(checkpoint: list[Path] | None, checkpoint_id: str, output: Path | None, estimate: bool) -> Path:
    """Return the file to write; exit 2 where the report would have no subject or no place."""
    if not checkpoint or not checkpoint_id:
        raise _usage(
            "Pilots need --checkpoint and --checkpoint-id: what the report is about.",
            "Name the file of the weights, and the id of its manifest.",
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", checkpoint_id):
        raise _usage(
            f"{checkpoint_id[:80]!r} is no id of a checkpoint.",
            "Give the id of its manifest: small letters, digits, dots, dashes, at most 80.",
        )
    if estimate:
        return Path()
    if output is None:
        raise _usage("A report needs --output.", "Name the file to write: -o pilots.json")
    try:
        check_new(output)
    except BadInput as exc:
        raise _usage(exc.headline, exc.what_to_do) from exc
    return output


def _request(
    job: Path, files: tuple[Path, ...], checkpoint_id: str, protections: str, folder: Path, *, report_id: str,
    date: str, **settings: object,
) -> tuple[PilotRequest, list[str]]:  # fmt: skip
    """Return the request and the ids of its pilots; raise BadInput before anything of the submitter runs."""
    from exeat.audit.engine.checkpoint import digests_of  # noqa: PLC0415 with the rest
    from exeat.audit.engine.plan import Plan  # noqa: PLC0415
    from exeat.audit.engine.request import Source  # noqa: PLC0415
    from exeat.audit.pilots.catalogue import read  # noqa: PLC0415
    from exeat.audit.pilots.request import PilotRequest  # noqa: PLC0415

    ids = [tried.pilot_id for tried in read(protections)]
    source = Source(job=job)
    made = PilotRequest(
        source=source, code_sha256=digests_of(job)[0], files=files, file_sha256=digests_of(*files),
        checkpoint_id=checkpoint_id, plan=Plan(**settings), folder=folder, results=folder, protections=protections,  # type: ignore[arg-type]  # as typer read them
        copies=folder, date=_moment(date), report_id=report_id,
    )  # fmt: skip
    return made, ids


def _moment(text: str) -> datetime:
    if not text:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise BadInput(f"--date {text[:40]!r} is no moment.", "Write it as 2026-06-10T09:00:00Z.") from exc
    if found.tzinfo is None:
        raise BadInput(f"--date {text[:40]!r} has no zone.", "Write it as 2026-06-10T09:00:00Z.")
    return found.astimezone(UTC).replace(microsecond=0)


def _estimate(request: PilotRequest, json: bool) -> None:
    from exeat.audit.pilots.job import run_cost  # noqa: PLC0415 with the rest
    from exeat.audit.pilots.telling import cost_lines  # noqa: PLC0415

    parts = run_cost(request, _say)
    values = {"trainings": dict(parts), "in_all": sum(cost for _, cost in parts)}
    typer.echo(json_lib.dumps(values) if json else "\n".join(cost_lines(parts)))


def _clear_only(folder: Path, keep: str, discard: bool, json: bool) -> None:
    if not (keep or discard):
        raise _usage("Give a job file, or --keep or --discard.", "See: exeat pilot --help")
    removed = _clear(folder, keep)
    typer.echo(json_lib.dumps({"folder": str(folder), "removed": removed}) if json else _cleared(folder, removed))


def _clear(folder: Path, keep: str) -> list[str]:
    from exeat.audit.pilots.copies import CopyFolder  # noqa: PLC0415 with the rest

    return CopyFolder.open(folder).discard(keep=keep or None)


def _cleared(folder: Path, removed: list[str]) -> str:
    return f"{len(removed)} files of {folder} removed. The checkpoint itself was never touched."


def _show(result: Result, target: Path, folder: Path, removed: list[str], json: bool) -> None:
    from exeat.audit.engine.job import visible  # noqa: PLC0415 with the rest
    from exeat.audit.pilots.telling import lines, summary  # noqa: PLC0415 the same
    from exeat.model.base import digest_of  # noqa: PLC0415

    digest = digest_of(result.data)
    if json:
        values = {
            "report": str(target), "report_sha256": digest, "folder": str(folder), "removed": removed,
            "original_sha256": list(result.report.subject.component_sha256), "original_unchanged": True,
        }  # fmt: skip
        typer.echo(json_lib.dumps(values | summary(result.report, digest)))
        return
    typer.echo(visible("\n".join(lines(result.report, digest))))
    typer.echo(f"\n{target} holds the report ({digest}). The checkpoint's files are unchanged.")
    typer.echo(
        _cleared(folder, removed) if removed else f"{folder} holds the copies; they are as sensitive as the checkpoint."
    )


def _say(line: str) -> None:
    with suppress(OSError):  # nobody may read any more; the report is written all the same
        print(line, file=sys.stderr, flush=True)


def _usage(headline: str, what_to_do: str) -> typer.Exit:
    typer.echo(f"{headline}\n{what_to_do}", err=True)
    return typer.Exit(USAGE)
