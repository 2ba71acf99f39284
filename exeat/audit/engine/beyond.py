"""What is measured beside membership: structure, reconstruction, attributes, linkage; each kept when it is done.

One that fails or does not fit the target is named with its reason and does not end the others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from exeat import __version__
from exeat.audit.engine.digests import model_digest, records_digest
from exeat.audit.engine.plan import digest_of_values
from exeat.audit.engine.private import private_folder, write_private
from exeat.audit.raised import first_line, fit_for_report
from exeat.errors import ExeatError
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exeat.audit.attribute import Attribute
    from exeat.audit.engine.plan import Plan
    from exeat.audit.engine.progress import Progress
    from exeat.audit.linkage import Linkable
    from exeat.audit.reconstruction.rero import DpSgd
    from exeat.audit.regimes import Regime
    from exeat.audit.target import Recipe, Target

    Measure = Callable[[], list[Indicator]]

UNITS = {
    "structure": ("struct.instance_based", "flag"),
    "reconstruction": ("recon.error", "ratio"),
    "attributes": ("attr.adv_over_imputation", "fraction"),
    "linkage": ("reid.rate", "fraction"),
}
"""Which indicator says that a kind of exposure was not measured, and its unit."""
NO_ATTRIBUTES = "no attribute was named; say which columns are sensitive: attributes() in the job file"
NO_LINKABLE = "no released rows were given to link to an outside table: linkable() in the job file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What a job may bring beside target and recipe."""

    regimes: tuple[Regime, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    linkable: Linkable | None = None


@dataclass(frozen=True, slots=True)
class Beyond:
    """Every other exposure of one target."""

    target: Target
    recipe: Recipe | None
    plan: Plan
    extras: Extras
    folder: Path | None
    progress: Progress

    def measured(self) -> list[Indicator]:
        """Return the indicators of all kinds of exposure, or a reason for each that is missing."""
        if self.plan.only_membership:
            return []
        kinds: dict[str, Measure] = {
            "structure": self._structure, "reconstruction": self._reconstruction, "attributes": self._attributes,
            "linkage": self._linkage,
        }  # fmt: skip
        found: list[Indicator] = []
        for kind, measure in kinds.items():
            self.progress.start(kind)
            found += self._kept(kind, measure)
            self.progress.finish()
        return found

    def _kept(self, kind: str, measure: Measure) -> list[Indicator]:
        path = self._path(kind) if self.folder is not None and kind == "reconstruction" else None
        if path is not None and path.exists():
            try:
                return [Indicator.model_validate_json(json.dumps(one)) for one in json.loads(path.read_bytes())]
            except (ValueError, TypeError, RecursionError):
                path.unlink()
        found = _safely(kind, measure, self.progress.say)
        if path is not None and all(one.status != "failed" for one in found):
            private_folder(path.parent)
            write_private(path, json.dumps([one.model_dump(mode="json", exclude_none=True) for one in found]).encode())
        return found

    def _path(self, kind: str) -> Path:
        from exeat.audit.shadows.code import behaviour  # noqa: PLC0415 torch

        assert self.folder is not None  # noqa: S101 the caller asked
        target = self.target
        parts = [model_digest(target.model), records_digest(target.members), records_digest(target.non_members)]
        parts += [__version__, str(self.plan.seed), kind, repr(self._private())]
        parts.append(behaviour(target.model, target.members.x))
        return self.folder / "beyond" / f"{kind}-{digest_of_values(parts).removeprefix('sha256:')}.json"

    def _structure(self) -> list[Indicator]:
        from exeat.audit.structure import measure  # noqa: PLC0415 torch

        return measure(self.target)

    def _reconstruction(self) -> list[Indicator]:
        from exeat.audit.reconstruction.measure import measure  # noqa: PLC0415 torch

        return measure(self.target, private=self._private(), seed=self.plan.seed)

    def _attributes(self) -> list[Indicator]:
        if not self.extras.attributes:
            return [_without("attributes", "not_measured", NO_ATTRIBUTES)]
        from exeat.audit.attribute import measure  # noqa: PLC0415 torch

        found = [measure(self.target, one, seed=self.plan.seed) for one in self.extras.attributes]
        return [indicator for some in found for indicator in some]

    def _linkage(self) -> list[Indicator]:
        if self.extras.linkable is None:
            return [_without("linkage", "not_measured", NO_LINKABLE)]
        from exeat.audit.linkage import measure  # noqa: PLC0415 not needed elsewhere

        return measure(self.extras.linkable, seed=self.plan.seed)

    def _private(self) -> DpSgd | None:
        """Return the DP-SGD run that the manifest claims, else the one that the recipe describes."""
        from exeat.audit.reconstruction.rero import DpSgd  # noqa: PLC0415 scipy

        if self.plan.claim is not None and self.plan.claim.claimed:
            return DpSgd.from_claim(self.plan.claim)
        recipe = self.recipe
        if recipe is None or recipe.noise_multiplier is None:
            return None
        steps = -(-len(self.target.members) // recipe.batch_size)
        return DpSgd(
            noise_multiplier=recipe.noise_multiplier, sample_rate=1 / steps, steps=steps * recipe.epochs
        )  # fmt: skip


def _safely(kind: str, measure: Measure, say: Callable[[str], None]) -> list[Indicator]:
    try:
        return measure()
    except ExeatError as exc:
        return [_without(kind, "not_applicable", f"{exc.headline} {exc.what_to_do}")]
    except Exception as exc:  # noqa: BLE001 what this model breaks is a result; the others go on
        say(f"{kind.capitalize()} failed: {type(exc).__name__}: {first_line(exc)}")
        return [_without(kind, "failed", fit_for_report(exc))]


def _without(kind: str, status: Literal["not_measured", "not_applicable", "failed"], reason: str) -> Indicator:
    name, unit = UNITS[kind]
    return Indicator(
        indicator_id=name, status=status, reason=reason, unit=unit, method=kind,
        adversary=Adversary(access=Access.WHITE_BOX),
    )  # fmt: skip
