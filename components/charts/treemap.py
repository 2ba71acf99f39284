"""Bytes by component: what a copy of the checkpoint would consist of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import INFO, UNKNOWN, safe, styled
from components.numbers import size

if TYPE_CHECKING:
    from collections.abc import Sequence


class Piece(NamedTuple):
    """One component with its size in bytes; ``leaves`` says whether it is proposed to leave."""

    component: str
    kind: str
    size: int
    leaves: bool


def treemap(pieces: Sequence[Piece], *, height: int = 300) -> go.Figure:
    """Return the treemap; what leaves is blue and says so, what stays is grey."""
    labels = [f"{safe(p.component, 40)}" for p in pieces]
    words = [f"{p.kind} · {size(p.size)} · {'leaves' if p.leaves else 'stays'}" for p in pieces]
    chart = go.Figure(
        go.Treemap(
            ids=[str(number) for number in range(len(pieces))],
            labels=labels,
            parents=[""] * len(pieces),
            values=[max(p.size, 1) for p in pieces],
            text=[safe(text) for text in words],
            textinfo="label+text",
            hovertemplate="%{label}<br>%{text}<extra></extra>",
            marker={"colors": [INFO if p.leaves else UNKNOWN for p in pieces], "line": {"width": 2}},
            textfont={"color": "#FFFFFF"},
            pathbar={"visible": False},
        )
    )
    styled(chart, height=height)
    chart.update_layout(margin={"t": 4, "b": 4, "l": 0, "r": 0})
    return chart


def treemap_table(pieces: Sequence[Piece]) -> pd.DataFrame:
    """Return the same components as rows, largest first."""
    return pd.DataFrame(
        [
            {"Component": p.component, "Kind": p.kind, "Size": size(p.size), "Leaves": "yes" if p.leaves else "no"}
            for p in sorted(pieces, key=lambda p: -p.size)
        ]
    )


def treemap_alt(pieces: Sequence[Piece]) -> str:
    """Return the figure in words."""
    total = sum(p.size for p in pieces)
    leaving = sum(p.size for p in pieces if p.leaves)
    return f"Bytes by component: {size(total)} in {len(pieces)} components, of which {size(leaving)} would leave."
