"""Put together the risk report: indicators of every attack, what could not be measured and why, and the settings."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat import __version__
from exeat.audit.engine.digests import recipe_values, records_digest
from exeat.audit.engine.plan import digest_of_values
from exeat.audit.membership import epsilon_lower, indicators_of, strongest
from exeat.model.risk_report import RiskReport, Subject, Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.audit.engine.plan import Plan
    from exeat.audit.membership import Scores
    from exeat.audit.target import Recipe, Target
    from exeat.model.risk_report import Indicator, WithheldRecords

TOOL = "exeat-audit"


def report_of(
    target: Target, plan: Plan, settings: dict[str, Any], indicators: Sequence[Indicator], *, notes: Sequence[str],
    records: WithheldRecords | None,
) -> RiskReport:  # fmt: skip
    """Return the report, bound to the target's files and naming its settings by digest."""
    now = datetime.now(UTC).replace(microsecond=0)
    config = digest_of_values(settings)
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
        "notes": "\n".join(notes),
        "indicators": tuple(indicators),
        "worst_records": records,
        "x_settings": settings,
    }
    return RiskReport(**values)


def settings_of(target: Target, recipe: Recipe | None, plan: Plan, code: str | None) -> dict[str, Any]:
    """Return everything that the figures follow from, as plain values; ``code`` is the digest of the job file."""
    return {
        "plan": plan.as_values(),
        "recipe": recipe_values(recipe),
        "members": records_digest(target.members),
        "non_members": records_digest(target.non_members),
        "code": code,
    }


def membership_indicators(all_scores: Sequence[Scores], plan: Plan) -> list[Indicator]:
    """Return the figures of every attack, and the lower bound of epsilon of the strongest."""
    found = [indicator for scores in all_scores for indicator in indicators_of(scores)]
    return [*found, epsilon_lower(strongest(all_scores), plan.delta, seed=plan.seed)]


def environment(plan: Plan) -> str:
    """Return what the figures were computed with."""
    import torch  # noqa: PLC0415

    return (
        f"exeat {__version__}, torch {torch.__version__}, numpy {np.__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {plan.device}, threads: {plan.threads}"
    )
