"""The grounds of a review: answers to the human questions, and an override for each finding that did not pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.charts.palette import sign
from components.text import paragraphs, plain
from exeat.policy.finding import Barrier
from exeat.review.approval import barriers
from exeat.review.inputs import MAX_REASON, REPLIES, RISKS, Answer, Override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exeat.model.policy import ChecklistItem
    from exeat.policy.finding import Assessment

RISK_HELP = (
    "How much risk to the people in the data remains if this leaves all the same, in the words of your organisation. "
    "The class stands on the ledger in clear, the reason sealed beside it."
)
REPLY_WORDS = {"yes": "Yes", "no": "No", "not_applicable": "Not applicable"}
GATE_WORDS = {"B": "a no blocks approval", "C": "a no needs an override", "A": "advisory"}


def ask_questions(questions: Sequence[ChecklistItem], prefix: str, *, needed: bool) -> dict[str, Answer]:
    """Ask the reviewer each human question; return the answers given so far."""
    if not questions:
        return {}
    st.subheader("Questions to you", anchor=False)
    if not needed:
        st.caption("Approving needs an answer to each question that is not advisory. You approve nothing yet.")
    answers: dict[str, Answer] = {}
    for item in questions:
        answer = _ask(item, prefix)
        if answer is not None:
            answers[item.id] = answer
    return answers


def _ask(item: ChecklistItem, prefix: str) -> Answer | None:
    value = st.segmented_control(
        f"**{plain(item.id)}** {plain(item.question)} ({GATE_WORDS[item.gate]})",
        REPLIES,
        format_func=REPLY_WORDS.__getitem__,
        key=f"{prefix}:answer:{item.id}",
        help="\n\n".join(paragraphs(item.why, 1000)) or None,
    )
    if value is None:
        return None
    if value == "yes":
        return Answer(value)
    reason = st.text_input(
        f"Why {REPLY_WORDS[value].lower()}? ({item.id})", key=f"{prefix}:answer:{item.id}:why", max_chars=MAX_REASON
    )
    return Answer(value, reason)


def ask_overrides(
    assessment: Assessment, approved: Sequence[str], answers: Mapping[str, Answer], prefix: str
) -> dict[str, Override]:
    """Ask for a reason and a residual risk for each finding that approving would override; none when not approving."""
    needed = {
        f.check: (f"{sign(f.verdict).word}: {f.headline}") for f in barriers(assessment, Barrier.CONDITIONAL, approved)
    }
    if approved:
        gates = {item.id: item for item in assessment.questions}
        for check, answer in answers.items():
            if answer.value == "no" and gates[check].gate == "C":
                needed[check] = f"You answered no: {gates[check].question}"
    if not needed:
        return {}
    st.subheader("Approving in spite of findings", anchor=False)
    st.write("You approve although these did not pass. Say why, and how much risk remains.")
    asked = {check: _override(check, headline, prefix) for check, headline in needed.items()}
    return {check: override for check, override in asked.items() if override is not None}


def _override(check: str, headline: str, prefix: str) -> Override | None:
    with st.container(border=True):
        st.markdown(f"**{plain(check)}** {plain(headline)}")
        reason = st.text_area(
            f"Why the risk is acceptable ({check})", key=f"{prefix}:override:{check}", max_chars=MAX_REASON
        )
        risk = st.segmented_control(
            f"Residual risk ({check})",
            RISKS,
            format_func=str.capitalize,
            key=f"{prefix}:override:{check}:risk",
            help=RISK_HELP,
        )
    if risk is None or not reason.strip():
        return None
    return Override(reason, risk)
