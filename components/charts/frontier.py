"""Utility against exposure of the protections that were tried on copies; the release itself is ringed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import FAIL, FAIL_AREA, INFO, PASS, UNKNOWN, safe, styled
from components.charts.placing import place
from components.numbers import axis_unit, figure, interval, scale

if TYPE_CHECKING:
    from decimal import Decimal

    from exeat.policy.measured.pilots import Frontier, Tried

_HEIGHT = 380


def unit_of(found: Frontier) -> str:
    """Return the unit of the exposure: an area has none."""
    return "" if found.area else "fraction"


def frontier_chart(found: Frontier) -> go.Figure:
    """Return the scatter with numbers that the list beneath explains; beyond the limit is shaded."""
    chart, unit = go.Figure(), unit_of(found)
    across, up = scale(unit), scale(found.utility_unit)
    (left, right), (low, high) = _reach(found)
    if found.limit is not None:
        at = float(found.limit)
        chart.add_vrect(x0=at * across, x1=right * across, fillcolor=FAIL_AREA, line_width=0, layer="below")
        chart.add_vline(x=at * across, line={"dash": "dot", "width": 2, "color": "#808080"})
    _edge(chart, found, across, up)
    for point in found.points:
        chart.add_trace(_trace(point, found, across, up))
    shares = [
        ((float(p.exposure) - left) / (right - left), (float(p.utility) - low) / (high - low)) for p in found.points
    ]
    for number, (point, offset) in enumerate(zip(found.points, place(shares), strict=True), start=1):
        chart.add_annotation(
            x=float(point.exposure) * across, y=float(point.utility) * up, ax=offset.x, ay=offset.y,
            text=f"<b>{number}</b>", showarrow=True, arrowhead=0, arrowwidth=1, arrowcolor=UNKNOWN, standoff=8,
        )  # fmt: skip
    styled(chart, height=_HEIGHT, x_title=safe(found.exposure), y_title=safe(found.utility))
    chart.update_xaxes(
        range=[left * across, right * across], ticksuffix=f" {axis_unit(unit)}".rstrip(), nticks=6, fixedrange=True
    )
    suffix = f" {axis_unit(found.utility_unit)}".rstrip()
    chart.update_yaxes(range=[low * up, high * up], ticksuffix=suffix, nticks=6, fixedrange=True)
    return chart


def _reach(found: Frontier) -> tuple[tuple[float, float], tuple[float, float]]:
    xs = [x for p in found.points for x in (p.exposure, *(p.exposure_ends or ()))]
    ys = [y for p in found.points for y in (p.utility, *(p.utility_ends or ()))]
    xs += [found.limit] if found.limit is not None else []
    start = min(float(x) for x in xs) if found.area else 0.0
    return _roomy(start, max(float(x) for x in xs)), _roomy(min(float(y) for y in ys), max(float(y) for y in ys))


def _roomy(low: float, high: float) -> tuple[float, float]:
    room = (high - low or abs(high) or 1.0) * 0.1
    return low - room, high + room


def _edge(chart: go.Figure, found: Frontier, across: int, up: int) -> None:
    """Join the points that no other beats in both; by their values, for intervals may overlap."""
    best = [p for p in found.points if not any(_beats(other, p) for other in found.points)]
    best.sort(key=lambda p: p.exposure)
    chart.add_trace(
        go.Scatter(
            x=[float(p.exposure) * across for p in best], y=[float(p.utility) * up for p in best], mode="lines",
            line={"color": UNKNOWN, "width": 1, "dash": "dash"}, hoverinfo="skip",
        )
    )  # fmt: skip


def _beats(other: Tried, one: Tried) -> bool:
    no_worse = other.utility >= one.utility and other.exposure <= one.exposure
    return no_worse and (other.utility > one.utility or other.exposure < one.exposure)


def _trace(point: Tried, found: Frontier, across: int, up: int) -> go.Scatter:
    colour = UNKNOWN if point.within is None else PASS if point.within else FAIL
    symbol = "circle" if point.within else "x" if point.within is False else "diamond"
    marker = {"size": 11, "color": colour, "symbol": symbol}
    if point.original:
        marker |= {"size": 18, "color": "rgba(0,0,0,0)", "symbol": "circle", "line": {"width": 3, "color": INFO}}
    lines = (point.title, f"utility {_utility(point, found)}", f"exposure {_exposure(point, found)}", point.attack)
    return go.Scatter(
        x=[float(point.exposure) * across], y=[float(point.utility) * up], mode="markers", marker=marker,
        error_x=_bars(point.exposure, point.exposure_ends, across, colour),
        error_y=_bars(point.utility, point.utility_ends, up, colour),
        hovertemplate="<br>".join(safe(line) for line in lines) + "<extra></extra>", cliponaxis=False,
    )  # fmt: skip


def _bars(at: Decimal, ends: tuple[Decimal, Decimal] | None, factor: int, colour: str) -> dict[str, object] | None:
    if ends is None:
        return None
    reach = {"array": [float(ends[1] - at) * factor], "arrayminus": [float(at - ends[0]) * factor]}
    return {"type": "data", "symmetric": False, "thickness": 1.5, "width": 4, "color": colour, **reach}


def _utility(point: Tried, found: Frontier) -> str:
    unit = found.utility_unit
    ends = interval(*point.utility_ends, unit) if point.utility_ends else "(no interval)"
    return f"{figure(point.utility, unit)} {ends}"


def _exposure(point: Tried, found: Frontier) -> str:
    unit = unit_of(found)
    ends = interval(*point.exposure_ends, unit) if point.exposure_ends else "(no interval)"
    return f"{figure(point.exposure, unit)} {ends}"


def frontier_key(found: Frontier) -> str:
    """Return what the numbers in the picture stand for."""
    return " · ".join(
        f"{number} {point.title}{' (this release)' if point.original else ''}"
        for number, point in enumerate(found.points, start=1)
    )


def frontier_table(found: Frontier) -> pd.DataFrame:
    """Return the same points as rows, then the pilots that have no place on these axes and why."""
    standing = {True: "within the limit", False: "over the limit", None: "undecided"}
    rows = [
        {
            "No.": str(number),
            "Protection": point.title,
            "Measured on": "this release" if point.original else "a copy",
            found.utility: _utility(point, found),
            found.exposure: _exposure(point, found),
            "Bad end": "no limit" if found.limit is None else standing[point.within],
            "Strongest attack": point.attack,
            "Receiver": point.access,
            "Parameters": point.parameters or None,
            "Limits of it": point.limits or None,
        }
        for number, point in enumerate(found.points, start=1)
    ]
    rows += [{"Protection": title, found.exposure: f"not measured: {why}"} for title, why in found.unplaced]
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def frontier_alt(found: Frontier) -> str:
    """Return the figure in words."""
    said = (
        f"{number} {point.title}: utility {_utility(point, found)}, exposure {_exposure(point, found)}."
        for number, point in enumerate(found.points, start=1)
    )
    limit = "" if found.limit is None else f" Limit {figure(found.limit, unit_of(found))}."
    return f"{found.utility} against {found.exposure}.{limit} {' '.join(said)}"[:2000]
