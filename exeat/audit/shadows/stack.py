"""Trained shadow models, kept as one tensor per weight, and what an attacker reads off each of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from exeat.audit import signals
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from exeat.audit.shadows.weights import State

SignalName = Literal["logit", "loss", "gradient"]
SIGNALS: dict[str, signals.Signal] = {
    "logit": signals.logit_signal,
    "loss": signals.loss_signal,
    "gradient": signals.gradient_signal,
}


@dataclass(frozen=True)
class Stack:
    """``inside[s, r]`` says that shadow model s was trained on record r; ``state`` holds models along the first axis.

    ``reason`` says why they were trained one by one ("" when together); ``notes`` are things to tell a person, such as
    a damaged cache file that was built again.
    """

    template: nn.Module
    state: State
    inside: NDArray[np.bool_]
    reason: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inside)

    def model(self, index: int) -> nn.Module:
        """Return one shadow model, ready to be asked."""
        one = copy.deepcopy(self.template)
        self._fill(one, index)
        return one.eval()

    def models(self) -> Iterator[nn.Module]:
        """Yield each shadow model in turn; the same module is filled again, so hold on to none of them."""
        one = copy.deepcopy(self.template).eval()
        for index in range(len(self)):
            self._fill(one, index)
            yield one

    @torch.no_grad()
    def _fill(self, module: nn.Module, index: int) -> None:
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            tensor.copy_(self.state[name][index])

    def signal(self, name: SignalName, x: Tensor, y: Tensor) -> NDArray[np.float64]:
        """Return one signal of each model about each record, higher meaning member: float64 [models, records]."""
        if name not in SIGNALS:
            raise BadInput(f"There is no signal {name}.", f"Ask for one of {', '.join(SIGNALS)}.")
        return np.stack([SIGNALS[name](model, x, y) for model in self.models()])

    def first(self, count: int) -> Stack:
        """Return a stack of the first models; an even number keeps pairs of complementary halves whole."""
        state = {name: tensor[:count] for name, tensor in self.state.items()}
        return Stack(self.template, state, self.inside[:count], self.reason, self.notes)
