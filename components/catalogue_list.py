"""The catalogue as a list: facets that show themselves, one page of rows, and two ways to open one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from components.numbers import counted, figure, listed, shown_unit, version_name
from components.page import empty
from components.paging import turn_pages
from components.text import one_line, plain
from exeat.access.catalogue import Filters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.access.catalogue import Found
    from exeat.model.person import Person

ENTRY_PAGE = "pages/catalogue/entry.py"
PAGE_ROWS = 20
ANY = "any"
SHEET = "sheet"
_FACETS = {
    "task": "Task",
    "source": "Data source",
    "tier": "Goes to",
    "regime": "Data regime",
    "lineage": "Lineage",
    "protection": "Protection",
}
_KEY = {name: f"by-{name}" for name in _FACETS}
"""Names in the address; no other page uses them, so no page inherits another's filters."""
_COUNTED = 12


def ask_filters(facets: Mapping[str, Mapping[str, int]]) -> Filters:
    """Draw search and facets, each in the address; return what they say."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search", key="search", bind="query-params", width=260, placeholder="title, purpose, data, task …"
        )
        mine = st.toggle("Available to me", key="mine", bind="query-params")
        st.button("Clear filters", icon=":material/filter_alt_off:", on_click=_clear, type="tertiary")
    with st.container(horizontal=True):
        chosen = {name: _ask_facet(name, facets.get(name, {})) for name in _FACETS}
    return Filters(text=one_line(text, 200), available=bool(mine), **chosen)


def _ask_facet(name: str, counts: Mapping[str, int]) -> str:
    value = st.selectbox(
        _FACETS[name],
        [ANY, *counts],
        key=_KEY[name],
        bind="query-params",
        width=180,
        format_func=lambda option: _facet_words(name, option),
        help=" · ".join(f"{plain(_facet_words(name, one), 60)} {counts[one]:,}" for one in list(counts)[:_COUNTED]),
    )
    return "" if value == ANY else str(value)


def _facet_words(name: str, value: str) -> str:
    if name == "tier" and value != ANY:
        return "nobody yet" if value == "none" else f"{value} and above"
    return one_line(value, 60)


def _clear() -> None:
    st.session_state.update(dict.fromkeys(_KEY.values(), ANY) | {"search": "", "mine": False, SHEET: 1})


def answer(found: Found, person: Person) -> str:
    """Return the sentence that answers what this person may have."""
    exist = counted(found.total, "checkpoint matches", "checkpoints match")
    return f"{exist}; {found.available:,} available to you at tier {person.tier} ({person.tier.title})."


def show_rows(found: Found, person: Person) -> None:
    """Draw one page of the catalogue; opening works by selecting a row and, by keyboard, from the list below."""
    if found.rows.empty:
        empty("No checkpoint matches these filters.", "Clear the filters to see everything that exists.")
        return
    rows = found.rows.to_dict("records")
    chosen = st.dataframe(
        pd.DataFrame([row_words(row, person) for row in rows]),
        key="catalogue-rows",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        width="stretch",
        height="content",
        alt="Checkpoints, available ones first. The list below opens the same entries.",
    )
    if chosen["selection"]["rows"]:
        open_entry(str(rows[chosen["selection"]["rows"][0]]["checkpoint_id"]))
    _keyboard(rows)
    turn_pages(SHEET, found.total, PAGE_ROWS)
    st.caption("Available ones first, then by the tier they go to, newest first.")


def row_words(row: Mapping[Any, Any], person: Person) -> dict[str, str]:
    """Return one checkpoint as words."""
    return {
        "Checkpoint": one_line(row["title"], 100),
        "For you": availability(row, person),
        "Exposure": str(row["exposure"]),
        "Utility": _utility(row),
        "Protection": _protection(row),
        "Data": one_line(row["regime"], 40),
        "Task": one_line(row["task"], 40),
        "Lineage": f"{one_line(row['run_family'], 40)} {version_name(one_line(row['version'], 20))}",
    }


def availability(row: Mapping[Any, Any], person: Person) -> str:
    """Return ``weights from T3; you are T1`` in as few words."""
    if not isinstance(row["offered_from"], str):
        return "not released yet"
    kinds = listed([str(kind).replace("_", " ") for kind in row["kinds"]])
    return f"available: {kinds}" if row["available"] else f"{kinds} from {row['offered_from']}; you are {person.tier}"


def _protection(row: Mapping[Any, Any]) -> str:
    epsilon = row["dp_epsilon"]
    return one_line(row["protection"], 60) + ("" if pd.isna(epsilon) else f", ε {epsilon:.3g} claimed")


def _utility(row: Mapping[Any, Any]) -> str:
    if not isinstance(row["metric"], str):
        return "not measured"
    unit = shown_unit(str(row["metric"]).lower(), one_line(row["metric_unit"], 12))
    return f"{one_line(row['metric'], 30)} {figure(row['metric_value'], unit)}"


def _keyboard(rows: list[dict[Any, Any]]) -> None:
    names = {str(row["checkpoint_id"]): one_line(row["title"], 100) for row in rows}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(
            "Open an entry", list(names), format_func=lambda key: f"{names[key]} ({key})", key="entry-open", width=420
        )
        go = st.button("Open", icon=":material/arrow_forward:", shortcut="alt+o", key="entry-go")
    if go and picked:
        open_entry(picked)


def open_entry(checkpoint_id: str) -> None:
    """Go to the entry of this checkpoint."""
    st.switch_page(ENTRY_PAGE, query_params={"checkpoint": checkpoint_id})
