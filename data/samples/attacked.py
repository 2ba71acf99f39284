"""What the audit engine is told of a sample checkpoint: its records, the committed weights, how it was trained."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file

from data.samples.training import Mlp, train
from exeat.audit import Recipe, Records, Target

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from data.samples.specs import Spec
    from data.samples.tables import Table


def records(table: Table, rows: NDArray[np.int64]) -> Records:
    """Return some rows with their classes and subgroups."""
    groups = {name: mask[rows] for name, mask in table.subgroups.items()}
    return Records(torch.from_numpy(table.x[rows]), torch.from_numpy(table.y[rows]), groups)


def target_of(spec: Spec, model: Mlp, table: Table, digests: tuple[str, ...]) -> Target:
    """Return the checkpoint under attack: members it was trained on, non-members it never saw."""
    members, outsiders = records(table, table.members), records(table, table.outsiders)
    return Target(model, members, outsiders, spec.id, digests)


def recipe_of(spec: Spec, table: Table) -> Recipe:
    """Return how the checkpoint was trained; early stopping is code of the sample's own, the rest are numbers."""
    sizes = (table.x.shape[1], *spec.hidden, table.n_classes)
    validation = torch.from_numpy(table.x[table.validation]), torch.from_numpy(table.y[table.validation])

    def early(x: torch.Tensor, y: torch.Tensor, seed: int) -> Mlp:
        return train(spec, sizes, (x, y), validation, seed).model

    return Recipe(
        build=lambda: Mlp(sizes),
        epochs=spec.epochs,
        batch_size=-(-len(table.members) // spec.batches),
        learning_rate=spec.learning_rate,
        optimizer="adamw",
        weight_decay=spec.weight_decay,
        noise_multiplier=spec.noise if spec.private else None,
        clip_norm=spec.clip if spec.private else None,
        train=early if spec.patience else None,
    )


def weight_files(folder: Path) -> list[Path]:
    """Return the files of a checkpoint that hold weights, as its manifest lists them."""
    parts = json.loads((folder / "manifest.json").read_bytes())["components"]
    return [folder / part["path"] for part in parts if part["path"] in ("weights.pt", "model.safetensors", "last.ckpt")]


def committed(spec: Spec, table: Table, folder: Path) -> Mlp:
    """Return the network whose weights lie in the folder."""
    model = Mlp((table.x.shape[1], *spec.hidden, table.n_classes))
    path = weight_files(folder)[0]
    found: dict[str, Any] = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    state: dict[str, torch.Tensor] = found.get("state_dict", found)
    model.load_state_dict({name.removeprefix("model."): tensor for name, tensor in state.items()})
    return model.eval()
