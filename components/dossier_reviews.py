"""Reviews and comments: what is open to this reader, what is sealed, and a comment of one's own."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.confirm import confirmed
from components.feedback import attempt, gate_button
from components.numbers import counted
from components.release_actions import place_of
from components.session import actor, desk
from components.table import table
from components.text import paragraphs, plain
from exeat.review.inputs import AUDIENCES, MAX_REASON
from exeat.review.rules import Action

if TYPE_CHECKING:
    from exeat.review.inputs import Audience
    from exeat.review.views import CaseView
    from exeat.review.visibility import VisibleComment, VisibleReview

_AUDIENCE_WORDS = {"reviewers": "Reviewers only", "everyone": "Everyone who reads the release"}


def show_reviews(case: CaseView) -> None:
    """Draw the reviews of this round, then earlier rounds, then comments."""
    st.header("Reviews and comments", anchor=False)
    current = [review for review in case.reviews if review.current]
    st.write(f"Round {case.state.round}: {case.reviews_in} of {counted(case.reviewers_needed, 'review')} in.")
    for review in current:
        _review(review)
    for review in (r for r in case.reviews if not r.current):
        with st.expander(f"Round {review.round}: {plain(review.reviewer)}", icon=":material/history:"):
            _content(review)
    for comment in case.comments:
        _comment(comment, case)
    _comment_form(case)
    with st.expander(
        f"History: {counted(len(case.history), 'ledger entry', 'ledger entries')}", icon=":material/history:"
    ):
        rows = [{"Entry": f"{h.seq:,}", "When": f"{h.at:%Y-%m-%d %H:%M} UTC", "What": h.sentence} for h in case.history]
        table(pd.DataFrame(rows), "Ledger entries of this release, oldest first")


def _review(review: VisibleReview) -> None:
    with st.container(border=True):
        whose = "Your review" if review.mine else f"Review by {plain(review.reviewer)}"
        st.markdown(f"**{whose}**, entry {review.seq:,}")
        _content(review)


def _content(review: VisibleReview) -> None:
    said = review.content
    if said is None:
        st.write("Sealed until all reviews of this round are in.")
        return
    votes = "; ".join(f"{part}: {vote.replace('_', ' ')}" for part, vote in said.votes.items())
    st.markdown(f"**Votes.** {plain(votes, 2000)}")
    for check, risk in said.overrides.items():
        reason = said.reasons.get(f"override:{check}", "reason erased or sealed")
        st.markdown(f"**Overrides {plain(check)}**, residual risk {plain(risk)}: {plain(reason, 4000)}")
    odd = {item: value for item, value in said.answers.items() if value != "yes"}
    for item, value in odd.items():
        reason = said.reasons.get(f"answer:{item}", "")
        st.markdown(f"**{plain(item)}** answered {plain(value.replace('_', ' '))}: {plain(reason, 4000)}")
    for line in paragraphs(said.rationale or "No rationale given."):
        st.markdown(line)


def _comment(comment: VisibleComment, case: CaseView) -> None:
    with st.chat_message(plain(comment.author, 60), avatar=":material/chat_bubble:"):
        for_whom = "for everyone" if comment.audience == "everyone" else "for reviewers"
        who = "You" if comment.mine else plain(comment.author)
        role, minute = comment.role.replace("_", " "), comment.at[:16].replace("T", " ")  # noqa: PD008 no frame
        st.caption(f"{who}, {plain(role)}, {minute} UTC, round {comment.round}, {for_whom}, entry {comment.seq:,}")
        for line in paragraphs(
            comment.text if comment.text is not None else "Erased; its commitment stays on the ledger."
        ):
            st.markdown(line)
        if comment.audience == "reviewers" and case.why_not[Action.PROMOTE_COMMENT] is None:
            args = (case.release_id, comment.seq)
            says = f"Everyone who reads “{case.proposal.title}” will see this comment; there is no way back."
            confirmed("Show to everyone", says, None, key=f"promote:{comment.seq}", on_yes=_promote, args=args)


def _promote(release_id: str, seq: int) -> None:
    attempt(
        lambda: desk().review.promote_comment(actor(), release_id, seq, key=str(seq)),
        place=place_of(release_id),
    )


def _comment_form(case: CaseView) -> None:
    refused = case.why_not[Action.COMMENT]
    key = f"comment:{case.release_id}"
    if refused is not None:
        gate_button("Comment", refused, key=key)
        return
    text = st.text_area("Your comment; it is never deleted", key=f"{key}:text", max_chars=MAX_REASON)
    involved = actor().person_id in case.state.involved | case.dossier.contributors
    audiences: tuple[Audience, ...] = ("everyone",) if involved else AUDIENCES
    audience = st.segmented_control(
        "Who may read it", audiences, default=audiences[0], required=True, key=f"{key}:audience",
        format_func=_AUDIENCE_WORDS.__getitem__,
    )  # fmt: skip
    lacking = None if text.strip() else "Write something first."
    nonce = str(st.session_state.setdefault(f"{key}:nonce", secrets.token_hex(8)))
    args = (case.release_id, text, audience, nonce)
    gate_button("Comment", lacking, key=key, on_click=_send, args=args, icon=":material/send:")


def _send(release_id: str, text: str, audience: Audience, key: str) -> None:
    """Write the comment; the key is of this form, so that a double click writes once and says nothing of the words."""
    place = place_of(release_id)
    if attempt(lambda: desk().review.comment(actor(), release_id, text, audience, key=key), place=place):
        st.session_state[f"comment:{release_id}:text"] = ""
        st.session_state.pop(f"comment:{release_id}:nonce", None)
