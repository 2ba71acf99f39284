"""Files for the manifest readers: the samples under neutral names, and small documents made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from exeat.evidence.describe import describe
from exeat.evidence.readers.shape import Given

ROOT = Path(__file__).parents[4]
DATA = ROOT / "tests" / "data" / "evidence"
MANIFESTS = sorted((ROOT / "data" / "checkpoints").glob("*/manifest.json"))
CARD, MLMODEL, BOM, CROISSANT, SAFETENSORS, ODRL = (
    f"manifests/{name}"
    for name in ("README.md", "MLmodel", "bom.cdx.json", "croissant.json", "model.safetensors", "odrl_agreement.jsonld")
)
RUN = "manifests/mlflow_run"
SIGNATURE = "model_signing/model.sig"
LIGHTNING = "checkpoints/c_lightning.ckpt"


def given(sample: str, name: str = "file-17") -> Given:
    """One sample under a neutral name."""
    return Given(name, path=str(DATA / sample))


def folder(sample: str, start: str = "") -> list[Given]:
    """Every file of a sample folder, by its name there."""
    root = DATA / sample
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return [Given(f"{start}{path.relative_to(root)}", path=str(path)) for path in found]


def made(data: Any, name: str = "file-17") -> Given:
    """A file from bytes, text or a JSON value."""
    raw = data if isinstance(data, bytes) else data.encode() if isinstance(data, str) else json.dumps(data).encode()
    return Given(name, raw)


def value(path: str, *files: Given) -> Any:
    """What the files say of one path."""
    return describe(files).merged.value(path)


def notes(*files: Given) -> str:
    """Every note of the files, one a line."""
    return "\n".join(note for _, note in describe(files).merged.notes)


def safetensors(*, metadata: dict[str, str] | None = None, tensors: dict[str, Any] | None = None) -> bytes:
    """A safetensors file from its header; one small tensor unless others are given."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    header |= tensors or {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(8)
