"""Indicators over time: the middle and the worst figure of all checkpoints by month of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.charts.exposure_small_multiples import COLUMNS, PANELS, Family
from components.charts.palette import FAIL, INFO, UNKNOWN, safe, styled
from components.numbers import axis_unit, figure, scale

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

_PANEL = 230


def _groups(months: pd.DataFrame) -> tuple[Family, ...]:
    groups = [
        Family(str(name), str(unit), rows) for (name, unit), rows in months.groupby(["family", "unit"], sort=True)
    ]
    return tuple(sorted(groups, key=lambda group: (-int(group.rows["n_fail"].sum()), group.title)))


def exposure_timeline(months: pd.DataFrame) -> go.Figure:
    """Return one panel per kind of indicator; ``months`` is ``Exposure.months``.

    Solid with dots: the middle value. Dashed with crosses: the worst bad end of an interval. A month in which nothing
    was measured is a hollow diamond at the foot and breaks the lines.
    """
    groups = _groups(months)[:PANELS]
    down = -(-len(groups) // COLUMNS)
    height = down * _PANEL + 60
    chart = make_subplots(
        rows=down, cols=min(COLUMNS, len(groups)), subplot_titles=[safe(group.title, 70) for group in groups],
        horizontal_spacing=0.08, vertical_spacing=min(70 / height, 0.9 / down),
    )  # fmt: skip
    for number, group in enumerate(groups):
        _draw(chart, group, {"row": number // COLUMNS + 1, "col": number % COLUMNS + 1})
    return styled(chart, height=height)


def _draw(chart: go.Figure, group: Family, where: dict[str, int]) -> None:
    factor, unit, by_month = scale(group.unit), safe(axis_unit(group.unit), 12), group.rows
    styles: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
        ("middle", "middle value", {"color": INFO, "width": 2}, {"size": 7}),
        ("worst", "worst bad end", {"color": FAIL, "width": 2, "dash": "dash"}, {"size": 8, "symbol": "x"}),
    )
    for column, name, line, marker in styles:
        text = [f"{name}, {int(n)} figures" for n in by_month["n_measured"]]
        chart.add_trace(
            go.Scatter(
                x=by_month["month"], y=by_month[column] * factor, mode="lines+markers", line=line, marker=marker,
                text=text, hovertemplate="%{x|%Y-%m}<br>%{y:.3~g} " + unit + ", %{text}<extra></extra>",
            ),
            **where,
        )  # fmt: skip
    gaps = by_month[by_month["n_measured"] == 0]
    marker = {"symbol": "diamond-open", "size": 10, "color": UNKNOWN, "line": {"width": 2}}
    hover = "%{x|%Y-%m}<br>not measured<extra></extra>"
    foot = [0.0] * len(gaps)
    chart.add_trace(
        go.Scatter(x=gaps["month"], y=foot, mode="markers", marker=marker, hovertemplate=hover, cliponaxis=False),
        **where,
    )
    for limit in sorted(group.rows["max_value"].dropna().unique())[:3]:
        annotation = {"text": f"limit {figure(float(limit), group.unit)}", "font": {"size": 10}}
        line = {"color": "#808080", "width": 2, "dash": "dot"}
        chart.add_hline(y=limit * factor, line=line, annotation=annotation, **where)
    chart.update_yaxes(ticksuffix=f" {unit}", rangemode="tozero", nticks=5, **where)
    chart.update_xaxes(tickformat="%Y-%m", **where)


def timeline_table(months: pd.DataFrame) -> pd.DataFrame:
    """Return the same months as rows, newest first."""
    rows = months.sort_values(["month", "family"], ascending=[False, True]).to_dict("records")
    return pd.DataFrame([_table_row(row) for row in rows])


def _table_row(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    unit = str(row["unit"])
    middle, worst, limit = (
        None if pd.isna(row[name]) else float(row[name]) for name in ("middle", "worst", "max_value")
    )
    return {
        "Month": f"{row['month']:%Y-%m}",
        "Indicator": row["family"],
        "Middle": figure(middle, unit),
        "Worst bad end": figure(worst, unit),
        "Limit": None if limit is None else figure(limit, unit),
        "Measured": f"{int(row['n_measured']):,} of {int(row['n']):,}",
        "Beyond the limit": f"{int(row['n_fail']):,}",
    }


def timeline_alt(months: pd.DataFrame) -> str:
    """Return the figure in words."""
    said = [f"{group.title}: {int(group.rows['n_fail'].sum())} beyond the limit." for group in _groups(months)[:PANELS]]
    return "Middle and worst figure of each indicator by month. " + " ".join(said)
