"""Run membership attacks by name and return their scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exeat.audit.attacks import label, lira, rmia
from exeat.audit.scores import Scores
from exeat.audit.shadows.stack import SIGNALS
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from exeat.audit.shadows import Stack
    from exeat.audit.shadows.stack import SignalName
    from exeat.audit.target import Target

    Floats = NDArray[np.float64]

QUESTIONS = {"label": label.QUERIES * len(label.LEVELS)}
"""Questions that an attack puts to the target for each record, where it is more than one."""
GRADIENT_MODELS = 16
"""Shadow models whose gradients are taken: a gradient per record costs as much as many answers."""


def run_attacks(target: Target, stack: Stack | None, names: Sequence[str], *, seed: int) -> list[Scores]:
    """Return one ``Scores`` per name (see ATTACKS), members and non-members in the target's order.

    The columns of ``stack.inside`` are the target's members, then its non-members. Shadow models train on random halves
    of both together, so every record is left out by about half of them and members are not favoured: what a score says
    about a record follows from models drawn without regard to whether it is a member. ``stack`` may be None for attacks
    that need no shadow models (NEEDS_NO_SHADOWS).
    """
    scene = _Scene(target, stack, seed)
    return [scene.scores(name) for name in names]


@dataclass
class _Scene:
    """One target with its shadow models; signals are read once and kept for the next attack."""

    target: Target
    shadows: Stack | None
    seed: int
    kept: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)

    def scores(self, name: str) -> Scores:
        if name not in ATTACKS:
            raise BadInput(f"There is no attack {name}.", f"Name some of {', '.join(ATTACKS)}.")
        values, params = ATTACKS[name](self)
        n_in = len(self.target.members)
        return Scores(
            name, values[:n_in], values[n_in:], self.target.members.groups, params, self.target.non_members.groups,
            QUESTIONS.get(name, 1) * len(values),
        )  # fmt: skip

    @property
    def stack(self) -> Stack:
        """Return the shadow models; refuse where there are none or they are about other records."""
        n_records = len(self.target.members) + len(self.target.non_members)
        if self.shadows is None:
            raise BadInput("This attack needs shadow models.", "Train them with exeat.audit.shadows.train_shadows.")
        if self.shadows.inside.shape[1] != n_records:
            raise BadInput(
                f"The shadow models know {self.shadows.inside.shape[1]} records, the target has {n_records}.",
                "Train them on the target's members followed by its non-members.",
            )
        return self.shadows

    def asked(self, signal: SignalName) -> Floats:
        """Return the target's signal."""
        return SIGNALS[signal](self.target.model, *self.target.everyone())

    def signals(self, name: SignalName) -> tuple[Floats, Floats]:
        """Return the target's signal [records] and the shadow models' [models, records]."""
        if name not in self.kept:
            stack = self.stack.first(GRADIENT_MODELS) if name == "gradient" else self.stack
            self.kept[name] = self.asked(name), stack.signal(name, *self.target.everyone())
        return self.kept[name]

    def params(self, **more: str) -> dict[str, str]:
        """Return what each attack with shadow models says about itself."""
        return {"shadow_models": str(len(self.stack)), "seed": str(self.seed)} | more


def _loss(scene: _Scene) -> tuple[Floats, dict[str, str]]:
    return scene.asked("loss"), {}


def _offline(scene: _Scene, *, own_spread: bool = False) -> tuple[Floats, dict[str, str]]:
    values = lira.offline(*scene.signals("logit"), scene.stack.inside, own_spread=own_spread)
    return values, scene.params(fixed_variance=str(not own_spread).lower())


def _online(scene: _Scene, *, own_spread: bool) -> tuple[Floats, dict[str, str]]:
    values = lira.online(*scene.signals("logit"), scene.stack.inside, own_spread=own_spread)
    return values, scene.params(fixed_variance=str(not own_spread).lower())


def _bounded(scene: _Scene, *, online: bool) -> tuple[Floats, dict[str, str]]:
    asked, seen = (lira.bounded(signal) for signal in scene.signals("logit"))
    attack = lira.online if online else lira.offline
    values = attack(asked, seen, scene.stack.inside, own_spread=False)
    return values, scene.params(fixed_variance="true", largest_confidence="0.995")


def _rmia(scene: _Scene) -> tuple[Floats, dict[str, str]]:
    asked, seen = scene.signals("loss")
    a = rmia.chosen_a(seen, scene.stack.inside)
    chosen = "on the shadow models" if len(seen) >= rmia.FEWEST else "usual value"
    return rmia.offline(asked, seen, scene.stack.inside, a), scene.params(a=str(a), a_chosen=chosen)


def _rmia_online(scene: _Scene) -> tuple[Floats, dict[str, str]]:
    return rmia.online(*scene.signals("loss"), scene.stack.inside), scene.params()


def _gap(scene: _Scene) -> tuple[Floats, dict[str, str]]:
    return label.right(scene.target.model, *scene.target.everyone()), {}


def _noise(scene: _Scene) -> tuple[Floats, dict[str, str]]:
    values = label.against_noise(scene.target.model, scene.stack, *scene.target.everyone(), scene.seed)
    levels = " ".join(str(level) for level in label.LEVELS)
    asked = str(min(label.MODELS, len(scene.stack)))
    return values, scene.params(shadow_models=asked, noise=levels, queries_per_level=str(label.QUERIES))


def _gradient(scene: _Scene) -> tuple[Floats, dict[str, str]]:
    asked, seen = scene.signals("gradient")
    values = lira.offline(asked, seen, scene.stack.inside[: len(seen)])
    return values, scene.params(shadow_models=str(len(seen)), fixed_variance="true")


ATTACKS: dict[str, Callable[[_Scene], tuple[Floats, dict[str, str]]]] = {
    "loss": _loss,
    "lira": _offline,
    "lira_offline": lambda scene: _offline(scene, own_spread=True),
    "lira_online": lambda scene: _online(scene, own_spread=True),
    "lira_online_fixed": lambda scene: _online(scene, own_spread=False),
    "lira_bounded": lambda scene: _bounded(scene, online=False),
    "lira_online_bounded": lambda scene: _bounded(scene, online=True),
    "rmia": _rmia,
    "rmia_online": _rmia_online,
    "label_gap": _gap,
    "label": _noise,
    "gradient": _gradient,
}
"""Every attack by the middle word of its indicators."""
NEEDS_NO_SHADOWS = frozenset({"loss", "label_gap"})
