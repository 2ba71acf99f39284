"""The table twin of a chart: the same figures as rows, for keyboards, screen readers and copying."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from components.text import plain

_REAL_TABLE_ROWS = 60
"""Up to here a real HTML table is drawn; longer ones go into the virtual grid."""


def words(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with each cell as text; a missing value is a dash, never 0."""
    return frame.astype(object).map(lambda cell: "—" if _missing(cell) else str(cell))


def _missing(cell: Any) -> bool:
    return pd.api.types.is_scalar(cell) and (bool(pd.isna(cell)) or cell == "")


def table(frame: pd.DataFrame, caption: str, *, grid: bool = False) -> None:
    """Draw a frame as an accessible table; every cell is shown as the text it is.

    ``grid`` takes the virtual grid for few rows too: it scrolls by keyboard where a column is too narrow for the table.
    """
    if grid or len(frame) > _REAL_TABLE_ROWS:
        st.dataframe(words(frame), hide_index=True, width="stretch", alt=caption)
        return
    shown = words(frame).map(lambda cell: plain(cell, 1000))
    st.table(shown.rename(columns={name: plain(name) for name in shown.columns}), hide_index=True, alt=caption)


def twin(frame: pd.DataFrame, caption: str, *, grid: bool = False) -> None:
    """Offer a chart's figures as a table; ``caption`` says what the rows are, with unit and as-of date."""
    with st.expander(f"As a table: {plain(caption)}", icon=":material/table_rows:"):
        table(frame, caption, grid=grid)
