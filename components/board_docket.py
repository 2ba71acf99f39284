"""The docket: what waits for the board, and what the policy will send there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from components.numbers import counted, day, days
from components.page import empty
from components.table import table
from components.text import one_line

if TYPE_CHECKING:
    from datetime import date

ITEM_PAGE = "pages/board/item.py"


def docket_answer(rows: pd.DataFrame) -> str:
    """Return how many items wait for the board, and how many will come."""
    waiting = int((rows["lane"] == "referred").sum())
    coming = len(rows) - waiting
    said = counted(waiting, "item waits", "items wait") if waiting else "No item waits"
    more = f" {counted(coming, 'more is', 'more are')} required to come here by the policy." if coming else ""
    return f"{said} for the board.{more}"


def show_docket(rows: pd.DataFrame, today: date) -> None:
    """Draw the items and a list to open one."""
    if rows.empty:
        empty("Nothing is referred to the board.", "Stewards refer a release when a blocking gate does not pass.")
        return
    records = rows.to_dict("records")
    table(pd.DataFrame([row_words(row, today) for row in records]), "Items of the docket, referred ones first")
    names = {str(row["release_id"]): one_line(row["title"], 100) for row in records}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Open an item", list(names), format_func=names.__getitem__, key="docket-open", width=520)
        go = st.button("Open", icon=":material/co_present:", shortcut="alt+o", key="docket-go")
    if go and chosen:
        st.switch_page(ITEM_PAGE, query_params={"release": chosen})


def row_words(row: dict[Any, Any], today: date) -> dict[str, str]:
    """Return one item as words; no names of people."""
    there = {name: value for name, value in row.items() if value is not None and not pd.isna(value)}
    submitted = there.get("submitted_at")
    return {
        "Item": one_line(row["title"], 120),
        "Why here": str(row["lane"]),
        "Asks": f"{there.get('tier', '—')} until {day(there.get('until'))}",
        "To": one_line(there.get("recipients", "—"), 80),
        "Gates in the way": str(int(there.get("n_blocking", 0) + there.get("n_conditional", 0))),
        "Not measured": str(int(there.get("n_not_measured", 0))),
        "Waiting": days((today - submitted.date()).days) if submitted is not None else "—",
    }
