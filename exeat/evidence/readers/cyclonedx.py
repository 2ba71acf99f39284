"""CycloneDX ML-BOM (JSON): the model component with its model card, the files beside it, and properties."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.manifest_path import flatten, steps
from exeat.evidence.readers import conventions, cyclonedx_card, parts, values
from exeat.evidence.readers.own import is_field, tell_leaf
from exeat.evidence.readers.saying import Saying, brief
from exeat.evidence.readers.shape import Reader
from exeat.model.documents import parse_json

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "cyclonedx-ml-bom"
MODEL = "machine-learning-model"
OWN = "exeat:"
"""Prefix of the properties in which our exporter writes what the format has no field for, as JSON."""
MAX_LISTED = 5000


def recognises(peek: Peek) -> bool:
    """Return whether the JSON names itself CycloneDX."""
    return b'"CycloneDX"' in peek.data and isinstance(peek.json, dict) and peek.json.get("bomFormat") == "CycloneDX"


def read(bundle: Bundle) -> Partial:
    """Read a bill of materials; raise BadInput when it describes no model."""
    saying = Saying(NAME, bundle)
    bom = values.table(parse_json(bundle.data(), lenient_numbers=True))
    metadata = values.table(bom.get("metadata"))
    place, model = _model(metadata, values.entries(bom.get("components")))
    card = values.table(model.get("modelCard"))
    _properties(saying, values.entries(card.get("properties")), f"{place}.modelCard.properties")
    _properties(saying, values.entries(model.get("properties")), f"{place}.properties")
    own = own_parts(saying)
    cyclonedx_card.tell_model(saying, model, place)
    cyclonedx_card.tell_figures(saying, card, f"{place}.modelCard.quantitativeAnalysis", _figures(own))
    told = {part.get("name") for path, part in own.items() if path.startswith("data_sources[")}
    cyclonedx_card.tell_datasets(saying, card, f"{place}.modelCard.modelParameters.datasets", _by_ref(bom), told)
    for i, part in enumerate(values.entries(bom.get("components"))[:MAX_LISTED]):
        if isinstance(part, dict) and part is not model:
            _part(saying, part, f"components[{i}]")
    if metadata.get("timestamp"):
        saying.note(f"metadata.timestamp is when the list was made: {brief(metadata['timestamp'])}.")
    return saying.partial()


def own_parts(saying: Saying) -> dict[str, dict[str, Any]]:
    """Return the parts of lists that our own properties tell, by their path, each with its fields."""
    found: dict[str, dict[str, Any]] = {}
    for fact in saying.facts:
        part, sign, field = fact.path.partition("].")
        if sign:
            found.setdefault(part, {})[field] = fact.value
    return found


def _figures(own: dict[str, dict[str, Any]]) -> set[tuple[str, ...]]:
    """Return the figures that our own properties tell in full, as the model card writes them."""
    metrics = [part for path, part in own.items() if path.startswith("metrics[")]
    return {
        (str(one.get("id")), str(one.get("value")), slice_of(str(one.get("split")), one.get("subgroup")))
        for one in metrics
    }


def slice_of(split: str, subgroup: str | None) -> str:
    """Return the slice under which our exporter writes a figure."""
    return f"{split}; {subgroup}" if subgroup else split


def _model(metadata: dict[str, Any], components: list[Any]) -> tuple[str, dict[str, Any]]:
    described = values.table(metadata.get("component"))
    if described.get("type") == MODEL:
        return "metadata.component", described
    for i, part in enumerate(components):
        if isinstance(part, dict) and part.get("type") == MODEL:
            return f"components[{i}]", part
    raise BadInput(
        "The bill of materials describes no machine-learning model.",
        "Give the one whose metadata.component has the type machine-learning-model.",
        place="$.metadata.component",
    )


def _by_ref(bom: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = (part for part in values.entries(bom.get("components")) if isinstance(part, dict))
    return {str(part.get("bom-ref")): part for part in found if part.get("type") == "data"}


def _part(saying: Saying, part: dict[str, Any], place: str) -> None:
    kind = part.get("type")
    if kind == "file":
        sha256 = _sha256(part)
        where = parts.tell_listed(saying, str(part.get("name", "")), sha256, place)
        if where and sha256 is None:
            saying.note(f"{place}: {where} is listed without a SHA-256.")
    elif kind in ("library", "framework") and values.framework(part.get("name")) != values.line(part.get("name")):
        saying.takes("training.framework", part.get("name"), f"{place}.name", values.framework)
        saying.takes("training.framework_version", part.get("version"), f"{place}.version", values.line)
    elif kind != "data":
        saying.note(f"{place}: {brief(part.get('name'))} ({brief(kind)}) has no place in the manifest.")


def _sha256(part: dict[str, Any]) -> str | None:
    hashes = [h for h in values.entries(part.get("hashes")) if isinstance(h, dict) and h.get("alg") == "SHA-256"]
    return values.sha256(hashes[0].get("content")) if hashes else None


def _properties(saying: Saying, properties: list[Any], place: str) -> None:
    for i, found in enumerate(properties):
        name = str(found.get("name", "")) if isinstance(found, dict) else ""
        where = f"{place}[{i}] {name}"
        if name.startswith(OWN) and _own(saying, name.removeprefix(OWN), found.get("value"), where):
            continue
        if not name or not conventions.tell(saying, name.partition(":")[2] or name, found.get("value"), where):
            shown = found.get("value") if isinstance(found, dict) else found
            saying.note(f"{brief(where, 200)} has no place in the manifest: {brief(shown)}.")


def _own(saying: Saying, path: str, text: Any, place: str) -> bool:
    """Take a property that our own exporter wrote; return whether it is one."""
    try:
        field = steps(path)[0]
        leaf = json.loads(text) if isinstance(text, str) else None
    except (BadInput, ValueError, RecursionError):
        return False
    if not is_field(field):
        return False
    for below, value in flatten(path, leaf):
        tell_leaf(saying, below, value, place)
    return True


READER = Reader(NAME, "a CycloneDX ML-BOM", recognises, read)
