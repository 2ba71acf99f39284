"""The model component of a CycloneDX ML-BOM: name, licence, model card parameters, figures and considerations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.evidence.manifest_path import item
from exeat.evidence.readers import conventions, metrics, values
from exeat.evidence.readers.saying import brief

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from exeat.evidence.readers.saying import Saying

PARAMETERS = {
    "task": "model.task",
    "architectureFamily": "model.family",
    "modelArchitecture": "model.architecture",
}
IN_WORDS = (
    "users",
    "performanceTradeoffs",
    "ethicalConsiderations",
    "fairnessAssessments",
    "environmentalConsiderations",
)
"""Considerations that are prose: named in a note, read as nothing."""


def tell_model(saying: Saying, model: dict[str, Any], place: str) -> None:
    """Take everything of the model but its data sets, figures and properties."""
    saying.takes("title", model.get("name"), f"{place}.name", values.line)
    saying.takes("lineage.version", model.get("version"), f"{place}.version", values.line)
    for i, entry in enumerate(values.entries(model.get("licenses"))):
        licence = values.table(values.table(entry).get("license"))
        named = licence.get("id") or licence.get("name") or values.table(entry).get("expression")
        saying.takes("governance.licence", named, f"{place}.licenses[{i}]", values.line)
    for name in ("manufacturer", "supplier"):
        saying.takes("org", values.table(model.get(name)).get("name"), f"{place}.{name}.name", values.line)
    for name in ("description", "bom-ref", "hashes"):
        if model.get(name):
            saying.note(f"{place}.{name} has no place in the manifest: {brief(model[name])}.")
    card = values.table(model.get("modelCard"))
    _parameters(saying, values.table(card.get("modelParameters")), f"{place}.modelCard.modelParameters")
    _considerations(saying, values.table(card.get("considerations")), f"{place}.modelCard.considerations")


def _parameters(saying: Saying, parameters: dict[str, Any], place: str) -> None:
    for name, path in PARAMETERS.items():
        saying.takes(path, parameters.get(name), f"{place}.{name}", values.line)
    for name in ("inputs", "outputs"):
        formats = [values.table(entry).get("format") for entry in values.entries(parameters.get(name))]
        lines = [line for raw in formats if (line := values.line(raw))]
        saying.says(f"model.{name}", lines or None, f"{place}.{name}")
    if parameters.get("approach"):
        kind = values.table(parameters["approach"]).get("type")
        saying.note(f"{place}.approach has no place in the manifest: {brief(kind)}.")


def tell_datasets(
    saying: Saying, card: dict[str, Any], place: str, by_ref: Mapping[str, dict[str, Any]], told: AbstractSet[Any]
) -> None:
    """Take the data sets, also those named by reference; those in ``told`` are told in full by our own properties."""
    for i, entry in enumerate(values.entries(values.table(card.get("modelParameters")).get("datasets"))):
        found, where = values.table(entry), f"{place}[{i}]"
        if "ref" in found:
            found = values.table((values.entries(by_ref.get(str(found["ref"]), {}).get("data")) or [{}])[0])
        key, name = values.slug(found.get("name")), values.line(found.get("name"))
        if key is None:
            saying.note(f"{where} has no name.")
        elif name not in told:
            saying.says(item("data_sources", key, "name"), name, f"{where}.name")
            _dataset(saying, found, key, where)


def _dataset(saying: Saying, found: dict[str, Any], key: str, where: str) -> None:
    if found.get("sensitiveData"):
        saying.says(item("data_sources", key, "sensitivity"), ["personal"], f"{where}.sensitiveData")
        said = ", ".join(brief(part) for part in values.entries(found["sensitiveData"])[:8])
        saying.note(f"{where}.sensitiveData says: {said}.")
    if found.get("classification"):
        saying.note(f"{where}.classification has no place in the manifest: {brief(found['classification'])}.")
    custodians = values.entries(values.table(found.get("governance")).get("custodians"))
    for i, custodian in enumerate(custodians):
        name = values.table(values.table(custodian).get("organization")).get("name")
        saying.takes("governance.custodian", name, f"{where}.governance.custodians[{i}]", values.line)


def tell_figures(saying: Saying, card: dict[str, Any], place: str, told: AbstractSet[tuple[str, ...]]) -> None:
    """Take the figures; those in ``told`` (type, value, slice) are told in full by our own properties."""
    analysis = values.table(card.get("quantitativeAnalysis"))
    for i, metric in enumerate(values.entries(analysis.get("performanceMetrics"))):
        if isinstance(metric, dict) and tuple(str(metric.get(n)) for n in ("type", "value", "slice")) not in told:
            _figure(saying, metric, f"{place}.performanceMetrics[{i}]")


def _figure(saying: Saying, metric: dict[str, Any], place: str) -> None:
    name, part = brief(metric.get("type") or "metric", 80), str(metric.get("slice") or "")
    if name.lower() in ("dp.epsilon", "dp_epsilon", "epsilon"):
        conventions.tell_dp(saying, {"epsilon": metric.get("value"), **_pairs(part)}, place)
        return
    if metrics.is_risk(name):
        metrics.note_risk(saying, f"{name}, {part}" if part else name, metric.get("value"), place)
        return
    split = metrics.split_of(part)
    key = "" if split or not part else values.slug(f"{part}-{name}") or ""
    path = metrics.tell_metric(saying, name, metric.get("value"), place, split=split, key=key)
    if part and not split:
        saying.takes(f"{path}.subgroup", part, f"{place}.slice", values.line)
    interval = values.table(metric.get("confidenceInterval"))
    saying.takes(f"{path}.ci_low", interval.get("lowerBound"), f"{place}.confidenceInterval", values.number)
    saying.takes(f"{path}.ci_high", interval.get("upperBound"), f"{place}.confidenceInterval", values.number)


def _pairs(text: str) -> dict[str, str]:
    """Return ``delta=1e-6;unit=patient`` as a table; anything that is not such pairs is none."""
    pairs = [part.partition("=") for part in text[:500].split(";") if part.strip()]
    if not all(sign and name.strip() in conventions.DP for name, sign, _ in pairs):
        return {}
    return {name.strip(): value.strip() for name, _, value in pairs}


def _considerations(saying: Saying, found: dict[str, Any], place: str) -> None:
    for name, path in (("useCases", "purpose"), ("technicalLimitations", "limitations")):
        said = [text for entry in values.entries(found.get(name)) if isinstance(entry, str) and (text := entry.strip())]
        saying.takes(path, "\n".join(said), f"{place}.{name}", values.text)
    for name in IN_WORDS:
        if found.get(name):
            saying.note(f"{place}.{name} is prose; nothing in it is read as a figure.")
