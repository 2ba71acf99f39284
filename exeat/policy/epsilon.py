"""Recompute a claimed epsilon from the parameters of DP-SGD, with dp-accounting.

dp_accounting is imported inside the functions: it costs about a second.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput

if TYPE_CHECKING:
    from exeat.model.manifest import DpClaim

MAX_STEPS = 10**9
"""Beyond this the figure is a mistake, not a training run."""
MAX_PLD_STEPS = 10**6
MAX_PHASES = 20
MAX_PLD_EPSILON = 60
"""A privacy-loss distribution needs memory and time in proportion to epsilon (gigabytes at 1,000); above this Rényi
DP answers alone, and nobody should take comfort from the difference. Each further phase costs as much again."""
_STEP = Decimal("1e-6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """Epsilon of Poisson-sampled Gaussian DP-SGD by two accountants; None where one does not apply.

    ``pld`` (privacy loss distributions) is the tighter; ``rdp`` (Rényi DP) is what older tools report, 10-15 % higher.
    """

    pld: Decimal | None
    rdp: Decimal | None

    @property
    def tightest(self) -> Decimal:
        """Return the smallest epsilon that the parameters support."""
        return min(value for value in (self.pld, self.rdp) if value is not None)

    @property
    def loosest(self) -> Decimal:
        """Return the largest; a claim far above it is about other parameters."""
        return max(value for value in (self.pld, self.rdp) if value is not None)


def missing_parameters(dp: DpClaim) -> tuple[str, ...]:
    """Return the fields without which nothing can be recomputed."""
    return tuple(name for name in ("noise_multiplier", "sample_rate", "steps", "delta") if getattr(dp, name) is None)


def recompute(dp: DpClaim) -> Recomputed:
    """Return epsilon as the claim's noise, sample rate, steps and delta support it.

    Assumes Poisson sampling, as both accountants do; whether that is true is checklist E3. Raises BadInput when a
    parameter is missing or makes no sense.
    """
    missing = missing_parameters(dp)
    if missing:
        raise BadInput(f"Epsilon cannot be recomputed without {', '.join(missing)}.", "State them in manifest.dp.")
    return dp_sgd_epsilon(
        noise_multiplier=float(dp.noise_multiplier or 0),
        sample_rate=float(dp.sample_rate or 0),
        steps=dp.steps or 0,
        delta=float(dp.delta or 0),
        replace_one=dp.neighbouring == "replace",
    )


@lru_cache(maxsize=512)
def dp_sgd_epsilon(
    *, noise_multiplier: float, sample_rate: float, steps: int, delta: float, replace_one: bool = False
) -> Recomputed:
    """Return epsilon of ``steps`` Gaussian steps on Poisson samples (noise as a multiple of the clipping norm).

    Sources: Koskela et al. 2020 and Doroshenko et al. 2022 (PLD); Mironov 2017 and 2019 (Rényi DP).
    """
    return composed_epsilon(((noise_multiplier, sample_rate, steps),), delta=delta, replace_one=replace_one)


@lru_cache(maxsize=512)
def composed_epsilon(
    phases: tuple[tuple[float, float, int], ...], *, delta: float, replace_one: bool = False
) -> Recomputed:
    """Return epsilon of several phases of DP-SGD one after the other, each (noise multiplier, sample rate, steps)."""
    if not 0 < len(phases) <= MAX_PHASES:
        raise BadInput(
            f"Epsilon cannot be recomputed from {len(phases):,} phases of noise and sample rate.",
            f"Between 1 and {MAX_PHASES} are composed; attach the accountant's own report.",
        )
    for noise_multiplier, sample_rate, steps in phases:
        _check(noise_multiplier, sample_rate, steps, delta)
    import dp_accounting  # noqa: PLC0415 see the module's docstring

    relation = dp_accounting.NeighboringRelation
    neighbours = relation.REPLACE_ONE if replace_one else relation.ADD_OR_REMOVE_ONE
    event = dp_accounting.ComposedDpEvent([_phase(*phase) for phase in phases])
    steps = sum(phase[2] for phase in phases)
    rdp = _rdp(event, delta)
    affordable = steps <= MAX_PLD_STEPS and rdp * len(phases) <= MAX_PLD_EPSILON
    pld = _pld(event, neighbours, delta) if affordable else None
    if pld is None and replace_one:
        raise BadInput(
            "No accountant here covers these parameters under replacement of one record.",
            "State the claim for adding or removing one record, or attach the accountant's own report.",
        )
    return Recomputed(pld=pld, rdp=None if replace_one else rdp)


def _phase(noise_multiplier: float, sample_rate: float, steps: int) -> Any:
    import dp_accounting  # noqa: PLC0415 see the module's docstring

    sampled = dp_accounting.PoissonSampledDpEvent(sample_rate, dp_accounting.GaussianDpEvent(noise_multiplier))
    return dp_accounting.SelfComposedDpEvent(sampled, steps)


def _check(noise_multiplier: float, sample_rate: float, steps: int, delta: float) -> None:
    wrong = [
        text
        for text, fine in (
            (f"noise multiplier {noise_multiplier:g}", 0.01 <= noise_multiplier <= 1e4),  # noqa: PLR2004 outside: a slip
            (f"sample rate {sample_rate:g}", 0 < sample_rate <= 1),
            (f"{steps:,} steps", 0 < steps <= MAX_STEPS),
            (f"delta {delta:g}", 0 < delta < 1),
        )
        if not fine
    ]
    if wrong:
        raise BadInput(
            f"Epsilon cannot be recomputed from {', '.join(wrong)}.",
            "Correct manifest.dp: noise 0.01 to 10,000, sample rate in (0, 1], 1 to 10^9 steps, delta in (0, 1).",
        )


def _pld(event: Any, neighbours: Any, delta: float) -> Decimal:
    from dp_accounting import pld  # noqa: PLC0415 see the module's docstring

    return _decimal(pld.PLDAccountant(neighbours).compose(event).get_epsilon(delta))


def _rdp(event: Any, delta: float) -> Decimal:
    """Return epsilon for adding or removing one record; orders that do not converge are left out, as is sound."""
    from dp_accounting import rdp  # noqa: PLC0415 see the module's docstring

    absl = logging.getLogger("absl")
    level = absl.level
    absl.setLevel(logging.ERROR)
    try:
        return _decimal(rdp.RdpAccountant().compose(event).get_epsilon(delta))
    finally:
        absl.setLevel(level)


def _decimal(value: float) -> Decimal:
    return Decimal(value).quantize(_STEP, ROUND_HALF_EVEN)
