"""Attack two checkpoints of a lineage held together: what the second release adds to the first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from data.samples.attacked import recipe_of, target_of
from data.samples.documents import before
from data.samples.measure import SHADOWS, dated, train_spec
from exeat.audit import audit, membership, signals
from exeat.audit.attacks import lira
from exeat.audit.scores import Scores
from exeat.audit.shadows import train_shadows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from data.samples.specs import Spec
    from data.samples.tables import Table
    from data.samples.training import Mlp
    from exeat.model.risk_report import RiskReport

SEED = 9
AUTHOR = "Northmoor modelling group"


def delta_report(spec: Spec, earlier: Spec, table: Table, model: Mlp, files: Sequence[Path]) -> RiskReport:
    """Return the report of the joint attack: shadow models of both recipes see the same halves; signals are averaged.

    The engine audits one checkpoint, so it gives the header (subject, tool, environment) and this the indicators.
    """
    target = target_of(spec, model, table, ())
    x, y = target.everyone()
    inside = signals.shadow_halves(len(x), SHADOWS, SEED)
    pair = [(train_spec(earlier, table).model, earlier), (model, spec)]
    asked = sum(signals.logit_signal(one.eval(), x, y) for one, _ in pair) / 2
    stacks = [train_shadows(recipe_of(one, table), x, y, inside, seed=SEED) for _, one in pair]
    seen: NDArray[np.float64] = sum(stack.signal("logit", x, y) for stack in stacks) / 2
    values, n_in = lira.offline(asked, seen, inside), len(target.members)
    params = {"earlier": earlier.id, "shadow_pairs": str(SHADOWS), "seed": str(SEED)}
    groups = dict(target.members.groups), dict(target.non_members.groups)
    scores = Scores("delta", values[:n_in], values[n_in:], groups[0], params, groups[1])
    # A rate that nobody asks of this attack and the sample cannot resolve would only read as a missing measurement.
    measured = tuple(one for one in membership.indicators_of(scores) if one.status == "measured")
    header = audit(target, files=files, attacks=("loss",), seed=SEED, only_membership=True, say=lambda _: None)
    made = before(spec.days_before - 3) + timedelta(hours=5)
    body = {"indicators": measured, "worst_records": None, "curves": (), "notes": "", "author": AUTHOR}
    return dated(header.model_copy(update=body), report_id=f"{spec.id}-delta", date=made)
