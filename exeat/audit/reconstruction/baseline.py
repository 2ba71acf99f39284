"""What a guess without the model reaches, and an attack's error as a multiple of it.

Distances are root mean squares over coordinates, each in standard deviations of the non-members, so that no unit of
measurement counts more than another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from exeat.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from exeat.audit.target import Records

    Array = NDArray[np.float64]

RESAMPLES = 2000
MIN_POOL = 4
BLIND_SHARE = 0.01
"""Share of people whom one guess without the model may reach by the tolerance."""
_CHUNK = 256
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Population:
    """People outside the training data, as rows [n, d] in standard deviations round their mean."""

    rows: Tensor
    classes: Tensor
    mean: Tensor
    spread: Tensor
    shape: tuple[int, ...]

    @classmethod
    def of(cls, records: Records) -> Population:
        """Return the non-members as a population; a coordinate that never varies keeps the unit 1."""
        if len(records) < MIN_POOL:
            raise BadInput(f"{len(records)} non-members make no population.", f"Give at least {MIN_POOL}.")
        flat = records.x.detach().double().flatten(1)
        spread = flat.std(dim=0, unbiased=False)
        spread = torch.where(spread > _FLAT, spread, torch.ones_like(spread))
        mean = flat.mean(dim=0)
        return cls((flat - mean) / spread, records.y, mean, spread, tuple(records.x.shape[1:]))

    def standard(self, x: Tensor) -> Tensor:
        """Return inputs [n, ...] as rows [n, d] on the population's scale."""
        return (x.detach().double().flatten(1) - self.mean) / self.spread

    def inputs(self, rows: Tensor) -> Tensor:
        """Return rows [n, d] as inputs [n, ...]."""
        return (rows * self.spread + self.mean).reshape(-1, *self.shape)

    def mean_of(self, labels: Tensor) -> Tensor:
        """Return per label the mean row of that class; of everybody where the class has nobody."""
        rows = [self.rows[self.classes == label] for label in labels.tolist()]
        return torch.stack([row.mean(dim=0) if len(row) else torch.zeros_like(self.mean) for row in rows])


def distance(a: Tensor, b: Tensor) -> Array:
    """Return the root mean square difference of each pair of rows, in standard deviations of the population."""
    found: Array = (a - b).square().mean(dim=1).sqrt().numpy()
    return found


def to_nearest(rows: Tensor, pool: Tensor, *, skip_self: bool = False) -> Array:
    """Return the distance of each row to the nearest row of the pool; ``skip_self``: rows are the pool itself."""
    parts = []
    for start in range(0, len(rows), _CHUNK):
        apart = torch.cdist(rows[start : start + _CHUNK], pool) / rows.shape[1] ** 0.5
        if skip_self:
            here = torch.arange(len(apart))
            apart[here, start + here] = torch.inf
        parts.append(apart.min(dim=1).values)
    found: Array = torch.cat(parts).numpy()
    return found


@dataclass(frozen=True, slots=True)
class MedianRatio:
    """Median of an attack's distance over the trivial one, with a bootstrap interval over independent units."""

    value: float
    low: float
    high: float


def median_ratio(attack: Array, trivial: Array, seed: int, *, level: float = 0.95) -> MedianRatio:
    """Return the median of attack/trivial over [m, b]: m independent batches of b records (or [m] records).

    Percentile bootstrap over the batches (Efron 1979), widened to hold the value itself.
    """
    ratio = (attack / np.maximum(trivial, _FLAT)).reshape(len(attack), -1)
    draws = np.random.default_rng(seed).integers(0, len(ratio), (RESAMPLES, len(ratio)))
    medians = np.median(ratio[draws].reshape(RESAMPLES, -1), axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(medians, [tail, 1 - tail])
    value = float(np.median(ratio))
    return MedianRatio(value, min(float(low), value), max(float(high), value))


@dataclass(frozen=True, slots=True)
class Blind:
    """How often one fixed guess comes within a tolerance: ``hits`` of ``tried`` people it was not chosen on."""

    tolerance: float
    hits: int
    tried: int


def nearest_other(population: Population) -> float:
    """Return the median distance of a person outside to the nearest other: closer than that points to one person."""
    return float(np.median(to_nearest(population.rows, population.rows, skip_self=True)))


def _halves(population: Population, seed: int) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(population.rows), generator=torch.Generator().manual_seed(seed))
    half = len(order) // 2
    return population.rows[order[:half]], population.rows[order[half:]]


def _from_guesses(chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the guesses [g, d], the mean and each person, and their distances [g, n]; nobody is their own guess."""
    guesses = torch.cat([torch.zeros_like(chosen[:1]), chosen])
    apart = torch.cdist(guesses, chosen) / chosen.shape[1] ** 0.5
    apart[1:].fill_diagonal_(torch.inf)
    return guesses, apart


def tolerance_of(population: Population, seed: int) -> float:
    """Return how near counts as rebuilt: at most the median distance to the nearest other person.

    Where people are dense it is narrowed until no fixed guess covers more than BLIND_SHARE of one half of them (or
    one person): a success must say more than that the record is a common one.
    """
    _, apart = _from_guesses(_halves(population, seed)[0])
    allowed = max(1, int(BLIND_SHARE * apart.shape[1]))
    if allowed >= apart.shape[1] - 1:
        return nearest_other(population)
    narrow = float(apart.kthvalue(allowed + 1, dim=1).values.min())
    return min(nearest_other(population), narrow * (1 - _FLAT))


def blind_guess(population: Population, tolerance: float, seed: int) -> Blind:
    """Return how often the best of many fixed guesses succeeds: the mean and each person of one half, on the other."""
    chosen, held = _halves(population, seed)
    guesses, apart = _from_guesses(chosen)
    inside = apart <= tolerance
    best = guesses[inside.sum(dim=1).argmax()]
    return Blind(tolerance, int((distance(held, best[None]) <= tolerance).sum()), len(held))
