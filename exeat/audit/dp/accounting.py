"""Epsilon recomputed from the parameters of DP-SGD by two accountants, as indicators that name them."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access
from exeat.policy.epsilon import missing_parameters, recompute

if TYPE_CHECKING:
    from decimal import Decimal

    from exeat.model.manifest import DpClaim

WORST_CASE = Adversary(access=Access.WHITE_BOX, knowledge=("every step of the training", "all other records"))
_METHODS = {
    "PLD": "privacy-loss distributions (Koskela et al. 2020; Doroshenko et al. 2022)",
    "RDP": "Rényi differential privacy (Mironov 2017; Mironov et al. 2019)",
}


@cache
def _library() -> str:
    return f"dp-accounting {version('dp-accounting')}"


def epsilon_indicators(claim: DpClaim | None) -> list[Indicator]:
    """Return ``dp.epsilon`` by each accountant that applies; one entry with the reason where none can be computed.

    Raises BadInput when the parameters make no sense, with what to correct.
    """
    if claim is None or not claim.claimed:
        return [_without("not_applicable", "differential privacy is not claimed")]
    if missing := missing_parameters(claim):
        return [_without("not_measured", f"the claim does not state {', '.join(missing)}")]
    found = recompute(claim)
    return [
        _measured(claim, name, value) for name, value in (("PLD", found.pld), ("RDP", found.rdp)) if value is not None
    ]


def _without(status: Literal["not_measured", "not_applicable"], reason: str) -> Indicator:
    return Indicator(
        indicator_id="dp.epsilon", status=status, reason=reason, unit="epsilon", method=_library(), adversary=WORST_CASE
    )


def _measured(claim: DpClaim, name: str, value: Decimal) -> Indicator:
    sampling = claim.sampling or "unstated"
    note = "an upper bound by proof, not a measurement; assumes Poisson batches and every record clipped and noised"
    if sampling != "poisson":
        note += f"; the claim's sampling is {sampling}, for which the figure is not proven"
    names = ("delta", "noise_multiplier", "sample_rate", "steps", "unit", "neighbouring")
    stated = {field: getattr(claim, field) for field in names}
    params = {field: str(value) for field, value in stated.items() if value is not None}
    return Indicator(
        indicator_id="dp.epsilon",
        status="measured",
        value=value,
        unit="epsilon",
        method=f"{name} accountant, {_METHODS[name]}, {_library()}",
        attack_params={"accountant": name, "accountant_version": _library(), **params},
        adversary=WORST_CASE,
        split="train",
        bound_note=note,
    )
