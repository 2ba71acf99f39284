"""Risk reports with curves, a trace and pilots: scores are drawn at random, every figure is computed from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat.audit.membership import LEVEL, Scores, epsilon_lower, indicators_of, number
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport
from exeat.policy.binding import BoundReport
from exeat.policy.context import AssessmentContext
from exeat.policy.interval import clopper_pearson
from exeat.policy.matter import gather
from tests.factories import TODAY, as_bytes, manifest, policy, proposal, report_document

if TYPE_CHECKING:
    from decimal import Decimal

    from exeat.model.risk_report import Indicator
    from exeat.policy.matter import Matter

N_IN, N_OUT = 600, 1200
SIMULATED = "scores and training are drawn at random, to test the page"


def scores(shift: float, *, attack: str = "lira", seed: int = 0, n_in: int = N_IN, n_out: int = N_OUT) -> Scores:
    """Scores of an attack; a tenth of the members stands out by ``shift`` standard deviations, all by a fifth of it."""
    rng = np.random.default_rng(seed)
    members = rng.normal(0.2 * shift, 1, n_in)
    members[: n_in // 10] += shift
    age, site = np.zeros(n_in, dtype=bool), np.zeros(n_in, dtype=bool)
    age[: n_in // 10 + 1], site[-7:] = True, True
    groups = {"age >= 70": age, "age < 70": ~age, "site=small": site}
    outside = {name: rng.random(n_out) < mask.mean() for name, mask in groups.items()}
    params = {"shadow_models": "64", "seed": str(seed)} if attack != "loss" else {}
    return Scores(attack, members, rng.normal(0, 1, n_out), groups, params, outside)


def curve(of: Scores, regime: str = "real") -> dict[str, Any]:
    """The ROC of the scores at 60 thresholds, each rate with its exact interval."""
    n_in, n_out = len(of.members), len(of.non_members)
    ranked = np.sort(of.non_members)[::-1]
    allowed = np.unique(np.geomspace(1, n_out - 1, 60).astype(int))
    points = []
    for count in allowed:
        hits = int((of.members > ranked[count]).sum())
        low, high = clopper_pearson(hits, n_in, LEVEL)
        rate = {"fpr": count / n_out, "tpr": hits / n_in}
        points.append({key: _text(value) for key, value in rate.items()} | {"tpr_low": str(low), "tpr_high": str(high)})
    return {
        "attack": of.attack, "method": "likelihood ratio", "regime": regime, "ci_level": "0.95", "points": points,
        "resolution": _text(1 / n_out), "n_in": n_in, "n_out": n_out,
    }  # fmt: skip


def _text(value: float | Decimal) -> str:
    return format(number(float(value)), "f")


def figures(of: Scores, **changes: Any) -> list[dict[str, Any]]:
    return [_document(one, **changes) for one in indicators_of(of)]


def _document(one: Indicator, **changes: Any) -> dict[str, Any]:
    return one.model_dump(mode="json", exclude_none=True) | changes


def bound(of: Scores, delta: Decimal) -> dict[str, Any]:
    """The lower bound on epsilon, with what as many records could have shown at most."""
    found = epsilon_lower(of, delta)
    n_in, n_out = found.n_in or 1, found.n_out or 1
    level = 1 - (1 - LEVEL) / 20
    best = math.log(float(clopper_pearson(n_in, n_in, level).low) / float(clopper_pearson(0, n_out, level).high))
    return _document(found, attack_params={**found.attack_params, "ceiling": f"{best:.4f}"})


def trace(epochs: int = 30, planted: int = 16, weights_sha256: str | None = None) -> dict[str, Any]:
    """A linear model with more features than records learns made-up records by heart, epoch by epoch."""
    rng = np.random.default_rng(3)
    n, width, candidates = 80, 300, 512
    truth = rng.normal(0, 1, width)
    x, tests, others = (rng.normal(0, 1, (rows, width)) for rows in (n, 400, candidates))
    y, y_test = (np.sign(rows @ truth) for rows in (x, tests))
    y[:planted] = rng.choice([-1.0, 1.0], planted)
    other = rng.choice([-1.0, 1.0], candidates)
    weights, found = 0.02 * truth, []
    for epoch in range(1, epochs + 1):
        weights += 0.03 * (x * (y * _slope(x, y, weights))[:, None]).mean(axis=0)
        loss, loss_test = _loss(x, y, weights), _loss(tests, y_test, weights)
        ranks = 1 + (_loss(others, other, weights)[None] < loss[:planted, None]).sum(axis=1)
        exposure = np.sort(math.log2(candidates + 1) - np.log2(ranks))
        found.append(
            {
                "epoch": epoch,
                "train_loss": _text(loss.mean()), "test_loss": _text(loss_test.mean()),
                "train_accuracy": _text((np.sign(x @ weights) == y).mean()),
                "test_accuracy": _text((np.sign(tests @ weights) == y_test).mean()),
                "canary_exposure": _text(np.median(exposure)), "canary_exposure_low": _text(exposure[planted // 4]),
                "canary_exposure_high": _text(exposure[-planted // 4]),
            }
        )  # fmt: skip
    if weights_sha256:
        found[-1]["weights_sha256"] = weights_sha256
    return {
        "epochs": found, "n_train": n, "n_test": 400, "n_canaries": planted, "recommended_epoch": 6,
        "recommendation": "Epoch 6 exposes least among those of equal accuracy.",
    }  # fmt: skip


def _loss(x: Any, y: Any, weights: Any) -> Any:
    return np.log1p(np.exp(-y * (x @ weights)))


def _slope(x: Any, y: Any, weights: Any) -> Any:
    return 1 / (1 + np.exp(y * (x @ weights)))


def pilot(name: str, kind: str, shift: float, correct: int, *, seed: int, **changes: Any) -> dict[str, Any]:
    """One protection: its attack is weaker by ``shift``, its accuracy is ``correct`` of 400."""
    low, high = clopper_pearson(correct, 400, LEVEL)
    metric = {
        "id": "accuracy", "value": _text(correct / 400), "unit": "fraction", "ci_low": str(low), "ci_high": str(high),
        "ci_level": "0.95", "split": "test", "n": 400,
    }  # fmt: skip
    found = [one for one in figures(scores(shift, seed=seed)) if "subgroup" not in one]
    base = {
        "pilot_id": name.lower().replace(" ", "-"),
        "kind": kind,
        "title": name,
        "access": "white_box",
        "seed": seed,
    }
    return base | {"utility": [metric], "indicators": found} | changes


def pilots() -> list[dict[str, Any]]:
    return [
        pilot("original", "original", 2.5, 380, seed=0),
        pilot("DP fine-tuning", "dp_finetune", 0.05, 352, seed=11, parameters={"epsilon": "3", "delta": "0.00001"}),
        pilot("clipping", "clipping", 1.4, 377, seed=12),
        pilot("weight noise", "weight_noise", 1.2, 372, seed=13, parameters={"sigma": "0.05"}),
        pilot("pruning 50", "pruning", 2.2, 379, seed=14),
        pilot("quantisation", "quantisation", 2.4, 380, seed=15),
        pilot("labels only", "label_only", 0.1, 380, seed=16, access="api_label"),
    ]


def full_report(subject: dict[str, Any], *, delta: Decimal, **changes: Any) -> dict[str, Any]:
    """One report that has everything: two attacks, other data, a weaker attacker, a bound, a trace, pilots."""
    lira, loss = scores(2.5), scores(0.6, attack="loss", seed=1)
    everybody = [one for one in figures(scores(0.0, seed=2), regime="synthetic") if "subgroup" not in one]
    labels = [one for one in figures(scores(0.3, seed=4)) if "subgroup" not in one]
    weak = [one | {"indicator_id": one["indicator_id"].replace("lira", "label")} for one in labels]
    by_label = {"access": "api_label", "knowledge": ["the record and its label"]}
    return report_document(
        report_id="audit-1", subject=subject, tool={"name": "exeat-audit", "version": "0.1"}, x_simulated=SIMULATED,
        indicators=[
            *figures(lira), *figures(loss), *everybody, *({**one, "adversary": by_label} for one in weak),
            bound(lira, delta),
        ],
        curves=[curve(lira), curve(loss), curve(scores(0.0, seed=2), "synthetic")],
        trace=trace(), pilots=pilots(),
    ) | changes  # fmt: skip


def second_report(subject: dict[str, Any], *, shift: float = 1.2, n_in: int = 300, n_out: int = 400) -> dict[str, Any]:
    """The same attack by another tool, on fewer records and with fewer shadow models."""
    found = [one for one in figures(scores(shift, seed=7, n_in=n_in, n_out=n_out)) if "subgroup" not in one]
    kept = [one | {"attack_params": {"n_shadow_models": "20"}} for one in found if one["status"] == "measured"]
    return report_document(
        report_id="second-1", subject=subject, tool={"name": "sacroml", "version": "2.0.1"}, indicators=kept
    )


LIMITS = [
    {"id": "auc", "check": "R3", "indicator": "mia.*.auc", "limit": "0.60", "unit": "fraction"},
    {
        "id": "tpr",
        "check": "R3",
        "indicator": "mia.*.tpr_at_fpr",
        "fpr": "0.01",
        "limit": "0.05",
        "unit": "fraction",
    },
    {
        "id": "tpr-10",
        "check": "R3",
        "indicator": "mia.*.tpr_at_fpr",
        "fpr": "0.1",
        "limit": "0.3",
        "unit": "fraction",
    },
    {
        "id": "group",
        "check": "R5",
        "indicator": "mia.*.tpr_at_fpr",
        "fpr": "0.01",
        "limit": "0.16",
        "unit": "fraction",
    },
]
"""Limits of the tests: small enough to hold in one's head."""


def subject() -> dict[str, Any]:
    return report_document()["subject"]


def matter_of(*documents: dict[str, Any], thresholds: list[dict[str, str]] = LIMITS, **changes: Any) -> Matter:
    """What the policy sees of these reports about the checkpoint of the factories; ``changes`` are the manifest's."""
    rules, about = policy(thresholds=thresholds), manifest(**changes)
    bound = [BoundReport(digest_of(as_bytes(one)), parse_document(as_bytes(one), RiskReport)) for one in documents]
    asked = proposal(manifest_sha256=digest_of(b"m"))
    return gather(
        manifest=about, manifest_sha256=digest_of(b"m"), reports=bound, policy=rules, tier=asked.tier, proposal=asked,
        context=AssessmentContext(today=TODAY),
    )  # fmt: skip


CLAIM = {
    "claimed": True, "epsilon": "2", "delta": "0.001", "unit": "person", "neighbouring": "add_remove",
    "sampling": "poisson", "sample_rate": "0.05", "noise_multiplier": "1.5", "clip_norm": "1", "steps": 300,
}  # fmt: skip
PEOPLE = [
    {
        "id": "bc", "name": "Breast cancer", "version": "1", "role": "train", "n_records": 600, "n_units": 600,
        "max_records_per_unit": 1, "unit": "person",
    }
]  # fmt: skip
