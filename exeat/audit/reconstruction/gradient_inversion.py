"""Rebuild the records of a batch from its gradient: closed form for the first linear layer, else optimisation.

* One record, no noise, first layer linear with a bias: each row of the weight gradient is the record times that
  row of the bias gradient, so the record is their quotient (known since Phong et al. 2017). Clipping scales both.
* Several records, no noise, such a layer: the records lie in the row space of its weight gradient, whose rank is at
  most the batch, so only b·b numbers are searched, by least squares on the whole gradient.
* Another first layer, no noise: the cosine between the guess's gradient and the one seen (Geiping et al. 2020,
  after Zhu et al. 2019).
* Noise: the most likely records under a normal prior, the noise being known.

The attacker knows the weights, the classes of the batch, the protection, means and spreads of the features.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch.func import vmap

from exeat.audit.reconstruction.gradients import at_once, first_linear, frozen, record_gradient
from exeat.audit.reconstruction.least_squares import minimise

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from exeat.audit.reconstruction.baseline import Population
    from exeat.audit.reconstruction.gradients import GradientRelease

    Place = tuple[slice, slice, int]

RATE = 0.1
PULL = 1e-6
"""Weight of the prior without noise: it only breaks ties between guesses of equal gradient."""
_TINY = 1e-30


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How long the attacker searches: steps from each of several random starts, all starts together."""

    steps: int = 300
    restarts: int = 4
    seed: int = 0

    @property
    def quadratic_steps(self) -> int:
        """Return the steps of least squares, each of which costs and gains more."""
        return max(self.steps // 10, 1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the attacker holds: the model, gradients [m, p], classes [m, b], the protection, the population."""

    model: nn.Module
    gradients: Tensor
    y: Tensor
    release: GradientRelease
    population: Population


def rebuild(seen: Seen, search: Search) -> Tensor:
    """Return guesses [m, b, d], on the population's scale, of the batches behind the gradients seen."""
    twin, population = frozen(seen.model), seen.population
    place = first_linear(twin, population.inputs(population.rows[:2]))
    quiet = seen.release.noise == 0
    size = at_once(twin, seen.release.batch_size * (search.restarts + 2))
    if size < len(seen.y):
        parts = zip(torch.split(seen.gradients, size), torch.split(seen.y, size), strict=True)
        return torch.cat([rebuild(replace(seen, gradients=some, y=labels), search) for some, labels in parts])
    if place and quiet and seen.release.batch_size == 1:
        return population.standard(quotient(seen.gradients, place)).unsqueeze(1)
    if place and quiet and (basis := row_space(seen, place)) is not None:
        return _within(twin, seen, basis, search)
    return _descend(twin, seen, place, search)


def quotient(gradients: Tensor, place: Place) -> Tensor:
    """Return the records [m, d] of single-record gradients: weight rows over biases, by least squares over rows."""
    weight, bias, height = place
    rows = gradients[:, weight].reshape(len(gradients), height, -1)
    offsets = gradients[:, bias]
    result: Tensor = (rows * offsets[:, :, None]).sum(dim=1) / (offsets.square().sum(dim=1, keepdim=True) + _TINY)
    return result


def row_space(seen: Seen, place: Place) -> Tensor | None:
    """Return orthonormal bases [m, b, d] of the space of the first layer's weight gradient; None if it is too low."""
    weight, _, height = place
    rows = seen.gradients[:, weight].reshape(len(seen.gradients), height, -1)
    size = seen.release.batch_size
    if min(rows.shape[1:]) < size:
        return None
    basis: Tensor = torch.linalg.svd(rows, full_matrices=False).Vh[:, :size]
    return basis


def _starts(seen: Seen, search: Search) -> Tensor:
    """Return random people of the prior, [restarts, m, b, d]."""
    shape = (search.restarts, *seen.y.shape, seen.population.rows.shape[1])
    return torch.randn(shape, generator=torch.Generator().manual_seed(search.seed), dtype=torch.float64)


def _within(twin: nn.Module, seen: Seen, basis: Tensor, search: Search) -> Tensor:
    """Search the coordinates of the records in ``basis`` [m, b, d]; return the best start of each batch."""
    one = vmap(record_gradient(twin, seen.release.clip_norm))
    size, shape = seen.release.batch_size, seen.population.shape

    def residual(free: Tensor, space: Tensor, gradient: Tensor, y: Tensor) -> Tensor:
        inputs = (free.reshape(size, size) @ space).reshape(size, *shape)
        relative: Tensor = (one(inputs, y).mean(dim=0) - gradient) / (gradient.norm() + _TINY)
        return relative

    def angle(free: Tensor, space: Tensor, gradient: Tensor, y: Tensor) -> Tensor:
        apart = residual(free, space, gradient, y) + gradient / (gradient.norm() + _TINY)
        apart_by: Tensor = 1 - (apart @ gradient) / (apart.norm() * gradient.norm() + _TINY)
        return apart_by

    people = seen.population.inputs(_starts(seen, search).flatten(0, 2)).reshape(search.restarts, *basis.shape)
    start = (people @ basis.transpose(1, 2)).reshape(-1, size * size)
    given = tuple(part.repeat(search.restarts, *(1,) * (part.dim() - 1)) for part in (basis, seen.gradients, seen.y))
    near = _adam(lambda free: vmap(angle)(free, *given), start, search.steps)
    free = minimise(residual, near, given, width=seen.gradients.shape[1], steps=search.quadratic_steps)
    misfit = vmap(residual)(free, *given).square().sum(dim=1).reshape(search.restarts, -1)
    rows = (free.reshape(search.restarts, -1, size, size) @ basis).reshape(-1, basis.shape[2])
    best = misfit.nan_to_num(torch.inf).argmin(dim=0)
    standard = seen.population.standard(rows).reshape(search.restarts, *basis.shape)
    return standard[best, torch.arange(len(best))]


def _adam(losses: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> Tensor:
    """Return where independent losses are small after some steps from ``start``; each start has its own loss."""
    free = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([free], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.autograd.backward([losses(free).sum()])
        optimizer.step()
        schedule.step()
    return free.detach()


def _descend(twin: nn.Module, seen: Seen, place: Place | None, search: Search) -> Tensor:
    """Search the records themselves by Adam; the average person is a further start, and so is a noisy quotient."""
    gradient = vmap(vmap(record_gradient(twin, seen.release.clip_norm)))
    start = torch.cat([_starts(seen, search), *_informed(seen, place)])
    rows = _adam(lambda free: _misfit(gradient, seen, free), start, search.steps)
    best = _misfit(gradient, seen, rows).nan_to_num(torch.inf).argmin(dim=0)
    return rows[best, torch.arange(len(best))]


def _informed(seen: Seen, place: Place | None) -> list[Tensor]:
    average = torch.zeros(1, *seen.y.shape, seen.population.rows.shape[1], dtype=torch.float64)
    if not place or seen.release.batch_size > 1:
        return [average]
    noisy = seen.population.standard(quotient(seen.gradients, place))
    shrunk = noisy / noisy.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1.0)
    return [average, shrunk[None, :, None]]


def _misfit(gradient: Callable[[Tensor, Tensor], Tensor], seen: Seen, rows: Tensor) -> Tensor:
    """Return the misfit [starts, m] of guesses [starts, m, b, d]."""
    starts, m, b, _ = rows.shape
    inputs = seen.population.inputs(rows.flatten(0, 2)).reshape(starts * m, b, *seen.population.shape)
    guess = gradient(inputs, seen.y.repeat(starts, 1)).mean(dim=1).reshape(starts, m, -1)
    prior = rows.square().sum(dim=(2, 3))
    if seen.release.noise > 0:
        apart: Tensor = (guess - seen.gradients).square().sum(dim=2)
        return apart / (2 * seen.release.noise**2) + prior / 2
    cosine = (guess * seen.gradients).sum(dim=2) / (guess.norm(dim=2) * seen.gradients.norm(dim=1) + _TINY)
    misfit: Tensor = 1 - cosine + PULL * prior
    return misfit
