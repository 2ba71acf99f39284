"""Membership attacks on models that never saw a record: every AUC is chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

from exeat.audit.membership import Scores, indicators_of
from exeat.audit.signals import logit_signal, loss_signal

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor


class Coverage(NamedTuple):
    """How often the 95 % interval of the AUC covers 0.5, and how often p <= 0.05."""

    signal: str
    members: int
    covered: int
    significant: int
    seeds: int


def correct_label(model: nn.Module, x: Tensor, y: Tensor) -> NDArray[np.float64]:
    """Return 1 where the model is right, else 0: what a label-only attacker sees, nearly all ties."""
    with torch.no_grad():
        right: NDArray[np.float64] = (model(x).argmax(dim=1) == y).double().numpy()
    return right


SIGNALS: dict[str, Callable[[nn.Module, Tensor, Tensor], NDArray[np.float64]]] = {
    "loss": loss_signal,
    "logit gap": logit_signal,
    "label only": correct_label,
}


def coverage(signal: str, n: int, seeds: int) -> Coverage:
    """Attack ``seeds`` untrained MLPs on digits, ``n`` members and ``n`` non-members drawn anew for each."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 an extra that only this needs

    found = load_digits()
    x, y = torch.from_numpy(found.data).float() / 16, torch.from_numpy(found.target).long()
    covered = significant = 0
    for seed in range(seeds):
        torch.manual_seed(seed)
        chosen = torch.randperm(len(y))[: 2 * n]
        model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        scores = SIGNALS[signal](model, x[chosen], y[chosen])
        auc = indicators_of(Scores("loss", scores[:n], scores[n:]))[0]
        assert auc.ci_low is not None
        assert auc.ci_high is not None
        assert auc.p_value is not None
        covered += float(auc.ci_low) <= 0.5 <= float(auc.ci_high)
        significant += float(auc.p_value) <= 0.05
    return Coverage(signal, n, covered, significant, seeds)
