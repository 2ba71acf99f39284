"""Utility against exposure, each with its interval; the current checkpoint stands out by shape, not colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import FAIL_AREA, INFO, UNKNOWN, safe, styled
from components.numbers import figure, interval

if TYPE_CHECKING:
    from collections.abc import Sequence


class Point(NamedTuple):
    """One checkpoint: a utility figure and an exposure figure, both fractions, each with its interval or none."""

    label: str
    utility: float
    utility_ci: tuple[float, float] | None
    exposure: float
    exposure_ci: tuple[float, float] | None
    current: bool = False


def utility_chart(
    points: Sequence[Point], *, utility: str, exposure: str, limit: float | None = None, height: int = 340
) -> go.Figure:
    """Return the scatter; right of the limit is shaded; ``utility`` and ``exposure`` name the axes with units."""
    chart = go.Figure()
    for point in points:
        chart.add_trace(_trace(point))
    if limit is not None:
        reach = max([limit, *(p.exposure_ci[1] if p.exposure_ci else p.exposure for p in points)]) * 1.1
        chart.add_vrect(x0=limit * 100, x1=reach * 100, fillcolor=FAIL_AREA, line_width=0, layer="below")
        chart.add_vline(
            x=limit * 100, line={"dash": "dot", "width": 2, "color": "#808080"},
            annotation={"text": f"limit {figure(limit)}", "yanchor": "bottom"}, annotation_position="top",
        )  # fmt: skip
    styled(chart, height=height, x_title=safe(exposure), y_title=safe(utility))
    chart.update_xaxes(ticksuffix=" %", rangemode="tozero")
    chart.update_yaxes(ticksuffix=" %")
    return chart


def _trace(point: Point) -> go.Scatter:
    colour = INFO if point.current else UNKNOWN
    x, y = point.exposure * 100, point.utility * 100
    hover = (
        f"{safe(point.label)}<br>utility {figure(point.utility)} {_ends(point.utility_ci)}"
        f"<br>exposure {figure(point.exposure)} {_ends(point.exposure_ci)}<extra></extra>"
    )
    marker = {"size": 14 if point.current else 9, "color": colour, "symbol": "star" if point.current else "circle"}
    return go.Scatter(
        x=[x], y=[y], mode="markers+text", marker=marker, text=[safe(point.label, 24)], textposition="top right",
        error_x=_bars(x, point.exposure_ci, colour), error_y=_bars(y, point.utility_ci, colour),
        hovertemplate=hover, cliponaxis=False,
    )  # fmt: skip


def _bars(at: float, ci: tuple[float, float] | None, colour: str) -> dict[str, object] | None:
    if ci is None:
        return None
    ends = {"array": [ci[1] * 100 - at], "arrayminus": [at - ci[0] * 100]}
    return {"type": "data", "symmetric": False, "thickness": 1.5, "width": 4, "color": colour, **ends}


def _ends(ci: tuple[float, float] | None) -> str:
    return interval(*ci) if ci else "(no interval)"


def utility_table(points: Sequence[Point]) -> pd.DataFrame:
    """Return the same points as rows."""
    return pd.DataFrame(
        [
            {
                "Checkpoint": f"{p.label} (this one)" if p.current else p.label,
                "Utility": figure(p.utility),
                "Utility interval": _ends(p.utility_ci),
                "Exposure": figure(p.exposure),
                "Exposure interval": _ends(p.exposure_ci),
            }
            for p in points
        ]
    )


def utility_alt(points: Sequence[Point], utility: str, exposure: str) -> str:
    """Return the figure in words."""
    said = (f"{p.label}: utility {figure(p.utility)}, exposure {figure(p.exposure)}." for p in points)
    return f"{utility} against {exposure}. {' '.join(said)}"[:2000]
