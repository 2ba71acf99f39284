"""Utility against exposure, each with its interval; the current checkpoint stands out by shape, not colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import FAIL_AREA, INFO, UNKNOWN, safe, styled
from components.numbers import axis_unit, figure, interval, scale

if TYPE_CHECKING:
    from collections.abc import Sequence


class Point(NamedTuple):
    """One checkpoint: a utility figure and an exposure figure, each with its interval or none."""

    label: str
    utility: float
    utility_ci: tuple[float, float] | None
    exposure: float
    exposure_ci: tuple[float, float] | None
    current: bool = False


class Axes(NamedTuple):
    """What the two axes are; the units are those of the stored values (``fraction`` is drawn as percent)."""

    utility: str
    exposure: str
    utility_unit: str = "fraction"
    exposure_unit: str = "fraction"


def utility_chart(points: Sequence[Point], axes: Axes, *, limit: float | None = None, height: int = 340) -> go.Figure:
    """Return the scatter; right of the limit is shaded."""
    chart = go.Figure()
    for point in points:
        chart.add_trace(_trace(point, axes))
    factor = scale(axes.exposure_unit)
    if limit is not None:
        reach = max([limit, *(p.exposure_ci[1] if p.exposure_ci else p.exposure for p in points)]) * 1.1
        chart.add_vrect(x0=limit * factor, x1=reach * factor, fillcolor=FAIL_AREA, line_width=0, layer="below")
        chart.add_vline(
            x=limit * factor, line={"dash": "dot", "width": 2, "color": "#808080"}, annotation_position="top",
            annotation={"text": f"limit {figure(limit, axes.exposure_unit)}", "yanchor": "bottom"},
        )  # fmt: skip
    styled(chart, height=height, x_title=safe(axes.exposure), y_title=safe(axes.utility))
    chart.update_xaxes(ticksuffix=f" {axis_unit(axes.exposure_unit)}".rstrip(), rangemode="tozero")
    chart.update_yaxes(ticksuffix=f" {axis_unit(axes.utility_unit)}".rstrip())
    return chart


def _trace(point: Point, axes: Axes) -> go.Scatter:
    colour = INFO if point.current else UNKNOWN
    across, up = scale(axes.exposure_unit), scale(axes.utility_unit)
    hover = (
        f"{safe(point.label)}<br>utility {figure(point.utility, axes.utility_unit)} "
        f"{_ends(point.utility_ci, axes.utility_unit)}<br>exposure {figure(point.exposure, axes.exposure_unit)} "
        f"{_ends(point.exposure_ci, axes.exposure_unit)}<extra></extra>"
    )
    marker = {"size": 14 if point.current else 9, "color": colour, "symbol": "star" if point.current else "circle"}
    return go.Scatter(
        x=[point.exposure * across], y=[point.utility * up], mode="markers+text", marker=marker,
        text=[safe(point.label, 24)], textposition="top right", hovertemplate=hover, cliponaxis=False,
        error_x=_bars(point.exposure, point.exposure_ci, across, colour),
        error_y=_bars(point.utility, point.utility_ci, up, colour),
    )  # fmt: skip


def _bars(at: float, ci: tuple[float, float] | None, factor: int, colour: str) -> dict[str, object] | None:
    if ci is None:
        return None
    ends = {"array": [(ci[1] - at) * factor], "arrayminus": [(at - ci[0]) * factor]}
    return {"type": "data", "symmetric": False, "thickness": 1.5, "width": 4, "color": colour, **ends}


def _ends(ci: tuple[float, float] | None, unit: str) -> str:
    return interval(*ci, unit) if ci else "(no interval)"


def utility_table(points: Sequence[Point], axes: Axes) -> pd.DataFrame:
    """Return the same points as rows."""
    return pd.DataFrame(
        [
            {
                "Checkpoint": f"{p.label} (this one)" if p.current else p.label,
                axes.utility: figure(p.utility, axes.utility_unit),
                "Utility interval": _ends(p.utility_ci, axes.utility_unit),
                axes.exposure: figure(p.exposure, axes.exposure_unit),
                "Exposure interval": _ends(p.exposure_ci, axes.exposure_unit),
            }
            for p in points
        ]
    )


def utility_alt(points: Sequence[Point], axes: Axes) -> str:
    """Return the figure in words."""
    said = (
        f"{p.label}: utility {figure(p.utility, axes.utility_unit)}, exposure {figure(p.exposure, axes.exposure_unit)}."
        for p in points
    )
    return f"{axes.utility} against {axes.exposure}. {' '.join(said)}"[:2000]
