"""``exeat audit``: attack your own model in a process of its own, and write the risk report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exeat.errors import BadInput
from exeat.evidence.new_file import NewFile, check_new

if TYPE_CHECKING:
    from exeat.audit.engine.job import Result
    from exeat.audit.engine.plan import Plan
    from exeat.audit.engine.request import Source

USAGE = 2
EPILOG = """
Examples:

exeat audit audit_target.py --checkpoint model.safetensors --checkpoint-id onco-v1 -o report.json

exeat audit --program model.pt2 --members train.npz --non-members test.npz --checkpoint model.pt2 --checkpoint-id onco-v1 -o report.json

The job file defines target(), which returns exeat.audit.Target(model, members, non_members, checkpoint_id, ()), and for attacks that train, recipe(), which returns exeat.audit.Recipe.

Data files hold x (one row per record), y (class numbers from 0) and group.NAME (true or false per record, for subgroups). In Parquet every column but y and group.NAME is a number of x.

Killed half-way? Run the same command again: it goes on where it stopped. Next: exeat ingest report.json.
"""  # noqa: E501 typer joins the lines of a paragraph


def audit_command(
    job: Annotated[
        Path | None, typer.Argument(help="A Python file of yours that defines target() and, if it can, recipe().")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A file of the checkpoint that the report is about; repeat it.")
    ] = None,
    checkpoint_id: Annotated[str, typer.Option(help="The checkpoint's id, as in its manifest.")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The report to write; it must not exist.")
    ] = None,
    program: Annotated[
        Path | None, typer.Option(help="Instead of JOB: the model as a program of torch.export (.pt2).")
    ] = None,
    members: Annotated[
        list[Path] | None, typer.Option(help="With --program: training records (.npz, .safetensors, .parquet).")
    ] = None,
    non_members: Annotated[
        list[Path] | None, typer.Option(help="With --program: records that the model never saw.")
    ] = None,
    attacks: Annotated[
        str, typer.Option(help="Attacks by name, with commas between. Without it all that the target allows.")
    ] = "",
    shadows: Annotated[int, typer.Option(help="Shadow models to train, for attacks that need them.")] = 64,
    seed: Annotated[int, typer.Option(help="Every random choice follows from it.")] = 0,
    delta: Annotated[str, typer.Option(help="The delta at which the lower bound of epsilon is given.")] = "1e-5",
    folder: Annotated[
        Path | None,
        typer.Option(help="Where finished steps are kept, to go on after a stop. Without it OUTPUT.audit."),
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads to use; one is fastest and repeatable for small models.")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:0.")] = "cpu",
    author: Annotated[str, typer.Option(help="Who measured: a role or an office.")] = "not stated",
    independent: Annotated[
        bool, typer.Option("--independent", help="The author has no part in the model or its release.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object on stdout.")] = False,
) -> None:
    """Attack your own model and write a risk report, bound to the checkpoint's files by their digests.

    Your code runs in a process of its own with pinned threads; what it prints goes to stderr.
    Exit 0 when the report is written, 2 for wrong usage, 3 when something of yours is refused or fails.
    """
    from exeat.audit.engine.job import run_job  # noqa: PLC0415 usage errors should not wait for numpy

    source = _source(job, program, members, non_members)
    target = _target(checkpoint, checkpoint_id, output)
    plan = _plan(
        attacks=attacks, shadows=shadows, seed=seed, delta=delta, threads=threads, device=device, author=author,
        independent=independent,
    )  # fmt: skip
    home = folder or target.with_name(f"{target.name}.audit")
    result = run_job(source, tuple(checkpoint or ()), checkpoint_id, plan, folder=home, show=_say)
    _write(result, target)
    _say(f"{home} holds models trained on the records; delete it when you need no further run.")
    if json:
        typer.echo(result.data)
    else:
        from exeat.cli.audit_text import show  # noqa: PLC0415 the same

        show(result.report, target)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _usage(headline: str, what_to_do: str) -> typer.Exit:
    typer.echo(f"{headline}\n{what_to_do}", err=True)
    return typer.Exit(USAGE)


def _source(
    job: Path | None, program: Path | None, members: list[Path] | None, non_members: list[Path] | None
) -> Source:
    from exeat.audit.engine.request import Source  # noqa: PLC0415 with the rest

    if (job is None) == (program is None):
        raise _usage("Give a job file or --program, one of the two.", "See: exeat audit --help")
    if program is not None and not (members and non_members):
        raise _usage("--program needs --members and --non-members.", "See: exeat audit --help")
    if job is not None and (members or non_members):
        raise _usage("A job file brings its own records.", "Leave --members and --non-members out.")
    return Source(job=job, program=program, members=tuple(members or ()), non_members=tuple(non_members or ()))


def _target(checkpoint: list[Path] | None, checkpoint_id: str, output: Path | None) -> Path:
    """Return the file to write; exit 2 where the report would have no subject or no place."""
    if not checkpoint:
        raise _usage(
            "A report needs --checkpoint: the files that it is about.",
            "Name the weights that you would release, for example --checkpoint model.safetensors.",
        )
    if not _is_slug(checkpoint_id):
        raise _usage(
            "A report needs --checkpoint-id.",
            "Give the id of the manifest: small letters, digits, dots, dashes, at most 80.",
        )
    if output is None:
        raise _usage("A report needs --output.", "Name the file to write: -o report.json")
    try:
        check_new(output)
    except BadInput as exc:
        raise _usage(exc.headline, exc.what_to_do) from exc
    return output


def _is_slug(text: str) -> bool:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 with the rest

    from exeat.model.base import Slug  # noqa: PLC0415

    try:
        TypeAdapter(Slug).validate_python(text)
    except ValidationError:
        return False
    return True


def _plan(*, attacks: str, delta: str, **settings: object) -> Plan:
    from exeat.audit.engine.plan import Plan, as_delta  # noqa: PLC0415 with the rest

    names = tuple(name.strip() for name in attacks.split(",") if name.strip())
    try:
        return Plan(attacks=names, delta=as_delta(delta), **settings)  # type: ignore[arg-type]  # as typer read them
    except BadInput as exc:
        raise _usage(exc.headline, exc.what_to_do) from exc


def _write(result: Result, target: Path) -> None:
    """Write the report, and beside it the scores of single records under their digest."""
    from exeat.audit.engine.run import write_private  # noqa: PLC0415 with the rest
    from exeat.audit.engine.withheld import name_of  # noqa: PLC0415

    records = result.report.worst_records
    if result.table is not None and records is not None and records.withheld_sha256 is not None:
        private = target.with_name(name_of(records.withheld_sha256))
        write_private(private, result.table)
        _say(f"{private.name} holds the scores of single records: as sensitive as the data. It stays inside.")
    with NewFile(target) as file:
        file.write(result.data)
        file.finish()
