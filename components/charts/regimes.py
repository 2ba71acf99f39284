"""The same figure over kinds of data and adversaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from components.charts.dots import Dot, Line, dots_chart
from components.charts.palette import FAIL, INFO, PASS, UNKNOWN
from components.numbers import figure, interval
from exeat.policy.measured.regimes import ACCESS

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from exeat.policy.measured.regimes import Cell, Regimes


def unit_of(found: Regimes) -> str:
    """Return the unit for people: an area has none."""
    return "" if found.area else "fraction"


def regimes_chart(found: Regimes) -> go.Figure:
    """Return one row for each kind of data and adversary; dashed: guessing; dotted: the limit."""
    unit = unit_of(found)
    lines = [] if found.limit is None else [Line(float(found.limit), "dot", beyond=True)]
    lines += [] if found.chance is None else [Line(float(found.chance), "dash")]
    return dots_chart([_dot(cell, found) for cell in found.cells], lines, unit=unit, title=found.label)


def _dot(cell: Cell, found: Regimes) -> Dot:
    unit = unit_of(found)
    colour = UNKNOWN if cell.over is None else INFO if found.limit is None else FAIL if cell.over else PASS
    ends = interval(cell.low, cell.high, unit) or "(no interval)"
    words = f"{cell.attack} {figure(cell.value, unit)} {ends} · {standing(cell, found)}"
    low, high = (None if end is None else float(end) for end in (cell.low, cell.high))
    return Dot(f"{cell.regime} data, {ACCESS[cell.access.value]}", words, float(cell.value), low, high, colour)


def standing(cell: Cell, found: Regimes) -> str:
    """Return where the interval lies: ``over the limit``."""
    if cell.over is None:
        return "undecided"
    if found.limit is None:
        return "above guessing" if cell.over else "not above guessing"
    return "over the limit" if cell.over else "within the limit"


def regimes_table(found: Regimes) -> pd.DataFrame:
    """Return the same figures as rows."""
    unit = unit_of(found)
    return pd.DataFrame(
        [
            {
                "Data": cell.regime,
                "Attacker": ACCESS[cell.access.value],
                "Strongest attack": cell.attack,
                found.label: figure(cell.value, unit),
                "Interval": interval(cell.low, cell.high, unit) or None,
                "Where it lies": standing(cell, found),
            }
            for cell in found.cells
        ]
    )


def regimes_alt(found: Regimes) -> str:
    """Return the figure in words."""
    unit = unit_of(found)
    said = (
        f"{cell.regime} data, attacker {ACCESS[cell.access.value]}: {figure(cell.value, unit)}, "
        f"{standing(cell, found)}."
        for cell in found.cells
    )
    return f"{found.label} over kinds of data and adversaries. {' '.join(said)}"[:2000]
