"""A risk report in a terminal: what was found, what could not be measured, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
        typer.echo(f"  {_label(one):34} {_figure(one.value):>9} {_interval(one):20} {one.unit}")
    for one in real:
        if one.status != "measured":
            typer.echo(f"  {_label(one):34} {one.status.replace('_', ' ')}: {one.reason}")
    typer.echo(f"Next: exeat ingest {written}")


def _label(one: Indicator) -> str:
    return one.indicator_id if one.fpr is None else f"{one.indicator_id} at FPR {one.fpr.normalize():f}"


def _figure(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _interval(one: Indicator) -> str:
    return "" if one.ci_low is None or one.ci_high is None else f"[{one.ci_low:.4f}, {one.ci_high:.4f}]"
