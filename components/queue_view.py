"""The queue of releases: filters that show themselves, one page of rows, and two ways to open one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from components.numbers import counted, day, days, version_name
from components.page import empty
from components.text import one_line
from exeat.model.person import Permission
from exeat.model.tier import Tier
from exeat.review.lifecycle import State
from exeat.review.queries import QueueFilters

if TYPE_CHECKING:
    from exeat.model.person import Person
    from exeat.review.queries import QueuePage

RELEASE_PAGE = "pages/review/release.py"
RISKS = {"high": "▲ high", "medium": "■ medium", "low": "● low"}
ANY = "any"
_SHOW = {"mine": "Awaiting me", "overdue": "Overdue", "open": "Undecided only"}


def has_turns(person: Person) -> bool:
    """Return whether anything can wait for this person in the queue beside own drafts."""
    return any(person.can(p) for p in (Permission.RELEASE_REVIEW, Permission.BOARD_COSIGN, Permission.RELEASE_ACTIVATE))


def ask_filters(person: Person) -> QueueFilters:
    """Draw the filters, each visible and in the address; return what they say."""
    usual = ["mine", "open"] if has_turns(person) else []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.pills(
            "Show", list(_SHOW), selection_mode="multi", default=usual, format_func=_SHOW.__getitem__, key="show",
            bind="query-params",
        )  # fmt: skip
        tier = st.selectbox("Tier", [ANY, *Tier], key="tier", bind="query-params", width=120)
        states = [ANY, *(state.value for state in State)]
        state = st.selectbox(
            "State", states, key="state", bind="query-params", width=170, format_func=lambda s: s.replace("_", " ")
        )
        lineage = st.text_input("Lineage", key="lineage", bind="query-params", width=170, placeholder=ANY)
        text = st.text_input("Title or id contains", key="q", bind="query-params", width=200, placeholder=ANY)
        st.button("Clear filters", icon=":material/filter_alt_off:", on_click=_clear, type="tertiary")
    return QueueFilters(
        awaiting_me="mine" in shown,
        overdue="overdue" in shown,
        undecided="open" in shown,
        tier="" if tier == ANY else str(tier),
        state="" if state == ANY else str(state),
        lineage=one_line(lineage, 80),
        text=one_line(text, 80),
    )


def _clear() -> None:
    st.session_state.update(show=[], tier=ANY, state=ANY, lineage="", q="", page=1)


def answer(page: QueuePage, person: Person) -> str:
    """Return the sentence that answers what waits for this person."""
    if not has_turns(person):
        return f"{counted(page.total, 'release')} of yours, {page.awaiting_me} of them waiting for you."
    if not page.awaiting_me:
        others = counted(page.awaiting_others, "waits", "wait")
        return f"No release waits for you. {others} for other reviewers."
    overdue = f", {page.overdue} overdue" if page.overdue else ""
    return f"{counted(page.awaiting_me, 'release waits', 'releases wait')} for you{overdue}."


def show_rows(page: QueuePage) -> None:
    """Draw one page of rows; opening works by selecting a row and, with the keyboard alone, from the list below."""
    if page.rows.empty:
        waiting = f" {counted(page.awaiting_others, 'waits', 'wait')} for other people." if page.awaiting_others else ""
        empty("No release matches these filters.", f"Clear the filters to see all.{waiting}")
        return
    rows = page.rows.to_dict("records")
    chosen = st.dataframe(
        pd.DataFrame([row_words(row) for row in rows]),
        key="queue-rows",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        width="stretch",
        alt="Releases, highest risk first, then the longest waiting. The list below opens the same releases.",
    )
    if chosen["selection"]["rows"]:
        open_release(str(rows[chosen["selection"]["rows"][0]]["release_id"]))
    _keyboard(rows)
    if page.pages > 1:
        st.pagination(page.pages, key="page", bind="query-params")
    st.caption(f"{counted(page.total, 'release')}, highest risk first, then the longest waiting.")


def row_words(row: dict[Any, Any]) -> dict[str, str]:
    """Return one row as words; what is missing is said, never shown as 0."""
    late = " (!) overdue" if row["overdue"] else ""
    return {
        "Risk": RISKS.get(str(row["risk"]), "— not assessed"),
        "Release": one_line(row["title"], 120),
        "Asks": f"{_or_dash(row['tier'])} until {day(row['until']) if _there(row['until']) else '—'}",
        "Findings": findings_words(row),
        "Waiting": (days(row["waiting_days"]) if _there(row["waiting_days"]) else "—") + late,
        "Reviews": f"{_number(row['reviews_in'])} of {_number(row['reviewers_needed'])}",
        "Whose turn": "you" if row["awaiting_me"] else str(row["turn"]),
        "State": str(row["state"]).replace("_", " "),
        "Lineage": f"{_or_dash(row['run_family'])} {version_name(_or_dash(row['ckpt_version']))}",
    }


def findings_words(row: dict[Any, Any]) -> str:
    """Return ``2 fail · 1 not measured``, ``all pass`` or ``not assessed``."""
    counts = [(row[f"n_{name}"], name.replace("_", " ")) for name in ("fail", "not_measured", "warn")]
    if not _there(row["n_fail"]):
        return "not assessed"
    return " · ".join(f"{int(n)} {word}" for n, word in counts if _there(n) and n) or "all pass"


def _there(value: object) -> bool:
    return value is not None and not pd.isna(value)  # type: ignore[call-overload]  # any cell of a frame


def _or_dash(value: object) -> str:
    return one_line(value, 60) if _there(value) else "—"


def _number(value: Any) -> str:
    return str(int(value)) if _there(value) else "—"


def page_number() -> int:
    """Return which page of the queue the address or the widget asks for; anything odd means the first."""
    asked = str(st.session_state.get("page") or st.query_params.get("page", "1"))
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len("1000000") else 1


def _move(ids: list[str], step: int) -> None:
    at = ids.index(st.session_state["queue-open"]) if st.session_state.get("queue-open") in ids else 0
    st.session_state["queue-open"] = ids[(at + step) % len(ids)]


def _keyboard(rows: list[dict[Any, Any]]) -> None:
    names = {str(row["release_id"]): one_line(row["title"], 100) for row in rows}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox(
            "Open a release", list(names), format_func=lambda key: f"{names[key]} ({key})", key="queue-open", width=420
        )
        st.button("Previous", shortcut="alt+k", key="queue-up", on_click=_move, args=(list(names), -1))
        st.button("Next", shortcut="alt+j", key="queue-down", on_click=_move, args=(list(names), 1))
        go = st.button("Open", icon=":material/arrow_forward:", shortcut="alt+o", key="queue-go")
    if go and picked:
        open_release(picked)


def open_release(release_id: str) -> None:
    """Go to the dossier of this release."""
    st.switch_page(RELEASE_PAGE, query_params={"release": release_id})
