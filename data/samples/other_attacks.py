"""Two more simple attacks on a trained network: guess one hidden attribute, and invert a class."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from exeat.audit.membership import LEVEL, number
from exeat.audit.signals import logit_signal
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.samples.tables import Table
    from data.samples.training import Mlp

ATTRIBUTE = {"onco": 0, "glyco": 1, "digits": 36}
"""Column that the attacker does not know: mean radius, sex, a central pixel."""
WHITE_BOX = Adversary(access=Access.WHITE_BOX, knowledge=("all other features and the label",))
RESAMPLES = 2000


def attribute_inference(model: Mlp, table: Table, lineage: str, description: str) -> Indicator:
    """Measure how much better the attribute of a member is guessed than that of a person outside the training data.

    The attacker tries each candidate value and takes the one under which the model is surest of the true label.
    People outside are the population baseline: what the model says of them it did not learn from their records.
    Interval of the difference: Newcombe (1998) from exact intervals of both shares.
    """
    column = ATTRIBUTE[lineage]
    candidates, truth = _bands(table.x[:, column])
    scores = np.stack(
        [logit_signal(model, _with(table, column, value), torch.from_numpy(table.y)) for value in candidates]
    )
    right = scores.argmax(axis=0) == truth
    inside, outside = right[table.members], right[table.outsiders]
    p, q = inside.mean(), outside.mean()
    a, b = (
        clopper_pearson(int(inside.sum()), len(inside), LEVEL),
        clopper_pearson(int(outside.sum()), len(outside), LEVEL),
    )
    low = p - q - math.hypot(p - float(a.low), float(b.high) - q)
    high = p - q + math.hypot(float(a.high) - p, q - float(b.low))
    return Indicator(
        indicator_id="attr.adv_over_imputation", status="measured", value=number(p - q), unit="difference",
        ci_low=number(low), ci_high=number(high), ci_level=LEVEL, ci_method="newcombe", n_in=len(inside),
        n_out=len(outside), n_events=int(inside.sum()), method="candidate value with the surest true label",
        attack_params={"attribute": description, "candidates": str(len(candidates))}, adversary=WHITE_BOX,
        split="train", baseline_value=number(q),
        bound_note=f"{p:.3f} of members guessed right, {q:.3f} of people outside the training data",
    )  # fmt: skip


def _bands(values: NDArray[np.float32]) -> tuple[list[float], NDArray[np.int64]]:
    """Return the median of each band and each record's band; a feature with two values keeps both."""
    distinct = np.unique(values)
    if len(distinct) == 2:
        return [float(v) for v in distinct], np.searchsorted(distinct, values)
    cuts = np.unique(np.quantile(values, [1 / 3, 2 / 3]))
    band = np.searchsorted(cuts, values, side="right")
    return [float(np.median(values[band == b])) for b in np.unique(band)], np.unique(band, return_inverse=True)[1]


def _with(table: Table, column: int, value: float) -> torch.Tensor:
    x = table.x.copy()
    x[:, column] = value
    return torch.from_numpy(x)


def class_inversion(model: Mlp, table: Table, seed: int) -> Indicator:
    """Measure how near white-box inversion of each class comes to members, against knowing only the average person.

    Gradient ascent on the input (Fredrikson et al. 2015). Value: median over members of the distance to the inverted
    input of their class, divided by the distance to the mean of the non-members; 1 or more is no better than trivial.
    """
    prototypes = _invert(model, table, seed)
    members = table.x[table.members]
    attack = np.linalg.norm(members - prototypes[table.y[table.members]], axis=1)
    trivial = np.linalg.norm(members - table.x[table.outsiders].mean(axis=0), axis=1)
    ratio = attack / trivial
    draws = np.random.default_rng(seed).integers(0, len(ratio), (RESAMPLES, len(ratio)))
    low, high = np.quantile(np.median(ratio[draws], axis=1), [0.025, 0.975])
    value = float(np.median(ratio))
    return Indicator(
        indicator_id="recon.error", status="measured", value=number(value), unit="ratio", direction="lower_is_worse",
        ci_low=number(min(low, value)), ci_high=number(max(high, value)), ci_level=LEVEL, ci_method="bootstrap",
        n_in=len(members), method="class inversion by gradient ascent (Fredrikson et al. 2015)",
        attack_params={"steps": "300", "l2": "0.01"},
        adversary=Adversary(access=Access.WHITE_BOX, knowledge=("the classes",)), split="train",
        baseline_value=number(1.0), bound_note="distance to the member, as a multiple of the trivial predictor's",
    )  # fmt: skip


def _invert(model: Mlp, table: Table, seed: int) -> NDArray[np.float32]:
    torch.manual_seed(seed)
    x = torch.zeros(table.n_classes, table.x.shape[1], requires_grad=True)
    labels = torch.arange(table.n_classes)
    optimizer = torch.optim.Adam([x], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), labels) + 0.01 * x.square().sum(dim=1).mean()
        loss.backward()
        optimizer.step()
    return x.detach().numpy()
