"""A risk report in a terminal: what was found, what could not be measured, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal
    from pathlib import Path

    from exeat.model.risk_report import Indicator, RiskReport

MIA = "mia."
RATES = ("0.1", "0.01", "0.001")


def show(report: RiskReport, written: Path) -> None:
    """Print a row per attack, a line per other figure, reasons for what is missing, and the notes."""
    from exeat.audit.engine.job import visible  # noqa: PLC0415 with the rest of the engine

    real = [one for one in report.indicators if one.regime == "real" and one.subgroup is None]
    typer.echo(f"{written}: {len(report.indicators)} figures about {report.subject.checkpoint_id}.")
    for line in (*attacks(real), *others(real), *missing(real), *_epsilon(real), *report.notes.splitlines()):
        typer.echo(visible(line))
    typer.echo(f"Next: exeat ingest {written}, after the checkpoint's manifest or together with it.")


def attacks(real: list[Indicator]) -> list[str]:
    """Return a row per attack: area, and how many members it recognises at each false-positive rate."""
    found: dict[str, dict[str, Indicator]] = {}
    for one in real:
        if one.indicator_id.startswith(MIA) and one.status == "measured":
            _, attack, *rest = one.indicator_id.split(".")
            found.setdefault(attack, {})[f"{'.'.join(rest)} {_rate(one)}".strip()] = one
    rows = [(name, those) for name, those in found.items() if "auc" in those]
    if not rows:
        return []
    columns = ["auc", *(f"tpr_at_fpr {rate}" for rate in RATES)]
    head = f"  {'attack':18} {'AUC':25}" + "".join(f"{f'members at FPR {100 * float(r):g} %':25}" for r in RATES)
    return [head, *(f"  {name:18} " + "".join(f"{_cell(those, c):25}" for c in columns) for name, those in rows)]


def _cell(those: dict[str, Indicator], column: str) -> str:
    one = those.get(column)
    return "not measured" if one is None else f"{_figure(one.value)} {_interval(one)}"


def others(real: list[Indicator]) -> list[str]:
    """Return a line per measured figure that is not about membership."""
    those = [one for one in real if one.status == "measured" and not one.indicator_id.startswith(MIA)]
    return [f"  {one.indicator_id:30} {_figure(one.value):>9} {_interval(one):20} {one.unit}" for one in those]


def missing(real: Iterable[Indicator]) -> list[str]:
    """Return a line per reason, with everything that it explains."""
    by_reason: dict[tuple[str, str], list[str]] = {}
    for one in real:
        if one.status != "measured":
            names = by_reason.setdefault((one.status.replace("_", " "), one.reason), [])
            names.append(f"{one.indicator_id} {_rate(one)}".strip())
    return [f"  {status}: {', '.join(dict.fromkeys(names))}: {reason}" for (status, reason), names in by_reason.items()]


def _epsilon(real: list[Indicator]) -> list[str]:
    those = [one for one in real if one.indicator_id == "dp.epsilon_lower" and one.status == "measured"]
    return [f"Epsilon, {one.bound_note}" for one in those]


def _rate(one: Indicator) -> str:
    return "" if one.fpr is None else f"{one.fpr.normalize():f}"


def _figure(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _interval(one: Indicator) -> str:
    return "" if one.ci_low is None or one.ci_high is None else f"[{one.ci_low:.4f}, {one.ci_high:.4f}]"


def cost(values: dict[str, Any]) -> str:
    """Return what an audit would cost, step by step."""
    training = values.get("training_seconds")
    rows = [f"  attack {name}: {_seconds(seconds)}" for name, seconds in dict(values["attacks_seconds"]).items()]
    whole = f"Membership in all {_seconds(values['seconds'])}"
    return "\n".join(
        [
            f"One training of the recipe: {_seconds(training)}." if training else "No recipe, so no shadow models.",
            f"  shadow models: {_seconds(values['shadows_seconds'])}",
            *rows,
            f"  all attacks on each of: {', '.join(['real', *values['regimes']])} data",
            f"{whole}, {values['units']} times one training of the recipe." if training else f"{whole}.",
        ]
    )


def _seconds(value: float) -> str:
    from exeat.audit.engine.progress import duration  # noqa: PLC0415 with the rest of the engine

    return duration(value) if value >= 1 else f"{value:.2g} s"
