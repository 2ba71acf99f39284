"""A manifest as a CycloneDX 1.7 ML-BOM (JSON): model card, files with digests, properties of our own."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from exeat.evidence.exporters.fitted import Format
from exeat.evidence.readers import cyclonedx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.exporters.fitted import Leaves
    from exeat.model.manifest import Manifest, Metric

PACKAGES = {"pytorch": "torch", "torch": "torch", "scikit-learn": "sklearn", "tensorflow": "tensorflow"}
"""Name of the package of a framework, as bills of materials list it."""


def parts_of(manifest: Manifest) -> dict[str, Any]:
    """Return the parts by a name; each is a piece of the model component, or of the list of components."""
    model = manifest.model
    card = {
        "parameters": {
            "modelParameters": {
                "task": model.task,
                "architectureFamily": model.family,
                "modelArchitecture": model.architecture,
            }
        },
        "inputs": {"modelParameters": {"inputs": [{"format": line} for line in model.inputs]}} if model.inputs else {},
        "outputs": {"modelParameters": {"outputs": [{"format": o} for o in model.outputs]}} if model.outputs else {},
        "datasets": {
            "modelParameters": {"datasets": [{"type": "dataset", "name": one.name} for one in manifest.data_sources]}
        },
        "metrics": _analysis(manifest),
        "purpose": {"considerations": {"useCases": [manifest.purpose]}},
        "limitations": {"considerations": {"technicalLimitations": [manifest.limitations]}}
        if manifest.limitations
        else {},
    }
    found: dict[str, Any] = {f"card:{name}": part for name, part in card.items() if part}
    found["model:version"] = {"version": manifest.lineage.version}
    found["model:org"] = {"manufacturer": {"name": manifest.org}}
    if manifest.governance.licence:
        found["model:licence"] = {"licenses": [{"license": {"name": manifest.governance.licence}}]}
    found["list:files"] = _files(manifest)
    package = PACKAGES.get(manifest.training.framework.lower())
    if package:
        version = manifest.training.framework_version
        found["list:framework"] = [{"type": "library", "bom-ref": "framework", "name": package, "version": version}]
    return found


def _files(manifest: Manifest) -> list[dict[str, Any]]:
    return [
        {
            "type": "file",
            "bom-ref": f"component:{one.id}",
            "name": one.path,
            "hashes": [{"alg": "SHA-256", "content": one.sha256.removeprefix("sha256:")}],
        }
        for one in manifest.components
    ]


def _analysis(manifest: Manifest) -> dict[str, Any]:
    figures = [_figure(metric) for metric in manifest.metrics]
    dp = manifest.dp
    if dp and dp.epsilon is not None:
        named = ("delta", "unit", "accountant")
        said = {name: getattr(dp, name) for name in named if getattr(dp, name) is not None}
        slice_ = ";".join(f"{name}={value}" for name, value in said.items())
        figures.append(
            {"type": "dp.epsilon", "value": format(dp.epsilon, "f"), **({"slice": slice_} if slice_ else {})}
        )
    return {"quantitativeAnalysis": {"performanceMetrics": figures}} if figures else {}


def _figure(metric: Metric) -> dict[str, Any]:
    figure: dict[str, Any] = {"type": metric.id, "value": format(metric.value, "f")}
    figure["slice"] = cyclonedx.slice_of(metric.split, metric.subgroup)
    if metric.ci_low is not None and metric.ci_high is not None:
        low, high = format(metric.ci_low, "f"), format(metric.ci_high, "f")
        figure["confidenceInterval"] = {"lowerBound": low, "upperBound": high}
    return figure


def write(manifest: Manifest, parts: Mapping[str, Any], own: Leaves) -> bytes:
    """Return the bill of materials with these parts, and properties with these leaves."""
    card: dict[str, Any] = {}
    model: dict[str, Any] = {"type": cyclonedx.MODEL, "bom-ref": "checkpoint", "name": manifest.title}
    listed: list[dict[str, Any]] = []
    for name, part in parts.items():
        if name.startswith("list:"):
            listed += part
        elif name.startswith("model:"):
            model |= part
        else:
            for group, fields in part.items():
                card.setdefault(group, {}).update(fields)
    properties = [{"name": f"{cyclonedx.OWN}{path}", "value": json.dumps(leaf)} for path, leaf in own.items()]
    model["modelCard"] = {**card, "properties": properties}
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, manifest.to_bytes().hex())}",
        "version": 1,
        "metadata": {"component": model},
        "components": listed,
    }
    return json.dumps(bom, indent=1, ensure_ascii=False).encode()


FORMAT = Format("A CycloneDX ML-BOM", cyclonedx.READER, f" {cyclonedx.OWN}", parts_of, write)
