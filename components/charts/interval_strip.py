"""The interval strip: value, interval and limit of each indicator; what was not measured stands in its own gutter."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isinf
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.charts.palette import FAIL_AREA, GRID, safe, sign_of, styled
from components.numbers import axis_unit, bare_interval, figure, interval, scale
from components.text import adversary
from exeat.policy.finding import Verdict
from exeat.policy.reading import shown_unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from exeat.policy.finding import Reading

ROW, PANEL_EXTRA, TOP = 70, 46, 16
_GUTTER = 0.05


class Panel(NamedTuple):
    """Readings that share a scale: same unit, same kind of figure."""

    unit: str
    readings: tuple[Reading, ...]


def bad_end(reading: Reading) -> float:
    """Return the end of the interval that the decision uses, so that larger is worse; never better than the value."""
    ends = [float(end) for end in (reading.value, *_interval(reading)) if end is not None]
    if not ends:
        return float("-inf")
    return max(ends) if reading.direction == "higher_is_worse" else -min(ends)


def _interval(reading: Reading) -> tuple[Decimal | None, Decimal | None]:
    return reading.ci_low, reading.ci_high


def reach_of_limit(reading: Reading) -> float:
    """Return the bad end as a multiple of the limit, so that larger is worse; without a limit the bad end itself."""
    end, limit = bad_end(reading), reading.limit
    if limit is None or isinf(end):
        return end
    above, below = (end, float(limit)) if reading.direction == "higher_is_worse" else (float(limit), -end)
    return above / below if below else (inf if above else 0.0)


def worst_first(reading: Reading) -> tuple[bool, int, float, int]:
    """Return the key that sorts by verdict, then by how far beyond the limit; the adversary only breaks ties."""
    strength = reading.access.strength if reading.access else -1
    return reading.status != "measured", _rank(reading), -reach_of_limit(reading), -strength


def chosen(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Return the readings to draw: the worst of each indicator over everybody, and of its subgroups the worst.

    Other data are other figures: the label names them. Reruns and other subgroups are in the table; an average nowhere.
    """
    worst: dict[tuple[str, str, object, bool], Reading] = {}
    for reading in sorted(readings, key=worst_first):
        worst.setdefault((reading.indicator_id, reading.label, reading.fpr, bool(reading.subgroup)), reading)
    return tuple(sorted(worst.values(), key=worst_first))


def kind(reading: Reading) -> tuple[str, str, object, bool, bool]:
    """Return what the figure is about, whichever attack found it on whichever data; gaps of all rates are one kind."""
    head, _, tail = reading.indicator_id.partition(".")
    gap = reading.verdict is Verdict.NOT_MEASURED
    return head, tail.rpartition(".")[2], None if gap else reading.fpr, bool(reading.subgroup), gap


def heads(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Return the worst reading of each kind; its label says of how many it is the worst, or how many gaps more."""
    kinds: dict[tuple[object, ...], list[Reading]] = {}
    for reading in chosen(readings):
        kinds.setdefault(kind(reading), []).append(reading)
    return tuple(_standing_for(group[0], len(group)) for group in kinds.values())


def _standing_for(reading: Reading, count: int) -> Reading:
    if count == 1:
        return reading
    more = f" and {count - 1} more" if reading.verdict is Verdict.NOT_MEASURED else f", worst of {count}"
    return replace(reading, label=reading.label + more)


def panels(readings: Sequence[Reading]) -> tuple[Panel, ...]:
    """Group readings that can share an axis, the worst verdict first; what has no scale at all comes last."""
    groups: dict[tuple[str, str], list[Reading]] = {}
    for reading in chosen(readings):
        groups.setdefault((shown_unit(reading), reading.indicator_id.rsplit(".", 1)[-1]), []).append(reading)
    ranked = sorted(groups.items(), key=lambda group: min(_rank(r) for r in group[1]))
    drawn = [Panel(key[0], tuple(group)) for key, group in ranked if any(map(on_scale, group))]
    rest = tuple(r for _, group in ranked if not any(map(on_scale, group)) for r in group)
    return (*drawn, Panel("", rest)) if rest else tuple(drawn)


def _rank(reading: Reading) -> int:
    return list(type(reading.verdict)).index(reading.verdict)


def verdict_text(reading: Reading) -> str:
    """Return ``FAIL 4.8 % [3.5, 6.4] · limit 2 %``, or why there is no figure."""
    word = sign_of(reading).word
    if reading.status != "measured":
        return f"{word.capitalize() if word.isupper() else word}: {reading.reason or 'no reason given'}"
    if is_flag(reading):
        return f"{word}: {'flagged' if reading.value else 'not flagged'}"
    unit = shown_unit(reading)
    value, ends = figure(reading.value, unit, limit=reading.limit), _interval(reading)
    parts = f"{word} {value} {bare_interval(*ends, unit)}"
    return parts.strip() + (f" · limit {figure(reading.limit, unit)}" if reading.limit is not None else "")


def is_flag(reading: Reading) -> bool:
    """Return whether the figure only says yes or no: it has no scale to be drawn on."""
    return reading.unit in ("flag", "bool", "boolean")


def on_scale(reading: Reading) -> bool:
    """Return whether there is a value to draw on an axis."""
    return reading.status == "measured" and not is_flag(reading)


def urgent(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Return what failed, warns or is not measured; of each kind the worst is never out of sight."""
    return tuple(r for r in readings if r.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.NOT_MEASURED))


def row_label(reading: Reading) -> str:
    """Return the indicator's label with the subgroup it is about."""
    return f"{reading.label} · {reading.subgroup}" if reading.subgroup else reading.label


def _reach(panel: Panel) -> tuple[float, float]:
    """Return the axis range: from 0 (or below, for lower figures) to a little beyond all ends and limits."""
    ends = [x for r in panel.readings for x in (r.value, r.ci_low, r.ci_high, r.limit) if x is not None]
    factor = scale(panel.unit)
    numbers = [float(x) * factor for x in ends] or [1.0]
    high, low = max(*numbers, 0.0), min(*numbers, 0.0)
    room = (high - low or 1.0) * 0.08
    return (low - room if low < 0 else 0.0), high + room


def interval_strip(readings: Sequence[Reading]) -> go.Figure:
    """Return one figure with a panel per scale: dot, interval, limit with the failing side shaded."""
    groups = panels(readings)
    rows = [len(panel.readings) for panel in groups] or [1]
    height = sum(rows) * ROW + len(rows) * PANEL_EXTRA + TOP
    strip = make_subplots(
        rows=len(rows),
        cols=2,
        column_widths=[_GUTTER, 1 - _GUTTER],
        horizontal_spacing=0.0,
        row_heights=[count / sum(rows) for count in rows],
        vertical_spacing=PANEL_EXTRA / height if len(rows) > 1 else 0.0,
    )
    for number, panel in enumerate(groups, start=1):
        _draw_panel(strip, number, panel)
    styled(strip, height=height)
    strip.update_layout(margin={"t": TOP, "b": 36})
    return strip


def _draw_panel(strip: go.Figure, number: int, panel: Panel) -> None:
    low, high = _reach(panel)
    unit = axis_unit(panel.unit)
    for line, reading in enumerate(panel.readings):
        _draw_row(strip, number, float(len(panel.readings) - 1 - line), reading, (low, high))
    bottom, top = -0.55, len(panel.readings) - 0.3
    strip.update_yaxes(visible=False, range=[bottom, top], fixedrange=True, row=number)
    strip.update_xaxes(visible=False, range=[0, 1], fixedrange=True, row=number, col=1)
    measured, ticks = any(map(on_scale, panel.readings)), "last" if len(unit) > len("%") else "all"
    scale_axis = {"range": [low, high], "ticksuffix": f" {unit}".rstrip(), "showticksuffix": ticks}
    strip.update_xaxes(**scale_axis, gridcolor=GRID, nticks=6, visible=measured, row=number, col=2)


def _draw_row(strip: go.Figure, number: int, y: float, reading: Reading, reach: tuple[float, float]) -> None:
    mark = sign_of(reading)
    said = "<br>".join(safe(line) for line in wrap(verdict_text(reading), 62, max_lines=2, placeholder=" …"))
    text = f"{safe(row_label(reading), 90)}<br><b>{mark.glyph}</b> {said}"
    strip.add_annotation(
        x=reach[0], y=y + 0.34, text=text, showarrow=False, align="left", xanchor="left", yanchor="middle",
        font={"size": 12}, row=number, col=2,
    )  # fmt: skip
    if on_scale(reading) and reading.value is not None:
        _draw_measured(strip, number, y, reading, reach)
        return
    symbol, pen = mark.marker, {"width": 2, "color": mark.colour}
    marker = {"symbol": symbol, "size": 13, "color": mark.colour, "line": pen}
    hover = f"{_hover(reading)}<extra></extra>"
    strip.add_trace(
        go.Scatter(x=[0.5], y=[y + 0.3], mode="markers", marker=marker, hovertemplate=hover), row=number, col=1
    )


def _draw_measured(strip: go.Figure, number: int, y: float, reading: Reading, reach: tuple[float, float]) -> None:
    factor = scale(shown_unit(reading))
    at = float(reading.value or 0) * factor
    mark = sign_of(reading)
    if reading.limit is not None:
        _draw_limit(strip, number, y, reading, reach)
    error = None
    if reading.ci_low is not None and reading.ci_high is not None:
        low, high = float(reading.ci_low) * factor, float(reading.ci_high) * factor
        error = {"type": "data", "symmetric": False, "array": [high - at], "arrayminus": [at - low], "thickness": 2}
        error |= {"width": 6, "color": mark.colour}
    hover = f"{_hover(reading)}<br>{safe(reading.method)}<extra></extra>"
    marker = {"size": 11, "color": mark.colour, "symbol": mark.marker}
    trace = go.Scatter(x=[at], y=[y - 0.17], mode="markers", marker=marker, error_x=error, hovertemplate=hover)
    strip.add_trace(trace, row=number, col=2)


def _hover(reading: Reading) -> str:
    lines = [safe(row_label(reading)), safe(verdict_text(reading), 300)]
    return "<br>".join([*lines, *(safe(line) for line in wrap(reading.note, 70, max_lines=6, placeholder=" …"))])


def _draw_limit(strip: go.Figure, number: int, y: float, reading: Reading, reach: tuple[float, float]) -> None:
    limit = float(reading.limit or 0) * scale(shown_unit(reading))
    side = (limit, reach[1]) if reading.direction == "higher_is_worse" else (reach[0], limit)
    where = {"row": number, "col": 2}
    band = {"y0": y - 0.4, "y1": y + 0.06}
    strip.add_shape(
        type="rect", x0=side[0], x1=side[1], fillcolor=FAIL_AREA, line_width=0, layer="below", **band, **where
    )
    strip.add_shape(
        type="line", x0=limit, x1=limit, line={"width": 2, "dash": "dot", "color": "#808080"}, **band, **where
    )


def strip_table(readings: Sequence[Reading]) -> pd.DataFrame:
    """Return the same figures as rows, all subgroups included."""
    rows = [
        {
            "Indicator": row_label(reading),
            "Verdict": sign_of(reading).word.lower(),
            "Value": _value(reading),
            "Interval": interval(reading.ci_low, reading.ci_high, shown_unit(reading)) or None,
            "Limit": figure(reading.limit, shown_unit(reading)) if reading.limit is not None else None,
            "Members / non-members": _counts(reading),
            "Adversary": adversary(reading.access.value) if reading.access else None,
            "Method": reading.method or None,
            "Note": reading.note or None,
            "Why not": reading.reason or None,
        }
        for reading in sorted(readings, key=lambda r: (_rank(r), *worst_first(r)))
    ]
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def _value(reading: Reading) -> str:
    if reading.status != "measured":
        return reading.status.replace("_", " ")
    return (
        ("flagged" if reading.value else "not flagged")
        if is_flag(reading)
        else figure(reading.value, shown_unit(reading), limit=reading.limit)
    )


def _counts(reading: Reading) -> str | None:
    if reading.n_in is None and reading.n_out is None:
        return None
    return " / ".join("—" if n is None else f"{n:,}" for n in (reading.n_in, reading.n_out))


def strip_alt(readings: Sequence[Reading], as_of: object) -> str:
    """Return the figure in words, for those who cannot see it."""
    sentences = [f"{row_label(r)}: {verdict_text(r)}." for panel in panels(readings) for r in panel.readings]
    return f"Exposure indicators with interval and limit, as of {as_of}. " + " ".join(sentences)[:3000]
