"""Attack two checkpoints of a lineage held together: what the second release adds to the first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from data.samples.documents import before
from data.samples.measure import SHADOWS, report_header, tensors, train_recipe, train_spec
from exeat.audit import membership, signals
from exeat.model.risk_report import RiskReport

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import nn

    from data.samples.specs import Spec
    from data.samples.tables import Table

SEED = 9


class Pair:
    """Two networks as one target; their signals are averaged."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        self.both = (first, second)


def delta_report(spec: Spec, earlier: Spec, table: Table, digests: tuple[str, ...]) -> RiskReport:
    """Return the report of the joint attack: shadow pairs see the same half under both recipes."""
    rows = np.concatenate([table.members, table.outsiders])
    x, y = tensors(table, rows)
    inside = signals.shadow_halves(len(rows), SHADOWS, SEED)
    target = Pair(train_spec(earlier, table).model, train_spec(spec, table).model)
    shadows = [
        Pair(*(train_recipe(one, table, rows[half], SEED + 1000 + i) for one in (earlier, spec)))
        for i, half in enumerate(inside)
    ]
    values = signals.against_shadows(_joint, target, shadows, inside, x, y)
    n_in = len(table.members)
    groups = {name: mask[table.members] for name, mask in table.subgroups.items()}
    params = {"earlier": earlier.id, "shadow_pairs": str(SHADOWS), "seed": str(SEED)}
    outside = {name: mask[table.outsiders] for name, mask in table.subgroups.items()}
    scores = membership.Scores("delta", values[:n_in], values[n_in:], groups, params, outside)
    made = before(spec.days_before - 3) + timedelta(hours=5)
    header = report_header(spec, f"{spec.id}-delta", digests, made, seed=SEED)
    # A rate that nobody asks of this attack and the sample cannot resolve would only read as a missing measurement.
    measured = tuple(one for one in membership.indicators_of(scores) if one.status == "measured")
    return RiskReport.model_validate(header | {"indicators": measured})


def _joint(pair: Pair, x: torch.Tensor, y: torch.Tensor) -> NDArray[np.float64]:
    first, second = (signals.logit_signal(model, x, y) for model in pair.both)
    return (first + second) / 2
