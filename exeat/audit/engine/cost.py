"""What an audit will cost before it runs, in units of one training of the recipe and in seconds on this machine.

Measured, not guessed: a few epochs of one model and of a piece of shadow models, one pass of the target over some
records. Shadow models that are trained together cost less than their number says.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exeat.audit.engine.plan import NEEDS_NO_SHADOWS
from exeat.audit.engine.progress import duration
from exeat.audit.engine.stages import PIECE, SHADOWS, attack_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from exeat.audit.engine.plan import Plan
    from exeat.audit.target import Recipe, Target

PROBED = 256
"""Records that are asked about to time one pass."""
GRADIENTS = 64
EPOCHS = (1, 3)
"""The difference of the two is two epochs without what every training costs once."""
LABEL = "label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of each step; ``training`` is one training of the recipe on as many records as there are members."""

    training: float | None
    shadows: float
    attacks: dict[str, float]
    regimes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Return the whole audit in seconds."""
        return self.shadows + sum(self.attacks.values()) * (1 + len(self.regimes))

    @property
    def units(self) -> float | None:
        """Return the whole audit in trainings; None without a recipe."""
        return self.seconds / self.training if self.training else None

    def as_values(self) -> dict[str, object]:
        """Return the figures as JSON knows them."""
        attacks = {name: round(seconds, 3) for name, seconds in self.attacks.items()}
        return {
            "training_seconds": None if self.training is None else round(self.training, 3),
            "shadows_seconds": round(self.shadows, 3), "attacks_seconds": attacks, "regimes": list(self.regimes),
            "seconds": round(self.seconds, 3), "units": None if self.units is None else round(self.units, 2),
        }  # fmt: skip

    def weights(self) -> dict[str, float]:
        """Return the seconds of each stage by its name."""
        kinds: tuple[str, ...] = ("real", *self.regimes)
        found = {attack_stage(name, kind): seconds for kind in kinds for name, seconds in self.attacks.items()}
        return ({SHADOWS: self.shadows} if self.shadows else {}) | found

    def sentence(self) -> str:
        """Say it in one line."""
        if self.units is None:
            return f"No recipe, so no shadow models: about {duration(self.seconds)} for the attacks on membership."
        return (
            f"About {self.units:.1f} times one training of the recipe ({self.training:.2g} s), "
            f"{duration(self.seconds)} for the attacks on membership."
        )


def estimate_cost(target: Target, recipe: Recipe | None, plan: Plan, regimes: tuple[str, ...] = ()) -> Cost:
    """Time a few epochs and one pass, and add up what the plan asks for."""
    names = plan.names
    asked = _asked(target)
    gradient = _gradient(target) if "gradient" in names else 0.0
    models = 1 + (plan.shadows if recipe is not None else 0)
    runs = [name for name in names if recipe is not None or name in NEEDS_NO_SHADOWS]
    attacks = {name: _attack(name, asked, gradient, models) for name in runs}
    if recipe is None:
        return Cost(training=None, shadows=0.0, attacks=attacks, regimes=regimes)
    training = _trained(target, recipe, plan, models=1, share=len(target.members) / _everybody(target))
    shadows = _all_shadows(target, recipe, plan, training)
    return Cost(training=training, shadows=shadows, attacks=attacks, regimes=regimes)


def _attack(name: str, asked: float, gradient: float, models: int) -> float:
    from exeat.audit.attacks.label import LEVELS, MODELS, QUERIES  # noqa: PLC0415 torch
    from exeat.audit.attacks.run import GRADIENT_MODELS  # noqa: PLC0415 the same

    if name == LABEL:
        return asked * len(LEVELS) * QUERIES * (1 + min(MODELS, models - 1))
    if name == "gradient":
        return gradient * (1 + min(GRADIENT_MODELS, models - 1))
    return asked if models == 1 or name in {"loss", "label_gap"} else asked * models / 2


def _all_shadows(target: Target, recipe: Recipe, plan: Plan, training: float) -> float:
    together = min(plan.shadows, PIECE)
    if recipe.train is not None:
        return training * plan.shadows * (_everybody(target) // 2) / len(target.members)
    return _trained(target, recipe, plan, models=together, share=0.5) * plan.shadows / together


def _trained(target: Target, recipe: Recipe, plan: Plan, *, models: int, share: float) -> float:
    """Return the seconds of training so many models on a share of the records, from a few epochs."""
    inside = _marked(_everybody(target), models, share, plan.seed)
    if recipe.train is not None:
        return _timed(lambda: _train(target, recipe, plan, inside))
    _train(target, replace(recipe, epochs=1), plan, inside)  # what torch does once, at the first call, is no cost
    few, more = (
        _timed(lambda epochs=epochs: _train(target, replace(recipe, epochs=epochs), plan, inside))  # type: ignore[misc]  # bound now
        for epochs in EPOCHS
    )
    epoch = max((more - few) / (EPOCHS[1] - EPOCHS[0]), 0.0)
    return few + epoch * (recipe.epochs - EPOCHS[0])


def _train(target: Target, recipe: Recipe, plan: Plan, inside: NDArray[np.bool_]) -> None:
    from exeat.audit.shadows import train_shadows  # noqa: PLC0415 torch

    x, y = target.everyone()
    train_shadows(recipe, x, y, inside, seed=plan.seed, device=plan.device)


def _marked(n_records: int, models: int, share: float, seed: int) -> NDArray[np.bool_]:
    import numpy as np  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    chosen = max(1, round(share * n_records))
    return np.stack([rng.permutation(n_records) < chosen for _ in range(models)])


def _asked(target: Target) -> float:
    """Return the seconds of one pass over all records, from a few of them."""
    from exeat.audit.signals import loss_signal  # noqa: PLC0415 torch

    x, y = (part[:PROBED] for part in target.everyone())
    loss_signal(target.model, x, y)
    return _timed(lambda: loss_signal(target.model, x, y)) * _everybody(target) / len(x)


def _gradient(target: Target) -> float:
    from exeat.audit.signals import gradient_signal  # noqa: PLC0415 torch

    x, y = (part[:GRADIENTS] for part in target.everyone())
    try:
        gradient_signal(target.model, x, y)
        seconds = _timed(lambda: gradient_signal(target.model, x, y))
    except Exception:  # noqa: BLE001 the attack itself will say what is wrong
        return 0.0
    return seconds * _everybody(target) / len(x)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _everybody(target: Target) -> int:
    return len(target.members) + len(target.non_members)
