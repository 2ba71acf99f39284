"""DP-SGD of many models at once: Poisson batches, each record's gradient clipped, Gaussian noise.

As Opacus does it: with n records and s = ceil(n / batch_size) steps per epoch, each record comes into a batch with
probability 1 / s; the sum of the clipped gradients plus noise of standard deviation noise_multiplier * clip_norm is
divided by floor(n / s). Source: Abadi et al. 2016, algorithm 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from exeat.audit.shadows.chain import Chain, Pair
from exeat.audit.shadows.order import generator_of, poisson, seed_of, steps_per_epoch
from exeat.audit.shadows.together import gathered, optimizer_of, set_gradients

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from exeat.audit.shadows.weights import State, Together
    from exeat.audit.target import Recipe

CLIP_FLOOR = 1e-6
"""Added to a norm before dividing by it, as Opacus does."""


def clipped_sums(models: Together | Chain, x: Tensor, y: Tensor, weights: Tensor, clip: float) -> list[Tensor]:
    """Return per leaf [models, ...] the sum of the records' clipped gradients, each times its weight (0 is padding).

    x [models, batch, ...], y and weights [models, batch].
    """
    if isinstance(models, Chain):
        pairs = models.pairs(x, y, torch.ones_like(weights))
        factors = _factors(models.norms(pairs), weights, clip)[:, :, None]
        return models.gradients([Pair(inputs, gradients * factors) for inputs, gradients in pairs])
    each = _each_gradient(models, x, y)
    norms = torch.stack([g.flatten(2).square().sum(dim=2) for g in each]).sum(dim=0).sqrt()
    return [torch.einsum("mb,mb...->m...", _factors(norms, weights, clip), g) for g in each]


def _factors(norms: Tensor, weights: Tensor, clip: float) -> Tensor:
    return (clip / (norms + CLIP_FLOOR)).clamp(max=1.0) * weights


def _each_gradient(models: Together, x: Tensor, y: Tensor) -> list[Tensor]:
    """Return the gradient of each record's own loss, [models, batch, ...] per leaf."""
    free = {name: leaf.detach() for name, leaf in models.free.items()}
    fixed = {name: leaf for name, leaf in models.held.items() if name not in free}

    def loss(own: State, still: State, buffers: State, one: Tensor, label: Tensor) -> Tensor:
        state = (models.own_shapes(own | still), buffers)
        return cross_entropy(functional_call(models.template, state, (one[None],)), label[None])

    per_record = vmap(grad(loss), in_dims=(None, None, None, 0, 0), randomness="different")
    gradients: State = vmap(per_record, randomness="different")(free, fixed, models.buffers, x, y)
    return list(gradients.values())


def add_noise(sums: State, spread: float, divisors: Sequence[int], generators: Sequence[torch.Generator]) -> None:
    """Add to each model's sum (in the module's own shapes) its own Gaussian noise, divided by its expected batch."""
    for m, (divisor, generator) in enumerate(zip(divisors, generators, strict=True)):
        for total in sums.values():
            noise = torch.randn(total.shape[1:], generator=generator) * (spread / divisor)
            total[m] += noise.to(total.device)


def train_privately(
    models: Together | Chain,
    recipe: Recipe,
    data: tuple[Tensor, Tensor],
    rows: Sequence[Tensor],
    seeds: Sequence[int],
    after_epoch: Callable[[int], None],
) -> None:
    """Train with DP-SGD; all models must have equally many steps per epoch."""
    steps = steps_per_epoch(len(rows[0]), recipe.batch_size)
    expected = [max(1, len(own) // steps) for own in rows]
    clip, noise = float(recipe.clip_norm or 0), float(recipe.noise_multiplier or 0)
    x, y = models.inputs_of(data[0]), data[1]
    leaves = models.leaves
    optimizer = optimizer_of(recipe, leaves)
    with torch.random.fork_rng(devices=[]):
        for epoch in range(recipe.epochs):
            torch.manual_seed(seed_of(seeds[0], "dropout", epoch))
            draws = [generator_of(s, "poisson", epoch) for s in seeds]
            noises = [generator_of(s, "noise", epoch) for s in seeds]
            for _ in range(steps):
                batch = poisson(rows, 1 / steps, expected, draws)
                sums = clipped_sums(models, *gathered(x, y, batch), clip)
                add_noise(models.named(sums), noise * clip, expected, noises)
                set_gradients(leaves, sums)
                optimizer.step()
            after_epoch(epoch + 1)
