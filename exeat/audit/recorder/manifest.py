"""The part of ``exeat-manifest/1`` that the training loop knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import torch

from exeat import __version__
from exeat.audit.membership import LEVEL, number
from exeat.audit.recorder.exposure import MIN_PEOPLE
from exeat.audit.recorder.journal import CHECKPOINT, TRACE, write_atomically
from exeat.evidence.inspection import open_checkpoint
from exeat.model.base import digest_of
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from exeat.audit.recorder.data import Split
    from exeat.audit.recorder.privacy import Privacy
    from exeat.audit.recorder.probe import Answers

WEIGHTS, CONFIG = "model.safetensors", "config.json"
LEAST_EXPOSED = "least exposed epoch at equal utility, by the recorder"
"""The selection rule of an epoch that its own figures chose."""
_CHOSEN = (
    "The epoch was chosen by losses on the training records, which no accountant counts: "
    "epsilon does not cover that choice."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What stands about the whole run, and about the epoch that the manifest describes."""

    folder: Path
    checkpoint_id: str
    started: datetime
    ended: datetime
    model: Mapping[str, Any]
    hardware: str
    hyperparameters: Mapping[str, str | int | bool]
    seeds: tuple[str, ...]
    splits: Mapping[str, Split]
    privacy: Privacy | None
    delta: float | None
    epoch: int | None
    step: int | None
    total_epochs: int
    rule: str


def write_files(run: Run, weights: bytes) -> list[dict[str, Any]]:
    """Write the files of the checkpoint beside the trace, and return them as components of the manifest.

    What leaves, and in which form, is the submitter's proposal to make; the default is a sandbox for the weights, and
    nothing of the trace.
    """
    folder = run.folder / CHECKPOINT
    write_atomically(folder / WEIGHTS, weights)
    write_atomically(folder / CONFIG, config_of(run))
    sensitivity = 2 if run.privacy is not None and run.privacy.claim(run.delta)["claimed"] else 3
    return [
        _component(folder, WEIGHTS, "weights", "safetensors", "weights", sensitivity, "sandbox")
        | {"scan": _scan(folder / WEIGHTS)},
        _component(folder, CONFIG, "config", "json", "hyper-parameters", 1, "allowed"),
        _component(folder, TRACE, "training_trace", "parquet", "aggregates over the epochs", 2, "denied"),
    ]


def config_of(run: Run) -> bytes:
    """Return the file of hyperparameters."""
    return orjson.dumps(dict(run.hyperparameters), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def _component(
    folder: Path, name: str, kind: str, form: str, contains: str, sensitivity: int, proposed: str
) -> dict[str, Any]:
    data = (folder / name).read_bytes()
    return {
        "id": kind.replace("_", "-"), "kind": kind, "path": name, "format": form, "bytes": len(data),
        "sha256": digest_of(data), "contains": [contains], "sensitivity": sensitivity, "proposed_disposition": proposed,
    }  # fmt: skip


def _scan(path: Path) -> dict[str, str]:
    """Say whether our own file is safe to load; what else it may tell, intake looks for when it takes the file in."""
    with open_checkpoint(path) as seen:
        problems = list(seen.problems)
    result = "clean"
    if problems:
        result = "unsafe" if any(one.verdict == "unsafe" for one in problems) else "not_assessed"
    detail = "; ".join(one.code for one in problems[:10])
    return {"tool": "exeat inspect", "version": __version__, "result": result, "detail": detail}


def document(
    run: Run, components: list[dict[str, Any]], answers: Mapping[str, Answers], indicators: list[str]
) -> dict[str, Any]:
    """Return the manifest's fields that the loop knows."""
    claim = run.privacy.claim(run.delta) if run.privacy else None
    if claim and run.rule == LEAST_EXPOSED:
        claim["statement"] = f"{claim['statement']} {_CHOSEN}".strip()
    return {
        "schema": "exeat-manifest/1",
        "checkpoint_id": run.checkpoint_id,
        "run_id": f"run-{run.started:%Y%m%d-%H%M%S}-{run.checkpoint_id}"[:80],
        "created_at": run.ended.isoformat(),
        "model": dict(run.model),
        "training": {
            "framework": "torch" if run.privacy is None else "torch with opacus",
            "framework_version": str(torch.__version__),
            "hardware": run.hardware,
            "started_at": run.started.isoformat(),
            "ended_at": run.ended.isoformat(),
        },
        "hyperparameters": dict(run.hyperparameters),
        "units": {name: "records" for name in ("batch_size",) if name in run.hyperparameters},
        "seeds": [{"name": name, "released": False} for name in run.seeds],
        "epoch": run.epoch,
        "global_step": run.step,
        "total_epochs": run.total_epochs,
        "selection_rule": run.rule,
        "data_sources": [_source(run.checkpoint_id, role, split) for role, split in run.splits.items()],
        "components": components,
        "safeguards": _safeguards(run),
        **({"dp": claim} if claim else {}),
        "metrics": [metric for role, seen in answers.items() for metric in _metrics(role, seen)],
        "leakage_channels": _channels(indicators),
    }


def _source(checkpoint_id: str, role: str, split: Split) -> dict[str, Any]:
    found = {"id": f"{checkpoint_id[:70]}-{role}", "role": role, "digest": split.digest, "n_records": split.n_records}
    return {name: value for name, value in found.items() if value is not None}


def _safeguards(run: Run) -> list[dict[str, Any]]:
    found = [run.privacy.safeguard()] if run.privacy else []
    decay = run.hyperparameters.get("weight_decay")
    if decay is not None and float(decay) > 0:
        parameters = {"weight_decay": str(decay)}
        found.append({"id": "weight-decay", "kind": "regularization", "stage": "training", "parameters": parameters})
    return found


def _metrics(role: str, seen: Answers) -> list[dict[str, Any]]:
    """Return accuracy with its exact interval, or the mean loss of a model that does not classify; no single people."""
    if len(seen.losses) < MIN_PEOPLE:
        return []
    if seen.right is None:
        value = f"{number(float(seen.losses.mean())):f}"
        return [{"id": f"{role}-loss", "value": value, "unit": "loss", "split": role, "n": len(seen.losses)}]
    hits, n = int(seen.right.sum()), len(seen.right)
    low, high = clopper_pearson(hits, n, LEVEL)
    return [
        {"id": f"{role}-accuracy", "value": f"{number(hits / n):f}", "unit": "fraction", "ci_low": f"{low:f}",
         "ci_high": f"{high:f}", "ci_level": f"{LEVEL}", "split": role, "n": n}
    ]  # fmt: skip


def _channels(indicators: list[str]) -> list[dict[str, Any]]:
    return [
        {"channel": "membership of training records through the weights", "component_id": "weights",
         "assessed": bool(indicators), "indicator_ids": indicators,
         "mitigation": "loss attack of the recorder only; a strong attack is exeat audit's"},
        {"channel": "training trace", "component_id": "training-trace", "assessed": True, "indicator_ids": [],
         "mitigation": "one row per epoch, aggregates over at least ten people; proposed not to leave"},
    ]  # fmt: skip
