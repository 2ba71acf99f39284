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

    from exeat.audit.target import Target


def load_scores(folder: Path | None, key: str, attack: str, target: Target) -> Scores | None:
    """Return the scores of an attack that was finished earlier; None where there are none or they are damaged."""
    if folder is None or not _path(folder, key).exists():
        return None
    try:
        with np.load(io.BytesIO(_path(folder, key).read_bytes()), allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            members, others = kept["members"], kept["non_members"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if (about["attack"], len(members), len(others)) != (attack, len(target.members), len(target.non_members)):
        return None
    return Scores(
        attack, members, others, dict(target.members.groups), about["params"], dict(target.non_members.groups),
        about["queries"],
    )  # fmt: skip


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
