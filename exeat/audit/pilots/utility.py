"""Utility of a copy beside its original: accuracy with exact intervals and the paired difference."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from exeat.audit.membership import LEVEL, number
from exeat.model.manifest import Metric
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    Mask = NDArray[np.bool_]

NO_ANSWER = -1


class Difference(NamedTuple):
    """Copy minus original: difference of two accuracies on the same records, its interval and the exact p."""

    value: float
    low: float
    high: float
    p: float


@torch.no_grad()
def labels(model: nn.Module, x: Tensor) -> NDArray[np.int64]:
    """Return the label of each record; -1 where an answer is not a finite number."""
    answers = model(x)
    finite = torch.isfinite(answers).flatten(1).all(dim=1)
    return torch.where(finite, answers.argmax(dim=1), NO_ANSWER).numpy().astype(np.int64)


def right(model: nn.Module, x: Tensor, y: Tensor) -> Mask:
    """Return which records get their own label."""
    found: Mask = labels(model, x) == y.numpy()
    return found


def share(name: str, hits: Mask, *, split: str = "test") -> Metric:
    """Return a share of records with its exact interval."""
    low, high = clopper_pearson(int(hits.sum()), len(hits), LEVEL)
    return Metric.model_validate(
        {"id": name, "value": number(float(hits.mean())), "unit": "fraction", "ci_low": low, "ci_high": high,
         "ci_level": LEVEL, "split": split, "n": len(hits)}
    )  # fmt: skip


def difference_metric(copied: Mask, original: Mask) -> Metric:
    """Return accuracy of the copy minus that of the original on the same records."""
    found = paired_difference(copied, original)
    return Metric.model_validate(
        {"id": "accuracy-difference", "value": number(found.value), "unit": "difference",
         "ci_low": number(found.low), "ci_high": number(found.high), "ci_level": LEVEL, "split": "test",
         "n": len(copied)}
    )  # fmt: skip


def paired_difference(first: Mask, second: Mask) -> Difference:
    """Return the difference of two shares over the same records.

    Interval: Newcombe (1998), Statistics in Medicine 17, 2635, method 10: Wilson intervals of both shares, squared and
    added with the correlation phi, corrected for continuity. p: exact McNemar, a binomial test of the records in which
    the two differ.
    """
    n = len(first)
    both, neither = int((first & second).sum()), int((~first & ~second).sum())
    gained, lost = int((first & ~second).sum()), int((~first & second).sum())
    p1, p2 = (both + gained) / n, (both + lost) / n
    (l1, u1), (l2, u2) = (_wilson(p, n) for p in (p1, p2))
    phi = _phi(both, gained, lost, neither)
    below = (p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2
    above = (u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2
    gap = p1 - p2
    return Difference(gap, gap - math.sqrt(max(below, 0)), gap + math.sqrt(max(above, 0)), _mcnemar(gained, lost))


def _wilson(p: float, n: int) -> tuple[float, float]:
    """Return the score interval of Wilson (1927)."""
    z = NormalDist().inv_cdf((1 + float(LEVEL)) / 2)
    middle, scale = p + z * z / (2 * n), 1 + z * z / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _phi(both: int, gained: int, lost: int, neither: int) -> float:
    margins = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    if margins == 0:
        return 0.0
    n, cross = both + gained + lost + neither, both * neither - gained * lost
    corrected = cross if cross < 0 else max(cross - n / 2, 0)
    return float(corrected / math.sqrt(margins))


def _mcnemar(gained: int, lost: int) -> float:
    """Return twice the smaller tail of Binomial(gained + lost, 1/2), at most 1."""
    n, fewer = gained + lost, min(gained, lost)
    tail = sum(math.comb(n, k) for k in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**n))
