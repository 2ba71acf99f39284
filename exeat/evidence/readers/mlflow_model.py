"""MLflow ``MLmodel``: flavours, signature, run and the free ``metadata`` of one logged model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.readers import conventions, values
from exeat.evidence.readers.saying import Saying, brief
from exeat.evidence.readers.shape import Reader
from exeat.evidence.readers.yaml_text import parse_yaml

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "mlflow-model"
FLAVOURS = {
    "pytorch": "pytorch_version",
    "sklearn": "sklearn_version",
    "tensorflow": "tensorflow_version",
    "keras": "keras_version",
    "xgboost": "xgb_version",
    "lightgbm": "lgb_version",
    "transformers": "transformers_version",
    "onnx": "onnx_version",
}
"""Flavour and the field that holds the version of its framework."""
WITHOUT_PLACE = ("mlflow_version", "model_size_bytes", "model_uuid", "artifact_path", "python_version")
MAX_TENSORS = 50


def recognises(peek: Peek) -> bool:
    """Return whether the YAML has ``flavors`` at its top level, and a run, a model or an artifact of MLflow."""
    if peek.text is None or not peek.whole or "flavors:" not in peek.text:
        return False
    names = {line.partition(":")[0] for line in peek.text.split("\n")}
    return "flavors" in names and bool(names & {"mlflow_version", "model_uuid", "run_id", "artifact_path", "model_id"})


def read(bundle: Bundle) -> Partial:
    """Read the file; raise BadInput when it is not YAML."""
    saying = Saying(NAME, bundle)
    found = parse_yaml(bundle.data().decode("utf-8", "replace"))
    if not isinstance(found, dict):
        raise BadInput("The MLmodel file is not a table of names and values.", "Export the model again.")
    metadata = values.table(found.get("metadata"))
    if "checkpoint_id" not in metadata:
        saying.takes("checkpoint_id", found.get("model_id"), "model_id", values.slug)
    saying.takes("run_id", found.get("run_id"), "run_id", values.slug)
    saying.takes("created_at", found.get("utc_time_created"), "utc_time_created", values.moment)
    _flavours(saying, found.get("flavors"))
    _signature(saying, found.get("signature"))
    for name, value in metadata.items():
        if not conventions.tell(saying, name, value, f"metadata.{name}"):
            saying.note(f"metadata.{brief(name)} has no place in the manifest: {brief(value)}.")
    for name in WITHOUT_PLACE:
        if found.get(name) is not None:
            saying.note(f"{name} has no place in the manifest: {brief(found[name])}.")
    return saying.partial()


def _flavours(saying: Saying, flavours: Any) -> None:
    for name, flavour in flavours.items() if isinstance(flavours, dict) else ():
        version = FLAVOURS.get(name)
        if version and isinstance(flavour, dict):
            saying.takes("training.framework", name, f"flavors.{name}", values.framework)
            place = f"flavors.{name}.{version}"
            saying.takes("training.framework_version", flavour.get(version), place, values.line)
        elif isinstance(flavour, dict) and flavour.get("loader_module"):
            loader = brief(flavour["loader_module"])
            saying.note(f"flavors.{brief(name)}: loading the model runs {loader}; Exeat never loads it.")


def _signature(saying: Saying, signature: Any) -> None:
    if not isinstance(signature, dict):
        return
    for name in ("inputs", "outputs"):
        raw = signature.get(name)
        if not isinstance(raw, str):
            continue
        lines = _tensors(raw)
        if lines is None:
            saying.note(f"signature.{name} is not readable.")
        else:
            saying.says(f"model.{name}", lines, f"signature.{name}")


def _tensors(raw: str) -> list[str] | None:
    try:
        entries = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entries, list) or len(entries) > MAX_TENSORS:
        return None
    return [line for entry in entries if isinstance(entry, dict) and (line := values.line(_tensor(entry)))]


def _tensor(entry: dict[str, Any]) -> str:
    spec = entry.get("tensor-spec")
    name = brief(entry.get("name") or "")
    if isinstance(spec, dict):
        shape = values.entries(spec.get("shape"))
        return f"{name} {brief(spec.get('dtype'))}[{','.join(map(brief, shape[:16]))}]".strip()
    return f"{name} {brief(entry.get('type'))}".strip()


READER = Reader(NAME, "an MLflow model", recognises, read)
