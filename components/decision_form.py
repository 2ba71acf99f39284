"""Decide: take a seat by declaring conflicts, then one vote per component with grounds, confirmed, on the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.confirm import confirmed
from components.consequence import of_review
from components.decision_grounds import ask_overrides, ask_questions
from components.feedback import attempt, gate_button
from components.numbers import listed
from components.release_actions import offers_of, place_of
from components.session import actor, desk
from components.text import plain
from exeat.errors import ExeatError
from exeat.model.person import Permission
from exeat.review.approval import check_review
from exeat.review.inputs import CONFLICTS, MAX_REASON, VOTES, ReviewInput
from exeat.review.rules import Action

if TYPE_CHECKING:
    from exeat.review.inputs import Conflict, Vote
    from exeat.review.views import CaseView

VOTE_WORDS = {"approve": "Approve", "request_changes": "Request changes", "reject": "Reject"}
CONFLICT_WORDS = {
    "none": "I have no conflict of interest",
    "financial": "Financial interest",
    "co_author": "Co-author with the submitters",
    "institution": "Same institution",
    "supervisor": "Supervisor or supervised",
}


def show_decide(case: CaseView) -> None:
    """Draw what a reviewer can do now: declare and take a seat, vote, or read why not and whose turn it is."""
    st.header("Decide", anchor="decide")
    with st.bottom:
        to_act = "" if _can_review(case) else "**[Other actions](#actions)** · " if offers_of(actor()) else ""
        st.markdown(f"{to_act or '**[Decide](#decide)** · '}{plain(case.turn)}")
    st.write(plain(case.turn))
    if not actor().can(Permission.RELEASE_REVIEW):
        gate_button("Decide", case.why_not[Action.RECORD_REVIEW], key="decide")
    elif case.why_not[Action.RECORD_REVIEW] is None:
        _review_form(case)
    elif case.why_not[Action.START_REVIEW] is None:
        _seat_form(case)
    else:
        gate_button("Decide", case.why_not[Action.RECORD_REVIEW], key="decide")


def _can_review(case: CaseView) -> bool:
    return None in (case.why_not[Action.RECORD_REVIEW], case.why_not[Action.START_REVIEW])


def _seat_form(case: CaseView) -> None:
    key = f"seat:{case.release_id}:{case.state.round}"
    declared = st.radio(
        "Before you review: do you have a conflict of interest in this release?",
        CONFLICTS,
        index=None,
        format_func=CONFLICT_WORDS.__getitem__,
        key=f"{key}:conflict",
    )
    title = case.proposal.title
    if declared in (None, "none"):
        label, says = "Take a reviewer's seat", f"You declare no conflict and take a seat in the review of “{title}”."
    else:
        label = "Stand aside"
        says = f"You declare: {CONFLICT_WORDS[declared].lower()}. You stand aside from “{title}” for good."
    lacking = "Choose one of the answers first." if declared is None else None
    confirmed(
        label,
        says,
        lacking,
        key=key,
        icon=":material/event_seat:",
        on_yes=_take,
        args=(case.release_id, case.version, declared),
    )


def _take(release_id: str, seen: int, conflict: Conflict) -> None:
    attempt(
        lambda: desk().review.start_review(actor(), release_id, conflict=conflict, seen=seen, key=f"{conflict}:{seen}"),
        place=place_of(release_id),
    )


def _review_form(case: CaseView) -> None:
    prefix = f"review:{case.release_id}:{case.state.round}"
    st.subheader("Vote on each component", anchor=False)
    votes = {part: vote for part in case.dossier.components if (vote := _vote_on(case, part, prefix)) is not None}
    approved = tuple(part for part, vote in votes.items() if vote == "approve")
    answers = ask_questions(case.assessment.questions, prefix, needed=bool(approved))
    overrides = ask_overrides(case.assessment, approved, answers, prefix)
    rationale = st.text_area(
        "Rationale (required unless you approve every component)", key=f"{prefix}:rationale", max_chars=MAX_REASON
    )
    review = ReviewInput(votes=votes, answers=answers, overrides=overrides, rationale=rationale, basis=case.basis)
    says = of_review(case.proposal, case.manifest, votes, case.reviews_in, case.reviewers_needed)
    confirmed(
        "Record my review",
        says,
        _lacking(case, review),
        key=f"{prefix}:record",
        icon=":material/gavel:",
        on_yes=_record,
        args=(case.release_id, case.version, review),
    )
    st.caption("Your review stays sealed, also from the other reviewers, until all reviews are in.")


def _vote_on(case: CaseView, part: str, prefix: str) -> Vote | None:
    refused = case.cannot_approve.get(part)
    options = [vote for vote in VOTES if vote != "approve" or refused is None]
    asked = next(p.disposition for p in case.proposal.components if p.component_id == part)
    standing = case.standing.get(part)
    vote = st.segmented_control(
        f"{plain(part)}: asked for as {asked.title}, to {case.proposal.tier}",
        options,
        default=standing if standing in options else None,
        format_func=VOTE_WORDS.__getitem__,
        key=f"{prefix}:vote:{part}",
    )
    if refused is not None:
        st.caption(f":material/lock: Approving is not offered. {plain(refused)}")
    return vote


def _lacking(case: CaseView, review: ReviewInput) -> str | None:
    """Return what the review still needs, by the same rule that is checked again before it is written."""
    missing = [part for part in case.dossier.components if part not in review.votes]
    if missing:
        return f"Vote on {listed(missing)} first."
    try:
        check_review(review, case.dossier)
    except ExeatError as refused:
        return str(refused)
    return None


def _record(release_id: str, seen: int, review: ReviewInput) -> None:
    attempt(
        lambda: desk().review.record_review(actor(), release_id, review, seen=seen, key=str(seen)),
        place=place_of(release_id),
    )
