"""Indicators over time: each checkpoint by its worst figure, of these the middle and the worst by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from components.charts.exposure_small_multiples import PANELS, Family, grouped, other_data
from components.charts.palette import FAIL, INFO, UNKNOWN, safe, styled
from components.numbers import axis_unit, figure, scale, shown_unit

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

_PANEL = 230


def _groups(months: pd.DataFrame) -> tuple[Family, ...]:
    return tuple(sorted(grouped(months), key=_order))


def _order(group: Family) -> tuple[bool, int, str]:
    return other_data(group), -int(group.rows["n_fail"].sum()), group.title


def exposure_timeline(months: pd.DataFrame) -> tuple[tuple[Family, go.Figure], ...]:
    """Return at most eight kinds of indicator, the worst first, each with its figure over the months.

    Solid with dots: the middle of the checkpoints' worst values. Dashed with crosses: the worst bad end of an interval.
    A month in which nothing was measured is a hollow diamond at the foot and breaks the lines. Dotted: limits that
    fail, none that only warn.
    """
    return tuple((group, _draw(group)) for group in _groups(months)[:PANELS])


def _draw(group: Family) -> go.Figure:
    chart = go.Figure()
    factor, unit, by_month = scale(group.unit), safe(axis_unit(group.unit), 12), group.rows
    styles: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
        ("middle", "middle of the checkpoints", {"color": INFO, "width": 2}, {"size": 7}),
        ("worst", "worst bad end", {"color": FAIL, "width": 2, "dash": "dash"}, {"size": 8, "symbol": "x"}),
    )
    for column, name, line, marker in styles:
        text = [f"{name}, {int(n)} figures" for n in by_month["n_measured"]]
        chart.add_trace(
            go.Scatter(
                x=by_month["month"], y=by_month[column] * factor, mode="lines+markers", line=line, marker=marker,
                text=text, hovertemplate="%{x|%Y-%m}<br>%{y:.3~g} " + unit + ", %{text}<extra></extra>",
            ),
        )  # fmt: skip
    gaps = by_month[by_month["n_measured"] == 0]
    marker = {"symbol": "diamond-open", "size": 10, "color": UNKNOWN, "line": {"width": 2}}
    hover = "%{x|%Y-%m}<br>not measured<extra></extra>"
    foot = [0.0] * len(gaps)
    chart.add_trace(
        go.Scatter(x=gaps["month"], y=foot, mode="markers", marker=marker, hovertemplate=hover, cliponaxis=False),
    )
    for limit in sorted(group.rows["max_value"].dropna().unique())[:3]:
        annotation = {"text": f"limit {figure(float(limit), group.unit)}", "font": {"size": 10}}
        line = {"color": "#808080", "width": 2, "dash": "dot"}
        chart.add_hline(y=limit * factor, line=line, annotation=annotation)
    chart.update_yaxes(ticksuffix=f" {unit}", rangemode="tozero", nticks=5)
    chart.update_xaxes(tickformat="%Y-%m")
    return styled(chart, height=_PANEL)


def timeline_table(months: pd.DataFrame) -> pd.DataFrame:
    """Return the same months as rows, newest first."""
    rows = months.sort_values(["month", "family"], ascending=[False, True]).to_dict("records")
    return pd.DataFrame([_table_row(row) for row in rows])


def _table_row(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    unit = shown_unit(str(row["family"]).lower(), str(row["unit"]))
    middle, worst, limit = (
        None if pd.isna(row[name]) else float(row[name]) for name in ("middle", "worst", "max_value")
    )
    return {
        "Month": f"{row['month']:%Y-%m}",
        "Indicator": row["family"],
        "Middle": figure(middle, unit),
        "Worst bad end": figure(worst, unit, limit=limit),
        "Limit": None if limit is None else figure(limit, unit),
        "Measured": f"{int(row['n_measured']):,} of {int(row['n']):,}",
        "Beyond the limit": f"{int(row['n_fail']):,}",
    }


def timeline_alt(group: Family) -> str:
    """Return one panel in words."""
    first, last = group.rows["month"].min(), group.rows["month"].max()
    failing = int(group.rows["n_fail"].sum())
    span = f"from {first:%Y-%m} to {last:%Y-%m}"
    return f"{group.title} {span}, middle of the checkpoints and worst figure: {failing} beyond the limit."
