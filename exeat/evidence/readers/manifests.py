"""Every format that describes a checkpoint in part, recognised by content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.readers import (
    checkpoint_file,
    croissant,
    cyclonedx,
    dcp,
    exeat_manifest,
    hparams,
    hugging_face_card,
    lightning,
    mlflow_model,
    mlflow_run,
    model_signing,
    odrl,
    opacus,
    safetensors_file,
    sharded,
)

if TYPE_CHECKING:
    from exeat.evidence.readers.shape import Peek, Reader

READERS: tuple[Reader, ...] = (
    exeat_manifest.READER,
    hugging_face_card.READER,
    mlflow_model.READER,
    mlflow_run.READER,
    cyclonedx.READER,
    croissant.READER,
    odrl.READER,
    model_signing.READER,
    sharded.READER,
    safetensors_file.READER,
    lightning.READER,
    opacus.READER,
    dcp.READER,
    checkpoint_file.READER,
    hparams.READER,
)
"""In the order in which they are asked: those whose format has a mark of its own come first."""
CHECKPOINTS = frozenset({safetensors_file.NAME, lightning.NAME, opacus.NAME, checkpoint_file.NAME})
"""Readers of files that hold tensors."""


def reader_of(peek: Peek) -> Reader | None:
    """Return the reader whose format the bytes are, or None."""
    return next((reader for reader in READERS if reader.recognises(peek)), None)
