"""Finished shadow models on disk, named by the digest of everything that they follow from.

Written whole or not at all (a file of its own, then renamed), as safetensors. What cannot be read, or does not hold the
numbers it was written with, is built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from exeat.audit.shadows.code import behaviour, text_of
from exeat.audit.shadows.weights import fresh, state_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from exeat.audit.shadows.weights import State
    from exeat.audit.target import Recipe

LAYOUT = "exeat-shadows/1"
NUMBERS = (
    "epochs", "batch_size", "learning_rate", "optimizer", "momentum", "weight_decay", "noise_multiplier", "clip_norm",
)  # fmt: skip


def digest_of_tensors(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().contiguous().cpu()
        digest.update(f"{name}/{tensor.dtype}/{tuple(tensor.shape)}/".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def content_key(recipe: Recipe, x: Tensor, y: Tensor, seed: int, device: str) -> str:
    """Return a digest of recipe, architecture with the code behind it, initial weights, data and seed."""
    untrained = fresh(recipe.build, seed % 2**31)
    parts: dict[str, Any] = {name: getattr(recipe, name) for name in NUMBERS}
    parts |= {
        "layout": LAYOUT, "torch": torch.__version__, "device": device, "seed": seed, "module": repr(untrained),
        "code": behaviour(untrained, x), "train": text_of(recipe.train),
        "start": digest_of_tensors(state_of(untrained)), "data": digest_of_tensors({"x": x, "y": y}),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Cache:
    """A folder of finished pieces; without a folder it keeps nothing. ``notes`` collects what a person should know."""

    def __init__(self, folder: Path | None, key: str) -> None:
        self.folder, self.key, self.notes = folder, key, []  # type: ignore[var-annotated]
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, models: Iterable[int], inside: NDArray[np.bool_]) -> Path | None:
        """Return where the models of these numbers and halves lie."""
        if self.folder is None:
            return None
        which = json.dumps([self.key, list(models)]).encode() + np.packbits(inside).tobytes()
        return self.folder / f"shadows-{hashlib.sha256(which).hexdigest()}.safetensors"

    def load(self, path: Path | None) -> State | None:
        """Return the models of a file, None where there is none or it is damaged."""
        if path is None or not path.exists():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 not a mapping
                promised = (file.metadata() or {}).get("digest")
        except (SafetensorError, OSError, ValueError) as exc:
            self.notes.append(f"{path.name} could not be read ({type(exc).__name__}); its models were trained again")
            return None
        if promised != digest_of_tensors(state):
            self.notes.append(f"{path.name} does not hold what was written; its models were trained again")
            return None
        return state

    def save(self, path: Path | None, state: State) -> None:
        """Write the models of one piece, whole or not at all."""
        if path is None:
            return
        handle, name = tempfile.mkstemp(dir=path.parent, prefix="partial-", suffix=".tmp")
        os.close(handle)
        try:
            save_file(state, name, {"layout": LAYOUT, "digest": digest_of_tensors(state)})
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
