"""Membership attacks on a protected form, by an adversary who protects shadow models in the same way.

The attacks are those of ``exeat.audit.attacks``; each reads only what a receiver of the form sees: labels, the
confidences that are shown, or the weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from exeat.audit.attacks import run_attacks
from exeat.audit.membership import Scores, indicators_of
from exeat.audit.shadows.stack import SIGNALS
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from exeat.audit.shadows.stack import SignalName, Stack
    from exeat.audit.target import Target

    Floats = NDArray[np.float64]

PROTECTED_TOO = "the protection, applied to shadow models of the attacker's own"
ATTACKS: dict[Access, tuple[str, ...]] = {
    Access.API_LABEL: ("label",),
    Access.API_CONF: ("label", "loss", "lira", "lira_bounded", "rmia"),
    Access.WHITE_BOX: ("label", "loss", "lira", "lira_bounded", "rmia", "gradient"),
}
"""What fits each form. Who sees more can do all that who sees less can: without the weaker attacks a form could look
safer than one that shows less of it."""
WITHOUT_NOISE = {"label": "label_gap"}
"""Inputs that are no real numbers cannot be moved a little."""


@dataclass(frozen=True, slots=True)
class Shadows:
    """Models of the adversary's own, each trained on the records that ``inside`` marks: bool [shadows, records].

    It answers as ``exeat.audit.shadows.Stack`` does; protected models need not all have the same tensors.
    """

    models: Sequence[nn.Module]
    inside: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.models)

    def only(self, keep: NDArray[np.bool_]) -> Shadows:
        """Return the same models with the marked records only."""
        return Shadows(self.models, self.inside[:, keep])

    def first(self, count: int) -> Shadows:
        """Return the first models."""
        return Shadows(self.models[:count], self.inside[:count])

    def model(self, index: int) -> nn.Module:
        """Return one model."""
        return self.models[index]

    def signal(self, name: SignalName, x: Tensor, y: Tensor) -> Floats:
        """Return one signal of each model about each record: [models, records]."""
        return np.stack([SIGNALS[name](model, x, y) for model in self.models])


def attack_all(
    target: Target, shadows: Shadows, access: Access, seed: int, *, protected: bool
) -> tuple[Indicator, ...]:
    """Return AUC and true-positive rates, with intervals, of each attack that fits the access.

    The target's model is the copy; ``shadows.inside`` has the target's members first, then its non-members.
    """
    names = ATTACKS[access]
    if not target.members.x.is_floating_point():
        names = tuple(WITHOUT_NOISE.get(name, name) for name in names)
    scored = run_attacks(target, cast("Stack", shadows), names, seed=seed)
    rows = [row for scores in scored for row in figures(replace(scores, groups={}, outside_groups={}))]
    return tuple(_told(row) for row in rows) if protected else tuple(rows)


def figures(scores: Scores) -> list[Indicator]:
    """Return AUC and true-positive rates of one attack; single records of a copy are nobody's business here."""
    return [row for row in indicators_of(scores) if row.indicator_id.endswith((".auc", ".tpr_at_fpr"))]


def renamed(row: Indicator, before: str, after: str, method: str) -> Indicator:
    """Return the figure under the name of another attack."""
    name = row.indicator_id.replace(f"mia.{before}.", f"mia.{after}.")
    return row.model_copy(update={"indicator_id": name, "method": method})


def _told(row: Indicator) -> Indicator:
    """Say of a figure that the adversary knew the protection, where shadow models were used."""
    if "shadow_models" not in row.attack_params:
        return row
    knows = row.adversary.model_copy(update={"knowledge": (*row.adversary.knowledge, PROTECTED_TOO)})
    return row.model_copy(update={"adversary": knows})


def failed(access: Access, reason: str) -> Indicator:
    """Return what stands in place of a figure where the protection could not be applied or broke the copy."""
    return Indicator(
        indicator_id="mia.auc", status="failed", reason=reason, unit="fraction", method="none",
        adversary=Adversary(access=access),
    )  # fmt: skip
