"""Robust membership inference (Zarifzadeh et al. 2024, 2312.03262): good with one to four reference models.

The paper scores a record x by the share of population records z with LR(x) / LR(z) >= gamma, where LR is the target's
probability of the label over its average under reference models. All records of one audit are compared with the same
z, so that share is a step function of LR(x) alone: log LR(x) puts records in the same order, without the ties, and
neither z nor gamma plays a part.

Arrays: ``asked`` [records] and ``seen`` [models, records] are log-probabilities of the label, ``inside`` [models,
records].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exeat.audit.attacks.lira import side
from exeat.audit.membership import auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

USUAL = 0.3
"""The approximation parameter where there are too few reference models to choose one (the paper's for CIFAR-10)."""
CHOICES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
FEWEST = 4
"""Reference models needed to choose the parameter: each is attacked in turn by the others but its complement."""
FLOOR = 1e-300


def offline(asked: Floats, seen: Floats, inside: Mask, a: float) -> Floats:
    """Return log LR with the marginal probability approximated from models that never saw the record.

    The average over models with and without the record is taken as ((1 + a) * out + (1 - a)) / 2.
    """
    out = side(np.exp(seen), ~inside, own_spread=False, what="left out by").mean
    return asked - _log(((1 + a) * out + (1 - a)) / 2)


def online(asked: Floats, seen: Floats, inside: Mask) -> Floats:
    """Return log LR with the marginal probability from models with and models without the record, half each."""
    shares = np.exp(seen)
    kept = side(shares, inside, own_spread=False, what="trained into").mean
    out = side(shares, ~inside, own_spread=False, what="left out by").mean
    return asked - _log((kept + out) / 2)


def _log(share: Floats) -> Floats:
    result: Floats = np.log(np.maximum(share, FLOOR))
    return result


def chosen_a(seen: Floats, inside: Mask) -> float:
    """Return the parameter with the largest mean area when reference models are attacked by the others.

    The target's members are not used. A model's complement is left out of its attackers: it would tell which records
    the model was trained on.
    """
    if len(seen) < FEWEST:
        return USUAL
    areas = [[_area(seen, inside, s, a) for a in CHOICES] for s in range(min(len(seen), 8))]
    known = [row for row in areas if None not in row]
    return CHOICES[int(np.argmax(np.mean(np.array(known, dtype=float), axis=0)))] if known else USUAL


def _area(seen: Floats, inside: Mask, attacked: int, a: float) -> float | None:
    others = [s for s in range(len(seen)) if s != attacked and not (inside[s] == ~inside[attacked]).all()]
    usable = (~inside[others]).any(axis=0)
    truth = inside[attacked][usable]
    if truth.all() or not truth.any():
        return None
    scores = offline(seen[attacked][usable], seen[others][:, usable], inside[others][:, usable], a)
    return auc(scores[truth], scores[~truth])
