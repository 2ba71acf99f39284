"""A risk report in a terminal: what was found, what could not be measured, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from exeat.model.risk_report import Indicator, RiskReport


def show(report: RiskReport, written: Path) -> None:
    """Print one line per figure about everybody; subgroups and reasons follow."""
    real = [one for one in report.indicators if one.regime == "real" and one.subgroup is None]
    measured = [one for one in real if one.status == "measured"]
    typer.echo(f"{written}: {len(report.indicators)} figures about {report.subject.checkpoint_id}.")
    for one in measured:
        typer.echo(f"  {_label(one):46} {_figure(one.value):>9} {_interval(one):20} {one.unit}")
    for one in real:
        if one.status != "measured":
            typer.echo(f"  {_label(one):46} {one.status.replace('_', ' ')}: {one.reason}")
    for one in real:
        if one.indicator_id == "dp.epsilon_lower" and one.status == "measured":
            typer.echo(f"Epsilon is {one.bound_note}")
    for line in report.notes.splitlines():
        typer.echo(line)
    typer.echo(f"Next: exeat ingest {written}")


def cost(values: dict[str, Any]) -> str:
    """Return what an audit would cost, step by step."""
    training = values.get("training_seconds")
    attacks = [f"  attack {name}: {_seconds(seconds)}" for name, seconds in dict(values["attacks_seconds"]).items()]
    return "\n".join(
        [
            f"One training of the recipe: {_seconds(training)}." if training else "No recipe, so no shadow models.",
            f"  shadow models: {_seconds(values['shadows_seconds'])}",
            *attacks,
            f"  all attacks on each of: {', '.join(['real', *values['regimes']])} data",
            f"Membership in all {_seconds(values['seconds'])}"
            + (f", {values['units']} times one training of the recipe." if training else "."),
        ]
    )


def _seconds(value: float) -> str:
    from exeat.audit.engine.progress import duration  # noqa: PLC0415 with the rest of the engine

    return duration(value) if value >= 1 else f"{value:.2g} s"


def _label(one: Indicator) -> str:
    return one.indicator_id if one.fpr is None else f"{one.indicator_id} at FPR {one.fpr.normalize():f}"


def _figure(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _interval(one: Indicator) -> str:
    return "" if one.ci_low is None or one.ci_high is None else f"[{one.ci_low:.4f}, {one.ci_high:.4f}]"
