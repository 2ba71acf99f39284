"""Load what is audited, in the child: the submitter's job file, or a program with records. Foreign code runs here."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.audit.engine.beyond import Extras
from exeat.audit.engine.checkpoint import digests_of
from exeat.audit.engine.data_files import read_records
from exeat.audit.regimes import Regime
from exeat.audit.target import Recipe, Records, Target
from exeat.errors import BadInput
from exeat.model.base import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from exeat.audit.engine.request import Source

MODULE = "audit_target"
CHANGED = "Start the audit again, and let nothing write the file meanwhile."


class Loaded(NamedTuple):
    """What a source gives."""

    target: Target
    recipe: Recipe | None
    extras: Extras


def load(source: Source, code_sha256: str, checkpoint_id: str) -> Loaded:
    """Return target, recipe and extras of a job file, or the target of a program."""
    if source.job is not None:
        return _of_job(_module(source.job, code_sha256), source.job)
    return Loaded(_of_program(source, code_sha256, checkpoint_id), None, Extras())


def _module(path: Path, code_sha256: str) -> ModuleType:
    """Run the job file as a module, as Python runs a script: its folder is where it imports from."""
    code = path.read_bytes()
    if digest_of(code) != code_sha256:
        raise BadInput(f"{path.name} changed since the audit began.", CHANGED)
    sys.path.insert(0, str(path.parent))
    module = module_from_spec(ModuleSpec(MODULE, loader=None, origin=str(path)))
    module.__file__ = str(path)
    sys.modules[MODULE] = module
    try:
        compiled = compile(code, str(path), "exec")
    except (SyntaxError, ValueError) as exc:
        raise BadInput(f"{path.name} is not Python: {exc}.", "Correct the line named.") from exc
    exec(compiled, module.__dict__)  # noqa: S102 running the submitter's code is what this process is for
    return module


def _of_job(module: ModuleType, path: Path) -> Loaded:
    if not callable(getattr(module, "target", None)):
        raise BadInput(
            f"{path.name} defines no function target().",
            "Define target() so that it returns exeat.audit.Target(model, members, non_members, checkpoint_id, ()).",
        )
    target = _given(module.target(), Target, f"target() of {path.name}")
    recipe = getattr(module, "recipe", None)
    made = _given(recipe(), Recipe, f"recipe() of {path.name}") if callable(recipe) else None
    return Loaded(target, made, _extras(module, path))


def _extras(module: ModuleType, path: Path) -> Extras:
    """Return what the job brings beside target and recipe; each function may be missing."""
    from exeat.audit.attribute import Attribute  # noqa: PLC0415 torch, which the job has loaded by now
    from exeat.audit.linkage import Linkable  # noqa: PLC0415 with it

    regimes, attributes, linkable = (getattr(module, name, None) for name in ("regimes", "attributes", "linkable"))
    return Extras(
        regimes=_all(regimes(), Regime, f"regimes() of {path.name}") if callable(regimes) else (),
        attributes=_all(attributes(), Attribute, f"attributes() of {path.name}") if callable(attributes) else (),
        linkable=_given(linkable(), Linkable, f"linkable() of {path.name}") if callable(linkable) else None,
    )


def _all(values: Any, kind: type[Any], what: str) -> tuple[Any, ...]:
    if not isinstance(values, list | tuple):
        raise BadInput(f"{what} returned {type(values).__name__}, not a list.", f"Return a list of {kind.__name__}.")
    return tuple(_given(value, kind, what) for value in values)


def _given(value: Any, kind: type[Any], what: str) -> Any:
    if not isinstance(value, kind):
        raise BadInput(
            f"{what} returned {type(value).__name__}, not exeat.audit.{kind.__name__}.",
            f"Return a {kind.__name__}; see docs/audit.md.",
        )
    return value


def _of_program(source: Source, code_sha256: str, checkpoint_id: str) -> Target:
    import torch  # noqa: PLC0415

    program = source.code
    if digests_of(program) != (code_sha256,):
        raise BadInput(f"{program.name} changed since the audit began.", CHANGED)
    try:
        model = torch.export.load(program).module()
    except Exception as exc:
        said = (str(exc).strip().splitlines() or [""])[0][:200]
        raise BadInput(
            f"{program.name} is no program of torch.export: {type(exc).__name__}: {said}",
            "Write it with torch.export.save(torch.export.export(model.eval(), (x[:2],), "
            "dynamic_shapes=({0: torch.export.Dim('n')},)), 'model.pt2').",
        ) from exc
    return Target(model, _joined(source.members), _joined(source.non_members), checkpoint_id, ())


def _joined(paths: Sequence[Path]) -> Records:
    import numpy as np  # noqa: PLC0415
    import torch  # noqa: PLC0415

    parts = [read_records(path) for path in paths]
    if len({(part.x.shape[1:], part.x.dtype) for part in parts}) > 1:
        raise BadInput("The files of one side have inputs of different shapes.", "Prepare all of them the same way.")
    names = sorted({name for part in parts for name in part.groups})
    empty = [np.zeros(len(part), dtype=bool) for part in parts]
    groups = {n: np.concatenate([p.groups.get(n, e) for p, e in zip(parts, empty, strict=True)]) for n in names}
    return Records(torch.cat([p.x for p in parts]), torch.cat([p.y for p in parts]), groups)
