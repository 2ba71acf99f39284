"""What the loss attack and the canaries show at the end of an epoch: area under the ROC, exposure in bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exeat.audit.canaries import exposure_ceiling, exposures, median_interval
from exeat.audit.membership import LEVEL, auc
from exeat.audit.recorder.data import Sample
from exeat.errors import BadInput
from exeat.policy.interval import auc_hanley_mcneil

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exeat.audit.canaries import Canaries

MIN_PEOPLE = 10
"""Fewer people make no aggregate."""


class Estimate(NamedTuple):
    """A figure with its 95 % interval; the ends are None where the sample gives none."""

    value: float
    low: float | None
    high: float | None


def loss_attack(members: NDArray[np.float64], outsiders: NDArray[np.float64]) -> Estimate | None:
    """Return the area under the ROC of the loss threshold attack (Yeom et al. 2018); None below ten people a side."""
    if min(len(members), len(outsiders)) < MIN_PEOPLE:
        return None
    value = auc(-members, -outsiders)
    low, high = auc_hanley_mcneil(value, len(members), len(outsiders), LEVEL)
    return Estimate(value, min(float(low), value), max(float(high), value))


def canary_samples(canaries: Canaries) -> tuple[Sample, Sample]:
    """Return the canaries that were inserted and those that the coin left out, which are their references."""
    if not 0 < canaries.inside.sum() < len(canaries):
        raise BadInput("Exposure needs canaries that were inserted and others that were not.", "Draw more canaries.")
    x, y = canaries.records.x, canaries.records.y
    inside = np.flatnonzero(canaries.inside), np.flatnonzero(~canaries.inside)
    inserted, left_out = (Sample(x[list(rows)], y[list(rows)]) for rows in inside)
    return inserted, left_out


def canary_exposure(inserted: NDArray[np.float64], reference: NDArray[np.float64]) -> tuple[Estimate, bool]:
    """Return the median exposure in bits from losses, and whether it or its interval ends at what can be seen at all.

    An end at the ceiling is left out: the true exposure may be larger.
    """
    bits, ceiling = exposures(-inserted, -reference), exposure_ceiling(len(reference))
    middle, ends = float(np.median(bits)), median_interval(bits)
    at_ceiling = max(middle, ends[1] if ends else middle) >= ceiling
    if ends is None or at_ceiling:
        return Estimate(middle, None, None), at_ceiling
    return Estimate(middle, min(ends[0], middle), max(ends[1], middle)), False
