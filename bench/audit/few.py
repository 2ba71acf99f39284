"""Few shadow models: RMIA with two against offline LiRA with eight, on the same target and records."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench.audit.ours_leg import load
from exeat.audit.attacks import run_attacks
from exeat.audit.membership import auc
from exeat.audit.shadows import train_shadows
from exeat.audit.signals import shadow_halves

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = (
    ("rmia", 2), ("rmia", 4), ("rmia_online", 2), ("rmia", 8), ("lira", 2), ("lira", 8), ("lira_offline", 8),
)  # fmt: skip


class Few(NamedTuple):
    """Area of one attack with so many shadow models on one task and seed."""

    task: str
    seed: int
    attack: str
    models: int
    area: float


def few_models(folder: Path, task: str, seed: int) -> list[Few]:
    """Return the area of each attack; the models of different numbers are drawn independently."""
    target, recipe = load(folder)
    x, y = target.everyone()
    found = []
    for models in sorted({models for _, models in SETTINGS}):
        own = 1000 * models + seed
        stack = train_shadows(recipe, x, y, shadow_halves(len(x), models, own), seed=own)
        for attack in [name for name, number in SETTINGS if number == models]:
            (scores,) = run_attacks(target, stack, [attack], seed=seed)
            found.append(Few(task, seed, attack, models, auc(scores.members, scores.non_members)))
    return found
