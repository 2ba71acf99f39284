"""Figures of foreign formats: utility becomes a metric, a privacy figure a note (risk reports carry those)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from exeat.evidence.manifest_path import item
from exeat.evidence.readers import values
from exeat.evidence.readers.saying import brief

if TYPE_CHECKING:
    from exeat.evidence.readers.saying import Saying

RATES = frozenset(
    {
        "accuracy",
        "acc",
        "balanced_accuracy",
        "auc",
        "auroc",
        "roc_auc",
        "average_precision",
        "auprc",
        "pr_auc",
        "f1",
        "f1_score",
        "precision",
        "recall",
        "sensitivity",
        "specificity",
        "npv",
        "ppv",
        "brier",
        "brier_score",
    }
)
"""Measures that lie in 0 … 1; a value above 1 (percent) gets no unit."""
SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val"}
_RISK = re.compile(r"(?:mia|lira|rmia|qmia|attack|membership|canary|dp|privacy|epsilon)(?:[._:\s-]|$)")


def is_risk(name: str) -> bool:
    """Return whether the name is that of a privacy figure."""
    return _RISK.match(name.lower()) is not None


def note_risk(saying: Saying, name: str, value: Any, place: str) -> None:
    """Say that a privacy figure without a report was seen; it decides nothing."""
    saying.note(f"{place}: {brief(name)} = {brief(value)}; a privacy figure counts when a risk report carries it.")


def split_of(word: str) -> str | None:
    """Return train, val or test."""
    found = word.lower().strip()
    return "test" if found in ("test", "testing", "holdout") else SPLITS.get(found)


def tell_metric(saying: Saying, name: str, value: Any, place: str, *, split: str | None = None, key: str = "") -> str:
    """Take one utility figure under ``<split>-<name>`` (or ``key``); return its path."""
    head, _, rest = name.lower().partition("_")
    split, name = (split, name) if split or not split_of(head) else (split_of(head), rest)
    path = item("metrics", key or values.slug(f"{split or 'unknown'}-{name}".replace("_", "-")) or "metric")
    if saying.takes(f"{path}.value", value, place, values.number):
        saying.says(f"{path}.split", split, place)
        saying.says(f"{path}.unit", _unit(name, values.number(value)), place)
    return path


def _unit(name: str, value: str | None) -> str | None:
    is_rate = name.lower().replace(" ", "_") in RATES and value is not None and 0 <= float(value) <= 1
    return "fraction" if is_rate else None
