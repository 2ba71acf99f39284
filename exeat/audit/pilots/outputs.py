"""Protections that change what is answered: rounded confidences, the k largest only, or the label alone.

Each returns a module whose outputs are the log-probabilities that an attacker reconstructs from what is shown, so
that every attack that reads confidences reads exactly what a receiver would see, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn

from exeat.audit.pilots.protection import Protection, Trainable, clone
from exeat.errors import BadInput
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from exeat.model.risk_report import PilotKind

SURE = 0.99
"""What an attacker takes the shown label's probability to be; any figure above one half ranks the records alike."""

TIE = 1e-12
"""Added to the confidence of the shown label, so that two equal rounded figures do not hide which it is."""


class Answers(nn.Module):
    """A model behind a rule of answering: confidences [n, classes] to what an attacker makes of those shown."""

    def __init__(self, model: nn.Module, shown: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.model = model
        self.shown = shown

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities, [n, classes], as double."""
        confidences = torch.softmax(self.model(x).double(), dim=1)
        return self.shown(confidences).log()


class _Answering(Protection):
    __slots__ = ()

    def protect(self, model: nn.Module, data: Trainable, seed: int) -> nn.Module:  # noqa: ARG002 no chance in it
        """Return a copy behind the rule."""
        return Answers(clone(model), self.shown).eval()

    def shown(self, confidences: Tensor) -> Tensor:
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding(_Answering):
    """Confidences rounded to ``decimals`` places; a shown zero is read as half of the last place."""

    decimals: int = 1
    kind: ClassVar[PilotKind] = "rounding"
    title: ClassVar[str] = "confidences rounded"
    access: ClassVar[Access] = Access.API_CONF
    limits: ClassVar[str] = "Holds only while the weights stay behind the interface. The label is what it was."

    def __post_init__(self) -> None:
        if not 1 <= self.decimals <= 6:  # noqa: PLR2004 beyond six places nothing is hidden
            raise BadInput(f"Confidences cannot be rounded to {self.decimals} places.", "Give 1 to 6 places.")

    def shown(self, confidences: Tensor) -> Tensor:
        """Return the rounded confidences, none below half of the last place; the label, shown too, breaks ties."""
        rounded = confidences.round(decimals=self.decimals).clamp_min(0.5 * 10**-self.decimals)
        label = torch.zeros_like(rounded).scatter(1, confidences.argmax(dim=1, keepdim=True), TIE)
        return rounded + label


@dataclass(frozen=True, slots=True, kw_only=True)
class TopK(_Answering):
    """The ``k`` largest confidences only; the attacker spreads the rest evenly over the classes not shown."""

    k: int = 1
    kind: ClassVar[PilotKind] = "top_k"
    title: ClassVar[str] = "largest confidences only"
    access: ClassVar[Access] = Access.API_CONF
    limits: ClassVar[str] = (
        "Holds only while the weights stay behind the interface. With two classes the largest confidence tells both."
    )

    def __post_init__(self) -> None:
        if self.k < 1:
            raise BadInput(f"The {self.k} largest confidences are none.", "Give k of at least 1.")

    def shown(self, confidences: Tensor) -> Tensor:
        """Return the k largest as they are and equal shares of the rest."""
        k, classes = min(self.k, confidences.shape[1]), confidences.shape[1]
        values, places = confidences.topk(k, dim=1)
        rest = (1 - values.sum(dim=1, keepdim=True)).clamp_min(0) / max(1, classes - k)
        tiny = torch.finfo(torch.float64).tiny
        return rest.expand_as(confidences).scatter(1, places, values).clamp_min(tiny)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOnly(_Answering):
    """The label and nothing else."""

    kind: ClassVar[PilotKind] = "label_only"
    title: ClassVar[str] = "label only"
    access: ClassVar[Access] = Access.API_LABEL
    limits: ClassVar[str] = (
        "Holds only while the weights stay behind the interface. An attacker may ask often: the attack here does, with "
        "noise on the record; a longer search for the decision boundary can see more."
    )

    def shown(self, confidences: Tensor) -> Tensor:
        """Return nearly one for the label and equal shares of the rest."""
        classes = confidences.shape[1]
        rest = torch.full_like(confidences, (1 - SURE) / max(1, classes - 1))
        return rest.scatter(1, confidences.argmax(dim=1, keepdim=True), SURE)
