"""Indicators as people say them."""

from __future__ import annotations

_FAMILY = {
    "mia": "membership",
    "mem": "memorisation",
    "recon": "reconstruction",
    "attr": "attribute inference",
    "reid": "re-identification",
    "prop": "property inference",
    "dp": "differential privacy",
    "struct": "structure",
    "gen": "generalisation",
    "grad": "gradients",
}
_PART = {
    "tpr_at_fpr": "true positives",
    "auc": "AUC",
    "adv": "advantage",
    "lira": "LiRA",
    "rmia": "RMIA",
    "qmia": "QMIA",
    "epsilon": "ε",
    "dof": "degrees of freedom",
}


def _part(text: str) -> str:
    return _PART.get(text, text.removeprefix("x_").replace("_", " "))


def at_rate(fpr: float | None) -> str:
    """Return ``at 1 % false alarms``; empty for an indicator without such a rate."""
    return "" if fpr is None or fpr != fpr else f" at {fpr * 100:.3g} % false alarms"  # noqa: PLR0124 NaN from a frame


def indicator_words(indicator_id: str, fpr: float | None = None) -> str:
    """Return ``membership, LiRA, true positives at 1 % false alarms``."""
    first, *rest = indicator_id.split(".")
    return ", ".join([_FAMILY.get(first, _part(first)), *map(_part, rest)]) + at_rate(fpr)


def family_words(indicator_id: str, fpr: float | None = None) -> str:
    """Return what indicators of one family measure, whatever the attack: first and last part."""
    parts = indicator_id.split(".")
    ends = parts if len(parts) < 3 else [parts[0], parts[-1]]  # noqa: PLR2004 family, attack, figure
    return indicator_words(".".join(ends), fpr)
