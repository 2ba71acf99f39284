"""The likelihood-ratio attack (Carlini et al. 2022), offline and online, with one spread for all records or one each.

Arrays: ``asked`` [records] is the target's signal, ``seen`` [models, records] the shadow models', ``inside`` of the
same shape says who was trained on what. Scores stay in the log domain: a cumulative probability rounds to 1.0 and ties
the most exposed records.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exeat.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

FLOOR = 1e-12
BOUND = math.log(199)
"""Log odds of a confidence of 0.995: beyond it a model's confidence says little, and sets the common spread."""
SMALLEST_SHARE = 0.05
"""A record's own spread is not taken below this share of the common one: few models may agree by chance."""


class Side(NamedTuple):
    """Mean and spread of a signal over the models of one side (that saw the record, or did not), per record."""

    mean: Floats
    spread: Floats


def offline(asked: Floats, seen: Floats, inside: Mask, *, own_spread: bool = False) -> Floats:
    """Return how far the target's signal lies above that of models that never saw the record, in their deviations."""
    out = side(seen, ~inside, own_spread=own_spread, what="left out by")
    return (asked - out.mean) / out.spread


def online(asked: Floats, seen: Floats, inside: Mask, *, own_spread: bool = False) -> Floats:
    """Return the log-likelihood ratio of two Gaussians: models that saw the record, against models that did not."""
    kept = side(seen, inside, own_spread=own_spread, what="trained into")
    out = side(seen, ~inside, own_spread=own_spread, what="left out by")
    return _log_density(asked, kept) - _log_density(asked, out)


def bounded(signal: Floats) -> Floats:
    """Return log odds cut at BOUND on both sides, so that a few answers of great confidence do not decide."""
    return np.clip(signal, -BOUND, BOUND)


def _log_density(asked: Floats, by: Side) -> Floats:
    result: Floats = -0.5 * ((asked - by.mean) / by.spread) ** 2 - np.log(by.spread)
    return result


def side(seen: Floats, mask: Mask, *, own_spread: bool, what: str) -> Side:
    """Return mean and spread over the models that ``mask`` marks; refuse records with too few of them."""
    counts = mask.sum(axis=0)
    needed = 2 if own_spread else 1
    if (counts < needed).any():
        few = int((counts < needed).sum())
        raise BadInput(
            f"{few} records were {what} fewer than {needed} shadow models, so this attack cannot score them.",
            "Train more shadow models on halves from exeat.audit.signals.shadow_halves.",
        )
    mean = np.where(mask, seen, 0.0).sum(axis=0) / counts
    squares = np.where(mask, (seen - mean) ** 2, 0.0).sum(axis=0)
    common = _common_spread(seen[mask], float(squares.sum()), int((counts - 1).sum()))
    if not own_spread:
        return Side(mean, np.full(len(mean), common))
    return Side(mean, np.maximum(np.sqrt(squares / (counts - 1)), common * SMALLEST_SHARE))


def _common_spread(values: Floats, squares: float, freedom: int) -> float:
    """Return the pooled deviation around each record's mean; over all values where each record has but one."""
    spread = np.sqrt(squares / freedom) if freedom else values.std()
    return max(float(spread), FLOOR)
