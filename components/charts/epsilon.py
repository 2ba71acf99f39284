"""Claimed, recomputed and measured epsilon on one scale: a bound beyond the claim breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from components.charts.dots import Dot, Line, dots_chart
from components.charts.palette import FAIL, INFO, PASS, UNKNOWN
from components.numbers import figure
from exeat.policy.epsilon_verdict import EpsilonVerdict
from exeat.policy.figures import digits

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from exeat.policy.measured.epsilon import Epsilons, Shown

DRAWN = 5
"""Lower bounds drawn, the best first; all are in the table."""


def epsilon_chart(found: Epsilons) -> go.Figure:
    """Return claim and recomputation as dots, each lower bound with an arrow to what its test could have shown."""
    rows = []
    if found.claimed is not None:
        rows.append(Dot("claimed", _words(found.claimed), float(found.claimed), symbol="square"))
    if found.recomputed is not None:
        again = found.recomputed.tightest
        rows.append(Dot("recomputed from its parameters", _words(again), float(again), symbol="square-open"))
    rows += [_bound(one, found) for one in found.bounds[:DRAWN]]
    lines = [] if found.claimed is None else [Line(float(found.claimed), "dot", beyond=True)]
    return dots_chart(rows, lines, unit="epsilon", title="epsilon (no unit)")


def _words(value: object) -> str:
    return figure(value, "epsilon")  # type: ignore[arg-type]  # decimals only


def _bound(one: Shown, found: Epsilons) -> Dot:
    broken = found.claimed is not None and one.tests and one.value > found.claimed
    colour = FAIL if broken else UNKNOWN if not one.value or not one.tests else PASS if found.claimed else INFO
    symbol = "circle" if one.value else "circle-open"
    ceiling = None if one.ceiling is None else float(one.ceiling)
    return Dot(
        f"measured: {one.name}",
        bound_words(one),
        float(one.value),
        colour=colour,
        symbol=symbol,
        at_least=True,
        ceiling=ceiling,
    )


def bound_words(one: Shown) -> str:
    """Return the bound in words: at least so much, at most so much could have been shown."""
    said = f"at least {_words(one.value)}" if one.value else "refutes nothing"
    if one.at_ceiling:
        return f"{said}: the most this test can show"
    return said if one.ceiling is None else f"{said} (could show {_words(one.ceiling)})"


def epsilon_table(found: Epsilons) -> pd.DataFrame:
    """Return the same figures as rows."""
    rows = [_row("claimed", found.claimed, f"δ {digits(found.delta)}" if found.delta is not None else "")]
    again = found.recomputed
    if again is None:
        rows.append(_row("recomputed", None, found.why_not))
    else:
        rows.append(_row("recomputed, privacy loss distributions", again.pld, "the tighter accountant"))
        rows.append(_row("recomputed, Rényi", again.rdp, "what older tools report"))
    rows += [
        _row(
            f"measured, {one.name}", one.value, one.note, "none stated" if one.ceiling is None else _words(one.ceiling)
        )
        | {"Method": one.method}
        for one in found.bounds
    ]
    return pd.DataFrame(rows)


def _row(name: str, value: object, note: str, ceiling: str | None = None) -> dict[str, object]:
    shown = "not stated" if value is None and name == "claimed" else "not computed" if value is None else _words(value)
    return {"Epsilon": name, "Value": shown, "Ceiling of the test": ceiling, "Note": note or None}


def epsilon_alt(found: Epsilons) -> str:
    """Return the figure in words."""
    claim = "No epsilon is claimed." if found.claimed is None else f"Claimed epsilon {_words(found.claimed)}."
    again = "" if found.recomputed is None else f" Recomputed {_words(found.recomputed.tightest)}."
    bounds = " ".join(f"Measured by {one.name}: {bound_words(one)}." for one in found.bounds[:DRAWN])
    return f"{claim}{again} {bounds} Verdict: {found.verdict.value}."


SIGNS = {
    EpsilonVerdict.VIOLATED: ("red", ":material/cancel:"),
    EpsilonVerdict.CONSISTENT: ("green", ":material/check_circle:"),
    EpsilonVerdict.UNINFORMATIVE: ("gray", ":material/help:"),
    EpsilonVerdict.NOT_CLAIMED: ("blue", ":material/info:"),
}
"""How the verdict looks: hue of the badge and icon."""
