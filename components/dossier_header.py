"""The head of a dossier: where the release stands, since when, how far the ledger is signed, and the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd
import streamlit as st

from components.feedback import receipt_button
from components.numbers import counted, day, days, version_name
from components.page import page_title
from components.session import actor, desk
from components.table import table
from components.text import plain
from exeat.model.person import Permission
from exeat.review.lifecycle import State

if TYPE_CHECKING:
    from exeat.review.views import CaseView

Hue = Literal["green", "orange", "red", "blue", "gray"]
_HUES: dict[State, tuple[Hue, str]] = {
    State.APPROVED: ("green", ":material/check_circle:"),
    State.ACTIVE: ("green", ":material/play_circle:"),
    State.SUSPENDED: ("orange", ":material/pause_circle:"),
    State.RETURNED: ("orange", ":material/undo:"),
    State.REJECTED: ("red", ":material/cancel:"),
    State.REVOKED: ("red", ":material/block:"),
    State.SUBMITTED: ("blue", ":material/inbox:"),
    State.IN_REVIEW: ("blue", ":material/rate_review:"),
    State.REFERRED: ("blue", ":material/groups:"),
}


def show_header(case: CaseView) -> None:
    """Draw title, the answer in one sentence, whose turn it is, and the facts of the case."""
    page_title(case.proposal.title, opening(case))
    hue, icon = _HUES.get(case.now, ("gray", ":material/flag:"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(case.now.title, icon=icon, color=hue)
        if case.state.round:
            st.badge(f"round {case.state.round}", color="gray")
        if actor().can(Permission.LEDGER_READ):
            head = desk().ledger.head()
            signed = f"ledger: {counted(head.size, 'entry', 'entries')} signed" if head else "ledger: not signed yet"
            st.badge(signed, icon=":material/verified:", color="gray")
    st.caption(plain(facts(case), 2000))
    if case.decision is not None:
        _decision(case)
    if case.state.reason:
        st.info(f"**Reason given.** {plain(case.state.reason, 4000)}", icon=":material/chat_info:")


def opening(case: CaseView) -> str:
    """Return the first sentence: the answer of the evidence, or the decision once there is one."""
    if case.decision is None:
        return f"{case.answer} {case.turn}"
    return f"{case.turn} By today's evidence: {case.answer[:1].lower()}{case.answer[1:]}"


def facts(case: CaseView) -> str:
    """Return who submitted it when, when reviews are due, and what it is about."""
    since = (case.today - case.state.submitted_at.date()).days if case.state.submitted_at else None
    submitted = f"submitted {days(since)} ago by {case.state.submitter}" if since is not None else "not submitted yet"
    waits = case.now in (State.SUBMITTED, State.IN_REVIEW)
    due = f", reviews due {day(case.due_at)}" if case.due_at and waits else ""
    version = f"{case.manifest.lineage.run_family} {version_name(case.manifest.lineage.version)}"
    return f"{case.manifest.title} · lineage {version} · {submitted}{due} · release {case.release_id}"


def _decision(case: CaseView) -> None:
    decision = case.decision
    if decision is None:
        return
    said = decision.outcome.replace("_", " ")
    st.markdown(f"**Decision: {plain(said)}**, {day(decision.at)}, ledger entry {decision.seq:,}.")
    cells = pd.DataFrame(
        [
            {"Component": c.component, "Tier": c.tier.value, "Form": c.disposition.title, "Until": day(c.until)}
            for c in decision.matrix
        ]
    )
    with st.expander("What was decided, with conditions and receipt", icon=":material/gavel:"):
        table(cells, "What was decided for each component")
        for condition in decision.conditions:
            st.markdown(f"- {plain(condition)}")
        receipt_button(decision.seq, key="decision-receipt")
