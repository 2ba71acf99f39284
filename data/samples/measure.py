"""Measure a trained network: utility with exact intervals for its manifest, attacks for its risk reports."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from data.samples.organisation import AUDIT_AUTHOR, STORIES
from data.samples.other_attacks import attribute_inference, class_inversion
from data.samples.training import train
from exeat.audit import membership, signals
from exeat.model.manifest import Metric
from exeat.model.risk_report import Adversary, Indicator, RiskReport, Subject, Tool, WithheldRecords
from exeat.model.tier import Access
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from data.samples.specs import Spec
    from data.samples.tables import Table
    from data.samples.training import Mlp, Trained

SHADOWS = 16
LEVEL = membership.LEVEL
DOF_FLOOR = 10
"""Residual degrees of freedom below which ACRO and SACRO-ML call a model at risk."""


def tensors(table: Table, rows: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features and classes of some rows."""
    return torch.from_numpy(table.x[rows]), torch.from_numpy(table.y[rows])


def sizes(spec: Spec, table: Table) -> tuple[int, ...]:
    """Return the widths of the network's layers."""
    return (table.x.shape[1], *spec.hidden, table.n_classes)


def train_spec(spec: Spec, table: Table) -> Trained:
    """Train the checkpoint of ``spec``."""
    return train(spec, sizes(spec, table), tensors(table, table.members), tensors(table, table.validation), spec.seed)


@torch.no_grad()
def _right(model: Mlp, table: Table) -> NDArray[np.bool_]:
    return (model(torch.from_numpy(table.x)).argmax(dim=1).numpy() == table.y).astype(bool)


def train_recipe(spec: Spec, table: Table, rows: NDArray[np.int64], seed: int) -> Mlp:
    """Train a shadow network by the recipe of ``spec`` on other records."""
    return train(spec, sizes(spec, table), tensors(table, rows), tensors(table, table.validation), seed).model


def metrics(model: Mlp, table: Table) -> tuple[Metric, ...]:
    """Return accuracy on both splits and per subgroup of at least 10 people, exact 95 % intervals."""
    right = _right(model, table)
    result = [
        _accuracy(right[rows], split, None) for rows, split in ((table.members, "train"), (table.outsiders, "test"))
    ]
    for name, mask in table.subgroups.items():
        rows = table.outsiders[mask[table.outsiders]]
        if len(rows) >= membership.MIN_SUBGROUP:
            result.append(_accuracy(right[rows], "test", name))
    return tuple(result)


def _accuracy(right: NDArray[np.bool_], split: str, subgroup: str | None) -> Metric:
    hits, n = int(right.sum()), len(right)
    low, high = clopper_pearson(hits, n, LEVEL)
    return Metric.model_validate(
        {"id": "accuracy", "value": membership.number(hits / n), "unit": "fraction", "ci_low": low, "ci_high": high,
         "ci_level": LEVEL, "split": split, "subgroup": subgroup, "n": n}
    )  # fmt: skip


def attack_scores(spec: Spec, model: Mlp, table: Table, seed: int) -> list[membership.Scores]:
    """Run the attacks of ``spec``: shadow models are trained by the same recipe on random halves of all records."""
    rows = np.concatenate([table.members, table.outsiders])
    n_in = len(table.members)
    x, y = tensors(table, rows)
    groups = {name: mask[table.members] for name, mask in table.subgroups.items()}
    outside = {name: mask[table.outsiders] for name, mask in table.subgroups.items()}
    shadows, inside = _shadows(spec, table, rows, seed) if set(spec.attacks) - {"loss"} else ([], np.zeros((0, 0)))
    found = []
    for attack in spec.attacks:
        if attack == "loss":
            values, params = signals.loss_signal(model, x, y), {}
        else:
            signal = signals.logit_signal if attack == "lira" else signals.gradient_signal
            values = signals.against_shadows(signal, model, shadows, inside, x, y)
            params = {"shadow_models": str(SHADOWS), "seed": str(seed), "fixed_variance": "true"}
        found.append(membership.Scores(attack, values[:n_in], values[n_in:], groups, params, outside))
    return found


def _shadows(spec: Spec, table: Table, rows: NDArray[np.int64], seed: int) -> tuple[list[Mlp], NDArray[np.bool_]]:
    inside = signals.shadow_halves(len(rows), SHADOWS, seed)
    return [train_recipe(spec, table, rows[half], seed + 1000 + i) for i, half in enumerate(inside)], inside


def report(
    spec: Spec, trained: Trained, table: Table, digests: tuple[str, ...], made: datetime, *, seed: int, rerun: bool
) -> RiskReport:
    """Return the risk report of one checkpoint; ``rerun`` repeats the membership attacks alone with another seed."""
    model = trained.model
    scores = attack_scores(spec, model, table, seed)
    indicators = [one for s in scores for one in membership.indicators_of(s)]
    strongest = membership.strongest(scores)
    if not rerun:
        delta = Decimal("0.0001") if spec.lineage == "digits" else Decimal("0.001")
        indicators.append(membership.epsilon_lower(strongest, delta, seed=seed))
        indicators.append(generalisation_gap(model, table))
        indicators += _not_applicable()
        if "gradient" in spec.attacks:
            indicators.append(attribute_inference(model, table, spec.lineage, STORIES[spec.lineage].attribute))
            indicators.append(class_inversion(model, table, seed))
            indicators += structure(model, table)
    name = f"{spec.id}-membership"
    header = report_header(spec, f"{name}-rerun" if rerun else name, digests, made, seed=seed)
    by_checker = {"author": AUDIT_AUTHOR, "independent": True, "rerun_of": name} if rerun else {}
    worst = WithheldRecords(quantiles=membership.quantiles(strongest), n_records=len(table.members))
    body = {"indicators": tuple(indicators), "worst_records": worst}
    return RiskReport.model_validate(header | by_checker | body)


def report_header(spec: Spec, report_id: str, digests: tuple[str, ...], made: datetime, *, seed: int) -> dict[str, Any]:
    """Return what every report of the modelling group says about itself."""
    config = json.dumps({"attacks": spec.attacks, "shadows": SHADOWS, "seed": seed}, sort_keys=True).encode()
    return {
        "schema": "exeat-risk-report/1",
        "report_id": report_id,
        "date": made,
        "author": "Northmoor modelling group",
        "independent": False,
        "subject": Subject(checkpoint_id=spec.id, component_sha256=digests),
        "tool": Tool(
            name="exeat-membership", version="0.1.0", config_sha256=f"sha256:{hashlib.sha256(config).hexdigest()}"
        ),
        "environment": f"torch {torch.__version__}, Python {platform.python_version()}, CPU, one thread",
        "seed": seed,
        "notes": "Measured on the sample checkpoint for real. Members and non-members come from one random split.",
    }


def generalisation_gap(model: Mlp, table: Table) -> Indicator:
    """Return training minus test accuracy; interval by Newcombe (1998) from exact intervals of both."""
    right = _right(model, table)
    inside, outside = right[table.members], right[table.outsiders]
    p, q = float(inside.mean()), float(outside.mean())
    a, b = (clopper_pearson(int(part.sum()), len(part), LEVEL) for part in (inside, outside))
    return Indicator(
        indicator_id="gen.gap", status="measured", value=membership.number(p - q), unit="difference",
        ci_low=membership.number(p - q - math.hypot(p - float(a.low), float(b.high) - q)),
        ci_high=membership.number(p - q + math.hypot(float(a.high) - p, q - float(b.low))),
        ci_level=LEVEL, ci_method="newcombe", n_in=len(inside), n_out=len(outside),
        method="training minus test accuracy", adversary=Adversary(access=Access.API_LABEL),
    )  # fmt: skip


@torch.no_grad()
def structure(model: Mlp, table: Table) -> list[Indicator]:
    """Return the structural flags (1 risk found, 0 not found) as ACRO defines them, where they mean something here."""
    n_parameters = sum(p.numel() for p in model.parameters())
    residual = len(table.members) - n_parameters
    shares = torch.softmax(model(torch.from_numpy(table.x[table.members])).double(), dim=1).numpy()
    zero = bool(np.isclose(shares, 0.0).any())
    smooth = (
        "the output is a smooth function of continuous inputs, so every record is its own group by construction; "
        "counting groups says nothing about this model"
    )
    base = {
        "unit": "flag",
        "split": "train",
        "adversary": Adversary(access=Access.WHITE_BOX, knowledge=("training data",)),
    }
    return [
        Indicator.model_validate({"indicator_id": name, "method": method, **base, **fields})
        for name, method, fields in (
            ("struct.dof", f"residual degrees of freedom, floor {DOF_FLOOR}", {
                "status": "measured", "value": Decimal(int(residual < DOF_FLOOR)), "n_in": len(table.members),
                "bound_note": f"{len(table.members)} members minus {n_parameters} parameters = {residual}"}),
            ("struct.class_disclosure", "a predicted share of zero on a training record", {
                "status": "measured", "value": Decimal(int(zero)), "n_in": len(table.members)}),
            ("struct.k_anonymity", "smallest group with equal output", {"status": "not_applicable", "reason": smooth}),
            ("struct.smallgroup", "label counts in groups with equal output", {
                "status": "not_applicable", "reason": smooth}),
        )
    ]  # fmt: skip


def _not_applicable() -> list[Indicator]:
    """Say why some indicators make no sense for a small classifier of tables, instead of leaving them out."""
    nobody = Adversary(access=Access.WHITE_BOX)
    reasons = {
        "mem.extract.rate": "a classifier of fixed-length records generates no text or image that could be extracted",
        "mem.canary.exposure": "a classifier of fixed-length records generates nothing in which a canary could show",
        "reid.rate": "no record-level or anonymised data is part of the checkpoint",
    }
    return [
        Indicator(
            indicator_id=name, status="not_applicable", reason=reason, unit="fraction", method="none", adversary=nobody
        )
        for name, reason in reasons.items()
    ]
