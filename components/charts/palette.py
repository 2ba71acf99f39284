"""Colours, icons and words of verdicts and states: Okabe-Ito, safe for colour blindness; colour never stands alone."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Literal, NamedTuple

from exeat.policy.finding import Verdict

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from exeat.policy.finding import Reading

PASS, WARN, FAIL, INFO, UNKNOWN = "#009E73", "#E69F00", "#D55E00", "#0072B2", "#767676"
SERIES = (INFO, WARN, PASS, "#CC79A7", "#56B4E9", FAIL, "#8C6D00", UNKNOWN)
"""Colours for categories, in a fixed order."""
SCALE = ("#F0F4F8", "#C9DCEB", "#9CC3DE", "#6AA8CF", "#3A8BBE", "#0072B2", "#005C91", "#004770", "#003350", "#002033")
"""Ten steps of one hue, light to dark, for amounts."""
MUTED = "rgba(128,128,128,0.35)"
GRID = "rgba(128,128,128,0.25)"
FAIL_AREA = "rgba(213,94,0,0.16)"
INK = {"light": "#06101A", "dark": "#E8EDF2"}
"""Text of a chart by theme; Streamlit's own grey is too pale on white."""

QUIET = {"displayModeBar": False, "scrollZoom": False}
"""Chart configuration without tool buttons: the table twin does what they would."""

Badge = Literal["green", "orange", "red", "blue", "gray"]


class Sign(NamedTuple):
    """How one verdict looks: ``icon`` for Streamlit text, ``glyph`` and ``marker`` in charts, ``badge`` a theme hue."""

    word: str
    colour: str
    icon: str
    glyph: str
    marker: str
    badge: Badge


SIGNS: dict[Verdict, Sign] = {
    Verdict.FAIL: Sign("FAIL", FAIL, ":material/cancel:", "✕", "circle", "red"),
    Verdict.NOT_MEASURED: Sign("NOT MEASURED", UNKNOWN, ":material/help:", "◇", "diamond-open", "gray"),
    Verdict.WARN: Sign("WARN", WARN, ":material/warning:", "!", "circle", "orange"),
    Verdict.PASS: Sign("PASS", PASS, ":material/check_circle:", "✓", "circle", "green"),
    Verdict.NOT_APPLICABLE: Sign("NOT APPLICABLE", UNKNOWN, ":material/remove:", "–", "line-ew-open", "gray"),
}


def sign(verdict: str | Verdict) -> Sign:
    """Return how the verdict looks; an unknown word looks like not measured."""
    try:
        return SIGNS[Verdict(verdict)]
    except ValueError:
        return SIGNS[Verdict.NOT_MEASURED]


NO_LIMIT = Sign("NO LIMIT", INFO, ":material/info:", "·", "circle", "blue")
"""A measured figure that the policy sets no limit for at this tier."""


def sign_of(reading: Reading) -> Sign:
    """Return how a figure looks: as its verdict, but measured without a limit is no dash."""
    judged = reading.status != "measured" or reading.verdict is not Verdict.NOT_APPLICABLE
    return sign(reading.verdict) if judged else NO_LIMIT


def safe(value: object, limit: int = 120) -> str:
    """Return text for a figure: Plotly reads tags, templates and formulas in labels, so they are made inert."""
    text = " ".join(str(value).split())
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return html.escape(text, quote=False).replace("%{", "% {").replace("$", "\uff04")


def inked(figure: go.Figure, theme: str | None) -> go.Figure:
    """Give all text of a figure the ink of the theme, light unless ``theme`` is ``dark``."""
    ink = INK.get(theme or "light", INK["light"])
    figure.update_layout(font={"color": ink})
    figure.update_annotations(font={"color": ink})
    figure.update_xaxes(tickfont={"color": ink}, title={"font": {"color": ink}})
    figure.update_yaxes(tickfont={"color": ink}, title={"font": {"color": ink}})
    return figure


def styled(figure: go.Figure, *, height: int, x_title: str = "", y_title: str = "") -> go.Figure:
    """Give a figure the house look: transparent ground, quiet grid, titles with units."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        hoverlabel={"align": "left"},
    )
    figure.update_xaxes(title={"text": x_title}, gridcolor=GRID, zerolinecolor=GRID, automargin=True)
    figure.update_yaxes(title={"text": y_title}, gridcolor=GRID, zerolinecolor=GRID, automargin=True)
    return figure
