"""Losses that leave less of single records in a model: drop-in replacements for the cross-entropy of a classifier.

Neither is a guarantee. What they do to utility and exposure is measured (docs/recorder.md), never assumed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from exeat.errors import BadInput


class ConfidencePenalty(nn.Module):
    """Cross-entropy minus ``beta`` times the entropy of the predicted distribution, mean over the batch, in nats.

    L = -log p[y] - beta * H(p), H(p) = -sum_c p[c] log p[c]. A confident answer costs more, so the gap between
    confidence on members and on others shrinks. Source: Pereyra, Tucker, Chorowski, Kaiser and Hinton (2017),
    arXiv 1701.06548, equation 2.
    """

    def __init__(self, beta: float = 0.1) -> None:
        super().__init__()
        if beta < 0:
            raise BadInput(f"A confidence penalty of {beta:g} would reward confidence.", "Give beta >= 0.")
        self.beta = beta

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return the loss of logits [n, classes] and class numbers [n]."""
        logs = logits.log_softmax(dim=1)
        entropy = -(logs.exp() * logs).sum(dim=1).mean()
        return cross_entropy(logits, y) - self.beta * entropy


class RelaxLoss(nn.Module):
    """Train towards a mean loss of ``alpha`` instead of 0, so that members' losses look like those of others.

    With L the mean cross-entropy of the batch, in even epochs the loss is abs(L - alpha): descent above ``alpha``,
    ascent below. In odd epochs it is L above ``alpha``; below, the posterior is flattened: cross-entropy against soft
    labels that keep the true class's probability (at most ``upper``) and share the rest equally among the other
    classes. Call ``start_epoch`` at the start of each epoch. Source: Chen, Yu and Fritz (2022), ICLR, arXiv 2207.05801,
    as in the authors' published code for tables, with one difference: the soft labels are constants here, so that
    flattening leaves the true class's logit alone, as its purpose says; theirs let the gradient through.
    """

    def __init__(self, alpha: float, upper: float = 1.0) -> None:
        super().__init__()
        if alpha < 0 or not 0 < upper <= 1:
            raise BadInput(
                f"RelaxLoss with alpha {alpha:g} and upper {upper:g} has no meaning.",
                "Give alpha >= 0 (in nats; the mean loss on validation data is a start) and 0 < upper <= 1.",
            )
        self.alpha, self.upper, self.epoch = alpha, upper, 0

    def start_epoch(self, epoch: int) -> None:
        """Say which epoch begins, counted from 0: even ones may ascend, odd ones may flatten."""
        self.epoch = epoch

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return the loss of logits [n, classes] and class numbers [n]."""
        loss = cross_entropy(logits, y)
        if self.epoch % 2 == 0:
            return (loss - self.alpha).abs()
        return loss if loss.detach() > self.alpha else cross_entropy(logits, self._flat(logits.detach(), y))

    def _flat(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return soft labels [n, classes]: the true class keeps its probability, the others share the rest."""
        kept = logits.softmax(dim=1).gather(1, y[:, None]).clamp(max=self.upper)
        others = (1 - kept) / (logits.shape[1] - 1)
        return torch.where(torch.nn.functional.one_hot(y, logits.shape[1]).bool(), kept, others)
