"""Who touched what: principals by checkpoints, coloured by the highest tier touched, denied attempts marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from components.charts.palette import FAIL, MUTED, SCALE, safe, styled
from components.numbers import moved

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

TIERS = ("T0", "T1", "T2", "T3", "T4", "T5")
_STEPS = (MUTED, *SCALE[2:8])
"""Grey for an unknown tier, then darker with each tier."""
_ROW, _TOP, _MOST = 16, 150, 1100


def _colours() -> list[list[Any]]:
    """Return a stepped colour scale: one flat colour per tier."""
    n = len(_STEPS)
    return [[edge / n, colour] for place, colour in enumerate(_STEPS) for edge in (place, place + 1)]


def _order(found: pd.DataFrame, column: str, by: str) -> list[str]:
    """Return the names grouped by role or lineage, the folded rest last."""
    known = found.groupby(column)[by].min().fillna("").to_dict()
    return sorted(map(str, known), key=lambda name: (name == "all others", known[name], name))


def access_matrix(found: pd.DataFrame) -> go.Figure:
    """Return the matrix; ``found`` has one row per principal and checkpoint (ACCESS patterns)."""
    rows, columns = _order(found, "principal", "role"), _order(found, "checkpoint_id", "lineage")
    cells = {(str(r["principal"]), str(r["checkpoint_id"])): r for r in found.to_dict("records")}
    z = [[_tier(cells.get((row, column))) for column in columns] for row in rows]
    text = [
        [f"{safe(row, 60)}<br>{safe(column, 60)}<br>{_words(cells.get((row, column)))}" for column in columns]
        for row in rows
    ]
    bar = {"tickvals": list(range(-1, 6)), "ticktext": ["tier unknown", *TIERS], "thickness": 12}
    figure = go.Figure(
        go.Heatmap(
            z=z, text=text, zmin=-1.5, zmax=5.5, colorscale=_colours(), xgap=1, ygap=1, colorbar=bar,
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(_denied_marks([[cells.get((row, column)) for column in columns] for row in rows]))
    styled(figure, height=min(_TOP + _ROW * len(rows), _MOST))
    _label(figure.update_xaxes, columns, tickangle=-60)
    _label(figure.update_yaxes, rows, autorange="reversed")
    return figure


def _label(update: Callable[..., Any], names: list[str], **more: Any) -> None:
    """Name the places of an axis; the axis itself counts, so that two names cut alike stay apart."""
    text = [safe(name, 40) for name in names]
    update(
        tickvals=list(range(len(names))), ticktext=text, showgrid=False, zeroline=False, tickfont={"size": 10}, **more
    )


def _denied_marks(grid: list[list[Mapping[Hashable, Any] | None]]) -> go.Scatter:
    marks = [(x, y) for y, row in enumerate(grid) for x, cell in enumerate(row) if cell and int(cell["denied"]) > 0]
    marker = {"symbol": "x-thin-open", "size": 7, "color": FAIL, "line": {"width": 2}}
    xs, ys = [x for x, _ in marks], [y for _, y in marks]
    return go.Scatter(x=xs, y=ys, mode="markers", marker=marker, hoverinfo="skip")


def _tier(cell: Mapping[Hashable, Any] | None) -> float | None:
    """Return the highest tier touched; -1 when the log does not say, None for no access at all."""
    if cell is None:
        return None
    return -1.0 if pd.isna(cell["tier"]) else float(cell["tier"])


def _words(cell: Mapping[Hashable, Any] | None) -> str:
    if cell is None:
        return "no access"
    size = moved(int(cell["bytes"]), int(cell["without_bytes"]))
    return f"{int(cell['n']):,} events, {int(cell['denied']):,} denied, {size}"


def matrix_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return the same cells as rows, most events first."""
    rows = found.sort_values("n", ascending=False).head(2000).to_dict("records")
    return pd.DataFrame(
        [
            {
                "Principal": row["principal"],
                "Checkpoint": row["checkpoint_id"],
                "Highest tier": "unknown" if pd.isna(row["tier"]) else f"T{int(row['tier'])}",
                "Events": f"{int(row['n']):,}",
                "Denied": f"{int(row['denied']):,}",
                "Moved": moved(int(row["bytes"]), int(row["without_bytes"])),
                "Components": _components(row["components"]),
            }
            for row in rows
        ]
    )


def _components(cell: Any) -> str:
    return "" if cell is None or isinstance(cell, float) else ", ".join(str(one).replace("_", " ") for one in cell)


def matrix_alt(found: pd.DataFrame) -> str:
    """Return the figure in words."""
    who, what = found["principal"].nunique(), found["checkpoint_id"].nunique()
    refused = int((found["denied"] > 0).sum())
    return f"{who} principals by {what} checkpoints by highest tier touched; {refused} pairs have denied attempts."
