"""What a merged description still lacks before it is an ``exeat-manifest/1``, one sentence each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from exeat.evidence.manifest_path import LISTS, item
from exeat.model.documents import validation_to_bad_input
from exeat.model.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED_PARTS = ("lineage", "model", "training", "retention", "governance")
"""Parts that every manifest has; an absent one is shown by the fields that it needs."""
SENTENCES: Mapping[str, str] = {
    "checkpoint_id": "Which id does the checkpoint have? Small letters, digits, dots and dashes.",
    "run_id": "Which training run made it?",
    "lineage.run_family": "Which family of runs does it belong to? Versions of one model share it.",
    "lineage.version": "Which version of the model is it?",
    "title": "What is the model called?",
    "purpose": "What is it for? 40 to 4,000 characters.",
    "out_of_scope": "What is it not to be used for?",
    "created_at": "When was the checkpoint made? A time with zone, such as 2026-11-20T09:14:03Z.",
    "created_by": "Which team or role made it?",
    "org": "Which organisation is responsible?",
    "contact": "Which office answers questions about it?",
    "model.family": "Which family is the model of (recurrent, transformer, tree ensemble, …)?",
    "model.architecture": "What is its architecture?",
    "model.n_parameters": "How many parameters does it have?",
    "model.task": "Which task does it solve?",
    "training.framework": "With which framework was it trained?",
    "training.framework_version": "With which version of the framework?",
    "hyperparameters": "Which hyperparameters were used? An empty map says that there are none.",
    "seeds": "Which random seeds were used? A value may be withheld; an empty list says that there are none.",
    "epoch": "After which epoch was it saved?",
    "global_step": "After how many steps was it saved?",
    "data_sources": "Which data was it trained on? At least one source.",
    "components": "Which files belong to it? At least one.",
    "safeguards": "Which protections were applied? An empty list says none; give no_safeguards_reason then.",
    "metrics": "What does it achieve? An empty list says that nothing was measured.",
    "reproducibility": "What can be reproduced, by whom? An empty list says nothing.",
    "leakage_channels": "By which ways could records leak? An empty list says that none was looked at.",
    "intended_tier": "To which tier is it meant to go (T0 to T5)?",
    "retention.retain_until": "Until when may copies exist? A date.",
    "dp.claimed": "Is differential privacy claimed? Some source gives a parameter of it.",
}
ITEM_SENTENCES: Mapping[str, str] = {
    "data_sources.name": "What is the data called?",
    "data_sources.version": "Which version of the data was used?",
    "data_sources.role": "For what was it used: train, val, test, pretrain or synth?",
    "components.kind": "What is this file: weights, optimizer_state, config, …?",
    "components.path": "Where does the file lie in the checkpoint's folder?",
    "components.format": "Which format does the file have?",
    "components.bytes": "How many bytes does it have? Describe the file itself to know.",
    "components.sha256": "Which SHA-256 does it have? Describe the file itself to know.",
    "components.sensitivity": "How sensitive is it, 0 (public) to 4 (as the records themselves)?",
    "components.proposed_disposition": "In what form is it to go: allowed, aggregated, masked, query_only, sandbox, …?",
    "safeguards.kind": "Which protection is it?",
    "safeguards.stage": "At which stage does it act: data, training, release or serving?",
    "masked.component_id": "In which component is this masked?",
    "masked.method": "How was it masked?",
    "masked.reversible": "Who could reverse it: no, by_key, by_controller or by_combination?",
    "metrics.value": "What was measured?",
    "metrics.unit": "In which unit? A rate is a fraction.",
    "metrics.split": "On which split: train, val or test?",
    "metrics.n": "On how many records was it measured?",
}


class Gap(NamedTuple):
    """A path of the manifest that is still needed (or does not fit), and one sentence about it."""

    path: str
    sentence: str


def manifest_of(document: Mapping[str, Any]) -> Manifest:
    """Validate a merged document as strictly as a file; raise BadInput with the place."""
    try:
        return Manifest.model_validate_json(json.dumps(_with_parts(document), default=str))
    except ValidationError as exc:
        raise validation_to_bad_input(exc, "exeat-manifest/1") from exc


def gaps_of(document: Mapping[str, Any], disputed: frozenset[str] = frozenset()) -> tuple[Gap, ...]:
    """Return everything that keeps the document from being a manifest; what is disputed is no gap."""
    whole = _with_parts(document)
    try:
        Manifest.model_validate_json(json.dumps(whole, default=str))
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False)
        real = [error for error in errors if not (error["type"] == "too_short" and whole.get(str(error["loc"][0])))]
        found = [_gap(whole, error["loc"], error["type"], error["msg"]) for error in real]
        order = {name: i for i, name in enumerate(Manifest.model_fields)}
        found.sort(key=lambda gap: order.get(gap.path.split(".")[0].split("[")[0], 0))
        return tuple(dict.fromkeys(gap for gap in found if gap.path not in disputed))
    return ()


def _with_parts(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: {} for name in NEEDED_PARTS}, **document}


def _gap(document: Mapping[str, Any], loc: tuple[int | str, ...], kind: str, message: str) -> Gap:
    path, plain = _path(document, loc)
    sentence = SENTENCES.get(plain) or ITEM_SENTENCES.get(plain)
    if kind in ("missing", "too_short") and sentence:
        return Gap(path, sentence)
    if kind == "missing":
        return Gap(path, f"{plain.rsplit('.', 1)[-1].replace('_', ' ').capitalize()} is needed.")
    return Gap(path, f"What is given does not fit: {message.removeprefix('Value error, ')[:200]}.")


def _path(document: Mapping[str, Any], loc: tuple[int | str, ...]) -> tuple[str, str]:
    """Return our path of a pydantic location, and the same without keys."""
    if not loc:
        return "manifest", "manifest"
    head, *rest = loc
    path = plain = str(head)
    parts = document.get(path)
    if path in LISTS and rest and isinstance(rest[0], int) and isinstance(parts, list):
        part = parts[rest[0]] if rest[0] < len(parts) else {}
        key = part.get(LISTS[path], rest[0]) if isinstance(part, dict) else rest[0]
        path, rest = item(path, str(key)), rest[1:]
    for step in rest:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
        plain += "" if isinstance(step, int) else f".{step}"
    return path, plain
