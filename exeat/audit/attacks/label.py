"""Attacks that see nothing but the predicted label.

The gap attack asks once per record. The other adds Gaussian noise to the record and counts how often the label stays
right: a stand-in for the distance to the decision boundary (Choquette-Choo et al. 2021, 2007.14321), which is larger
for members; what models do that never saw the record is subtracted, so that easy records do not pass for members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from exeat.audit.attacks.lira import side
from exeat.audit.shadows.order import generator_of
from exeat.audit.signals import still
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from exeat.audit.shadows import Stack

LEVELS = (0.25, 0.5, 1.0, 2.0)
"""Noise, in standard deviations of each input over all records."""
QUERIES = 24
"""Questions per record and level."""
MODELS = 8
"""Shadow models asked; each costs as many questions as the target."""


@torch.no_grad()
def right(model: nn.Module, x: Tensor, y: Tensor) -> NDArray[np.float64]:
    """Return 1.0 for each record whose label the model predicts, else 0.0."""
    with still(model):
        found: NDArray[np.float64] = (model(x).argmax(dim=1) == y).double().numpy()
    return found


def robustness(models: Sequence[nn.Module], x: Tensor, y: Tensor, seed: int) -> NDArray[np.float64]:
    """Return for each model the share of noisy questions with the right label: [models, records].

    All models are asked the same questions. Needs inputs of floating point.
    """
    if not x.is_floating_point():
        raise BadInput(
            "The label attack adds noise to inputs, and these are whole numbers (tokens or codes).",
            "Use label_gap, or attack the model behind its embedding.",
        )
    generator, total = generator_of(seed, "label"), np.zeros((len(models), len(x)))
    scale = x.std(dim=0, keepdim=True)
    for level in LEVELS:
        for _ in range(QUERIES):
            asked = x + level * scale * torch.randn(x.shape, generator=generator, dtype=x.dtype)
            total += np.stack([right(model, asked, y) for model in models])
    return total / (len(LEVELS) * QUERIES)


def against_noise(model: nn.Module, stack: Stack, x: Tensor, y: Tensor, seed: int) -> NDArray[np.float64]:
    """Return the target's robustness minus that of shadow models that never saw the record; in [−1, 1]."""
    asked = min(MODELS, len(stack))
    found = robustness([model, *(stack.model(i) for i in range(asked))], x, y, seed)
    out = side(found[1:], ~stack.inside[:asked], own_spread=False, what="left out by")
    values: NDArray[np.float64] = found[0] - out.mean
    return values
