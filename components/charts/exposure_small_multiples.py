"""Exposure of all checkpoints: one small panel per kind of indicator, a strip per lineage, a dot per checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import FAIL_AREA, INFO, safe, sign, styled
from components.numbers import axis_unit, bare_interval, figure, interval, scale, shown_unit

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from typing import Any

PANELS = 8
NO_LINEAGE, NO_LIMIT = "lineage unknown", "no_limit"
_SYMBOLS = {"fail": "x", "warn": "triangle-up", NO_LIMIT: "circle-open"}
_ROW, _LEAST, _EXTRA = 30, 170, 64


class Family(NamedTuple):
    """Figures of one kind and unit: they share a scale."""

    title: str
    unit: str
    rows: pd.DataFrame


def grouped(figures: pd.DataFrame) -> list[Family]:
    """Return the figures by kind and by the unit that people read."""
    units = [shown_unit(str(f).lower(), str(u)) for f, u in zip(figures["family"], figures["unit"], strict=True)]
    kinds = figures.assign(unit=units).groupby(["family", "unit"], sort=True)
    return [Family(str(name), str(unit), rows) for (name, unit), rows in kinds]


def families(points: pd.DataFrame) -> tuple[Family, ...]:
    """Return the panels: true data first, then most failing figures, then most that were not measured."""
    order = ("fail", "not_measured", "warn")
    return tuple(sorted(grouped(points), key=lambda g: (other_data(g), *(-_count(g, one) for one in order), g.title)))


def other_data(group: Family) -> bool:
    """Return whether the attacker held masked, shifted or synthetic records in place of the true ones."""
    return group.title.endswith(" data)")


def _count(group: Family, verdict: str) -> int:
    return int((group.rows["verdict"] == verdict).sum())


def exposure_panels(points: pd.DataFrame) -> tuple[tuple[Family, go.Figure], ...]:
    """Return at most eight kinds of indicator, the worst first, each with its figure: a strip per lineage."""
    lineages = list(dict.fromkeys(points["run_family"].fillna(NO_LINEAGE)))
    strip = points["run_family"].fillna(NO_LINEAGE).map(lineages.index)
    groups = families(points.assign(strip=strip + _spread(points)))[:PANELS]
    names = [safe(name, 28) for name in lineages]
    return tuple((group, _panel(group, names)) for group in groups)


def _panel(group: Family, names: list[str]) -> go.Figure:
    chart = go.Figure()
    _draw(chart, group)
    styled(chart, height=max(_ROW * len(names), _LEAST) + _EXTRA)
    chart.update_yaxes(tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.4, -0.6])
    return chart


def _drawn(group: Family) -> pd.Series[bool]:
    """Return which figures have a place on the axis; what counts as not measured stands in the gutter."""
    return (group.rows["status"] == "measured") & (group.rows["verdict"] != "not_measured")


def _spread(points: pd.DataFrame) -> pd.Series[float]:
    """Return small steps up and down, so that intervals of one strip do not hide each other."""
    place = points.groupby(["family", "unit", points["run_family"].fillna(NO_LINEAGE)]).cumcount()
    return (place % 5 - 2) * 0.13


def _draw(chart: go.Figure, group: Family) -> None:
    factor = scale(group.unit)
    for verdict, rows in group.rows[_drawn(group)].groupby("verdict"):
        chart.add_trace(_dots(rows, str(verdict), factor))
    low, high = _reach(group, factor)
    _draw_limits(chart, group, (low, high))
    gaps = group.rows[group.rows["verdict"] == "not_measured"]
    if len(gaps):
        chart.add_trace(_gaps(gaps, low - (high - low) * 0.04))
    shown = bool(_drawn(group).any())
    reach = [low - (high - low) * 0.09, high]
    suffix = f" {safe(axis_unit(group.unit), 12)}"
    chart.update_xaxes(range=reach, ticksuffix=suffix, nticks=5, showticklabels=shown)


def _draw_limits(chart: go.Figure, group: Family, reach: tuple[float, float]) -> None:
    """Draw each limit as a labelled line, and shade where every checkpoint fails."""
    factor = scale(group.unit)
    limits = sorted(float(one) * factor for one in group.rows["max_value"].dropna().unique())
    for limit in limits[:3]:
        label = {"text": f"limit {figure(limit / factor, group.unit)}", "font": {"size": 10}}
        side = "top left" if len(limits) > 1 and limit == limits[0] else "top right"  # two labels stand apart
        line = {"color": "#808080", "width": 2, "dash": "dot"}
        chart.add_vline(x=limit, line=line, annotation=label, annotation_position=side)
    if limits:
        ends = (reach[0], limits[0]) if bool(group.rows["falling"].any()) else (limits[-1], reach[1])
        chart.add_vrect(x0=ends[0], x1=ends[1], fillcolor=FAIL_AREA, line_width=0, layer="below")


def _reach(group: Family, factor: int) -> tuple[float, float]:
    """Return the range of the axis; it begins at 0 unless all figures lie far from it."""
    ends = pd.concat([group.rows[name] for name in ("value", "ci_low", "ci_high", "max_value")]).dropna() * factor
    if ends.empty:
        return 0.0, 1.0
    least, most = float(ends.min()), float(ends.max())
    room = (most - least or abs(most) or 1.0) * 0.08
    far = least > 0 and most - least < least
    return (least - room if far or least < 0 else 0.0), most + room


def _dots(rows: pd.DataFrame, verdict: str, factor: int) -> go.Scatter:
    colour, value = INFO if verdict == NO_LIMIT else sign(verdict).colour, rows["value"]
    error = {
        "type": "data", "symmetric": False, "thickness": 1.5, "width": 3, "color": colour,
        "array": ((rows["ci_high"].fillna(value) - value) * factor).tolist(),
        "arrayminus": ((value - rows["ci_low"].fillna(value)) * factor).tolist(),
    }  # fmt: skip
    marker = {"size": 8, "color": colour, "symbol": _SYMBOLS.get(verdict, "circle")}
    return _scatter(rows, (value * factor).tolist(), marker, error_x=error)


def _gaps(rows: pd.DataFrame, at: float) -> go.Scatter:
    mark = sign("not_measured")
    marker = {"size": 10, "symbol": "diamond-open", "color": mark.colour, "line": {"width": 2}}
    return _scatter(rows, [at] * len(rows), marker)


def _scatter(rows: pd.DataFrame, x: list[float], marker: dict[str, Any], **more: Any) -> go.Scatter:
    records = rows.to_dict("records")
    return go.Scatter(
        x=x,
        y=rows["strip"].tolist(),
        mode="markers",
        marker=marker,
        customdata=[str(row["checkpoint_id"]) for row in records],
        text=[_words(row) for row in records],
        hovertemplate="%{text}<extra></extra>",
        **more,
    )


def _words(row: Mapping[Hashable, Any]) -> str:
    about = f"{safe(row['checkpoint_id'], 60)} ({safe(row['version'], 20)}), {safe(row['method'], 60)}"
    if row["status"] != "measured":
        return f"{about}<br>{sign('not_measured').word}: {safe(row['reason'], 160)}"
    unit = shown_unit(str(row["indicator_id"]), str(row["unit"]))
    spread = bare_interval(_none(row["ci_low"]), _none(row["ci_high"]), unit)
    word = "no limit set:" if row["verdict"] == NO_LIMIT else sign(row["verdict"]).word
    return f"{about}<br>{word} {figure(row['value'], unit)} {spread}"


def _none(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def exposure_table(points: pd.DataFrame) -> pd.DataFrame:
    """Return the same figures as rows, worst first."""
    order = {"fail": 0, "not_measured": 1, "warn": 2, "pass": 3, NO_LIMIT: 4, "not_applicable": 5}
    ranked = points.assign(_rank=points["verdict"].map(order)).sort_values("_rank", kind="stable")
    return pd.DataFrame([_table_row(row) for row in ranked.to_dict("records")])


def _table_row(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    measured, unit = row["status"] == "measured", shown_unit(str(row["indicator_id"]), str(row["unit"]))
    limit = _none(row["max_value"])
    return {
        "Verdict": "no limit set" if row["verdict"] == NO_LIMIT else sign(row["verdict"]).word.lower(),
        "Indicator": row["label"],
        "Checkpoint": row["checkpoint_id"],
        "Lineage": row["run_family"],
        "Value": figure(row["value"], unit, limit=limit) if measured else str(row["status"]).replace("_", " "),
        "Interval": interval(_none(row["ci_low"]), _none(row["ci_high"]), unit) or None,
        "Limit": None if limit is None else figure(limit, unit),
        "Reported": f"{row['reported_at']:%Y-%m-%d}",
        "Why not": row["reason"] or None,
    }


def exposure_alt(group: Family) -> str:
    """Return one panel in words."""
    return (
        f"{group.title} by lineage: {len(group.rows)} figures, {_count(group, 'fail')} beyond the limit, "
        f"{_count(group, 'not_measured')} not measured."
    )
