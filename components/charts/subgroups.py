"""The same rate by subgroup, the worst first, beside everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from components.charts.dots import Dot, Line, dots_chart
from components.charts.palette import sign_of
from components.numbers import figure, interval
from exeat.policy.reading import shown_unit

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from exeat.policy.finding import Reading
    from exeat.policy.measured.groups import Groups

DRAWN = 8
"""Subgroups drawn, the worst first; all that are large enough are in the table."""


def subgroups_chart(found: Groups, noun: str) -> go.Figure:
    """Return one row for each subgroup; dashed: everybody; dotted: the limit, with the side beyond it shaded."""
    unit = shown_unit(found.rows[0])
    rows = [_dot(row, unit, noun) for row in found.rows[:DRAWN]]
    lines = [] if found.limit is None else [Line(float(found.limit), "dot", beyond=True)]
    if found.everybody is not None and found.everybody.value is not None:
        lines.append(Line(float(found.everybody.value), "dash"))
    return dots_chart(rows, lines, unit=unit, title=found.rows[0].label.replace(" at the overall threshold", ""))


def _dot(row: Reading, unit: str, noun: str) -> Dot:
    mark = sign_of(row)
    size = f"{row.n_in:,} {noun}" if row.n_in else "size not stated"
    words = f"{size} · {figure(row.value, unit)} {interval(row.ci_low, row.ci_high, unit)} · {mark.word}"
    low, high = (None if end is None else float(end) for end in (row.ci_low, row.ci_high))
    return Dot(row.subgroup or "", words, float(row.value or 0), low, high, mark.colour, mark.marker)


def subgroups_table(found: Groups) -> pd.DataFrame:
    """Return the same figures as rows, everybody last."""
    rows = [*found.rows, *([found.everybody] if found.everybody is not None else [])]
    unit = shown_unit(found.rows[0])
    return pd.DataFrame(
        [
            {
                "Group": row.subgroup or "everybody",
                "Value": figure(row.value, unit),
                "Interval": interval(row.ci_low, row.ci_high, unit) or None,
                "Limit": None if row.limit is None else figure(row.limit, unit),
                "Verdict": sign_of(row).word.lower(),
                "Members": None if row.n_in is None else f"{row.n_in:,}",
                "Note": row.note or None,
            }
            for row in rows
        ]
    )


def subgroups_alt(found: Groups) -> str:
    """Return the figure in words."""
    unit = shown_unit(found.rows[0])
    said = [
        f"{row.subgroup}: {figure(row.value, unit)} {interval(row.ci_low, row.ci_high, unit)}."
        for row in found.rows[:DRAWN]
    ]
    whole = found.everybody
    everybody = "" if whole is None else f" Everybody: {figure(whole.value, unit)}."
    return f"{found.rows[0].label} by subgroup, worst first. {' '.join(said)}{everybody}"[:2000]
