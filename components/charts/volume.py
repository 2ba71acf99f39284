"""Accesses and bytes moved by day; denied attempts stand on top, the moved bytes add up below."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.charts.flow import OUTCOMES
from components.charts.palette import FAIL, INFO, UNKNOWN, WARN, safe, styled
from components.numbers import moved

_COLOURS = {"ok": INFO, "denied": FAIL, "notfound": UNKNOWN, "error": WARN}
_MEGA = 1_000_000


def volume_chart(found: pd.DataFrame, *, height: int = 420) -> go.Figure:
    """Return events by day and outcome above the cumulative megabytes; ``found`` has day, outcome, n, bytes."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.62, 0.38], vertical_spacing=0.08)
    for outcome, cells in found.groupby("outcome", sort=False):
        name = safe(OUTCOMES.get(str(outcome), outcome))
        colour = _COLOURS.get(str(outcome), UNKNOWN)
        pattern = {"shape": "/" if outcome == "denied" else ""}
        figure.add_trace(
            go.Bar(
                x=cells["day"], y=cells["n"], name=name, marker={"color": colour, "pattern": pattern},
                hovertemplate="%{x|%Y-%m-%d}<br>%{y:,} " + name + "<extra></extra>",
            ),
            row=1, col=1,
        )  # fmt: skip
    by_day = _by_day(found)
    figure.add_trace(
        go.Scatter(
            x=by_day.index, y=by_day.cumsum() / _MEGA, mode="lines", line={"shape": "hv", "color": INFO, "width": 2},
            showlegend=False, hovertemplate="%{x|%Y-%m-%d}<br>%{y:,.3~g} MB since the first day<extra></extra>",
        ),
        row=2, col=1,
    )  # fmt: skip
    styled(figure, height=height)
    figure.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.12, "x": 0})
    figure.update_yaxes(title={"text": "events a day"}, row=1, col=1)
    figure.update_yaxes(title={"text": "MB known to be moved, cumulative"}, rangemode="tozero", row=2, col=1)
    return figure


def _by_day(found: pd.DataFrame) -> pd.Series[float]:
    """Return bytes by day, days without events included: the sum stays level there."""
    by_day = found.groupby("day")["bytes"].sum()
    return by_day.reindex(pd.date_range(by_day.index.min(), by_day.index.max(), freq="D"), fill_value=0).astype(float)


def volume_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return the same days as rows, newest first."""
    rows = found.sort_values(["day", "outcome"], ascending=[False, True]).to_dict("records")
    return pd.DataFrame(
        [
            {
                "Day": f"{row['day']:%Y-%m-%d}",
                "Outcome": OUTCOMES.get(str(row["outcome"]), str(row["outcome"])),
                "Events": f"{int(row['n']):,}",
                "Moved": moved(int(row["bytes"]), int(row["without_bytes"])),
            }
            for row in rows
        ]
    )


def volume_alt(found: pd.DataFrame) -> str:
    """Return the figure in words."""
    first, last = found["day"].min(), found["day"].max()
    events, span = int(found["n"].sum()), f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    return f"Events by day and outcome {span}: {events:,} events; moved: {moved_in_all(found)}."


def moved_in_all(found: pd.DataFrame) -> str:
    """Return the bytes of all events, and of how many they are not known."""
    return moved(int(found["bytes"].sum()), int(found["without_bytes"].sum()))
