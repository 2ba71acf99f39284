"""The chair's record of an item: votes, outcome, what leaves, grounds, minutes; confirmed, then on the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from components.board_item import place_of
from components.board_votes import ask_votes
from components.board_words import consequence
from components.confirm import confirmed
from components.decision_grounds import RISK_HELP, ask_questions
from components.feedback import attempt, gate_button
from components.session import actor, desk
from components.text import plain
from exeat.board.inputs import OUTCOMES, BoardDecision
from exeat.board.rules import no_more_open
from exeat.model.person import Permission
from exeat.model.tier import Disposition
from exeat.policy.finding import Barrier
from exeat.review.approval import barriers
from exeat.review.inputs import MAX_REASON, RISKS, Override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.board.inputs import Outcome
    from exeat.board.item import BoardItem
    from exeat.review.inputs import Answer

OUTCOME_CHOICES = {
    "approve": "Approve",
    "approve_with_conditions": "Approve with conditions",
    "reject": "Reject",
    "defer": "Defer",
}


def show_decision(item: BoardItem) -> None:
    """Draw the chair's form, or say why there is none."""
    if not actor().can(Permission.BOARD_DECIDE) or item.why_not_decide is not None:
        gate_button("Record the decision", item.why_not_decide, key="board-decide", icon=":material/gavel:")
        return
    if item.awaiting_cosign:
        with st.expander("Record a different decision", icon=":material/gavel:"):
            _show_form(item)
        return
    st.header("Record the decision", anchor=False)
    _show_form(item)


def _show_form(item: BoardItem) -> None:
    prefix = f"board:{item.release_id}"
    votes, reasons = ask_votes(item, prefix)
    outcome = _outcome(prefix)
    decision = BoardDecision(votes=votes, outcome=outcome or "defer", summary="", basis=item.basis, reasons=reasons)
    if decision.approves:
        decision = _approval(item, decision, prefix)
    summary = st.text_area(
        "Minutes: what was discussed, and why it was decided so", key=f"{prefix}:summary", max_chars=MAX_REASON
    )
    decision = replace(decision, summary=summary)
    lacking = (
        desk().board.reason(actor(), item.release_id, decision) if outcome else "Vote and choose the outcome first."
    )
    confirmed(
        "Record the decision",
        consequence(item, decision),
        lacking,
        key=f"{prefix}:record",
        icon=":material/gavel:",
        on_yes=_record,
        args=(item.release_id, item.version, decision),
    )


def _record(release_id: str, seen: int, decision: BoardDecision) -> None:
    attempt(
        lambda: desk().board.decide(actor(), release_id, decision, seen=seen, key=str(seen)),
        place=place_of(release_id),
    )


def _outcome(prefix: str) -> Outcome | None:
    return st.segmented_control(
        "Outcome; the motion is to approve", OUTCOMES, format_func=OUTCOME_CHOICES.__getitem__, key=f"{prefix}:outcome"
    )


def _approval(item: BoardItem, decision: BoardDecision, prefix: str) -> BoardDecision:
    """Ask what approving needs: forms, end date, conditions, open questions, grounds for each override."""
    st.subheader("What leaves", anchor=False)
    forms = {one.component_id: _form(one.component_id, one.proposed, prefix) for one in item.leaving}
    until = st.date_input("Until, at most as asked for", item.until, max_value=item.until, key=f"{prefix}:until")
    conditions: tuple[str, ...] = ()
    if decision.outcome == "approve_with_conditions":
        text = st.text_area("Conditions, one on each line", key=f"{prefix}:conditions", max_chars=MAX_REASON)
        conditions = tuple(line.strip() for line in text.splitlines() if line.strip())
    unanswered = [question for question in item.questions if question.id not in item.answered]
    answers = ask_questions(unanswered, prefix, needed=True)
    overrides = _overrides(item, forms, {**item.answered, **answers}, prefix)
    return replace(decision, matrix=forms, until=until, conditions=conditions, answers=answers, overrides=overrides)


def _form(part: str, proposed: Disposition, prefix: str) -> Disposition:
    options = [form for form in Disposition if no_more_open(form, proposed)]
    return st.selectbox(
        f"{plain(part)}: asked for as {proposed.title}",
        options,
        index=options.index(proposed),
        format_func=lambda form: form.title,
        key=f"{prefix}:form:{part}",
    )


def _overrides(
    item: BoardItem, forms: Mapping[str, Disposition], answers: Mapping[str, Answer], prefix: str
) -> dict[str, Override]:
    leaving = [part for part, form in forms.items() if form is not Disposition.DENIED]
    against = [
        f for barrier in (Barrier.BLOCKING, Barrier.CONDITIONAL) for f in barriers(item.assessment, barrier, leaving)
    ]
    needed = {finding.check: finding.headline for finding in against}
    for question in item.questions:
        if question.gate != "A" and question.id in answers and answers[question.id].value == "no":
            needed[question.id] = f"Answered no: {question.question}"
    if needed:
        st.subheader("Overriding findings", anchor=False)
    asked = {check: _override(check, headline, prefix) for check, headline in needed.items()}
    return {check: given for check, given in asked.items() if given is not None}


def _override(check: str, headline: str, prefix: str) -> Override | None:
    with st.container(border=True):
        st.markdown(f"**{plain(check)}** {plain(headline)}")
        reason = st.text_area(
            f"Why the board overrides {check}", key=f"{prefix}:override:{check}", max_chars=MAX_REASON
        )
        risk = st.segmented_control(
            f"Residual risk ({check})",
            RISKS,
            format_func=str.capitalize,
            key=f"{prefix}:override:{check}:risk",
            help=RISK_HELP,
        )
    return None if risk is None or not reason.strip() else Override(reason, risk)
