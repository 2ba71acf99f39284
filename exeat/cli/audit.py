"""``exeat audit``: attack your own model in a process of its own, and write the risk report."""

from __future__ import annotations

import json as json_lib
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from exeat.cli import audit_options as opt
from exeat.evidence.new_file import NewFile

if TYPE_CHECKING:
    from exeat.audit.engine.job import Result
    from exeat.audit.engine.plan import Plan
    from exeat.audit.engine.request import Source

EPILOG = """
Examples:

exeat audit audit_target.py --checkpoint model.safetensors --checkpoint-id onco-v1 -o report.json

exeat audit audit_target.py --shadows 16 --estimate

exeat audit --program model.pt2 --members train.npz --non-members test.npz --checkpoint model.pt2 --checkpoint-id onco-v1 -o report.json

The job file defines target(), which returns exeat.audit.Target(model, members, non_members, checkpoint_id, ()); for attacks with shadow models recipe(), which returns exeat.audit.Recipe(build=…, epochs=…, batch_size=…, learning_rate=…); and if you like regimes() (a list of exeat.audit.Regime), attributes() (a list of exeat.audit.Attribute: sensitive columns) and linkable() (exeat.audit.Linkable: released rows beside an outside table).

Data files hold x (one row per record), y (class numbers from 0) and group.NAME (true or false per record, for subgroups). In Parquet every column but y and group.NAME is a number of x.

Attacks: loss, label_gap (no recipe needed), lira, lira_offline, lira_online, lira_online_fixed,
lira_bounded, lira_online_bounded, rmia, rmia_online, label, gradient.

Killed half-way? Run the same command again: it goes on where it stopped. Next: exeat ingest manifest.json report.json. No manifest yet: exeat describe drafts one.
"""  # noqa: E501 typer joins the lines of a paragraph


def audit_command(
    job: opt.Job = None,
    checkpoint: opt.Checkpoint = None,
    checkpoint_id: opt.CheckpointId = "",
    output: opt.Output = None,
    program: opt.Program = None,
    members: opt.Members = None,
    non_members: opt.NonMembers = None,
    manifest: opt.ManifestFile = None,
    attacks: opt.Attacks = "",
    shadows: opt.Shadows = 64,
    regimes: opt.Regimes = "",
    only_membership: opt.OnlyMembership = False,
    seed: opt.Seed = 0,
    delta: opt.Delta = "1e-5",
    folder: opt.Folder = None,
    threads: opt.Threads = 1,
    device: opt.Device = "cpu",
    author: opt.Author = "not stated",
    independent: opt.Independent = False,
    estimate: opt.Estimate = False,
    json: opt.Json = False,
) -> None:
    """Attack your own model and write a risk report, bound to the checkpoint's files by their digests.

    Your code runs in a process of its own with pinned threads; what it prints goes to stderr.
    Exit 0 when the report is written, 2 for wrong usage, 3 when something of yours is refused or fails.
    """
    from exeat.cli import audit_asked as asked  # noqa: PLC0415 usage errors should not wait for numpy

    source = asked.source(job, program, members, non_members)
    plan = asked.plan(
        attacks=attacks, regimes=regimes, delta=delta, manifest=manifest, shadows=shadows, seed=seed, threads=threads,
        device=device, author=author, independent=independent, only_membership=only_membership,
    )  # fmt: skip
    if estimate:
        _estimate(source, plan, json)
        return
    files, subject, target = asked.subject(checkpoint, checkpoint_id, manifest, output)
    result = _audit(source, files, subject, plan, target, folder or target.with_name(f"{target.name}.audit"))
    if json:
        typer.echo(result.data)
    else:
        from exeat.cli.audit_text import show  # noqa: PLC0415 the same

        show(result.report, target)


def _audit(source: Source, files: tuple[Path, ...], subject: str, plan: Plan, target: Path, home: Path) -> Result:
    from exeat.audit.engine.job import run_job  # noqa: PLC0415 the same

    result = run_job(source, files, subject, plan, folder=home, show=_say)
    _write(result, target)
    _say(f"{home} holds models trained on the records and scores; delete it when you need no further run.")
    return result


def _estimate(source: Source, plan: Plan, as_json: bool) -> None:
    from exeat.audit.engine.job import estimate_job  # noqa: PLC0415 the same
    from exeat.cli.audit_text import cost  # noqa: PLC0415 the same

    values = estimate_job(source, plan, show=_say)
    typer.echo(json_lib.dumps(values) if as_json else cost(values))


def _say(line: str) -> None:
    with suppress(OSError):  # nobody may read any more; the report is written all the same
        print(line, file=sys.stderr, flush=True)


def _write(result: Result, target: Path) -> None:
    """Write the report, and beside it the scores of single records under their digest."""
    from exeat.audit.engine.private import write_private  # noqa: PLC0415 the same
    from exeat.audit.engine.withheld import name_of  # noqa: PLC0415 the same

    records = result.report.worst_records
    if result.table is not None and records is not None and records.withheld_sha256 is not None:
        private = target.with_name(name_of(records.withheld_sha256))
        write_private(private, result.table)
        _say(f"{private.name} holds the scores of single records: as sensitive as the data. It stays inside.")
    with NewFile(target) as file:
        file.write(result.data)
        file.finish()
