"""A dossier that passes every check, and ways to change one thing in it. Made up; no real people."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.manifest import Manifest
from exeat.model.policy import Policy
from exeat.model.release import Proposal
from exeat.model.risk_report import RiskReport
from exeat.model.tier import Tier
from exeat.policy.adoption import load_default
from exeat.policy.assessment import BoundReport, assess
from exeat.policy.context import AssessmentContext
from exeat.policy.matter import Matter, gather

if TYPE_CHECKING:
    from exeat.policy.finding import Assessment, Finding

TODAY = date(2026, 11, 1)
WEIGHTS_SHA = "sha256:" + "a" * 64
CONFIG_SHA = "sha256:" + "b" * 64
MANIFEST_SHA = "sha256:" + "c" * 64
N_IN, N_OUT = 20_000, 20_000


@cache
def policy() -> Policy:
    return parse_document(load_default(), Policy)


def changed_policy(**changes: Any) -> Policy:
    return merged_document(policy(), changes, Policy)


def merged_document(document: Any, changes: dict[str, Any], kind: type[Any]) -> Any:
    value = json.loads(document.model_dump_json(by_alias=True, exclude_none=True))
    merge(value, changes)
    return kind.model_validate_json(json.dumps(value))


def merge(value: dict[str, Any], changes: dict[str, Any]) -> None:
    """Set fields; ``governance__pia_ref=None`` reaches inside, None removes."""
    for path, new in changes.items():
        *parents, last = path.split("__")
        target: Any = value
        for part in parents:
            target = target[int(part)] if part.isdigit() else target[part]
        if new is None and isinstance(target, dict):
            target.pop(last, None)
        elif last.isdigit():
            target[int(last)] = new
        else:
            target[last] = new


SCANNED = {"tool": "s", "version": "1", "result": "clean"}
"""What keeps M4 content: nobody has inspected the weights of the dossier."""


def component(*, name: str = "weights", kind: str = "weights", **more: Any) -> dict[str, Any]:
    base = {
        "id": name,
        "kind": kind,
        "path": f"{name}.safetensors",
        "format": "safetensors",
        "bytes": 38_800,
        "sha256": WEIGHTS_SHA,
        "contains": ["tensors"],
        "sensitivity": 3,
        "proposed_disposition": "sandbox",
    }
    return base | more


def manifest(**changes: Any) -> Manifest:
    value: dict[str, Any] = {
        "schema": "exeat-manifest/1",
        "checkpoint_id": "onco-v7",
        "run_id": "run-7",
        "lineage": {"run_family": "onco", "version": "7"},
        "title": "Tumour classifier",
        "purpose": "Classify tumours as benign or malignant in a study of screening programmes.",
        "out_of_scope": "Diagnosis of single patients.",
        "created_at": "2026-09-01T00:00:00Z",
        "created_by": "oncology group",
        "org": "Example trust",
        "contact": "office@example.org",
        "model": {
            "family": "neural network",
            "architecture": "MLP 30-64-2",
            "n_parameters": 2_114,
            "task": "classification",
        },
        "training": {"framework": "torch", "framework_version": "2.13.0"},
        "hyperparameters": {"epochs": 40},
        "seeds": [{"name": "init", "released": False}],
        "epoch": 40,
        "global_step": 1680,
        "data_sources": [
            {
                "id": "registry",
                "name": "Tumour registry",
                "version": "2026-01",
                "digest": "sha256:" + "d" * 64,
                "role": "train",
                "n_records": N_IN,
                "n_units": N_IN,
                "max_records_per_unit": 1,
                "sensitivity": ["personal"],
                "duo": ["DUO:0000006"],
                "approval_ref": "DUA-12",
            }
        ],
        "components": [
            component(scan=SCANNED),
            component(
                name="config", kind="config", format="json", sha256=CONFIG_SHA, path="config.json", sensitivity=0
            ),
        ],
        "safeguards": [],
        "no_safeguards_reason": "The pilot showed no need.",
        "metrics": [{"id": "accuracy", "value": "0.96", "unit": "fraction", "split": "test", "n": 5_000}],
        "reproducibility": [
            {
                "part": "training",
                "level": "statistical",
                "requires_tier": "T2",
                "authorization": "agreement",
                "sandbox_data": "synthetic",
                "depends_on_confidential": True,
            }
        ],
        "leakage_channels": [],
        "intended_tier": "T3",
        "retention": {"retain_until": "2029-01-01", "revocation_procedure": "Recall by the custodian."},
        "governance": {
            "approval_ref": "ETH-2026-3",
            "pia_ref": "PIA-9",
            "pia_status": "signed_validation",
            "pia_review_due": "2027-06-01",
            "dpo_opinion": "favourable",
            "contributors": ["ada"],
            "monitoring": "Alerts on volume; re-test in May 2027.",
        },
    }
    merge(value, changes)
    return Manifest.model_validate_json(json.dumps(value))


def indicator(**changes: Any) -> dict[str, Any]:
    value = {
        "indicator_id": "mia.lira.tpr_at_fpr",
        "status": "measured",
        "value": "0.01",
        "unit": "fraction",
        "ci_low": "0.008",
        "ci_high": "0.012",
        "ci_level": "0.95",
        "ci_method": "clopper_pearson",
        "fpr": "0.01",
        "n_in": N_IN,
        "n_out": N_OUT,
        "method": "LiRA online, 64 shadow models",
        "adversary": {"access": "white_box"},
    }
    value = {k: v for k, v in (value | changes).items() if v is not None}
    rate = value.get("unit") == "fraction" and value["indicator_id"].endswith("tpr_at_fpr")
    if rate and "value" in value and value.get("n_in") and "n_events" not in changes:
        value["n_events"] = round(Decimal(value["value"]) * value["n_in"])
    return value


def simple(indicator_id: str, value: str, low: str, high: str, **changes: Any) -> dict[str, Any]:
    return indicator(
        indicator_id=indicator_id, value=value, ci_low=low, ci_high=high, fpr=None, n_events=None, **changes
    )


def passing_indicators() -> list[dict[str, Any]]:
    return [
        indicator(),
        indicator(fpr="0.001", value="0.001", ci_low="0.0006", ci_high="0.0016", n_events=20),
        simple("mia.lira.auc", "0.51", "0.505", "0.515", p_value="0.4"),
        simple("mia.lira.auc", "0.52", "0.49", "0.55", subgroup="age 70 and over", n_in=1200, n_out=1100),
        simple("recon.error", "1.1", "1.02", "1.18", unit="mse", direction="lower_is_worse", baseline_value="1.0"),
        simple("attr.adv_over_imputation", "0.01", "0.0", "0.02"),
    ]


def report(*, indicators: list[dict[str, Any]] | None = None, **changes: Any) -> BoundReport:
    value: dict[str, Any] = {
        "schema": "exeat-risk-report/1",
        "report_id": "rr-1",
        "date": "2026-10-01T00:00:00Z",
        "author": "audit team",
        "independent": False,
        "subject": {"checkpoint_id": "onco-v7", "component_sha256": [WEIGHTS_SHA]},
        "tool": {"name": "auditor", "version": "1"},
        "seed": 7,
        "indicators": passing_indicators() if indicators is None else indicators,
        "worst_records": {"quantiles": {"0.999": "0.71"}},
    }
    merge(value, changes)
    data = json.dumps(value, sort_keys=True).encode()
    return BoundReport(digest_of(data), RiskReport.model_validate_json(data))


def rerun(**changes: Any) -> BoundReport:
    return report(**({"report_id": "rr-2", "independent": True, "rerun_of": "rr-1", "author": "checker"} | changes))


def proposal(**changes: Any) -> Proposal:
    value: dict[str, Any] = {
        "schema": "exeat-release/1",
        "release_id": "onco-v7-t3",
        "title": "Tumour classifier to the sandbox",
        "checkpoint_id": "onco-v7",
        "manifest_sha256": MANIFEST_SHA,
        "components": [
            {"component_id": "weights", "disposition": "sandbox"},
            {"component_id": "config", "disposition": "allowed"},
        ],
        "tier": "T3",
        "recipients": "oncology consortium",
        "purpose": "Validate the classifier on three further screening programmes.",
        "purpose_duo": ["DUO:0000006"],
        "until": "2027-11-01",
        "submitter": "sam",
        "agreement": {
            "reference": "AG-1",
            "signed": True,
            "named_persons": 3,
            "quota_downloads": 0,
            "incident_contact": "security@example.org",
            "deletion_due": "2027-12-01",
        },
    }
    merge(value, changes)
    return Proposal.model_validate_json(json.dumps(value))


def context(**changes: Any) -> AssessmentContext:
    facts: dict[str, Any] = {"today": TODAY, "earlier": (), "reviewers": ()}
    return AssessmentContext(**(facts | changes))


def assessed(
    *,
    of: Manifest | None = None,
    reports: tuple[BoundReport, ...] | None = None,
    proposed: Proposal | str | None = "default",
    under: Policy | None = None,
    tier: Tier = Tier.T3,
    knowing: AssessmentContext | None = None,
) -> Assessment:
    """Assess a dossier that passes, with one part replaced."""
    return assess(
        manifest=of or manifest(),
        manifest_sha256=MANIFEST_SHA,
        reports=(report(), rerun()) if reports is None else reports,
        policy=under or policy(),
        policy_sha256=digest_of(load_default()),
        tier=tier,
        proposal=proposal() if proposed == "default" else proposed,  # type: ignore[arg-type]
        context=knowing or context(),
    )


def finding(check: str, **parts: Any) -> Finding:
    """Assess and return one finding."""
    return next(f for f in assessed(**parts).findings if f.check == check)


def matter(*, reports: tuple[BoundReport, ...] = ()) -> Matter:
    """The passing dossier as the checks see it, with these reports."""
    return gather(
        manifest=manifest(),
        manifest_sha256=MANIFEST_SHA,
        reports=reports,
        policy=policy(),
        tier=Tier.T3,
        proposal=proposal(),
        context=context(),
    )
