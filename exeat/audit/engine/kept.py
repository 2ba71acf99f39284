"""Finished scores on disk, named by the digest of everything that they follow from; as sensitive as the data."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat.audit.engine.private import private_folder, write_private
from exeat.audit.scores import Scores

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from exeat.audit.target import Target


def load_scores(folder: Path | None, key: str, attack: str, target: Target) -> Scores | None:
    """Return the scores of an attack that was finished earlier; None where there are none or they are damaged."""
    if folder is None or not _path(folder, key).exists():
        return None
    try:
        with np.load(io.BytesIO(_path(folder, key).read_bytes()), allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            sides = kept["members"], kept["non_members"]
        return _scores(about, sides, attack, target)
    except (OSError, ValueError, KeyError, TypeError, EOFError, RecursionError, zipfile.BadZipFile):
        return None


def _scores(
    about: Any, sides: tuple[NDArray[np.float64], NDArray[np.float64]], attack: str, target: Target
) -> Scores | None:
    """Return the scores if they are one number for each record of the target."""
    members, others = sides
    shapes, wanted = (members.shape, others.shape), ((len(target.members),), (len(target.non_members),))
    if about["attack"] != attack or shapes != wanted or {members.dtype, others.dtype} != {np.dtype(np.float64)}:
        return None
    params = {str(name): str(value) for name, value in dict(about["params"]).items()}
    queries = None if about["queries"] is None else int(about["queries"])
    own, outside = dict(target.members.groups), dict(target.non_members.groups)
    return Scores(attack, members, others, own, params, outside, queries)


def save_scores(folder: Path | None, key: str, scores: Scores) -> None:
    """Keep the scores, whole or not at all."""
    if folder is None:
        return
    private_folder(folder)
    about: dict[str, Any] = {"attack": scores.attack, "params": dict(scores.params), "queries": scores.queries}
    out = io.BytesIO()
    np.savez(out, members=scores.members, non_members=scores.non_members, about=np.array(json.dumps(about)))
    write_private(_path(folder, key), out.getvalue())


def _path(folder: Path, key: str) -> Path:
    return folder / f"scores-{key.removeprefix('sha256:')}.npz"
