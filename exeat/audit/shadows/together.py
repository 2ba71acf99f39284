"""Train many models at once: one forward pass over all of them, one backward pass of their summed losses.

The gradient of the sum with respect to one model's weights is that model's own gradient, and the optimizers of torch
work element by element, so each model goes the way it would go alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy

from exeat.audit.shadows.chain import Chain
from exeat.audit.shadows.order import seed_of, shuffled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from torch import Tensor

    from exeat.audit.shadows.order import Batch
    from exeat.audit.shadows.weights import Together
    from exeat.audit.target import Recipe

    Step = Callable[[Tensor, Tensor, Tensor], None]


def optimizer_of(recipe: Recipe, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    """Return the recipe's optimizer over the parameters, in torch's own code and with its other defaults."""
    decay = recipe.weight_decay
    settings: dict[str, Any] = {"lr": recipe.learning_rate, "weight_decay": decay, "fused": True}
    match recipe.optimizer:
        case "sgd":
            return torch.optim.SGD(parameters, momentum=recipe.momentum, **settings)
        case "adam":
            return torch.optim.Adam(parameters, **settings)
        case _:
            return torch.optim.AdamW(parameters, **settings)


def set_gradients(leaves: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
    """Hand gradients to the optimizer of the leaves."""
    for leaf, gradient in zip(leaves, gradients, strict=True):
        leaf.grad = gradient


def gradients_of(models: Together | Chain, x: Tensor, y: Tensor, weights: Tensor) -> Sequence[Tensor]:
    """Return the gradients of all leaves: x [models, batch, ...], y and weights in the loss [models, batch]."""
    if isinstance(models, Chain):
        return models.gradients(models.pairs(x, y, weights))
    losses = cross_entropy(models.forward(x).flatten(0, 1), y.flatten(), reduction="none")
    return torch.autograd.grad(losses @ weights.flatten(), models.leaves)


def step_of(models: Together | Chain, recipe: Recipe) -> Step:
    """Return what takes one step of all models; plain SGD of a chain needs neither gradients nor optimizer."""
    if isinstance(models, Chain) and recipe.optimizer == "sgd" and not recipe.momentum:
        rate, decay = recipe.learning_rate, recipe.weight_decay
        return lambda x, y, weights: models.descend(models.pairs(x, y, weights), rate, decay)
    leaves = models.leaves
    optimizer = optimizer_of(recipe, leaves)

    def step(x: Tensor, y: Tensor, weights: Tensor) -> None:
        set_gradients(leaves, gradients_of(models, x, y, weights))
        optimizer.step()

    return step


def train_together(
    models: Together | Chain,
    recipe: Recipe,
    data: tuple[Tensor, Tensor],
    rows: Sequence[Tensor],
    seeds: Sequence[int],
    after_epoch: Callable[[int], None],
) -> None:
    """Train by shuffled batches without replacement; ``rows[m]`` are the records of model m."""
    x, y = models.inputs_of(data[0]), data[1]
    step = step_of(models, recipe)
    with torch.random.fork_rng(devices=[]):
        for epoch in range(recipe.epochs):
            torch.manual_seed(seed_of(seeds[0], "dropout", epoch))
            for batch in shuffled(rows, recipe.batch_size, seeds, epoch):
                step(*gathered(x, y, batch))
            after_epoch(epoch + 1)


def gathered(x: Tensor, y: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs [models, batch, ...], labels and weights [models, batch] on the device of the data."""
    rows = batch.rows.to(x.device)
    flat = rows.flatten()
    inputs = x.index_select(0, flat).view(*rows.shape, *x.shape[1:])
    return inputs, y.index_select(0, flat).view(rows.shape), batch.weights.to(x.device)
