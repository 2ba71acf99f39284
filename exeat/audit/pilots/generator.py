"""A reference generator of synthetic records: one Gaussian copula per class, with marginals no single person shapes.

Each class is a group of its own. Marginals are straight lines between quantiles with at least ``MIN_CELL`` records
between two knots; the ends are means of the ten lowest and ten highest. Columns of few values keep their frequencies,
without values that fewer than ten records have. The correlation of the normal scores is drawn towards none by
d / (d + n), which keeps it invertible where there are more columns than records. Source: Nelsen (2006), 2.3 (copulas);
Patki, Wedge and Veeramachaneni (2016) for their use on tables. No differential privacy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exeat.audit.pilots.protection import ProtectionFailed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MIN_CELL = 10
MAX_KNOTS = 50
FEW_VALUES = 20
"""Columns with at most so many different values, each of which ten records have, count as discrete."""


@dataclass(frozen=True, slots=True)
class ClassModel:
    """What is kept of one class: inverse marginals at ``levels`` and a factor of the correlation."""

    label: int
    share: float
    marginals: tuple[tuple[Floats, Floats, bool], ...]
    factor: Floats


def fit(x: Floats, y: NDArray[np.int64]) -> list[ClassModel]:
    """Return one model per class of at least twice ``MIN_CELL`` records; ``x`` is [records, columns]."""
    kept = [label for label in np.unique(y) if (y == label).sum() >= 2 * MIN_CELL]
    if not kept:
        raise ProtectionFailed(f"no class has {2 * MIN_CELL} records to fit a generator on")
    total = sum(int((y == label).sum()) for label in kept)
    return [_fit_class(x[y == label], int(label), float((y == label).sum() / total)) for label in kept]


def sample(models: list[ClassModel], n: int, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return ``n`` records in random order; classes in their shares."""
    from scipy.special import ndtr  # noqa: PLC0415 a second of import that other pilots need not pay

    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(models), size=n, p=[model.share for model in models])
    x = np.empty((n, len(models[0].marginals)))
    for place, model in enumerate(models):
        rows = drawn == place
        levels = ndtr(rng.standard_normal((int(rows.sum()), len(model.factor))) @ model.factor.T)
        x[rows] = np.column_stack([_value(m, levels[:, j]) for j, m in enumerate(model.marginals)])
    return x, np.array([models[place].label for place in drawn], dtype=np.int64)


def _fit_class(x: Floats, label: int, share: float) -> ClassModel:
    from scipy.special import ndtri  # noqa: PLC0415 see sample

    n, width = x.shape
    ranks = x.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    scores = ndtri((ranks + 0.5) / n)
    constant = x.std(axis=0) == 0
    correlation = np.corrcoef(scores, rowvar=False).reshape(width, width)
    correlation[constant, :] = correlation[:, constant] = 0
    shrinkage = width / (width + n)
    correlation = (1 - shrinkage) * correlation
    np.fill_diagonal(correlation, 1.0)
    marginals = tuple(_marginal(x[:, j]) for j in range(width))
    return ClassModel(label, share, marginals, np.linalg.cholesky(correlation))


def _marginal(column: Floats) -> tuple[Floats, Floats, bool]:
    """Return levels, the values at them, and whether the column is discrete."""
    values, counts = np.unique(column, return_counts=True)
    common = counts >= MIN_CELL
    if len(values) <= FEW_VALUES and common.any():
        return np.cumsum(counts[common]) / counts[common].sum(), values[common], True
    ordered, knots = np.sort(column), max(2, min(MAX_KNOTS, len(column) // MIN_CELL))
    levels = np.linspace(0, 1, knots)
    inner = np.quantile(ordered, levels)
    inner[0], inner[-1] = ordered[:MIN_CELL].mean(), ordered[-MIN_CELL:].mean()
    return levels, np.maximum.accumulate(inner), False


def _value(marginal: tuple[Floats, Floats, bool], levels: Floats) -> Floats:
    at, values, discrete = marginal
    if discrete:
        return values[np.minimum(np.searchsorted(at, levels, side="right"), len(values) - 1)]
    return np.interp(levels, at, values)
