"""Checkpoints as trainers write them, saved by torch on CPU for a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file

from tests.unit.evidence.corpus.healthy_training import distributed, lightning, opacus

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["distributed", "lightning", "lightning_file", "opacus", "opacus_file", "sharded"]


def lightning_file(path: Path, **changes: Any) -> Path:
    """What Lightning saves, with other top-level entries."""
    torch.save(lightning() | changes, path)
    return path


def opacus_file(path: Path, history: list[Any], mechanism: str = "rdp") -> Path:
    """What PrivacyEngine.save_checkpoint writes, with another history."""
    state = {"history": history, "mechanism": mechanism}
    torch.save({"module_state_dict": {"w": torch.ones(5)}, "privacy_accountant_state_dict": state}, path)
    return path


def sharded(folder: Path, **lost: str) -> Path:
    """A Hugging Face folder of two shards; ``lost`` renames files that the index names."""
    folder.mkdir()
    shards = {"model-00001-of-00002.safetensors": {"a": torch.ones(3)}, "b.safetensors": {"b": torch.ones(2, 2)}}
    for name, tensors in shards.items():
        save_file(tensors, folder / lost.get(name.partition(".")[0], name))
    index = {"weight_map": {tensor: name for name, part in shards.items() for tensor in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder
