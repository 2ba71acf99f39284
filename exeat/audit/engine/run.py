"""Run an audit in this process: check the target, run the attacks, return the report."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exeat.audit.engine.checkpoint import check_weights, digests_of
from exeat.audit.engine.checks import check_target
from exeat.audit.engine.gap import gap_indicator
from exeat.audit.engine.plan import Plan
from exeat.audit.engine.progress import Progress, to_stderr
from exeat.audit.engine.report import membership_indicators, report_of, settings_of
from exeat.audit.engine.withheld import name_of, table_of, withheld_of
from exeat.audit.membership import Scores
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exeat.audit.target import Recipe, Records, Target
    from exeat.model.risk_report import RiskReport

CHUNK = 1024


class Outcome(NamedTuple):
    """The report, and the table of single records that it names by digest."""

    report: RiskReport
    table: bytes


def audit(
    target: Target,
    recipe: Recipe | None = None,
    *,
    files: Sequence[Path | str] = (),
    folder: Path | str | None = None,
    attacks: Sequence[str] = (),
    shadows: int = 64,
    seed: int = 0,
    delta: Decimal | str = "1e-5",
    author: str = "not stated",
    independent: bool = False,
    threads: int = 1,
    say: Callable[[str], None] = to_stderr,
) -> RiskReport:
    """Measure how exposed the records behind a model are, in this process.

    ``files`` are the checkpoint's files: their digests bind the report, and their weights must be the model's.
    ``folder`` keeps what was computed, so that the same call goes on where it stopped, and the scores of single
    records; both are as sensitive as the data. Raises BadInput where the target or a setting is not sound.
    """
    plan = Plan(
        attacks=tuple(attacks), shadows=shadows, seed=seed, delta=Decimal(delta), author=author,
        independent=independent, threads=threads,
    )  # fmt: skip
    outcome = conduct(bound(target, files), recipe, plan, files=[Path(f) for f in files], say=say)
    if folder is None:
        return without_table(outcome.report)
    _keep(Path(folder), outcome)
    return outcome.report


def bound(target: Target, files: Sequence[Path | str]) -> Target:
    """Return the target with the digests of the files; refuse a target that names other files."""
    if not files:
        return target
    digests = digests_of(*files)
    if target.component_sha256 and set(target.component_sha256) != set(digests):
        raise BadInput(
            "The target's component_sha256 are not the digests of the checkpoint's files.",
            "Leave component_sha256 empty, ( ), and name the files; their digests are computed then.",
        )
    return replace(target, component_sha256=digests)


def conduct(
    target: Target, recipe: Recipe | None, plan: Plan, *, files: Sequence[Path] = (), code: str | None = None,
    say: Callable[[str], None] = to_stderr,
) -> Outcome:  # fmt: skip
    """Check the target, run the attacks and put the report together."""
    with pinned(plan.threads):
        target = ready(target)
        notes = check_target(target)
        if files:
            notes += [note for note in (check_weights(target.model, files),) if note]
        for note in notes:
            say(f"Note: {note}")
        progress = Progress(1.0, say)
        progress.start("loss attack")
        all_scores = [loss_scores(target)]
        progress.advance(1.0, "loss attack done")
        table = table_of(all_scores)
        indicators = membership_indicators(all_scores, plan)
        indicators.append(gap_indicator(target.model, target.members, target.non_members))
        settings = settings_of(target, recipe, plan, code)
        records = withheld_of(all_scores, table)
        return Outcome(report_of(target, plan, settings, indicators, notes=notes, records=records), table)


def ready(target: Target) -> Target:
    """Return the target with a module that answers and does not train; a program of torch.export becomes one."""
    import torch  # noqa: PLC0415

    model = target.model
    if isinstance(model, torch.export.ExportedProgram):
        return replace(target, model=model.module())
    if isinstance(model, torch.fx.GraphModule):
        return target
    return replace(target, model=model.eval())


def loss_scores(target: Target) -> Scores:
    """Return minus the loss of each record (Yeom et al. 2018)."""
    members, others = _losses(target, target.members), _losses(target, target.non_members)
    return Scores("loss", members, others, dict(target.members.groups), {}, dict(target.non_members.groups))


def _losses(target: Target, records: Records) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    import torch  # noqa: PLC0415

    from exeat.audit.signals import loss_signal  # noqa: PLC0415

    batches = zip(torch.split(records.x, CHUNK), torch.split(records.y, CHUNK), strict=True)
    return np.concatenate([loss_signal(target.model, x, y) for x, y in batches])


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Use this many threads of torch meanwhile: a small model is slower, and less repeatable, on many."""
    import torch  # noqa: PLC0415

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def without_table(report: RiskReport) -> RiskReport:
    """Return the report without the digest of a file that nobody keeps."""
    if report.worst_records is None:
        return report
    records = report.worst_records.model_copy(update={"withheld_sha256": None})
    return report.model_copy(update={"worst_records": records})


def _keep(folder: Path, outcome: Outcome) -> None:
    records = outcome.report.worst_records
    if records is None or records.withheld_sha256 is None:
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / name_of(records.withheld_sha256), outcome.table)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read; one with the same name and bytes may stand there already."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    part.replace(path)
