"""Access patterns on screen: the window, one principal, and the charts with their tables."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.charts.flow import flow_alt, flow_table, tier_flow
from components.charts.heatmap import hours_alt, hours_heatmap, hours_table
from components.charts.matrix import access_matrix, matrix_alt, matrix_table
from components.charts.volume import moved_in_all, volume_alt, volume_chart, volume_table
from components.figure import draw
from components.numbers import counted
from components.page import empty
from components.table import table, twin
from components.text import one_line
from exeat.access.patterns import MATRIX_COLUMNS, MATRIX_ROWS, Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.access.patterns import Summary

EVERYBODY = "everybody"
_PERIODS = {"7": "last 7 days", "30": "last 30 days", "90": "last 90 days", "all": "all days", "own": "own dates"}


def ask_window(span: Window) -> Window:
    """Draw the choice of days, counted back from the newest event, in the address; return the window."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = st.selectbox(
            "Days", list(_PERIODS), 1, format_func=_PERIODS.__getitem__, key="days", bind="query-params", width=180
        )
        if period == "own":
            first = st.date_input("From", span.first, key="from", bind="query-params", width=150)
            last = st.date_input("To", span.last, key="to", bind="query-params", width=150)
            return _ordered(first, last, span)
    if period == "all":
        return span
    return Window(max(span.first, span.last - pd.Timedelta(days=int(period) - 1)), span.last)


def _ordered(first: object, last: object, span: Window) -> Window:
    """Return the dates the right way round; a date that was cleared is the end of the span."""
    ends = [one if isinstance(one, date) else other for one, other in ((first, span.first), (last, span.last))]
    return Window(min(ends), max(ends))


def show_state(summary: Summary) -> None:
    """Say how current the events are, what could not be mapped, and whether they are simulated."""
    if summary.simulated:
        st.warning("Simulated data: these access events were made by a simulator.", icon=":material/science:")
    when = f"{summary.as_of:%Y-%m-%d %H:%M} UTC" if isinstance(summary.as_of, datetime) else "no event yet"
    st.caption(
        f"As of {when}. {counted(summary.unmapped, 'event names', 'events name')} no known checkpoint. Times are UTC."
    )


def ask_principal(principals: Mapping[str, str]) -> str:
    """Let one principal be chosen by keyboard, in the address; empty for everybody."""
    chosen = st.selectbox(
        "Principal",
        [EVERYBODY, *principals],
        key="principal",
        bind="query-params",
        width=320,
        format_func=lambda one: one_line(one, 80),
    )
    return "" if chosen == EVERYBODY else str(chosen)


def marked(text: str, *, simulated: bool) -> str:
    """Return a title or caption that says itself when its events are simulated: it may be copied without the page."""
    return f"{text} (simulated events)" if simulated else text


def show_hours(found: pd.DataFrame, principal: str, role: str, *, simulated: bool) -> None:
    """Draw reads by weekday and hour, the chosen principal beside its peers."""
    st.header(marked("When", simulated=simulated), anchor=False)
    titles = [one_line(principal, 60), f"peers: {one_line(role or 'role unknown', 40)}"] if principal else ["everybody"]
    if found.empty:
        empty("No read in this window.", "Choose more days, or another principal.")
        return
    note = " Outlined: own hours with more reads than the peers' habits explain (chance under 1 in 1,000)."
    st.caption(f"Share of reads by weekday and hour, UTC.{note if principal else ' Choose a principal to compare.'}")
    draw(hours_heatmap(found, titles), key="access-hours", alt=marked(hours_alt(found, titles), simulated=simulated))
    twin(hours_table(found), marked("reads by weekday and hour", simulated=simulated))


def show_matrix(found: pd.DataFrame, *, simulated: bool) -> None:
    """Draw who touched what."""
    st.header(marked("Who and what", simulated=simulated), anchor=False)
    if found.empty:
        empty("No event in this window names a checkpoint.", "Choose more days.")
        return
    st.caption(
        f"Colour: highest tier touched. Cross: denied attempts. The busiest {MATRIX_ROWS} principals and "
        f"{MATRIX_COLUMNS} checkpoints; all others are folded together."
    )
    draw(access_matrix(found), key="access-matrix", alt=marked(matrix_alt(found), simulated=simulated))
    twin(matrix_table(found), marked("principals and checkpoints, most events first", simulated=simulated))


def show_flow(found: pd.DataFrame, *, simulated: bool) -> None:
    """Draw role to tier to outcome."""
    st.header(marked("Role, tier, outcome", simulated=simulated), anchor=False)
    if found.empty:
        empty("No event in this window.", "Choose more days.")
        return
    draw(tier_flow(found), key="access-flow", alt=marked(flow_alt(found), simulated=simulated))
    twin(flow_table(found), marked("events by role, tier and outcome", simulated=simulated))


def show_denied(found: pd.DataFrame, *, simulated: bool) -> None:
    """List who was denied what, most often first."""
    st.header(marked("Denied attempts", simulated=simulated), anchor=False)
    if found.empty:
        st.write("Nothing was denied in this window.")
        return
    rows = [
        {
            "Principal": row["principal"],
            "Checkpoint": row["checkpoint_id"],
            "Component": str(row["component"] or "").replace("_", " ") if isinstance(row["component"], str) else None,
            "Tier": "unknown" if pd.isna(row["tier"]) else f"T{int(row['tier'])}",
            "Attempts": f"{int(row['n']):,}",
            "First": f"{row['first']:%Y-%m-%d %H:%M}",
            "Last": f"{row['last']:%Y-%m-%d %H:%M}",
        }
        for row in found.to_dict("records")
    ]
    table(pd.DataFrame(rows), marked("Denied attempts, most often first, times UTC", simulated=simulated))
    st.caption(f"{len(rows):,} of {int(found['total'].iloc[0]):,} pairs of principal and component, most often first.")


def show_volume(found: pd.DataFrame, *, simulated: bool) -> None:
    """Draw events by day and the moved bytes."""
    st.header(marked("Volume", simulated=simulated), anchor=False)
    if found.empty:
        empty("No event in this window.", "Choose more days.")
        return
    st.caption(f"Moved: {moved_in_all(found)}.")
    draw(volume_chart(found), key="access-volume", alt=marked(volume_alt(found), simulated=simulated))
    twin(volume_table(found), marked("events and bytes by day", simulated=simulated))


def show_sources(found: pd.DataFrame) -> None:
    """Say for each source of events what it cannot tell."""
    with st.expander("Sources, and what they cannot tell", icon=":material/rule:"):
        names = {"source": "Source", "n": "Events", "unmapped": "No known checkpoint", "without_bytes": "Without bytes"}
        names |= {"without_tier": "Without tier", "newest": "Newest (UTC)"}
        table(found.rename(columns=names), "Sources of access events")
