"""Write the manifest of a checkpoint from what training left behind."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

import torch

from data.samples.files import hyperparameters
from data.samples.gaps import GAPS
from data.samples.measure import DELTA
from data.samples.organisation import CONTACT, CUSTODIAN, ORG, STORIES
from exeat.model.manifest import Manifest
from exeat.model.tier import ComponentKind
from exeat.policy.epsilon import dp_sgd_epsilon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.samples.files import Written
    from data.samples.specs import Spec
    from data.samples.tables import Table
    from data.samples.training import Trained
    from exeat.model.manifest import Metric

MADE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""The day on which the sample was made; all dates are told from here, and the demo moves them to the day it loads."""
CHANNELS = {
    "weights": ("membership and attributes of training records through the weights", ("mia.*", "attr.*", "recon.*")),
    "training_trace": ("loss curve per epoch", ("gen.gap",)),
    "diagnostic_log": ("messages about single records or paths", ()),
    "optimizer_state": ("gradient moments of the last batches", ()),
}
MASKING = {
    ComponentKind.CONFIG: ("seeds", "fields removed before release"),
    ComponentKind.TRAINING_TRACE: ("single epochs", "rounded, every tenth epoch"),
    ComponentKind.DIAGNOSTIC_LOG: ("messages below INFO, row numbers, paths", "lines removed before release"),
}
"""How each kind is masked where the tier gets it masked."""


def before(days: int) -> datetime:
    """Return the moment that many days before the sample was made."""
    return MADE - timedelta(days=days)


def ahead(days: int) -> date:
    """Return the day that many days after the sample was made."""
    return (MADE + timedelta(days=days)).date()


def manifest(
    spec: Spec, trained: Trained, table: Table, parts: Sequence[Written], metrics: Sequence[Metric]
) -> Manifest:
    """Return the manifest, with the honest gaps of gaps.py."""
    fields = _identity(spec) | {
        "model": _model(spec, trained),
        "training": _training(spec),
        "hyperparameters": hyperparameters(spec, table),
        "units": {"learning_rate": "1", "weight_decay": "1", "batch_size": "records"},
        "seeds": [{"name": "training", "released": False}, {"name": "data-split", "released": False}],
        "epoch": trained.epochs,
        "global_step": trained.steps,
        "total_epochs": spec.epochs,
        "selection_rule": "lowest validation loss" if spec.patience else "last epoch",
        "data_sources": _sources(spec, table),
        "components": [_component(part) for part in parts],
        "safeguards": _safeguards(spec),
        "no_safeguards_reason": "" if spec.protection != "none" else "first version, trained as a reference",
        "masked": [_masked(part) for part in parts if part.kind in MASKING],
        "dp": _dp(spec, trained) if spec.private else None,
        "metrics": [metric.model_dump(mode="json", exclude_none=True) for metric in metrics],
        "reproducibility": _reproducibility(),
        "leakage_channels": _channels(spec, parts),
        "intended_tier": "T2" if spec.private else "T3",
        "retention": _retention(parts),
        "governance": _governance(spec),
        "x_simulated": "dates, organisation and governance are made up; training and measurements are real",
    }
    GAPS.get(spec.id, lambda _: None)(fields)
    return Manifest.model_validate_json(json.dumps({k: v for k, v in fields.items() if v is not None}, default=str))


def _identity(spec: Spec) -> dict[str, Any]:
    story, made = STORIES[spec.lineage], before(spec.days_before)
    previous = f"{spec.lineage}-mlp-v{spec.version - 1}" if spec.version > 1 else None
    return {
        "schema": "exeat-manifest/1",
        "checkpoint_id": spec.id,
        "run_id": f"run-{made:%Y%m%d}-{spec.id}",
        "lineage": {"run_family": f"{spec.lineage}-mlp", "version": str(spec.version), "supersedes": previous},
        "title": f"{story.title}, v{spec.version} ({spec.protection})",
        "purpose": story.purpose,
        "out_of_scope": story.out_of_scope,
        "limitations": story.limitations,
        "created_at": made.isoformat(),
        "created_by": "Northmoor modelling group",
        "org": ORG,
        "contact": CONTACT,
    }


def _masked(part: Written) -> dict[str, Any]:
    what, method = MASKING[part.kind]
    return {"component_id": part.id, "what": what, "method": method, "reversible": "no"}


def _retention(parts: Sequence[Written]) -> dict[str, Any]:
    return {
        "retain_until": ahead(700).isoformat(),
        "delete_components_at": {p.id: ahead(180).isoformat() for p in parts if p.sensitivity == 4},
        "revocation_procedure": "Recipients delete within 14 days of notice and confirm in writing.",
        "escrow": {"holder": CUSTODIAN, "release_conditions": ["order of a court or supervisory authority"]},
    }


def _governance(spec: Spec) -> dict[str, Any]:
    story = STORIES[spec.lineage]
    return {
        "approval_ref": story.approval,
        "pia_ref": f"PIA-{story.approval}",
        "pia_status": "signed_validation",
        "pia_review_due": ahead(300).isoformat(),
        "dpo_opinion": "favourable",
        "ml_plan_ref": f"ML-PLAN-{story.approval}",
        "licence": "sample data, see data/README.md",
        "custodian": CUSTODIAN,
        "contributors": list(story.team),
        "monitoring": "Access events checked daily; quota per recipient; measured again after 12 months.",
    }


def _model(spec: Spec, trained: Trained) -> dict[str, Any]:
    story = STORIES[spec.lineage]
    widths = " - ".join(str(n) for n in spec.hidden)
    return {
        "family": "multilayer perceptron",
        "architecture": f"fully connected, tanh, hidden widths {widths}",
        "n_parameters": sum(p.numel() for p in trained.model.parameters()),
        "task": story.task,
        "inputs": [story.inputs],
        "outputs": [story.outputs],
        "instance_based": False,
    }


def _training(spec: Spec) -> dict[str, Any]:
    made = before(spec.days_before)
    return {
        "framework": "torch with opacus 1.6.0" if spec.private else "torch",
        "framework_version": torch.__version__,
        "code_ref": f"data/make_samples.py --only {spec.id}",
        "hardware": "CPU, one thread",
        "started_at": (made - timedelta(minutes=2)).isoformat(),
        "ended_at": made.isoformat(),
    }


def _sources(spec: Spec, table: Table) -> list[dict[str, Any]]:
    story = STORIES[spec.lineage]
    writers = spec.lineage == "digits"
    base = {
        "version": story.source_version, "digest": table.digest, "period": story.period,
        "sensitivity": list(story.sensitivity), "approval_ref": story.approval,
        "duo": ["DUO:0000006", "DUO:0000018"] if not writers else ["DUO:0000042", "DUO:0000018"],
        "erasure_check_date": before(max(1, spec.days_before - 2)).date().isoformat(),
        "unit": "writer" if writers else "person",
    }  # fmt: skip
    rows = {"train": len(table.members), "val": len(table.validation), "test": len(table.outsiders)}
    return [
        base
        | {
            "id": f"{story.source_id}-{role}",
            "name": f"{story.source_name}, {role} rows",
            "role": role,
            "n_records": n,
            "n_units": 13 if writers else n,
            "max_records_per_unit": n if writers else 1,
        }
        for role, n in rows.items()
    ]


def _component(part: Written) -> dict[str, Any]:
    return {
        "id": part.id, "kind": part.kind, "path": part.path, "format": part.format, "bytes": len(part.data),
        "sha256": part.sha256, "contains": list(part.contains), "sensitivity": part.sensitivity,
        "proposed_disposition": part.proposed,
    } | ({"scan": part.scan.model_dump(mode="json")} if part.scan else {})  # fmt: skip


def _safeguards(spec: Spec) -> list[dict[str, Any]]:
    kinds = {
        "early stopping": ("early_stop", {"patience_epochs": str(spec.patience)}),
        "weight decay": ("regularization", {"weight_decay": str(spec.weight_decay)}),
        "DP-SGD": ("dp_sgd", {"noise_multiplier": str(spec.noise), "clip_norm": str(spec.clip)}),
    }
    if spec.protection not in kinds:
        return []
    kind, parameters = kinds[spec.protection]
    effect = "Accuracy with its interval stands in metrics; compare the versions of the lineage."
    return [{"id": kind.replace("_", "-"), "kind": kind, "stage": "training", "parameters": parameters,
             "effect_on_utility": effect}]  # fmt: skip


def honest_epsilon(spec: Spec, steps: int) -> Decimal:
    """Return the epsilon that the parameters support (privacy loss distributions), rounded up at two places."""
    found = dp_sgd_epsilon(
        noise_multiplier=spec.noise,
        sample_rate=1 / spec.batches,
        steps=steps,
        delta=float(DELTA[spec.lineage]),
    )
    return found.tightest.quantize(Decimal("0.01"), ROUND_CEILING)


def _dp(spec: Spec, trained: Trained) -> dict[str, Any]:
    return {
        "claimed": True,
        "epsilon": str(honest_epsilon(spec, trained.steps)),
        "delta": str(DELTA[spec.lineage]),
        "mechanism": "DP-SGD (Opacus 1.6.0)",
        "accountant": "privacy loss distributions (dp-accounting)",
        "accountant_version": "0.6.0",
        "unit": "record" if spec.lineage == "digits" else "person (one record each)",
        "neighbouring": "add_remove",
        "sampling": "poisson",
        "sample_rate": str(Decimal(1) / spec.batches),
        "noise_multiplier": str(spec.noise),
        "clip_norm": str(spec.clip),
        "steps": trained.steps,
        "composition": [f"{trained.steps} steps of this run; nothing else is covered"],
        "tuning_accounted": True,
        "trust_model": "central",
        "statement": "Holds for this checkpoint alone: earlier versions of the lineage saw the same records. Noise and "
        "epochs were fixed before the first run. The noise of this sample is seeded, so that it can be made again; "
        "whoever has the seed can take the noise out.",
    }


def _reproducibility() -> list[dict[str, Any]]:
    public = {"requires_tier": "T1", "sandbox_data": "real", "depends_on_confidential": False}
    closed = {"requires_tier": "T3", "sandbox_data": "real", "depends_on_confidential": True}
    return [
        {"part": "training", "level": "bitwise", "authorization": "custodian", "how": "make samples", **closed},
        {"part": "utility figures", "level": "bitwise", "authorization": "steward", "how": "make samples", **closed},
        {"part": "architecture and hyper-parameters", "level": "bitwise", "authorization": "none", "how": "config.json",
         **public},
    ]  # fmt: skip


def _channels(spec: Spec, parts: Sequence[Written]) -> list[dict[str, Any]]:
    found = []
    for part in parts:
        if part.kind.value in CHANNELS:
            channel, indicators = CHANNELS[part.kind.value]
            assessed = bool(indicators) and spec.attacks != ("loss",)
            found.append(
                {"channel": channel, "component_id": part.id, "assessed": assessed,
                 "indicator_ids": list(indicators) if assessed else [],
                 "mitigation": "does not leave" if part.sensitivity == 4 else spec.protection}
            )  # fmt: skip
    return found
