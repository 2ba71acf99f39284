"""What happened while training: memorization above, utility below; only what was measured is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.charts.palette import INFO, SERIES, UNKNOWN, WARN, safe, styled
from components.numbers import axis_unit, figure, interval, scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.model.curves import TraceEpoch
    from exeat.policy.measured.trace import Traced

MOST = 300
"""Epochs drawn; of more, every n-th, the marked ones always."""
_PANEL, _REST = 150, 90


class Drawn(NamedTuple):
    """One line: a field of the epochs, its name, its colour and dash, and whether it has a band."""

    field: str
    name: str
    colour: str
    dash: str = "solid"
    band: bool = False


class Panel(NamedTuple):
    """Lines on one scale; ``level`` is a dotted line that means chance."""

    title: str
    unit: str
    lines: tuple[Drawn, ...]
    level: float | None = None


PANELS = (
    Panel("exposure (bits)", "bits", (Drawn("canary_exposure", "planted records", SERIES[5], band=True),), 1.0),
    Panel("attack AUC", "", (Drawn("mia_auc", "membership attack", SERIES[3], band=True),), 0.5),
    Panel(
        "loss (nats)",
        "nats",
        (Drawn("train_loss", "training set", INFO), Drawn("test_loss", "test set", WARN, "dash")),
    ),
    Panel(
        "accuracy",
        "fraction",
        (Drawn("train_accuracy", "training set", INFO), Drawn("test_accuracy", "test set", WARN, "dash")),
    ),
    Panel("ε spent", "epsilon", (Drawn("epsilon", "ε spent", UNKNOWN),)),
)


def measured_panels(epochs: Sequence[TraceEpoch]) -> tuple[Panel, ...]:
    """Return the panels of which anything was measured, each with its measured lines."""
    found = []
    for panel in PANELS:
        lines = tuple(line for line in panel.lines if any(getattr(one, line.field) is not None for one in epochs))
        if lines:
            found.append(panel._replace(lines=lines))
    return tuple(found)


def thinned(found: Traced, most: int) -> tuple[TraceEpoch, ...]:
    """Return at most about ``most`` epochs, evenly; the first, the last and the marked ones always."""
    epochs = found.trace.epochs
    step = -(-len(epochs) // most)
    kept = {found.released, found.trace.recommended_epoch, epochs[-1].epoch}
    return tuple(one for place, one in enumerate(epochs) if place % step == 0 or one.epoch in kept)


def trace_chart(found: Traced) -> go.Figure:
    """Return one panel for each thing that was measured, over the epochs; vertical lines mark the two that matter."""
    epochs = thinned(found, MOST)
    panels = measured_panels(epochs)
    height = len(panels) * _PANEL + _REST
    chart = make_subplots(rows=max(len(panels), 1), cols=1, shared_xaxes=True, vertical_spacing=34 / height)
    styled(chart, height=height)
    for row, panel in enumerate(panels, start=1):
        _draw(chart, row, panel, epochs)
    _name_each_once(chart)
    chart.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.06, "yanchor": "bottom", "x": 0}, margin={"t": 56, "b": 40}
    )
    chart.update_xaxes(title={"text": "epoch"}, row=len(panels), col=1)
    for epoch, text, dash in marks(found):
        chart.add_vline(x=epoch, line={"dash": dash, "width": 2, "color": "#808080"})
        side = "left" if epoch < (epochs[0].epoch + epochs[-1].epoch) / 2 else "right"
        chart.add_annotation(
            x=epoch, y=1.0, yref="paper", yanchor="bottom", xanchor=side, text=text, showarrow=False
        )  # fmt: skip
    return chart


def _name_each_once(chart: go.Figure) -> None:
    """Loss and accuracy have lines of the same name; the legend names them once."""
    seen: set[str] = set()
    for trace in chart.data:
        if trace.name in seen:
            trace.showlegend = False
        elif trace.name:
            seen.add(trace.name)


def marks(found: Traced) -> list[tuple[int, str, str]]:
    """Return the epochs to mark: recommended, and the one that would leave; one mark when they are the same."""
    recommended, released = found.trace.recommended_epoch, found.released
    if recommended is not None and recommended == released:
        return [(recommended, "this release, recommended", "dash")]
    both = ((recommended, "recommended", "dash"), (released, "this release", "dot"))
    return [(epoch, text, dash) for epoch, text, dash in both if epoch is not None]


def _draw(chart: go.Figure, row: int, panel: Panel, epochs: Sequence[TraceEpoch]) -> None:
    factor, x = scale(panel.unit), [one.epoch for one in epochs]
    for line in panel.lines:
        if line.band:
            _draw_band(chart, row, line, epochs, factor)
        values = _values(epochs, line.field, factor)
        hover = [f"epoch {one.epoch}<br>{safe(line.name)}: {words(one, line.field, panel.unit)}" for one in epochs]
        chart.add_trace(
            go.Scatter(
                x=x, y=values, mode="lines+markers" if len(x) <= 1 else "lines", name=line.name, text=hover,
                hovertemplate="%{text}<extra></extra>", connectgaps=False, legendgroup=line.name,
                line={"color": line.colour, "width": 2, "dash": line.dash},
            ),
            row=row, col=1,
        )  # fmt: skip
    if panel.level is not None:
        chart.add_hline(y=panel.level * factor, line={"dash": "dot", "width": 1, "color": UNKNOWN}, row=row, col=1)
    unit = axis_unit(panel.unit) if panel.unit == "fraction" else ""
    chart.update_yaxes(title={"text": panel.title}, ticksuffix=f" {unit}".rstrip(), nticks=5, row=row, col=1)


def _draw_band(chart: go.Figure, row: int, line: Drawn, epochs: Sequence[TraceEpoch], factor: int) -> None:
    """Draw the interval; a band needs both ends, so epochs without one have none."""
    sided = [one for one in epochs if getattr(one, f"{line.field}_low") is not None]
    sided = [one for one in sided if getattr(one, f"{line.field}_high") is not None]
    if not sided:
        return
    red, green, blue = (int(line.colour[at : at + 2], 16) for at in (1, 3, 5))
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    x = [one.epoch for one in sided]
    chart.add_trace(go.Scatter(x=x, y=_values(sided, f"{line.field}_low", factor), **edge), row=row, col=1)
    top = _values(sided, f"{line.field}_high", factor)
    filled = {"fill": "tonexty", "fillcolor": f"rgba({red},{green},{blue},0.18)"}
    chart.add_trace(go.Scatter(x=x, y=top, **filled, **edge), row=row, col=1)


def _values(epochs: Sequence[TraceEpoch], field: str, factor: int) -> list[float | None]:
    found = (getattr(one, field) for one in epochs)
    return [None if value is None else float(value) * factor for value in found]


def words(one: TraceEpoch, field: str, unit: str) -> str:
    """Return the value with its interval, if it has one."""
    value = figure(getattr(one, field), unit)
    ends = getattr(one, f"{field}_low", None), getattr(one, f"{field}_high", None)
    return f"{value} {interval(*ends, unit)}".strip()


def trace_table(found: Traced) -> pd.DataFrame:
    """Return the epochs as rows, at most about 200; columns of what nobody measured are left out."""
    epochs = thinned(found, 200)
    lines = [(panel, line) for panel in measured_panels(epochs) for line in panel.lines]
    named = {epoch: text for epoch, text, _ in marks(found)}
    return pd.DataFrame(
        [
            {"Epoch": one.epoch, "Mark": named.get(one.epoch)}
            | {f"{panel.title}, {line.name}": words(one, line.field, panel.unit) for panel, line in lines}
            for one in epochs
        ]
    ).dropna(axis="columns", how="all")


def trace_alt(found: Traced) -> str:
    """Return the figure in words: start and end of each line, and the marked epochs."""
    epochs = found.trace.epochs
    said = [
        f"{panel.title}, {line.name}: {figure(getattr(epochs[0], line.field), panel.unit)} after epoch "
        f"{epochs[0].epoch}, {figure(getattr(epochs[-1], line.field), panel.unit)} after epoch {epochs[-1].epoch}."
        for panel in measured_panels(epochs)
        for line in panel.lines
    ]
    marked = " ".join(f"Epoch {epoch}: {text}." for epoch, text, _ in marks(found))
    return f"Training trace over {len(epochs):,} epochs. {' '.join(said)} {marked}"[:2000]
