"""How many models fit into the memory at once, estimated from one pass of one batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from exeat.audit.shadows.weights import fresh

if TYPE_CHECKING:
    from torch import Tensor, nn

    from exeat.audit.target import Recipe

MOST = 32
"""Beyond this many, one pass is hardly cheaper per model, and a run that is cut off loses more."""
COPIES = {"sgd": 3, "adam": 4, "adamw": 4}
"""Weights, gradients and what the optimizer remembers."""


def models_per_piece(recipe: Recipe, x: Tensor, memory: int) -> int:
    """Return how many models may be trained together within ``memory`` bytes, at least one and at most 32."""
    return max(1, min(MOST, memory // bytes_per_model(recipe, x)))


def bytes_per_model(recipe: Recipe, x: Tensor) -> int:
    """Return an estimate: weights, gradients and moments; outputs of all layers, twice (values and their gradients).

    DP-SGD keeps a gradient per record of a batch, which may be twice as large as expected, and its clipped copy.
    """
    model = fresh(recipe.build, 0)
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    batch = x[: recipe.batch_size].cpu()
    passed = (_output_bytes(model, batch) * 2 + batch.nbytes) * recipe.batch_size // len(batch)
    per_record = 2 * 2 * recipe.batch_size * weights if recipe.private else 0
    return max(1, COPIES[recipe.optimizer] * weights + passed + per_record)


@torch.no_grad()
def _output_bytes(model: nn.Module, batch: Tensor) -> int:
    """Return the bytes of everything that the layers answer to one batch."""
    seen: list[int] = []

    def count(_: nn.Module, __: object, output: object) -> None:
        if isinstance(output, torch.Tensor):
            seen.append(output.nbytes)

    handles = [part.register_forward_hook(count) for part in model.modules()]
    model.eval()(batch)
    for handle in handles:
        handle.remove()
    return sum(seen)
