"""Membership attacks on a protected form, by an adversary who protects shadow models in the same way.

Each attack reads only what a receiver of the form sees: labels, the confidences that are shown, or the weights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from exeat.audit.membership import Scores, indicators_of
from exeat.audit.pilots.protection import generator
from exeat.audit.pilots.utility import labels
from exeat.audit.signals import gradient_signal, logit_signal, loss_signal
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    Floats = NDArray[np.float64]
    Signal = Callable[[nn.Module, Tensor, Tensor], Floats]

FLOOR = 1e-12
BOUND = math.log(199)
"""Log odds of a confidence of 0.995, what two decimals still show."""
ASKED = 16
"""How often the label attack asks about each record: once as it is, the rest with noise."""
NOISE = 0.5
"""Spread of that noise in units of each input's own spread."""
KNOWS = ("the record and its label", "data of the same distribution", "the training recipe", "the protection")


@dataclass(frozen=True, slots=True)
class Shadows:
    """Models of the adversary's own, each trained on the records that ``inside`` marks: bool [shadows, records]."""

    models: Sequence[nn.Module]
    inside: NDArray[np.bool_]

    def only(self, keep: NDArray[np.bool_]) -> Shadows:
        """Return the same models with the marked records only."""
        return Shadows(self.models, self.inside[:, keep])


@dataclass(frozen=True, slots=True)
class Attack:
    """A signal of one model, read as it is or against the shadow models that never saw the record."""

    name: str
    method: str
    signal: Signal
    against: bool = True


def label_signal(model: nn.Module, x: Tensor, y: Tensor) -> Floats:
    """Return how often a record keeps its label under noise (Choquette-Choo et al. 2021): needs labels only.

    Inputs that are no real numbers cannot be moved a little; they are asked about once.
    """
    hits: Floats = (labels(model, x) == y.numpy()).astype(np.float64)
    if not x.is_floating_point():
        return hits
    source, spread = generator(ASKED), x.std(dim=0, correction=0) * NOISE
    for _ in range(ASKED - 1):
        moved = x + torch.randn(x.shape, generator=source, dtype=x.dtype) * spread
        hits += labels(model, moved) == y.numpy()
    result: Floats = hits / ASKED
    return result


_LABEL = Attack(
    "label", "labels under noise on the record, against protected shadow models (after Choquette-Choo et al. 2021)",
    label_signal,
)  # fmt: skip
_CONFIDENCE = (
    Attack("loss", "loss threshold (Yeom et al. 2018)", loss_signal, against=False),
    Attack("lira", "offline likelihood ratio, one spread for all, against protected shadow models "
           "(Carlini et al. 2022)", logit_signal),
)  # fmt: skip
_BOUNDED = Attack(
    "lira_bounded", "the same with log odds cut at one in two hundred, so that no single answer of great confidence "
    "sets the spread", lambda model, x, y: np.clip(logit_signal(model, x, y), -BOUND, BOUND),
)  # fmt: skip
_WHITE = Attack(
    "gradient", "offline likelihood ratio on gradient norms, against protected shadow models (after Nasr et al. 2019)",
    gradient_signal,
)  # fmt: skip
ATTACKS: dict[Access, tuple[Attack, ...]] = {
    Access.API_LABEL: (_LABEL,),
    Access.API_CONF: (_LABEL, *_CONFIDENCE, _BOUNDED),
    Access.WHITE_BOX: (_LABEL, *_CONFIDENCE, _BOUNDED, _WHITE),
}
"""What fits each form. Who sees more can do all that who sees less can: without the weaker attacks a form could look
safer than one that shows less of it."""


def attack_all(
    model: nn.Module, shadows: Shadows, x: Tensor, y: Tensor, n_members: int, access: Access
) -> tuple[Indicator, ...]:
    """Return AUC and true-positive rates, with intervals, of each attack that fits the access.

    ``x``, ``y`` hold the members first, then the non-members; ``shadows.inside`` has their order.
    """
    found: list[Indicator] = []
    for attack in ATTACKS[access]:
        values = attack.signal(model, x, y)
        if attack.against:
            values = against(values, np.stack([attack.signal(shadow, x, y) for shadow in shadows.models]), shadows)
        params = {"shadow_models": str(len(shadows.models)), "shadows": "protected alike"} if attack.against else {}
        found += figures(attack.name, attack.method, access, values, n_members, params)
    return tuple(found)


def against(values: Floats, seen: Floats, shadows: Shadows) -> Floats:
    """Return how far the target's signal lies above that of shadow models that never saw the record.

    ``values`` [records], ``seen`` [shadows, records]. Offline likelihood ratio of Carlini et al. (2022), 4.2, with
    one spread for all records, which suits few shadow models.
    """
    outside = np.where(shadows.inside, np.nan, seen)
    mean = np.nanmean(outside, axis=0)
    spread = float(np.sqrt(np.nanmean((outside - mean) ** 2)))
    result: Floats = (values - mean) / max(spread, FLOOR)
    return result


def figures(
    name: str, method: str, access: Access, values: Floats, n_members: int, params: dict[str, str]
) -> list[Indicator]:
    """Return AUC and true-positive rates of one attack's scores, members first."""
    rows = indicators_of(Scores("loss", values[:n_members], values[n_members:], params=params))
    knows = KNOWS if params else KNOWS[:1]
    update = {"method": method, "adversary": Adversary(access=access, knowledge=knows)}
    return [
        row.model_copy(update=update | {"indicator_id": row.indicator_id.replace("mia.loss.", f"mia.{name}.")})
        for row in rows
        if not row.indicator_id.endswith("record.max")
    ]


def failed(access: Access, reason: str) -> Indicator:
    """Return what stands in place of a figure where the protection could not be applied or broke the copy."""
    return Indicator(
        indicator_id="mia.auc", status="failed", reason=reason, unit="fraction", method="none",
        adversary=Adversary(access=access),
    )  # fmt: skip
