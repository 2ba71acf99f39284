"""A study of protections: the original untouched, every copy in a folder of its own, one report about them all."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch
from pydantic import ValidationError

from exeat import __version__
from exeat.audit.engine.checks import check_target
from exeat.audit.engine.digests import model_digest, recipe_values, records_digest
from exeat.audit.engine.run import pinned, ready
from exeat.audit.pilots.copies import CACHE, RESULT, WEIGHTS, CopyFolder, file_sha256
from exeat.audit.pilots.exposure import Shadows
from exeat.audit.pilots.synthetic import Synthetic
from exeat.audit.pilots.trials import ORIGINAL, Scene, original_pilot, try_protection, try_synthetic
from exeat.audit.shadows.code import behaviour
from exeat.audit.signals import shadow_halves, still
from exeat.errors import BadInput, Tampered
from exeat.model.base import digest_of
from exeat.model.risk_report import Pilot, RiskReport, Subject, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from exeat.audit.pilots.protection import Protection
    from exeat.audit.target import Recipe, Target

    Tried = Protection | Synthetic
    Progress = Callable[[str], None]

SHADOWS = 16
TOOL = "exeat-pilot"
NOTES = (
    "Each pilot's figures are about a copy or about what is answered, not about this checkpoint; the indicators of "
    "the report repeat those of the pilot called original. The adversary protects shadow models in the same way. "
    "Among many pilots the best figure is partly luck: audit the one you choose again, with another seed."
)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of the original as they were before the study."""

    digests: dict[Path, str]

    @classmethod
    def of(cls, paths: Sequence[Path], target: Target) -> Files:
        """Return their digests; raise BadInput when one is not a component of the target."""
        found = {path: file_sha256(path) for path in paths}
        for path, digest in found.items():
            if digest not in target.component_sha256:
                raise BadInput(
                    f"{path.name} is none of the files that the report would be bound to.",
                    "Give the files whose digests the target names.",
                )
        return cls(found)

    def check_unchanged(self) -> None:
        """Raise Tampered when a file is not what it was."""
        for path, before in self.digests.items():
            if file_sha256(path) != before:
                raise Tampered(
                    f"{path.name} changed while its copies were tried.", "Restore it, and find out what wrote to it."
                )


def study(
    target: Target,
    recipe: Recipe,
    protections: Sequence[Tried],
    *,
    seed: int,
    folder: Path,
    shadows: int | Shadows = SHADOWS,
    originals: Sequence[Path] = (),
    date: datetime | None = None,
    report_id: str | None = None,
    author: str = "exeat pilot",
    progress: Progress = lambda _: None,
) -> RiskReport:
    """Try each protection on a copy of the target and return the report that holds the pilots.

    Copies go to ``folder``, which is made; a study that was cut off there goes on. ``originals`` are the checkpoint's
    files: they are only read, and their digests are compared at the end. Two runs with one seed and date are equal
    byte for byte on the same machine and versions. Raises BadInput for a folder that is not the study's own or two
    protections of one id, Tampered when the original changed.
    """
    ids, target = _ids(protections), ready(target)
    check_target(target)
    files, before = Files.of(originals, target), model_digest(target.model)
    key = _key(target, recipe, ids, protections, seed, shadows)
    study_id = digest_of(f"{key}{behaviour(target.model, target.members.x)}".encode())
    copies = CopyFolder.create(folder, study_id, ids, originals)
    pilots: list[Pilot] = []
    scene: Scene | None = None
    with pinned(1), still(target.model):
        for pilot_id, tried in zip(ids, (None, *protections), strict=True):
            pilot = _earlier(copies, pilot_id)
            if pilot is None:
                scene = scene or _scene(target, recipe, seed, shadows, copies.path / CACHE, progress)
                progress(f"pilot {pilot_id}")
                pilot = _kept(copies, *_try(scene, tried))
            pilots.append(pilot)
    copies.forget_shadows()
    files.check_unchanged()
    if model_digest(target.model) != before:
        raise Tampered("The model in memory changed while its copies were tried.", "Report this as a fault of exeat.")
    made = (date or datetime.now(UTC)).replace(microsecond=0)
    return _report(target, pilots, seed, key, made, report_id or f"{target.checkpoint_id}-pilots", author)


def _ids(protections: Sequence[Tried]) -> list[str]:
    ids = [ORIGINAL, *(tried.pilot_id for tried in protections)]
    if not protections:
        raise BadInput("No protection was named, so there is nothing to try.", "Name at least one, or all.")
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise BadInput(f"{twice[0]} is named twice.", "Name each protection once, or give it other parameters.")
    return ids


def _try(scene: Scene, tried: Tried | None) -> tuple[Pilot, bytes | None]:
    if tried is None:
        return original_pilot(scene), None
    if isinstance(tried, Synthetic):
        return try_synthetic(scene, tried, lambda x, y, seed: _train(scene.recipe, x, y, seed))
    return try_protection(scene, tried)


def _scene(target: Target, recipe: Recipe, seed: int, shadows: int | Shadows, cache: Path, progress: Progress) -> Scene:
    if isinstance(shadows, Shadows):
        return Scene(target, recipe, shadows, seed)
    from exeat.audit.shadows import train_shadows  # noqa: PLC0415 given shadows need none of it

    if shadows < 2:  # noqa: PLR2004 a record that every shadow saw has no comparison
        raise BadInput(f"{shadows} shadow models leave records that all of them saw.", "Use at least 2; 16 or more.")
    progress(f"{shadows} shadow models")
    x, y = target.everyone()
    inside = shadow_halves(len(y), shadows, seed)
    stack = train_shadows(recipe, x, y, inside, seed=seed, cache=cache)
    return Scene(target, recipe, Shadows([stack.model(i).eval() for i in range(shadows)], inside), seed)


def _train(recipe: Recipe, x: Tensor, y: Tensor, seed: int) -> nn.Module:
    import numpy as np  # noqa: PLC0415

    from exeat.audit.shadows import train_shadows  # noqa: PLC0415 see _scene

    return train_shadows(recipe, x, y, np.ones((1, len(y)), dtype=bool), seed=seed % 2**31).model(0).eval()


def _kept(copies: CopyFolder, pilot: Pilot, file: bytes | None) -> Pilot:
    """Write the copy, then what was found about it: a result without its copy never stands there."""
    if file is not None:
        copies.write(pilot.pilot_id + WEIGHTS, file)
    copies.write(pilot.pilot_id + RESULT, pilot.model_dump_json(exclude_none=True).encode())
    return pilot


def _earlier(copies: CopyFolder, pilot_id: str) -> Pilot | None:
    """Return what a run that was cut off found about a copy that is still there."""
    data = copies.read(pilot_id + RESULT)
    if data is None:
        return None
    try:
        pilot = Pilot.model_validate_json(data)
    except ValidationError:
        return None
    return pilot if pilot.copy_sha256 == copies.digest(pilot_id + WEIGHTS) else None


def _key(
    target: Target, recipe: Recipe, ids: Sequence[str], protections: Sequence[Tried], seed: int, shadows: int | Shadows
) -> str:
    """Return the digest of everything that the figures follow from; only the same study goes on in a folder."""
    given = isinstance(shadows, Shadows)
    told: dict[str, Any] = {
        "exeat": __version__, "torch": torch.__version__, "model": model_digest(target.model),
        "files": target.component_sha256, "members": records_digest(target.members),
        "non_members": records_digest(target.non_members), "recipe": recipe_values(recipe), "seed": seed,
        "protections": [[name, tried.parameters] for name, tried in zip(ids[1:], protections, strict=True)],
        "shadows": [model_digest(m) for m in shadows.models] if given else shadows,  # type: ignore[union-attr]
    }  # fmt: skip
    return digest_of(json.dumps(told, sort_keys=True).encode())


def _report(
    target: Target, pilots: Sequence[Pilot], seed: int, key: str, made: datetime, report_id: str, author: str
) -> RiskReport:
    return RiskReport.model_validate(
        {
            "schema": "exeat-risk-report/1",
            "report_id": report_id,
            "date": made,
            "author": author,
            "independent": False,
            "subject": Subject(checkpoint_id=target.checkpoint_id, component_sha256=target.component_sha256),
            "tool": Tool(name=TOOL, version=__version__, config_sha256=key),
            "environment": f"torch {torch.__version__}, Python {platform.python_version()}, CPU, one thread",
            "seed": seed,
            "notes": NOTES,
            "indicators": pilots[0].indicators,
            "pilots": tuple(pilots),
        }
    )


def trainings(protections: Sequence[Tried], recipe: Recipe, shadows: int) -> list[tuple[str, float]]:
    """Return what each part of a study costs, in units of one training by the recipe."""
    parts = [("shadow models", float(shadows))]
    for tried in protections:
        one = 1.0 if isinstance(tried, Synthetic) else tried.trainings(recipe) * (shadows + 1)
        parts.append((tried.pilot_id, one))
    return parts
