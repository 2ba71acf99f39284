"""Shadow models that answer each question once: several attacks read the same signals about the same records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from exeat.audit.shadows.stack import SIGNALS, Stack

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from exeat.audit.shadows.stack import SignalName

CHUNK = 4096
"""Records asked about at once."""


@dataclass(frozen=True)
class AskedOnce(Stack):
    """A stack for the records of one target; ask it about others and it gives the wrong answers."""

    answers: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: Stack) -> AskedOnce:
        """Return the same models with nothing asked yet."""
        return cls(stack.template, stack.state, stack.inside, stack.reason, stack.notes)

    def signal(self, name: SignalName, x: Tensor, y: Tensor) -> NDArray[np.float64]:
        """Return one signal of each model about each record: float64 [models, records]."""
        if name not in self.answers:
            self.answers[name] = np.stack([self._of(name, index, x, y) for index in range(len(self))])
        return self.answers[name]

    def _of(self, name: SignalName, index: int, x: Tensor, y: Tensor) -> NDArray[np.float64]:
        model = self.model(index)
        parts = [SIGNALS[name](model, x[at : at + CHUNK], y[at : at + CHUNK]) for at in range(0, len(x), CHUNK)]
        return np.concatenate(parts)
