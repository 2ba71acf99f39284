"""Rows of dot and interval on one scale: what each row is stands above its line, so that it fits a narrow screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import plotly.graph_objects as go

from components.charts.palette import FAIL_AREA, GRID, INFO, UNKNOWN, safe, styled
from components.numbers import axis_unit, scale

if TYPE_CHECKING:
    from collections.abc import Sequence

ROW, REST = 66, 52
_LINE = (-0.24, 0.12)
"""Where a line crosses a row, around the dot: it never runs through the words above."""


class Dot(NamedTuple):
    """One row; ends and ceiling in the unit of the value, None where there are none.

    ``at_least`` draws a lower bound: an arrow to the right of the value. ``ceiling`` is the most it could have shown.
    """

    label: str
    words: str
    value: float
    low: float | None = None
    high: float | None = None
    colour: str = INFO
    symbol: str = "circle"
    at_least: bool = False
    ceiling: float | None = None


class Line(NamedTuple):
    """A vertical line; ``beyond`` shades what lies beyond it."""

    value: float
    dash: str
    beyond: bool = False


def dots_chart(rows: Sequence[Dot], lines: Sequence[Line], *, unit: str, title: str) -> go.Figure:
    """Return the rows in the order given, first on top, with the lines across them."""
    factor = scale(unit)
    reach = _reach(rows, lines) * factor
    heights = [float(len(rows) - 1 - place) for place in range(len(rows))]
    chart = go.Figure([_trace(row, y, factor) for row, y in zip(rows, heights, strict=True)])
    styled(chart, height=len(rows) * ROW + REST, x_title=safe(title))
    # All at once: Plotly checks every shape again with each one that is added.
    chart.update_layout(
        margin={"t": 4, "b": 40},
        annotations=[_label(row, y) for row, y in zip(rows, heights, strict=True)],
        shapes=[*_across(lines, heights, factor, reach), *_bounds(rows, heights, factor, reach)],
    )
    chart.update_yaxes(visible=False, range=[-0.4, len(rows) - 0.3], fixedrange=True)
    chart.update_xaxes(
        range=[-0.02 * reach, reach], ticksuffix=f" {axis_unit(unit)}".rstrip(), nticks=6, gridcolor=GRID
    )
    chart.update_xaxes(fixedrange=True)
    return chart


def _reach(rows: Sequence[Dot], lines: Sequence[Line]) -> float:
    ends = [end for row in rows for end in (row.value, row.high, row.ceiling) if end is not None]
    return max([*ends, *(line.value for line in lines), 0.0001]) * 1.08


def _label(row: Dot, y: float) -> dict[str, object]:
    said = f"<br>{safe(row.words, 90)}" if row.words else ""
    return {
        "x": 0, "y": y + 0.42, "text": f"<b>{safe(row.label, 52)}</b>{said}", "showarrow": False, "align": "left",
        "xanchor": "left", "yanchor": "middle", "font": {"size": 12},
    }  # fmt: skip


def _trace(row: Dot, y: float, factor: int) -> go.Scatter:
    at, error = row.value * factor, None
    if row.low is not None and row.high is not None:
        error = {"type": "data", "symmetric": False, "thickness": 2, "width": 6, "color": row.colour}
        error |= {"array": [row.high * factor - at], "arrayminus": [at - row.low * factor]}
    marker = {"size": 11, "color": row.colour, "symbol": row.symbol, "line": {"width": 2, "color": row.colour}}
    hover = f"{safe(row.label)}<br>{safe(row.words, 200)}<extra></extra>"
    return go.Scatter(x=[at], y=[y], mode="markers", marker=marker, error_x=error, hovertemplate=hover)


def _across(lines: Sequence[Line], heights: Sequence[float], factor: int, reach: float) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for line in lines:
        at, pen = line.value * factor, {"dash": line.dash, "width": 2, "color": "#808080"}
        for y in heights:
            place = {"layer": "below", "x0": at, "y0": y + _LINE[0], "y1": y + _LINE[1]}
            if line.beyond:
                found.append({"type": "rect", **place, "x1": reach, "fillcolor": FAIL_AREA, "line": {"width": 0}})
            found.append({"type": "line", **place, "x1": at, "line": pen})
    return found


def _bounds(rows: Sequence[Dot], heights: Sequence[float], factor: int, reach: float) -> list[dict[str, object]]:
    """Draw the reach of each lower bound: the truth lies to its right; a bar ends what the test can show."""
    found: list[dict[str, object]] = []
    for row, y in zip(rows, heights, strict=True):
        if row.at_least and row.value:
            end = reach if row.ceiling is None else row.ceiling * factor
            pen = {"width": 1, "dash": "dot", "color": row.colour}
            found.append({"type": "line", "x0": row.value * factor, "x1": end, "y0": y, "y1": y, "line": pen})
        if row.at_least and row.ceiling is not None:
            end = row.ceiling * factor
            ends = {"x0": end, "x1": end, "y0": y - 0.16, "y1": y + 0.16}
            found.append({"type": "line", **ends, "line": {"width": 2, "color": UNKNOWN}})
    return found
