"""Exposure of all checkpoints: the view's choices, small multiples, one checkpoint by keyboard, aged evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from components.charts.exposure_small_multiples import PANELS, exposure_alt, exposure_panels, exposure_table, families
from components.charts.timeline import exposure_timeline, timeline_alt, timeline_table
from components.figure import draw
from components.numbers import counted, day, days, figure, interval, shown_unit
from components.page import empty
from components.table import table, twin
from components.text import one_line, plain
from exeat.access.exposure import LINEAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import plotly.graph_objects as go

    from components.charts.exposure_small_multiples import Family
    from exeat.access.exposure import Aged, Overview

ALL, _COLUMNS = "all lineages", 2
BY_LINEAGE, OVER_TIME = "by lineage", "over time"


def ask_view(lineages: Sequence[str]) -> tuple[str, bool]:
    """Draw the choices, each in the address; return the lineage (empty for all) and whether to show time."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        lineage = st.selectbox("Lineage", [ALL, *lineages], key="family", bind="query-params", width=240)
        how = st.segmented_control(
            "Show", [BY_LINEAGE, OVER_TIME], key="view", bind="query-params", default=BY_LINEAGE, required=True
        )
    return "" if lineage == ALL else str(lineage), how == OVER_TIME


def as_of(overview: Overview, today: object) -> str:
    """Return how current the figures are, and how they are judged."""
    newest = f"newest report {day(overview.newest)}" if overview.newest else "no report yet"
    rule = "Whole populations, judged for each checkpoint's intended tier; the bad end of an interval decides."
    return f"As of {today}; {newest}. {rule}"


def show_by_lineage(points: pd.DataFrame, caption: str) -> None:
    """Draw one panel per kind of indicator."""
    if points.empty:
        empty("No indicator to show.", "Ingest a risk report, or choose another lineage.")
        return
    st.caption(
        f"{caption} Each checkpoint by its worst figure, whichever attack found it. Cross: beyond its limit. "
        "Triangle: warned. Filled dot: within. Open dot: no limit set. Hollow diamond at the left: not measured. "
        f"At most {LINEAGES} lineages, the most exposed first."
    )
    _grid([(group, chart, exposure_alt(group)) for group, chart in exposure_panels(points)])
    more = len(families(points)) - PANELS
    if more > 0:
        st.caption(f"{counted(more, 'more kind')} of indicator with fewer failures: in the table.")
    twin(exposure_table(points), f"the same {len(points)} figures")


def _grid(panels: Sequence[tuple[Family, go.Figure, str]]) -> None:
    """Draw the panels two by two; on a narrow screen they stand one below the other."""
    for first in range(0, len(panels), _COLUMNS):
        for place, column in enumerate(st.columns(_COLUMNS, gap="medium")):
            if first + place < len(panels):
                group, chart, alt = panels[first + place]
                with column:
                    st.markdown(f"**{plain(group.title)}**")
                    draw(chart, key=f"exposure-{first + place}", alt=alt)


def show_over_time(months: pd.DataFrame, caption: str) -> None:
    """Draw the middle and the worst figure by month."""
    if months.empty:
        empty("No indicator to show.", "Ingest a risk report, or choose another lineage.")
        return
    st.caption(
        f"{caption} Each checkpoint of a month counts by its worst figure. Solid: the middle of these. Dashed: the "
        "worst bad end. Dotted: the limit that fails. Hollow diamond: nothing was measured."
    )
    _grid([(group, chart, timeline_alt(group)) for group, chart in exposure_timeline(months)])
    twin(timeline_table(months), "the same months")


def choose_checkpoint(points: pd.DataFrame) -> str:
    """Let one checkpoint of the chart be chosen by keyboard; return its id."""
    options = list(dict.fromkeys(str(one) for one in points["checkpoint_id"])) if len(points) else []
    return str(
        st.selectbox(
            "One checkpoint in full",
            ["", *options],
            key="checkpoint",
            bind="query-params",
            width=360,
            format_func=lambda one: one or "choose one",
        )
        or ""
    )


def show_checkpoint(rows: pd.DataFrame) -> None:
    """Draw every figure of one checkpoint, subgroups included."""
    if rows.empty:
        st.write("This checkpoint has no indicator.")
        return
    table(pd.DataFrame([_words(row) for row in rows.to_dict("records")]), "Every indicator of the checkpoint")


def _words(row: Mapping[Any, Any]) -> dict[str, Any]:
    unit, limit = shown_unit(str(row["indicator_id"]), str(row["unit"])), _number(row["limit"])
    return {
        "Indicator": row["label"],
        "Subgroup": row["subgroup"] if isinstance(row["subgroup"], str) else None,
        "Where it lies": row["band"],
        "Value": figure(_number(row["value"]), unit, limit=limit),
        "Interval": interval(_number(row["ci_low"]), _number(row["ci_high"]), unit) or None,
        "Limit": None if limit is None else figure(limit, unit),
        "Method": one_line(row["method"], 80),
        "Tool": one_line(row["producer"], 60),
        "Reported": day(row["reported_at"]),
        "Why not measured": row["reason"] or None,
    }


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def show_aged(aged: Aged) -> None:
    """List the releases whose evidence is older than the policy allows."""
    st.header("Evidence older than the policy", anchor=False)
    if aged.rows.empty:
        limit = f"older than {days(aged.max_age_days)}" if aged.max_age_days else "missing"
        st.write(f"No release that is in force, suspended or still to be decided stands on evidence that is {limit}.")
        return
    rows = [
        {
            "Release": one_line(row["title"], 100),
            "Id": row["release_id"],
            "Checkpoint": row["checkpoint_id"],
            "Tier": row["tier"],
            "State": str(row["state"]).replace("_", " "),
            "Newest report": "none" if pd.isna(row["newest"]) else day(row["newest"]),
        }
        for row in aged.rows.to_dict("records")
    ]
    table(pd.DataFrame(rows), "Releases with aged evidence, oldest first")
    st.caption(
        f"{aged.total:,} releases in force or under review stand on reports older than {days(aged.max_age_days)} or on "
        f"none; the oldest {len(rows)} are shown. Next step: measure again and ingest the report."
    )
