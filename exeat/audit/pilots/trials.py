"""One pilot: protect a copy and the shadow models alike, measure utility and exposure, keep the copy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import save

from exeat.audit.engine.progress import to_stderr
from exeat.audit.pilots import synthetic
from exeat.audit.pilots.exposure import Shadows, attack_all, failed
from exeat.audit.pilots.protection import ProtectionFailed, Trainable, check_usable, seed_for
from exeat.audit.pilots.utility import difference_metric, labels, right, share
from exeat.audit.raised import first_line, fit_for_report
from exeat.audit.target import Records
from exeat.model.base import digest_of
from exeat.model.risk_report import Pilot
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from exeat.audit.pilots.protection import Protection
    from exeat.audit.pilots.synthetic import Synthetic
    from exeat.audit.target import Recipe, Target

    Train = Callable[[Tensor, Tensor, int], nn.Module]

ORIGINAL = "original"
ANEW = ", trained anew"
UNSUITED = (RuntimeError, ValueError, TypeError, NotImplementedError)
"""What torch raises where a protection does not suit a model. Around the protection alone: a mistake in a measurement
must not look like a failed pilot."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What all pilots of a study share; records stand with the members first."""

    target: Target
    recipe: Recipe
    shadows: Shadows
    seed: int

    @property
    def n_members(self) -> int:
        """Return how many of the records are members."""
        return len(self.target.members)

    def transfer(self, needed: bool) -> NDArray[np.bool_]:
        """Return which non-members a protection may use; the rest test it. Drawn by the study's seed."""
        n = len(self.target.non_members)
        if not needed:
            return np.zeros(n, dtype=bool)
        order = np.random.default_rng(seed_for(self.seed, "transfer")).permutation(n)
        return np.isin(np.arange(n), order[: n // 2])


def original_pilot(scene: Scene) -> Pilot:
    """Return what the unprotected model shows, measured by the same attacks."""
    shown = attack_all(scene.target, scene.shadows, Access.WHITE_BOX, scene.seed, protected=False)
    hits = right(scene.target.model, scene.target.non_members.x, scene.target.non_members.y)
    return Pilot(
        pilot_id=ORIGINAL, kind="original", title="the checkpoint as it is", access=Access.WHITE_BOX,
        utility=(share("accuracy", hits),), indicators=shown, seed=scene.seed,
    )  # fmt: skip


def try_protection(scene: Scene, protection: Protection) -> tuple[Pilot, bytes | None]:
    """Return the pilot and the file of its copy; a protection that fails gives a pilot that says why, and no file."""
    title = f"{protection.title}{ANEW if protection.parameters.get('start') == 'fresh' else ''}"
    base = {"title": title, "access": protection.access, "limits": protection.limits}
    parameters = dict(protection.parameters)
    try:
        data = _data(scene, protection)
        parameters |= protection.facts(data)
        copied = _protected(scene.target.model, protection, data, seed_for(scene.seed, protection.pilot_id))
        check_usable(copied, scene.target.non_members.x)
        shadows = _protected_shadows(scene, protection, data.transfer)
        found = _measured(scene, protection, copied, shadows)
        file = _weights(copied) if protection.changes_weights else None
    except ProtectionFailed as exc:
        return _failed(scene, protection.pilot_id, protection.kind, parameters, exc, base), None
    return _pilot(scene, protection.pilot_id, protection.kind, parameters, base, found, file), file


def try_synthetic(scene: Scene, how: Synthetic, train: Train) -> tuple[Pilot, bytes | None]:
    """Return the pilot of a table in place of the model; ``train(x, y, seed)`` trains by the recipe on the table."""
    base = {"title": synthetic.TITLE, "access": Access.WHITE_BOX, "limits": synthetic.LIMITS}
    target, seed = scene.target, seed_for(scene.seed, how.pilot_id)
    try:
        table = synthetic.draw(how, target.members, seed)
        model = train(table.x, table.y, seed)
        check_usable(model, target.non_members.x)
        hits = right(model, target.non_members.x, target.non_members.y)
        before = right(target.model, target.non_members.x, target.non_members.y)
        utility = (share("accuracy", hits), difference_metric(hits, before),
                   *synthetic.closeness(table, target.non_members, seed))  # fmt: skip
        shown = synthetic.own_test(table, target.members, target.non_members)
    except ProtectionFailed as exc:
        return _failed(scene, how.pilot_id, synthetic.KIND, how.parameters, exc, base), None
    found = {"utility": utility, "indicators": shown, "approximation": share("accuracy-trained-on-synthetic", hits)}
    return _pilot(scene, how.pilot_id, synthetic.KIND, how.parameters, base, found, table.file), table.file


def _data(scene: Scene, protection: Protection) -> Trainable:
    used = torch.from_numpy(scene.transfer(protection.needs_transfer))
    x = scene.target.non_members.x[used] if protection.needs_transfer else None
    return Trainable(scene.target.members.x, scene.target.members.y, scene.recipe, x)


def _protected(model: nn.Module, protection: Protection, data: Trainable, seed: int) -> nn.Module:
    try:
        return protection.protect(model, data, seed).eval()
    except UNSUITED as exc:
        to_stderr(f"{protection.pilot_id} failed: {type(exc).__name__}: {first_line(exc)}")
        raise ProtectionFailed(fit_for_report(exc)) from exc


def _protected_shadows(scene: Scene, protection: Protection, transfer: Tensor | None) -> Shadows:
    """Protect each shadow with the records that it was trained on, as the target is with its members."""
    x, y = scene.target.everyone()
    models = []
    for i, (model, inside) in enumerate(zip(scene.shadows.models, scene.shadows.inside, strict=True)):
        own = torch.from_numpy(inside)
        data = Trainable(x[own], y[own], scene.recipe, transfer)
        models.append(_protected(model, protection, data, seed_for(scene.seed, protection.pilot_id, i)))
        check_usable(models[-1], x[:1])
    return Shadows(models, scene.shadows.inside)


def _measured(scene: Scene, protection: Protection, copied: nn.Module, shadows: Shadows) -> dict[str, object]:
    """Return utility and indicators over the records that the protection did not use itself."""
    tested = ~scene.transfer(protection.needs_transfer)
    keep = np.concatenate([np.ones(scene.n_members, dtype=bool), tested])
    original, rows = scene.target, torch.from_numpy(tested)
    others = Records(original.non_members.x[rows], original.non_members.y[rows])
    hits, before = right(copied, others.x, others.y), right(original.model, others.x, others.y)
    agree = share("agreement", labels(copied, others.x) == labels(original.model, others.x))
    seen = replace(original, model=copied, non_members=others)
    return {
        "utility": (share("accuracy", hits), difference_metric(hits, before), agree),
        "indicators": attack_all(seen, shadows.only(keep), protection.access, scene.seed, protected=True),
        "approximation": agree if protection.needs_transfer else None,
    }


def _pilot(
    scene: Scene, pilot_id: str, kind: str, parameters: Mapping[str, str], base: Mapping[str, object],
    found: Mapping[str, object], file: bytes | None,
) -> Pilot:  # fmt: skip
    fields = {"pilot_id": pilot_id, "kind": kind, "parameters": dict(parameters), "seed": scene.seed, **base, **found}
    return Pilot.model_validate(fields | ({"copy_sha256": digest_of(file)} if file is not None else {}))


def _failed(
    scene: Scene, pilot_id: str, kind: str, parameters: Mapping[str, str], exc: Exception, base: Mapping[str, object]
) -> Pilot:
    """Return a pilot without figures: no answer of it can be used, and the reason stands in its one indicator."""
    reason = " ".join(str(exc).split())[:300] or type(exc).__name__
    n = len(scene.target.non_members)
    access = base["access"] if isinstance(base["access"], Access) else Access.WHITE_BOX
    found = {"utility": (share("answered", np.zeros(n, dtype=bool)),), "indicators": (failed(access, reason),)}
    return _pilot(scene, pilot_id, kind, parameters, base, found, None)


def _weights(model: nn.Module) -> bytes:
    """Return the state as safetensors; tied tensors are written out one by one."""
    return save({name: tensor.detach().clone().contiguous() for name, tensor in model.state_dict().items()})
