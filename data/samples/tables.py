"""The three data sets bundled with scikit-learn, split into members, validation and non-members."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPLIT_SEED = 20261124
SIZES = {"onco": (284, 40), "glyco": (211, 30), "digits": (850, 97)}
"""Members and validation records; the rest are non-members, never used for training or selection."""


@dataclass(frozen=True, slots=True)
class Table:
    """Standardised features, classes, split and subgroups; ``members``/``outsiders`` are row numbers."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    members: NDArray[np.int64]
    validation: NDArray[np.int64]
    outsiders: NDArray[np.int64]
    subgroups: dict[str, NDArray[np.bool_]]
    digest: str
    n_classes: int


@lru_cache(maxsize=3)
def load(lineage: str) -> Table:
    """Return the table of a lineage; the same split for every version, so that versions can be compared."""
    x, y, subgroups = {"onco": _onco, "glyco": _glyco, "digits": _digits}[lineage]()
    order = np.random.default_rng(SPLIT_SEED).permutation(len(x))
    n_members, n_validation = SIZES[lineage]
    members, validation, outsiders = np.split(order, [n_members, n_members + n_validation])
    mean, spread = x[members].mean(axis=0), x[members].std(axis=0)
    scaled = ((x - mean) / np.where(spread > 0, spread, 1)).astype(np.float32)
    digest = hashlib.sha256(x.astype("<f8").tobytes() + y.astype("<i8").tobytes()).hexdigest()
    classes = {f"class={label}": y == label for label in np.unique(y)}
    return Table(scaled, y, members, validation, outsiders, classes | subgroups, f"sha256:{digest}", int(y.max()) + 1)


def _onco() -> tuple[NDArray[np.float64], NDArray[np.int64], dict[str, NDArray[np.bool_]]]:
    data = load_breast_cancer()
    return data.data, data.target.astype(np.int64), {}


def _glyco() -> tuple[NDArray[np.float64], NDArray[np.int64], dict[str, NDArray[np.bool_]]]:
    """Disease progression above its median; ``sex`` comes coded as two centred values, the source names neither."""
    data = load_diabetes()
    above = (data.target > np.median(data.target)).astype(np.int64)
    sex, age = data.data[:, 1] > 0, data.data[:, 0] > 0
    groups = {"sex=code-1": ~sex, "sex=code-2": sex, "age=below-mean": ~age, "age=above-mean": age}
    return data.data, above, groups


def _digits() -> tuple[NDArray[np.float64], NDArray[np.int64], dict[str, NDArray[np.bool_]]]:
    data = load_digits()
    return data.data, data.target.astype(np.int64), {}
