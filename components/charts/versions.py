"""One indicator over the versions of a lineage, with intervals, the limit, and each decision as a mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import FAIL_AREA, INFO, UNKNOWN, safe, styled
from components.numbers import NOT_MEASURED, axis_unit, figure, interval, scale

if TYPE_CHECKING:
    from collections.abc import Sequence


class VersionPoint(NamedTuple):
    """One version: the indicator (None: not measured, with the reason) and what was decided."""

    version: str
    value: float | None
    ci: tuple[float, float] | None = None
    decision: str = ""
    reason: str = ""
    current: bool = False


def versions_chart(
    points: Sequence[VersionPoint], *, indicator: str, limit: float | None, unit: str = "fraction", height: int = 320
) -> go.Figure:
    """Return the line over versions in the order given; a version that was not measured is a hollow diamond at foot."""
    names = [safe(p.version, 24) for p in points]
    chart = go.Figure()
    chart.add_trace(_line(names, points, unit))
    _draw_gaps(chart, names, points)
    for name, point in zip(names, points, strict=True):
        if point.decision:
            text = safe(point.decision, 30)
            chart.add_annotation(x=name, y=1.0, yref="paper", yanchor="bottom", text=f"▼ {text}", showarrow=False)
    reach = _reach(points, limit) * scale(unit)
    if limit is not None:
        chart.add_hrect(y0=limit * scale(unit), y1=reach, fillcolor=FAIL_AREA, line_width=0, layer="below")
        label = {"text": f"limit {figure(limit, unit)}"}
        chart.add_hline(y=limit * scale(unit), line={"dash": "dot", "width": 2, "color": "#808080"}, annotation=label)
    styled(chart, height=height, x_title="version, oldest first", y_title=safe(indicator))
    chart.update_layout(margin={"t": 44})
    chart.update_xaxes(type="category", categoryorder="array", categoryarray=names)
    chart.update_yaxes(ticksuffix=f" {axis_unit(unit)}".rstrip(), range=[-0.07 * reach, reach])
    return chart


def _reach(points: Sequence[VersionPoint], limit: float | None) -> float:
    """Return the top of the axis, in the unit of the values: a little above all ends and the limit."""
    tops = [p.ci[1] if p.ci else p.value for p in points]
    return max([limit or 0.0, 0.0001, *(top for top in tops if top is not None)]) * 1.1


def _line(names: list[str], points: Sequence[VersionPoint], unit: str) -> go.Scatter:
    seen = [(name, p) for name, p in zip(names, points, strict=True) if p.value is not None]
    factor = scale(unit)
    at = [float(p.value or 0) * factor for _, p in seen]
    bars = {
        "type": "data", "symmetric": False, "thickness": 2, "width": 6, "color": INFO,
        "array": [(p.ci[1] * factor - y) if p.ci else 0 for (_, p), y in zip(seen, at, strict=True)],
        "arrayminus": [(y - p.ci[0] * factor) if p.ci else 0 for (_, p), y in zip(seen, at, strict=True)],
    }  # fmt: skip
    symbols = ["star" if p.current else "circle" for _, p in seen]
    hover = [
        f"{name}: {figure(p.value, unit)} {interval(*p.ci, unit) if p.ci else '(no interval)'}" for name, p in seen
    ]
    return go.Scatter(
        x=[name for name, _ in seen], y=at, mode="lines+markers", error_y=bars, text=hover,
        hovertemplate="%{text}<extra></extra>", line={"color": INFO, "width": 1},
        marker={"size": [14 if p.current else 9 for _, p in seen], "symbol": symbols, "color": INFO},
    )  # fmt: skip


def _draw_gaps(chart: go.Figure, names: list[str], points: Sequence[VersionPoint]) -> None:
    gaps = [(name, p) for name, p in zip(names, points, strict=True) if p.value is None]
    if gaps:
        marker = {"symbol": "diamond-open", "size": 13, "color": UNKNOWN, "line": {"width": 2}}
        chart.add_trace(
            go.Scatter(
                x=[name for name, _ in gaps], y=[0.0 for _ in gaps], mode="markers", marker=marker, cliponaxis=False,
                text=[f"{name}: {NOT_MEASURED}. {safe(p.reason)}" for name, p in gaps],
                hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip


def versions_table(points: Sequence[VersionPoint], unit: str = "fraction") -> pd.DataFrame:
    """Return the same versions as rows."""
    return pd.DataFrame(
        [
            {
                "Version": f"{p.version} (this one)" if p.current else p.version,
                "Value": figure(p.value, unit),
                "Interval": interval(*p.ci, unit) if p.ci else None,
                "Decision": p.decision or None,
                "Why not measured": p.reason or None,
            }
            for p in points
        ]
    )


def versions_alt(points: Sequence[VersionPoint], indicator: str, unit: str = "fraction") -> str:
    """Return the figure in words."""
    said = (f"{p.version}: {figure(p.value, unit)}{f', {p.decision}' if p.decision else ''}." for p in points)
    return f"{indicator} over versions, oldest first. {' '.join(said)}"[:2000]
