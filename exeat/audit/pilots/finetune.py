"""Protections that train the copy: DP-SGD and clipped gradients, per record, by torch.func.

Epsilon is that of the steps made here. Where they start from the original's weights, those weights saw the records
without protection, and the epsilon of the steps says nothing about what the weights held before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from exeat.audit.pilots.protection import Protection, ProtectionFailed, Trainable, clone, generator
from exeat.audit.raised import fit_for_report
from exeat.errors import BadInput
from exeat.policy.epsilon import dp_sgd_epsilon

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from exeat.audit.target import Recipe
    from exeat.model.risk_report import PilotKind

Start = Literal["original", "fresh"]
PER_RECORD = 2.0
"""A gradient per record costs about two gradients of a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipping(Protection):
    """Training with the gradient of each record cut to the norm ``clip_norm``, without noise.

    ``epochs`` counts expected passes over the records, ``rate`` is the Poisson probability of a record in a step.
    With ``start`` original the copy goes on from the original's weights, with fresh it begins anew.
    """

    clip_norm: float = 1.0
    epochs: int = 20
    rate: float = 0.25
    learning_rate: float = 0.05
    start: Start = "original"
    kind: ClassVar[PilotKind] = "clipping"
    title: ClassVar[str] = "gradients clipped per record, no noise"
    limits: ClassVar[str] = "No differential privacy without noise: one record can still be told from the weights."

    def __post_init__(self) -> None:
        if not (self.clip_norm > 0 and self.epochs >= 1 and 0 < self.rate <= 1 and self.learning_rate > 0):
            raise BadInput(
                "Clipped training needs a norm, epochs and a rate of learning above zero, and a sample rate in (0, 1].",
                "Correct its parameters.",
            )

    @property
    def noise(self) -> float:
        """Return the noise as a multiple of the norm."""
        return 0.0

    @property
    def steps(self) -> int:
        """Return how many steps are made."""
        return max(1, round(self.epochs / self.rate))

    def trainings(self, recipe: Recipe) -> float:
        """Return the cost for one model in units of one training."""
        return PER_RECORD * self.epochs / recipe.epochs

    def protect(self, model: nn.Module, data: Trainable, seed: int) -> nn.Module:
        """Return a trained copy."""
        copied = clone(model) if self.start == "original" else _fresh(data.recipe, seed)
        _train(copied, data, self, generator(seed))
        return copied


@dataclass(frozen=True, slots=True, kw_only=True)
class DpFinetune(Clipping):
    """The same with Gaussian noise of ``noise_multiplier`` times the norm: DP-SGD (Abadi et al. 2016)."""

    noise_multiplier: float = 1.0
    delta: float | None = None
    kind: ClassVar[PilotKind] = "dp_finetune"
    title: ClassVar[str] = "DP-SGD on the copy"
    limits: ClassVar[str] = (
        "Epsilon covers the steps of this training alone. Started from the original, it is no guarantee for records "
        "that the original saw: their trace in its weights is only trained over. Choosing among pilots by their "
        "figures is not in it. The noise is seeded so that the pilot can be repeated: make the copy again with a "
        "secret seed before it leaves."
    )

    def __post_init__(self) -> None:
        Clipping.__post_init__(self)
        if not self.noise_multiplier > 0:
            raise BadInput("DP-SGD without noise is clipping.", "Give noise_multiplier above zero, or use clipping.")

    @property
    def noise(self) -> float:
        """Return the noise as a multiple of the norm."""
        return self.noise_multiplier

    def facts(self, data: Trainable) -> Mapping[str, str]:
        """Return epsilon, delta and what they cover."""
        delta = self.delta or usual_delta(len(data.y))
        found = dp_sgd_epsilon(
            noise_multiplier=self.noise_multiplier, sample_rate=self.rate, steps=self.steps, delta=delta
        )
        covers = "this fine-tuning only, not the original training" if self.start == "original" else "all its training"
        return {
            "epsilon": f"{found.tightest:f}",
            "delta": f"{delta:.10f}".rstrip("0"),
            "accountant": "privacy loss distributions" if found.pld == found.tightest else "Renyi DP",
            "steps": str(self.steps),
            "epsilon_covers": covers,
        }


def usual_delta(n: int) -> float:
    """Return the largest power of ten below one over the number of records."""
    return float(10.0 ** (math.ceil(-math.log10(max(n, 2))) - 1))


def _fresh(recipe: Recipe, seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return recipe.build().eval()


def _train(model: nn.Module, data: Trainable, how: Clipping, source: torch.Generator) -> None:
    """Change the model in place; evaluation mode, so that no layer mixes records of a batch or drops units."""
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.SGD(list(parameters.values()), lr=how.learning_rate, momentum=0.9)
    expected = how.rate * len(data.y)
    for _ in range(how.steps):
        chosen = torch.rand(len(data.y), generator=source) < how.rate
        clipped = _clipped_sum(model, parameters, data.x[chosen], data.y[chosen], how.clip_norm)
        for name, parameter in parameters.items():
            noise = torch.randn(parameter.shape, generator=source, dtype=parameter.dtype)
            parameter.grad = (clipped[name] + noise * how.noise * how.clip_norm) / expected
        optimizer.step()


def _clipped_sum(
    model: nn.Module, parameters: Mapping[str, Tensor], x: Tensor, y: Tensor, clip_norm: float
) -> dict[str, Tensor]:
    """Return the sum over the records of their gradients, each cut to the norm over all parameters together."""
    if len(y) == 0:
        return {name: torch.zeros_like(p) for name, p in parameters.items()}
    rest = dict(model.named_buffers())

    def loss(weights: dict[str, Tensor], one: Tensor, label: Tensor) -> Tensor:
        return cross_entropy(functional_call(model, {**weights, **rest}, (one[None],)), label[None])

    weights = {name: p.detach() for name, p in parameters.items()}
    try:
        gradients = vmap(grad(loss), in_dims=(None, 0, 0))(weights, x, y)
    except RuntimeError as exc:
        raise ProtectionFailed(f"torch.func takes no gradient per record of this model: {fit_for_report(exc)}") from exc
    squares = sum(g.flatten(1).square().sum(dim=1) for g in gradients.values())
    factor = (clip_norm / torch.as_tensor(squares).sqrt().clamp_min(1e-12)).clamp_max(1.0)
    return {name: torch.einsum("b,b...->...", factor, g) for name, g in gradients.items()}
