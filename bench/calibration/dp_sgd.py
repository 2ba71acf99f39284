"""DP-SGD of many small models at once: torch.func over seeds and over records; clipping can be left out on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.func import grad, vmap

from exeat.policy.epsilon import dp_sgd_epsilon

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Weights = dict[str, Tensor]
    Loss = Callable[[Weights, Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One training by DP-SGD; without ``clipping`` the noise stays what it was: sigma times the clipping norm."""

    noise_multiplier: float
    clip_norm: float
    sample_rate: float
    steps: int
    learning_rate: float
    delta: float = 1e-5
    clipping: bool = True

    @property
    def epsilon(self) -> float:
        """Return what the PLD accountant proves for this training if every record is clipped."""
        found = dp_sgd_epsilon(
            noise_multiplier=self.noise_multiplier,
            sample_rate=self.sample_rate,
            steps=self.steps,
            delta=self.delta,
        )
        return float(found.tightest)


def train(loss: Loss, start: Weights, x: Tensor, y: Tensor, inside: Tensor, setting: Setting, seed: int) -> Weights:
    """Return the final weights [seeds, ...] of one model per row of ``inside`` [seeds, records].

    ``loss`` is of one record; ``start`` has a first axis over seeds. Every step draws a Poisson batch from the
    records inside, sums their gradients (clipped each to ``clip_norm``), adds normal noise, divides by the expected
    size.
    """
    draw = torch.Generator().manual_seed(seed)
    per_record = vmap(vmap(grad(loss), (None, 0, 0)), (0, 0, 0))
    weights = dict(start)
    expected = setting.sample_rate * float(inside.sum(dim=1).double().mean())
    noise = setting.noise_multiplier * setting.clip_norm
    for _ in range(setting.steps):
        batch, valid = _poisson(inside, setting.sample_rate, draw)
        gradients = per_record(weights, x[batch], y[batch])
        scale = valid * _factors(gradients, setting)
        for name, gradient in gradients.items():
            total = torch.einsum("sb,sb...->s...", scale, gradient)
            total += noise * torch.randn(total.shape, generator=draw)
            weights[name] = weights[name] - setting.learning_rate / expected * total
    return weights


def _poisson(inside: Tensor, rate: float, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return record numbers [seeds, longest batch] and which of them count (1) or only fill up (0)."""
    chosen = inside & (torch.rand(inside.shape, generator=draw) < rate)
    counts = chosen.sum(dim=1)
    valid = torch.arange(max(int(counts.max()), 1)) < counts[:, None]
    batch = torch.zeros(valid.shape, dtype=torch.long)
    batch[valid] = chosen.nonzero()[:, 1]
    return batch, valid.float()


def _factors(gradients: Weights, setting: Setting) -> Tensor:
    squares = [gradient.flatten(2).square().sum(dim=2) for gradient in gradients.values()]
    norms = torch.stack(squares).sum(dim=0).sqrt()
    return (setting.clip_norm / norms.clamp_min(1e-12)).clamp_max(1.0) if setting.clipping else torch.ones_like(norms)
