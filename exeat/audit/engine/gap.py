"""The generalisation gap: accuracy on members minus accuracy on non-members, with Newcombe's interval."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from exeat.audit.membership import LEVEL, number
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access

if TYPE_CHECKING:
    from torch import nn

    from exeat.audit.target import Records

BATCH = 1024


def gap_indicator(model: nn.Module, members: Records, others: Records) -> Indicator:
    """Return how much more often the model is right about the records it learned from."""
    right, wrong = _right(model, members), _right(model, others)
    return gap_of(right, len(members), wrong, len(others))


def gap_of(hits_in: int, n_in: int, hits_out: int, n_out: int) -> Indicator:
    """Return the difference of two proportions.

    Source of the interval: Newcombe (1998), Statistics in Medicine 17, 873, method 10: the Wilson intervals of both
    proportions, combined by their distances from the estimates.
    """
    low_in, high_in = wilson(hits_in, n_in, float(LEVEL))
    low_out, high_out = wilson(hits_out, n_out, float(LEVEL))
    rate_in, rate_out = hits_in / n_in, hits_out / n_out
    value = rate_in - rate_out
    low = value - math.hypot(rate_in - low_in, high_out - rate_out)
    high = value + math.hypot(high_in - rate_in, rate_out - low_out)
    return Indicator(
        indicator_id="gen.gap", status="measured", value=number(value), unit="difference",
        ci_low=min(number(low), number(value)), ci_high=max(number(high), number(value)), ci_level=LEVEL,
        ci_method="newcombe", n_in=n_in, n_out=n_out, n_events=hits_in,
        method="accuracy on members minus accuracy on non-members",
        adversary=Adversary(access=Access.API_LABEL, knowledge=("the record and its label",)), split="train, test",
        baseline_value=number(0),
        bound_note=f"accuracy {rate_in:.4f} on members, {rate_out:.4f} on non-members; a model without a gap can still "
        "be attacked",
    )  # fmt: skip


def wilson(hits: int, n: int, level: float) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion (Wilson 1927)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _right(model: nn.Module, records: Records) -> int:
    import torch  # noqa: PLC0415

    from exeat.audit.signals import still  # noqa: PLC0415

    with torch.no_grad(), still(model):
        batches = zip(torch.split(records.x, BATCH), torch.split(records.y, BATCH), strict=True)
        return sum(int((model(x).argmax(dim=1) == y).sum()) for x, y in batches)
