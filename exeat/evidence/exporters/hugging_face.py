"""A manifest as a Hugging Face model card: YAML front matter with results, and the sections of the template."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

from exeat.evidence.exporters.fitted import Format
from exeat.evidence.manifest_path import nest, part_paths
from exeat.evidence.readers import hugging_face_card as card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.exporters.fitted import Leaves
    from exeat.model.manifest import Manifest

LICENCES = frozenset({"apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "gpl-3.0"})
"""Licences that the Hub knows by name; any other is ``other`` with its name."""
LIBRARIES = {"pytorch": "pytorch", "torch": "pytorch", "tensorflow": "tf-keras", "keras": "keras", "jax": "jax"}
LIBRARIES_TOO = {"scikit-learn": "sklearn", "sklearn": "sklearn", "pytorch lightning": "pytorch-lightning"}
TASKS = frozenset(
    {
        "tabular-classification",
        "tabular-regression",
        "text-classification",
        "token-classification",
        "text-generation",
        "image-classification",
        "image-segmentation",
        "object-detection",
        "time-series-forecasting",
        "feature-extraction",
        "audio-classification",
        "automatic-speech-recognition",
    }
)
"""Tasks that the Hub knows; any other word stays in our own block."""
TRAINED_ON = ("train", "pretrain")


class _Dumper(yaml.SafeDumper):
    """Write decimals as they are, and never an alias."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = format(value, "f")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text if "." in text else f"{text}.0")


_Dumper.add_representer(Decimal, _decimal)


def parts_of(manifest: Manifest) -> dict[str, Any]:
    """Return front-matter fields under ``yaml:…``, the heading, and sections of the body under their title."""
    framework = manifest.training.framework.lower()
    task = manifest.model.task
    found: dict[str, Any] = {
        "yaml:licence": _licence(manifest),
        "yaml:library": {"library_name": LIBRARIES.get(framework) or LIBRARIES_TOO.get(framework)},
        "yaml:task": {"pipeline_tag": task if task in TASKS else None},
        "yaml:base": {"base_model": manifest.lineage.base_model},
        "yaml:datasets": {"datasets": [one.name for one in manifest.data_sources if one.role in TRAINED_ON]},
        "yaml:results": {
            "metrics": sorted({metric.id for metric in manifest.metrics}),
            "model-index": [{"name": manifest.title, "results": _results(manifest)}],
        },
        "heading": manifest.title,
        "Uses": f"{manifest.purpose}\n\n**Out of scope:** {manifest.out_of_scope}",
        "Bias, Risks, and Limitations": manifest.limitations,
    }
    return {name: part for name, part in found.items() if part and part != {} and _is_said(part)}


def _is_said(part: Any) -> bool:
    return not isinstance(part, dict) or all(value not in (None, [], "") for value in part.values())


def _licence(manifest: Manifest) -> dict[str, Any]:
    named = manifest.governance.licence
    return {"license": named} if named in LICENCES else {"license": "other", "license_name": named}


def _results(manifest: Manifest) -> list[dict[str, Any]]:
    """Return one result for each metric and one for the claim of differential privacy."""
    task = {"type": manifest.model.task if manifest.model.task in TASKS else "other", "name": manifest.model.task}
    keys = part_paths("metrics", [{"id": metric.id} for metric in manifest.metrics])
    results = []
    for metric, path in zip(manifest.metrics, keys, strict=True):
        source = next((one for one in manifest.data_sources if one.role == metric.split), manifest.data_sources[0])
        dataset = {"type": source.id, "name": source.name, "split": metric.split}
        figure: dict[str, Any] = {"type": metric.id, "value": metric.value}
        figure |= {"name": f"{metric.id}, {metric.subgroup}"} if metric.subgroup else {}
        figure["args"] = {"id": path.removeprefix("metrics[").partition("]")[0]}
        results.append({"task": task, "dataset": dataset, "metrics": [figure]})
    if manifest.dp and manifest.dp.epsilon is not None:
        source = manifest.data_sources[0]
        results.append({"task": task, "dataset": {"type": source.id, "name": source.name}, "metrics": [_dp(manifest)]})
    return results


def _dp(manifest: Manifest) -> dict[str, Any]:
    dp = manifest.dp
    named = ("delta", "unit", "accountant", "noise_multiplier", "sample_rate", "clip_norm", "steps")
    arguments = {name: getattr(dp, name) for name in named if getattr(dp, name) is not None}
    return {"type": "dp_epsilon", "value": dp.epsilon if dp else None, "args": arguments}


def write(_: Manifest, parts: Mapping[str, Any], own: Leaves) -> bytes:
    """Return the card with these parts, and our own block with these leaves."""
    front: dict[str, Any] = {}
    for name, part in parts.items():
        front |= part if name.startswith("yaml:") else {}
    front[card.OWN] = {"schema": "exeat-manifest/1", **nest(own)}
    text = yaml.dump(front, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    body = [(name, part) for name, part in parts.items() if not name.startswith("yaml:")]
    sections = [f"# {part}" if name == "heading" else f"## {name}\n{part}" for name, part in body]
    return "\n".join([f"---\n{text}---", *sections, ""]).encode()


FORMAT = Format("A Hugging Face model card", card.READER, f"{card.OWN}.", parts_of, write)
