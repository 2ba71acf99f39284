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

from exeat.audit.shadows.order import generator_of, poisson, seed_of, steps_per_epoch
from exeat.audit.shadows.together import gathered, optimizer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from exeat.audit.shadows.weights import State, Together
    from exeat.audit.target import Recipe

CLIP_FLOOR = 1e-6
"""Added to a norm before dividing by it, as Opacus does."""


def clipped_sums(models: Together, x: Tensor, y: Tensor, weights: Tensor, clip: float) -> State:
    """Return per model the sum of its records' clipped gradients, times each record's weight (0 is padding).

    x [models, batch, ...]; result [models, ...] per leaf.
    """
    leaves = {name: leaf.detach() for name, leaf in models.leaves.items() if leaf.requires_grad}
    fixed = {name: leaf.detach() for name, leaf in models.leaves.items() if not leaf.requires_grad}

    def loss(free: State, still: State, buffers: State, one: Tensor, label: Tensor) -> Tensor:
        state = (models.one(free | still), buffers)
        return cross_entropy(functional_call(models.template, state, (one[None],)), label[None])

    per_record = vmap(grad(loss), in_dims=(None, None, None, 0, 0), randomness="different")
    gradients: State = vmap(per_record, randomness="different")(leaves, fixed, models.buffers, x, y)
    squares = torch.stack([g.flatten(2).square().sum(dim=2) for g in gradients.values()]).sum(dim=0)
    factors = (clip / (squares.sqrt() + CLIP_FLOOR)).clamp(max=1.0) * weights
    return {name: torch.einsum("mb,mb...->m...", factors, g) for name, g in gradients.items()}


def add_noise(sums: State, spread: float, divisors: Sequence[int], generators: Sequence[torch.Generator]) -> None:
    """Add to each model's sum (in the module's own shapes) its own Gaussian noise, divided by its expected batch."""
    for m, (divisor, generator) in enumerate(zip(divisors, generators, strict=True)):
        for total in sums.values():
            noise = torch.randn(total.shape[1:], generator=generator) * (spread / divisor)
            total[m] += noise.to(total.device)


def train_privately(
    models: Together,
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
    models.template.train()
    optimizer = optimizer_of(recipe, models.trainable)
    with torch.random.fork_rng(devices=[]):
        for epoch in range(recipe.epochs):
            torch.manual_seed(seed_of(seeds[0], "dropout", epoch))
            draws = [generator_of(s, "poisson", epoch) for s in seeds]
            noises = [generator_of(s, "noise", epoch) for s in seeds]
            for _ in range(steps):
                batch = poisson(rows, 1 / steps, expected, draws)
                sums = clipped_sums(models, *gathered(*data, batch), clip)
                add_noise(models.one(sums), noise * clip, expected, noises)
                for name, total in sums.items():
                    models.leaves[name].grad = total
                optimizer.step()
            after_epoch(epoch + 1)
