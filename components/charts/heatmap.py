"""Reads by weekday and hour: one principal beside its peers, or everybody; hours are UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.charts.palette import FAIL, SCALE, safe, styled

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_COLOURS = [[step / (len(SCALE) - 1), colour] for step, colour in enumerate(SCALE)]


def _grid(cells: pd.DataFrame) -> list[list[int]]:
    """Return 7 x 24 counts; an hour without reads is a true 0."""
    found = {(int(w), int(h)): int(n) for w, h, n in cells[["weekday", "hour", "n"]].itertuples(index=False)}
    return [[found.get((weekday, hour), 0) for hour in range(24)] for weekday in range(1, 8)]


def _shares(grid: list[list[int]]) -> list[list[float]]:
    total = sum(map(sum, grid)) or 1
    return [[100 * n / total for n in row] for row in grid]


def hours_heatmap(found: pd.DataFrame, titles: Sequence[str], *, height: int = 300) -> go.Figure:
    """Return one panel per title on a shared scale, in percent of the reads of that panel.

    ``found`` has ``own``, ``weekday`` (1 Monday), ``hour``, ``n``, ``unusual``; with two titles the own reads stand
    left and the peers' right, with unusual hours outlined.
    """
    panels = [found[found["own"]], found[~found["own"]]] if len(titles) > 1 else [found]
    figure = make_subplots(rows=1, cols=len(panels), subplot_titles=[safe(t) for t in titles], shared_yaxes=True)
    for number, cells in enumerate(panels, start=1):
        grid = _grid(cells)
        figure.add_trace(
            go.Heatmap(
                x=list(range(24)), y=list(DAYS), z=_shares(grid), customdata=grid, coloraxis="coloraxis",
                xgap=1, ygap=1,
                hovertemplate="%{y} %{x}:00 UTC<br>%{customdata} reads, %{z:.2g} % of all<extra></extra>",
            ),
            row=1, col=number,
        )  # fmt: skip
    for weekday, hour in _unusual(found):
        box = {"x0": hour - 0.5, "x1": hour + 0.5, "y0": weekday - 1.5, "y1": weekday - 0.5}
        figure.add_shape(type="rect", line={"color": FAIL, "width": 2}, row=1, col=1, **box)
    styled(figure, height=height, x_title="hour of the day (UTC)")
    scale = {"colorscale": _COLOURS, "cmin": 0, "colorbar": {"title": {"text": "% of reads"}, "thickness": 12}}
    figure.update_layout(coloraxis=scale)
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(dtick=6)
    return figure


def _unusual(found: pd.DataFrame) -> list[tuple[int, int]]:
    cells = found[found["own"] & found["unusual"]]
    return [(int(w), int(h)) for w, h in cells[["weekday", "hour"]].itertuples(index=False)]


def hours_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return the same hours as rows, most reads first."""
    rows = found.sort_values("n", ascending=False).to_dict("records")
    return pd.DataFrame(
        [
            {
                "Who": "own" if row["own"] else "peers",
                "Weekday": DAYS[int(row["weekday"]) - 1],
                "Hour (UTC)": f"{int(row['hour']):02d}:00",
                "Reads": f"{int(row['n']):,}",
                "Unusual": "yes" if row["unusual"] else "",
            }
            for row in rows
        ]
    )


def hours_alt(found: pd.DataFrame, titles: Sequence[str]) -> str:
    """Return the figure in words."""
    if found.empty:
        return "No reads in this window."
    top = found.nlargest(1, "n").iloc[0]
    odd = ", ".join(f"{DAYS[w - 1]} {h:02d}:00" for w, h in _unusual(found)[:10]) or "none"
    return (
        f"Reads by weekday and hour (UTC) for {' and '.join(titles)}. Most reads: {DAYS[int(top['weekday']) - 1]} "
        f"{int(top['hour']):02d}:00, {int(top['n'])}. Unusual own hours: {odd}."
    )
