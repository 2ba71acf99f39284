"""The tier matrix as a grid of words: what the policy lets each tier have of each component, the proposal marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import safe, styled
from exeat.model.tier import Disposition, Tier

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEPS = 7
_BLUES = [
    [end / _STEPS, f"rgba(0,114,178,{alpha})"]
    for step, alpha in enumerate((0.02, 0.08, 0.14, 0.2, 0.27, 0.34, 0.42))
    for end in (step, step + 1)
]
"""More ink = more leaves; pale enough for the theme's own text colour, light and dark."""


class MatrixRow(NamedTuple):
    """One component: what the policy gives each tier, and what is proposed (None: stays inside)."""

    component: str
    allowed: dict[Tier, Disposition]
    proposed: Disposition | None


def tier_matrix(rows: Sequence[MatrixRow], asked: Tier) -> go.Figure:
    """Return the grid; the proposed tier is framed, and a proposal more open than the policy is crossed."""
    tiers = list(Tier)
    grid = go.Heatmap(
        x=[tier.value for tier in tiers],
        y=[_row_label(row) for row in rows],
        z=[[row.allowed.get(tier, Disposition.DENIED).openness for tier in tiers] for row in rows],
        text=[[_cell(row, tier, asked) for tier in tiers] for row in rows],
        texttemplate="%{text}",
        textfont={"size": 11},
        hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
        colorscale=_BLUES,
        zmin=-0.5,
        zmax=6.5,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    matrix = go.Figure(grid)
    column = tiers.index(asked)
    matrix.add_shape(
        type="rect",
        x0=column - 0.5,
        x1=column + 0.5,
        y0=-0.5,
        y1=len(rows) - 0.5,
        line={"width": 3, "color": "#E69F00"},
    )
    styled(matrix, height=60 + 50 * len(rows))
    matrix.update_xaxes(side="top", type="category", tickangle=0, fixedrange=True, showgrid=False)
    matrix.update_yaxes(autorange="reversed", fixedrange=True, showgrid=False)
    return matrix


def _row_label(row: MatrixRow) -> str:
    return f"{safe(row.component, 24)}<br>" + (f"asks: {row.proposed.title}" if row.proposed else "stays inside")


def _cell(row: MatrixRow, tier: Tier, asked: Tier) -> str:
    word = row.allowed.get(tier, Disposition.DENIED).title.replace(" ", "<br>")
    if tier is not asked or row.proposed is None:
        return word
    return f"<b>{'✕' if more_open(row, asked) else '✓'} {word}</b>"


def more_open(row: MatrixRow, asked: Tier) -> bool:
    """Return whether the proposal lets more leave than the policy does."""
    allowed = row.allowed.get(asked, Disposition.DENIED)
    return row.proposed is not None and row.proposed.openness > allowed.openness


def matrix_table(rows: Sequence[MatrixRow], asked: Tier) -> pd.DataFrame:
    """Return the same grid as rows."""
    return pd.DataFrame(
        [
            {
                "Component": row.component,
                f"Proposed for {asked}": row.proposed.title if row.proposed else "stays inside",
                **{f"{tier} {tier.title}": row.allowed.get(tier, Disposition.DENIED).title for tier in Tier},
            }
            for row in rows
        ]
    )
