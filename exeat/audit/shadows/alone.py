"""The loop for models that cannot be trained together: one after the other, the same steps, several times slower."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from exeat.audit.shadows.order import generator_of, poisson, seed_of, shuffled, steps_per_epoch
from exeat.audit.shadows.private import CLIP_FLOOR
from exeat.audit.shadows.together import optimizer_of
from exeat.audit.shadows.weights import fresh, state_of
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from exeat.audit.shadows.weights import State
    from exeat.audit.target import Recipe


def train_alone(
    recipe: Recipe, data: tuple[Tensor, Tensor], rows: Tensor, seed: int, after_epoch: Callable[[int], None]
) -> State:
    """Train one model on its rows and return its state; by the recipe's own ``train`` where it has one."""
    if recipe.train is not None:
        state = _by_its_own_code(recipe, data, rows, seed)
        after_epoch(recipe.epochs)
        return state
    model = fresh(recipe.build, seed).to(data[0].device).train()
    optimizer = optimizer_of(recipe, [p for p in model.parameters() if p.requires_grad])
    run = _private_epoch if recipe.private else _epoch
    with torch.random.fork_rng(devices=[]):
        for epoch in range(recipe.epochs):
            torch.manual_seed(seed_of(seed, "dropout", epoch))
            run(model, optimizer, recipe, data, rows, (seed, epoch))
            after_epoch(epoch + 1)
    return state_of(model)


def _by_its_own_code(recipe: Recipe, data: tuple[Tensor, Tensor], rows: Tensor, seed: int) -> State:
    assert recipe.train is not None  # noqa: S101 the caller asked
    x, y = data
    with torch.random.fork_rng(devices=[]):
        model = recipe.train(x[rows.to(x.device)], y[rows.to(y.device)], seed % 2**31)
    found = {name.removeprefix("_module."): tensor for name, tensor in state_of(model).items()}
    wanted = state_of(fresh(recipe.build, seed))
    if {n: t.shape for n, t in found.items()} != {n: t.shape for n, t in wanted.items()}:
        raise BadInput(
            "The recipe's train returns a model of another shape than its build.",
            "Let build return the same module, untrained, that train returns trained.",
        )
    return found


def _epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, recipe: Recipe,
    data: tuple[Tensor, Tensor], rows: Tensor, at: tuple[int, int],
) -> None:  # fmt: skip
    x, y = data
    seed, epoch = at
    for batch in shuffled([rows], recipe.batch_size, [seed], epoch):
        chosen = batch.rows[0].to(x.device)
        optimizer.zero_grad()
        cross_entropy(model(x[chosen]), y[chosen]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _private_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, recipe: Recipe,
    data: tuple[Tensor, Tensor], rows: Tensor, at: tuple[int, int],
) -> None:  # fmt: skip
    if any(isinstance(part, _BatchNorm) for part in model.modules()):
        raise BadInput(
            "Batch normalisation mixes the records of a batch, so no record has a gradient of its own to clip.",
            "Replace it by group or layer normalisation; DP-SGD says nothing about this model as it is.",
        )
    seed, epoch = at
    steps = steps_per_epoch(len(rows), recipe.batch_size)
    expected = max(1, len(rows) // steps)
    draw, noise = [generator_of(seed, "poisson", epoch)], generator_of(seed, "noise", epoch)
    for _ in range(steps):
        batch = poisson([rows], 1 / steps, [expected], draw)
        chosen = batch.rows[0][batch.weights[0] > 0]
        _private_gradient(model, recipe, (data[0][chosen], data[1][chosen]), expected, noise)
        optimizer.step()


def _private_gradient(
    model: nn.Module, recipe: Recipe, batch: tuple[Tensor, Tensor], expected: int, noise: torch.Generator
) -> None:
    """Put the noisy mean of clipped gradients into the weights' ``grad``, one record after the other."""
    clip, spread = float(recipe.clip_norm or 0), float(recipe.noise_multiplier or 0) * float(recipe.clip_norm or 0)
    weights = [p for p in model.parameters() if p.requires_grad]
    sums = [torch.zeros_like(w) for w in weights]
    for i in range(len(batch[0])):
        loss = cross_entropy(model(batch[0][i : i + 1]), batch[1][i : i + 1])
        gradients = torch.autograd.grad(loss, weights)
        norm = torch.sqrt(sum((g.square().sum() for g in gradients), start=torch.zeros(())))
        factor = float((clip / (norm + CLIP_FLOOR)).clamp(max=1.0)) / expected
        for total, gradient in zip(sums, gradients, strict=True):
            total.add_(gradient * factor)
    for weight, total in zip(weights, sums, strict=True):
        weight.grad = total + (torch.randn(total.shape, generator=noise) * (spread / expected)).to(total.device)
