"""A study in words: one line per pilot, and what a manifest may say of each."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exeat.audit.pilots.citing import entries, metric, strongest, worked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.model.manifest import Metric
    from exeat.model.risk_report import Indicator, Pilot, RiskReport

LOW = Decimal("0.01")
HEADING = (
    "Accuracy on records not trained on; strongest attack by area (AUC, 0.5 is guessing); share of members recognised "
    "at 1 % false alarms."
)


def lines(report: RiskReport, evidence_sha256: str) -> list[str]:
    """Return the table of pilots, worst exposure last, and the entries to paste."""
    width = max(len(pilot.pilot_id) for pilot in report.pilots)
    ordered = sorted(report.pilots, key=_exposure)
    table = [f"{pilot.pilot_id:{width}}  {_line(pilot)}" for pilot in ordered]
    cited = [f"{entry['pilot']}:\n{_pasted(entry)}" for entry in entries(report, evidence_sha256)]
    return [
        HEADING,
        *table,
        "",
        "For the manifest of a release that applies one of them:",
        *cited,
        "",
        report.notes,
    ]


def summary(report: RiskReport, evidence_sha256: str) -> dict[str, Any]:
    """Return the same as plain values."""
    return {
        "pilots": [_values(pilot) for pilot in report.pilots],
        "manifest_entries": entries(report, evidence_sha256),
    }


def cost_lines(parts: Sequence[tuple[str, float]]) -> list[str]:
    """Return the cost of a study, part by part."""
    width = max(len(name) for name, _ in parts)
    total = sum(cost for _, cost in parts)
    return [
        *(f"{name:{width}}  {cost:8.1f}" for name, cost in parts),
        f"{'in all':{width}}  {total:8.1f} times one training of yours; shadow models trained together cost less.",
    ]


def _exposure(pilot: Pilot) -> Decimal:
    found = strongest(pilot)
    return Decimal(2) if found is None or found.value is None else found.value


def _line(pilot: Pilot) -> str:
    if not worked(pilot):
        return f"FAILED: {pilot.indicators[0].reason}"
    accuracy, area = metric(pilot, "accuracy"), strongest(pilot)
    rate = _rate(pilot)
    parts = [f"accuracy {_figure(accuracy)}", f"AUC {_figure(area)} ({_attack(area)})"]
    parts.append(f"at 1 %: {_figure(rate)}" if rate else "at 1 %: not resolvable")
    if pilot.approximation is not None:
        parts.append(f"{pilot.approximation.id} {_figure(pilot.approximation)}")
    if "epsilon" in pilot.parameters:
        parts.append(f"epsilon {Decimal(pilot.parameters['epsilon']):.2f} ({pilot.parameters['epsilon_covers']})")
    return ", ".join([*parts, pilot.access.value.replace("_", " ")])


def _rate(pilot: Pilot) -> Indicator | None:
    rates = [one for one in pilot.indicators if one.fpr == LOW and one.value is not None]
    return max(rates, key=lambda one: one.value or 0, default=None)


def _attack(found: Indicator | None) -> str:
    return found.indicator_id.split(".")[1] if found is not None else "none"


def _figure(found: Metric | Indicator | None) -> str:
    if found is None or found.value is None:
        return "not measured"
    ends = "" if found.ci_low is None else f" [{found.ci_low:.3f}, {found.ci_high:.3f}]"
    return f"{found.value:.3f}{ends}"


def _values(pilot: Pilot) -> dict[str, Any]:
    area, rate = strongest(pilot), _rate(pilot)
    return {
        "pilot": pilot.pilot_id, "kind": pilot.kind, "worked": worked(pilot), "access": pilot.access.value,
        "reason": "" if worked(pilot) else pilot.indicators[0].reason, "copy_sha256": pilot.copy_sha256,
        "accuracy": _ends(metric(pilot, "accuracy")), "difference": _ends(metric(pilot, "accuracy-difference")),
        "auc": _ends(area), "attack": _attack(area), "tpr_at_1_percent": _ends(rate),
    }  # fmt: skip


def _ends(found: Metric | Indicator | None) -> dict[str, str] | None:
    if found is None or found.value is None:
        return None
    named = (("value", found.value), ("ci_low", found.ci_low), ("ci_high", found.ci_high))
    return {name: f"{value:f}" for name, value in named if value is not None}


def _pasted(entry: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in entry.items() if name != "pilot"}, indent=1, ensure_ascii=False)
