"""Draw a chart: readable ink in light and dark, words for those who cannot see it, no tool buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.charts.palette import QUIET, inked

if TYPE_CHECKING:
    import plotly.graph_objects as go


def draw(figure: go.Figure, *, key: str, alt: str) -> None:
    """Draw the figure; ``alt`` says in words what it shows. Offer its table twin beside it."""
    st.plotly_chart(inked(figure, st.context.theme.type), key=key, alt=alt, config=QUIET)
