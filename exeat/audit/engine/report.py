"""Put together the risk report: indicators of every attack, what could not be measured and why, and the settings."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat import __version__
from exeat.audit.engine.digests import recipe_values, records_digest
from exeat.audit.engine.figures import figures_of, worst_subgroup
from exeat.audit.engine.gap import gap_indicator
from exeat.audit.engine.plan import FOR_EPSILON, digest_of_values
from exeat.audit.engine.robustness import sentences
from exeat.audit.membership import auc
from exeat.audit.roc import curve_of
from exeat.model.manifest import DpClaim
from exeat.model.risk_report import Adversary, Indicator, RiskReport, Subject, Tool
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.audit.engine.plan import Plan
    from exeat.audit.engine.robustness import Difference
    from exeat.audit.regimes import Regime
    from exeat.audit.scores import Scores
    from exeat.audit.target import Recipe, Target
    from exeat.model.risk_report import WithheldRecords

TOOL = "exeat-audit"


@dataclass(slots=True)
class Measured:
    """What the stages found: scores and gaps on the true records, indicators in the regimes, notes for people."""

    scores: list[Scores]
    missing: list[Indicator]
    beyond: list[Indicator] = field(default_factory=list)
    elsewhere: list[Indicator] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def report_of(
    target: Target, plan: Plan, settings: dict[str, Any], measured: Measured, records: WithheldRecords
) -> RiskReport:
    """Return the report, bound to the target's files and naming its settings by digest."""
    now = datetime.now(UTC).replace(microsecond=0)
    config = digest_of_values(settings)
    indicators = all_indicators(target, plan, measured)
    notes = [*measured.notes, *strength(measured.scores), *worst_subgroup(indicators)]
    values: dict[str, Any] = {
        "schema": "exeat-risk-report/1",
        "report_id": f"{target.checkpoint_id[:48]}-audit-{now:%Y%m%d-%H%M%S}-{config[7:15]}",
        "date": now,
        "author": plan.author,
        "independent": plan.independent,
        "subject": Subject(checkpoint_id=target.checkpoint_id, component_sha256=target.component_sha256),
        "tool": Tool(name=TOOL, version=__version__, config_sha256=config),
        "environment": environment(plan),
        "seed": plan.seed,
        "notes": "\n".join([*notes, *sentences(measured.differences)]),
        "indicators": tuple(indicators),
        "curves": tuple(curve_of(scores) for scores in measured.scores),
        "worst_records": records,
        "x_settings": settings,
    }
    if measured.differences:
        values["x_regimes"] = [difference.as_values() for difference in measured.differences]
    return RiskReport(**values)


def settings_of(
    target: Target, recipe: Recipe | None, plan: Plan, regimes: Sequence[Regime], code: str | None
) -> dict[str, Any]:
    """Return everything that the figures follow from, as plain values; ``code`` is the digest of the job file."""
    return {
        "plan": plan.as_values(),
        "attacks": list(plan.names),
        "recipe": recipe_values(recipe),
        "members": records_digest(target.members),
        "non_members": records_digest(target.non_members),
        "regimes": [[r.kind, r.detail, records_digest(r.members), records_digest(r.non_members)] for r in regimes],
        "code": code,
    }


def all_indicators(target: Target, plan: Plan, measured: Measured) -> list[Indicator]:
    """Return the figures of every attack, bounds of epsilon, the gap, and a reason for each that is missing."""
    found = [indicator for scores in measured.scores for indicator in figures_of(scores)]
    found += [*measured.missing, *measured.elsewhere, *_epsilon(plan, measured.scores)]
    found.append(gap_indicator(target.model, target.members, target.non_members))
    return [*found, *measured.beyond, _extraction()]


def _epsilon(plan: Plan, all_scores: Sequence[Scores]) -> list[Indicator]:
    from exeat.audit.dp import dp_indicators  # noqa: PLC0415 dp-accounting

    claim = plan.claim or DpClaim(claimed=False, delta=plan.delta)
    by_name = {scores.attack: scores for scores in all_scores}
    chosen = next((by_name[name] for name in FOR_EPSILON if name in by_name), None)
    return dp_indicators(claim, scores=chosen, seed=plan.seed)


def _extraction() -> Indicator:
    return Indicator(
        indicator_id="mem.extract.rate", status="not_applicable", unit="fraction", method="extraction by prompting",
        reason="the model answers with classes and generates no sequences",
        adversary=Adversary(access=Access.API_CONF),
    )  # fmt: skip


def strength(all_scores: Sequence[Scores]) -> list[str]:
    """Say how many attacks were tried, and the strongest of each adversary: a weak attack proves nothing."""
    level = Decimal("0.05") / max(len(all_scores), 1)
    words = {Access.API_LABEL: "labels only", Access.API_CONF: "confidences", Access.WHITE_BOX: "weights and gradients"}
    tests = f"{len(all_scores)} attacks on the same records: a p-value of AUC speaks for itself only below {level:.4f}"
    lines = [f"{tests} (Bonferroni over {len(all_scores)} tests at 5 %)."]
    for access, seen in words.items():
        areas = {s.attack: auc(s.members, s.non_members) for s in all_scores if s.adversary.access is access}
        if areas:
            best = max(areas, key=lambda name: areas[name])
            lines.append(f"Strongest attack with {seen}: {best}, AUC {areas[best]:.4f} (of {', '.join(areas)}).")
    return lines


def environment(plan: Plan) -> str:
    """Return what the figures were computed with."""
    import torch  # noqa: PLC0415

    return (
        f"exeat {__version__}, torch {torch.__version__}, numpy {np.__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {plan.device}, threads: {plan.threads}"
    )
