"""ROC on log-log axes: the low false-positive rates, where people are recognised for certain, fill the picture."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import FAIL_AREA, MUTED, SERIES, UNKNOWN, safe, styled
from components.numbers import figure, interval
from components.text import adversary
from exeat.policy.measured.roc import shown_points

if TYPE_CHECKING:
    from exeat.model.curves import CurvePoint
    from exeat.policy.measured.roc import Roc, Rocs

DASHES = ("solid", "dash", "dashdot", "dot")
FAINT = "rgba(128,128,128,0.14)"
TICKS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
ROWS = 10
"""Points of each curve in the table."""
_HEIGHT, _LEAST = 420, 1e-6


def roc_chart(found: Rocs) -> go.Figure:
    """Return the curves with their bands, what cannot be resolved, guessing, and the policy's limits."""
    chart = go.Figure()
    left, low = _origin(found)
    for place, roc in enumerate(found.curves):
        _draw(chart, roc, place, low)
    start = max(left, low)
    chart.add_trace(
        go.Scatter(
            x=[start, 1], y=[start, 1], mode="lines", name="guessing", hoverinfo="skip",
            line={"color": UNKNOWN, "width": 1, "dash": "dot"},
        )
    )  # fmt: skip
    _shade(chart, found, left)
    _limits(chart, found, left)
    styled(chart, height=_HEIGHT, x_title="outsiders wrongly accused (FPR)", y_title="members recognised (TPR)")
    chart.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left", "traceorder": "normal"},
        margin={"t": 30, "b": 48},
    )
    marks = {"type": "log", "tickvals": list(TICKS), "ticktext": [figure(tick) for tick in TICKS], "fixedrange": True}
    chart.update_xaxes(**marks, range=[log10(left), 0])
    chart.update_yaxes(**marks, range=[log10(low), 0.02])
    return chart


def _origin(found: Rocs) -> tuple[float, float]:
    """Return the left and the lower edge: a zero has no place on a logarithmic axis."""
    left = _edge(found) / 3
    rates = [float(point.tpr) for one in found.curves for point in shown_points(one.curve) if point.tpr > 0]
    return max(left, _LEAST / 3), max(min([*rates, 0.01]) / 2, _LEAST)


def _edge(found: Rocs) -> float:
    """Return the lowest rate that any of the curves can show; a stated zero is none."""
    return max(min(float(one.curve.resolution) for one in found.curves), _LEAST)


def _draw(chart: go.Figure, roc: Roc, place: int, low: float) -> None:
    points, colour = shown_points(roc.curve), SERIES[place]
    if not points:
        return
    x = [float(point.fpr) for point in points]
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    lows, highs = ([max(float(end), low) for end in ends] for ends in zip(*map(_ends, points), strict=True))
    chart.add_trace(go.Scatter(x=x, y=lows, **edge))
    chart.add_trace(go.Scatter(x=x, y=highs, fill="tonexty", fillcolor=_see_through(colour), **edge))
    hover = [f"{safe(roc.name)}<br>{_words(p)} recognised<br>at {figure(p.fpr)} accused" for p in points]
    chart.add_trace(
        go.Scatter(
            x=x, y=[float(p.tpr) if p.tpr else None for p in points], mode="lines", name=safe(roc.name, 30),
            text=hover, hovertemplate="%{text}<extra></extra>",
            line={"color": colour, "width": 2.5, "dash": DASHES[place]},
        )
    )  # fmt: skip


def _ends(point: CurvePoint) -> tuple[object, object]:
    return point.tpr_low, point.tpr_high


def _words(point: CurvePoint) -> str:
    return f"{figure(point.tpr)} {interval(point.tpr_low, point.tpr_high)}"


def _see_through(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"


def _shade(chart: go.Figure, found: Rocs, left: float) -> None:
    """Grey: nobody can know; lighter grey: fewer outsiders than the policy asks for before a rate counts."""
    edge = _edge(found)
    chart.add_vrect(x0=left, x1=edge, fillcolor=MUTED, line_width=0, layer="below")
    if float(found.gate_from) > edge:
        chart.add_vrect(x0=edge, x1=float(found.gate_from), fillcolor=FAINT, line_width=0, layer="below")
    chart.add_annotation(
        x=(log10(left) + log10(edge)) / 2, y=0.5, yref="paper", text="cannot be known", textangle=-90, showarrow=False
    )


def _limits(chart: go.Figure, found: Rocs, left: float) -> None:
    """Shade what the policy fails, step by step; a limit at one rate also holds at lower ones."""
    begin = max(left, _edge(found))
    for step in found.limits:
        end, limit = float(step.fpr), float(step.limit)
        if end <= begin or not limit:
            continue
        area = {"x0": begin, "x1": end, "y0": limit, "y1": 1.0, "fillcolor": FAIL_AREA, "line_width": 0}
        chart.add_shape(type="rect", layer="below", **area)
        pen = {"dash": "dot", "width": 2, "color": "#808080"}
        chart.add_shape(type="line", x0=begin, x1=end, y0=limit, y1=limit, line=pen)
        begin = end


def roc_table(found: Rocs) -> pd.DataFrame:
    """Return some points of each curve; below what the sample can resolve it is said that nobody knows, never 0."""
    return pd.DataFrame([row for roc in found.curves for row in (_unknown(roc), *_rows(roc))])


def _rows(roc: Roc) -> list[dict[str, object]]:
    points = shown_points(roc.curve)
    step = -(-len(points) // ROWS)
    return [
        _row(roc, figure(p.fpr), figure(p.tpr), interval(p.tpr_low, p.tpr_high))
        for place, p in enumerate(points)
        if place % step == 0 or place == len(points) - 1
    ]


def _unknown(roc: Roc) -> dict[str, object]:
    few = f"cannot be known with {roc.curve.n_out:,} outsiders"
    return _row(roc, f"less than {figure(roc.curve.resolution)}", few, None)


def _row(roc: Roc, accused: str, seen: str, ends: str | None) -> dict[str, object]:
    return {
        "Attack": roc.name,
        "Wrongly accused": accused,
        "Recognised": seen,
        "Interval": ends,
        "Members / non-members": f"{roc.curve.n_in:,} / {roc.curve.n_out:,}",
        "Attacker": adversary(roc.access.replace(" ", "_")) if roc.access else None,
        "Method": roc.curve.method,
        "Tool": roc.tool,
    }


def roc_alt(found: Rocs) -> str:
    """Return the figure in words: each curve at its lowest, a middle and its highest rate."""
    said = []
    for roc in found.curves:
        points = shown_points(roc.curve)
        some = dict.fromkeys([*points[:1], *points[len(points) // 2 : len(points) // 2 + 1]])
        figures = "; ".join(f"at {figure(p.fpr)} {figure(p.tpr)}" for p in some)
        said.append(f"{roc.name}: {figures or 'no point that can be known'}.")
    axes = "Share of members recognised against share of outsiders wrongly accused, worst first."
    return f"{axes} {' '.join(said)}"[:2000]
