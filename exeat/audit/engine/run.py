"""Run an audit in this process: check the target, run the attacks, return the report."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exeat.audit.engine.beyond import Beyond, Extras
from exeat.audit.engine.checkpoint import check_weights, digests_of
from exeat.audit.engine.checks import check_regime, check_target
from exeat.audit.engine.cost import Cost, estimate_cost
from exeat.audit.engine.figures import figures_of
from exeat.audit.engine.likeness import about_shadows, check_recipe
from exeat.audit.engine.plan import NEEDS_NO_SHADOWS, Plan, as_delta
from exeat.audit.engine.private import private_folder, write_private
from exeat.audit.engine.progress import Progress, to_stderr
from exeat.audit.engine.report import Measured, report_of, settings_of
from exeat.audit.engine.robustness import differences
from exeat.audit.engine.stages import Attacks, shadow_stack
from exeat.audit.engine.withheld import name_of, table_of, withheld_of
from exeat.audit.regimes import BUILT_IN, Regime
from exeat.audit.target import Records
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from decimal import Decimal

    import numpy as np
    from numpy.typing import NDArray

    from exeat.audit.attribute import Attribute
    from exeat.audit.linkage import Linkable
    from exeat.audit.scores import Scores
    from exeat.audit.target import Recipe, Target
    from exeat.model.manifest import DpClaim
    from exeat.model.risk_report import Indicator, RiskReport

MAX_REGIMES = 8
"""Each costs as much as the attacks on the true records."""


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
    regimes: Sequence[Regime | str] = (),
    attributes: Sequence[Attribute] = (),
    linkable: Linkable | None = None,
    claim: DpClaim | None = None,
    only_membership: bool = False,
    delta: Decimal | str = "1e-5",
    author: str = "not stated",
    independent: bool = False,
    threads: int = 1,
    device: str = "cpu",
    say: Callable[[str], None] = to_stderr,
) -> RiskReport:
    """Measure how exposed the records behind a model are, in this process.

    ``files`` are the checkpoint's files: their digests bind the report, and their weights must be the model's.
    ``folder`` keeps what was computed, so that the same call goes on where it stopped, and the scores of single
    records; both are as sensitive as the data. ``regimes`` are built-in ones by name, or ``Regime``s. ``attributes``
    name sensitive columns, ``linkable`` released rows beside an outside table. ``claim`` is what the manifest says of
    differential privacy; it is tested. Raises BadInput where the target or a setting is not sound.
    """
    plan = Plan(
        attacks=tuple(attacks), shadows=shadows, seed=seed, delta=as_delta(str(delta)), author=author, claim=claim,
        independent=independent, threads=threads, device=device,
        regimes=tuple(one for one in regimes if isinstance(one, str)), only_membership=only_membership,
    )  # fmt: skip
    own = tuple(one for one in regimes if isinstance(one, Regime))
    extras = Extras(regimes=own, attributes=tuple(attributes), linkable=linkable)
    home = private_folder(Path(folder)) if folder is not None else None
    outcome = conduct(bound(target, files), recipe, plan, extras, files=[Path(f) for f in files], folder=home, say=say)
    if home is None:
        return without_table(outcome.report)
    _keep(home, outcome)
    return outcome.report


def estimate(
    target: Target, recipe: Recipe | None = None, *, attacks: Sequence[str] = (), shadows: int = 64,
    regimes: Sequence[str] = (), threads: int = 1, device: str = "cpu",
) -> Cost:  # fmt: skip
    """Return what ``audit`` with these settings would cost, from a few epochs that are run now."""
    plan = Plan(
        attacks=tuple(attacks), shadows=shadows, regimes=tuple(regimes), threads=threads, device=device
    )  # fmt: skip
    return expected_cost(target, recipe, plan)


def expected_cost(target: Target, recipe: Recipe | None, plan: Plan, own: Sequence[Regime] = ()) -> Cost:
    """Return what ``conduct`` would cost with the same plan and regimes."""
    with pinned(plan.threads):
        target = ready(target)
        check_target(target)
        if recipe is not None:
            check_recipe(target, recipe)
        return estimate_cost(target, recipe, plan, _kinds(plan, own))


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
    target: Target, recipe: Recipe | None, plan: Plan, extras: Extras | None = None, *, files: Sequence[Path] = (),
    folder: Path | None = None, code: str | None = None, say: Callable[[str], None] = to_stderr,
) -> Outcome:  # fmt: skip
    """Check the target, run the attacks and put the report together."""
    extras = extras or Extras()
    with pinned(plan.threads):
        _device(plan.device)
        target = ready(target)
        notes = check_target(target) + (check_recipe(target, recipe) if recipe is not None else [])
        notes += [note for note in (files and check_weights(target.model, files),) if note]
        regimes = [*(BUILT_IN[name](target, seed=plan.seed) for name in plan.regimes), *extras.regimes]
        if len(regimes) > MAX_REGIMES:
            raise BadInput(f"There are {len(regimes)} regimes.", f"Attack at most {MAX_REGIMES} in one audit.")
        for regime in regimes:
            check_regime(regime.target(target))
        for note in notes:
            say(f"Note: {note}")
        progress = _expect(target, recipe, plan, _kinds(plan, extras.regimes), say)
        measured = _measure(target, recipe, plan, regimes, folder, progress)
        measured.notes[:0] = notes
        measured.beyond = Beyond(target, recipe, plan, extras, folder, progress).measured()
        progress.end()
        table = table_of(measured.scores)
        settings = settings_of(target, recipe, plan, regimes, code)
        return Outcome(report_of(target, plan, settings, measured, withheld_of(measured.scores, table)), table)


def _measure(
    target: Target, recipe: Recipe | None, plan: Plan, regimes: Sequence[Regime], folder: Path | None,
    progress: Progress,
) -> Measured:  # fmt: skip
    """Train the shadow models, run all attacks on the true records and in every regime."""
    needed = recipe is not None and not set(plan.names) <= NEEDS_NO_SHADOWS
    stack = shadow_stack(target, recipe, plan, folder, progress) if recipe is not None and needed else None
    real = Attacks(target, stack, plan, folder, progress).run(plan.names)
    if not real.scores:
        raise BadInput(
            f"No attack could be run: {real.missing[0].reason}.", "Add loss to --attacks, or correct what is named."
        )
    measured = Measured(real.scores, real.missing, notes=about_shadows(target, stack))
    found: list[tuple[Regime, list[Scores]]] = []
    for regime in regimes:
        there = Attacks(regime.target(target), stack, plan, folder, progress, regime.kind).run(plan.names)
        found.append((regime, there.scores))
        measured.elsewhere += _labelled(regime, there)
    measured.differences = differences(real.scores, [(r.kind, r.detail, scores) for r, scores in found])
    return measured


def _labelled(regime: Regime, there: Attacks) -> list[Indicator]:
    return [one for scores in there.scores for one in figures_of(scores, regime)] + there.missing


def _kinds(plan: Plan, own: Sequence[Regime]) -> tuple[str, ...]:
    return (*plan.regimes, *(regime.kind for regime in own))


def _expect(
    target: Target, recipe: Recipe | None, plan: Plan, kinds: tuple[str, ...], say: Callable[[str], None]
) -> Progress:
    """Say what the run will cost; a recipe with code of its own is not trained only to time it."""
    if recipe is not None and recipe.train is not None:
        say(
            f"{plan.shadows} shadow models by the recipe's own code, one after the other; --estimate times one of them."
        )
        return Progress({}, say)
    cost = estimate_cost(target, recipe, plan, kinds)
    say(cost.sentence())
    return Progress(cost.weights(), say)


def _device(name: str) -> None:
    import torch  # noqa: PLC0415

    if name != "cpu" and not torch.cuda.is_available():
        raise BadInput(f"There is no {name} here that torch can use.", "Leave --device out: the CPU will do.")


def ready(target: Target) -> Target:
    """Return the target with a module (a program of torch.export becomes one) and records as tensors on the CPU."""
    import torch  # noqa: PLC0415

    model = target.model
    model = model.module() if isinstance(model, torch.export.ExportedProgram) else model
    if not isinstance(model, torch.nn.Module):
        raise BadInput(
            f"The target's model is a {type(model).__name__}.", "Give a torch.nn.Module or a program of torch.export."
        )
    return replace(
        target, model=model.cpu(), members=_plain(target.members), non_members=_plain(target.non_members)
    )  # fmt: skip


def _plain(records: Records) -> Records:
    """Return the records as tensors on the CPU, whole labels as int64 and groups as masks, however they were given."""
    import torch  # noqa: PLC0415

    x, y = torch.as_tensor(records.x).detach().cpu(), torch.as_tensor(records.y).detach().cpu()
    groups = {name: _mask(name, mask) for name, mask in records.groups.items()}
    return Records(x, y if y.is_floating_point() or y.is_complex() else y.long(), groups)


def _mask(name: str, given: object) -> NDArray[np.bool_]:
    """Return a mask; words and numbers other than 0 and 1 are none: "no" would count as yes."""
    import numpy as np  # noqa: PLC0415

    mask = np.asarray(given)
    if mask.dtype != bool and not (np.issubdtype(mask.dtype, np.number) and np.isin(mask, (0, 1)).all()):
        raise BadInput(
            f"The subgroup {str(name)[:60]!r} is marked by values that are not true or false.",
            "Give one true or false (1 or 0) per record.",
        )
    return mask.astype(bool)


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
    write_private(folder / name_of(records.withheld_sha256), outcome.table)
