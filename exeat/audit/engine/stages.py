"""The steps of an audit that take time: shadow models and attacks; what is finished is kept and found again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from exeat import __version__
from exeat.audit.engine.digests import model_digest, records_digest
from exeat.audit.engine.kept import load_scores, save_scores
from exeat.audit.engine.plan import NEEDS_NO_SHADOWS, digest_of_values
from exeat.audit.raised import first_line, fit_for_report
from exeat.audit.scores import ACCESS, KNOWS, NAMES, Scores
from exeat.errors import ExeatError
from exeat.model.risk_report import Adversary, Indicator

if TYPE_CHECKING:
    from pathlib import Path

    from exeat.audit.engine.plan import Plan
    from exeat.audit.engine.progress import Progress
    from exeat.audit.shadows import Stack
    from exeat.audit.target import Recipe, Target
    from exeat.model.manifest import Regime

PIECE = 16
"""Shadow models that are trained and kept together: a stop costs at most these, and more at once are not faster."""
SHADOWS = "shadow models"
NO_RECIPE = "no recipe was given, so no shadow models could be trained; define recipe() or pass a Recipe"


def shadow_stack(target: Target, recipe: Recipe, plan: Plan, folder: Path | None, progress: Progress) -> Stack:
    """Train the shadow models on random halves of all records, or find them where an earlier run left them."""
    from exeat.audit.shadows import train_shadows  # noqa: PLC0415 torch
    from exeat.audit.shadows.sizes import bytes_per_model  # noqa: PLC0415 the same
    from exeat.audit.shadows.training import MEMORY  # noqa: PLC0415 the same
    from exeat.audit.signals import shadow_halves  # noqa: PLC0415 the same

    x, y = target.everyone()
    inside = shadow_halves(len(x), plan.shadows, plan.seed)
    progress.start(SHADOWS)
    memory = MEMORY if recipe.train is not None else min(MEMORY, PIECE * bytes_per_model(recipe, x))
    stack = train_shadows(
        recipe, x, y, inside, seed=plan.seed, cache=folder / "shadows" if folder is not None else None,
        progress=progress.part, device=plan.device, memory=memory,
    )  # fmt: skip
    progress.finish()
    return stack


def attack_stage(name: str, regime: str) -> str:
    """Return what an attack is called while it runs."""
    return f"attack {name} on {regime} data"


@dataclass(slots=True)
class Attacks:
    """Every attack of a plan on one target; ``scores`` of those that ran, ``missing`` a line for each that did not."""

    target: Target
    stack: Stack | None
    plan: Plan
    folder: Path | None
    progress: Progress
    regime: Regime = "real"
    scores: list[Scores] = field(default_factory=list)
    missing: list[Indicator] = field(default_factory=list)
    _base: str = ""

    def run(self, names: tuple[str, ...]) -> Attacks:
        """Run the attacks; one that fails is named with its reason and does not end the others."""
        if self.stack is not None:
            from exeat.audit.engine.asked import AskedOnce  # noqa: PLC0415 torch

            self.stack = AskedOnce.of(self.stack)
        for name in names:
            self.progress.start(attack_stage(name, self.regime))
            self._one(name)
            self.progress.finish()
        return self

    def _one(self, name: str) -> None:
        """Add the scores of one attack, from an earlier run where they are kept."""
        if self.stack is None and name not in NEEDS_NO_SHADOWS:
            self._miss(name, "not_measured", NO_RECIPE)
            return
        home, key = self.folder / "scores" if self.folder is not None else None, self._key(name)
        scores = load_scores(home, key, name, self.target)
        if scores is None:
            scores = self._attack(name)
            if scores is None:
                return
            save_scores(home, key, scores)
        self.scores.append(scores)

    def _attack(self, name: str) -> Scores | None:
        from exeat.audit.attacks import run_attacks  # noqa: PLC0415 torch

        try:
            return run_attacks(self.target, self.stack, [name], seed=self.plan.seed)[0]
        except ExeatError as exc:
            self._miss(name, "not_applicable", f"{exc.headline} {exc.what_to_do}")
        except Exception as exc:  # noqa: BLE001 an attack that this model breaks is a result; the others go on
            self.progress.say(f"Attack {name} failed: {type(exc).__name__}: {first_line(exc)}")
            self._miss(name, "failed", fit_for_report(exc))
        return None

    def _miss(self, name: str, status: Literal["not_measured", "not_applicable", "failed"], reason: str) -> None:
        self.missing.append(
            Indicator(
                indicator_id=f"mia.{name}.auc", status=status, reason=reason, unit="fraction", method=NAMES[name],
                adversary=Adversary(access=ACCESS[name], knowledge=KNOWS[name]), regime=self.regime,
            )
        )  # fmt: skip

    def _key(self, attack: str) -> str:
        """Return the digest under which the scores of an attack are kept."""
        self._base = self._base or self._digest()
        return digest_of_values([self._base, attack])

    def _digest(self) -> str:
        from exeat.audit.shadows.code import behaviour  # noqa: PLC0415 torch

        parts = [model_digest(self.target.model), records_digest(self.target.members)]
        parts += [records_digest(self.target.non_members), __version__, str(self.plan.seed)]
        parts.append(behaviour(self.target.model, self.target.members.x))
        if self.stack is not None:
            from exeat.audit.shadows.cache import digest_of_tensors  # noqa: PLC0415 torch

            parts += [digest_of_tensors(self.stack.state), self.stack.inside.tobytes().hex()]
        return digest_of_values(parts)
