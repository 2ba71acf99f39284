"""Who sees which review and which comment. Pure; the one place that keeps blind reviews blind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exeat.review.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.review.parts import BoardRecord, Comment, Content, ReleaseState, Review

_ANSWERED = frozenset(State) - {State.DRAFT, State.SUBMITTED, State.IN_REVIEW, State.REFERRED}
"""States in which the submitter has had an answer to the round."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: ``involved`` submitted or contributed, whatever else they are."""

    person_id: str
    involved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleReview:
    """A review as this reader sees it: ``content`` None means sealed, ``reviewer`` may be a pseudonym."""

    seq: int
    version: int
    round: int
    reviewer: str
    mine: bool
    current: bool
    """Whether it belongs to the current round."""
    content: Content | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleComment:
    """A comment as this reader sees it."""

    seq: int
    round: int
    author: str
    role: str
    mine: bool
    audience: str
    text: str | None
    at: str


def pseudonyms(state: ReleaseState) -> dict[str, str]:
    """Return reviewer id -> ``reviewer 1``, in the order in which they first took a seat."""
    return {who: f"reviewer {number}" for number, who in enumerate(state.reviewers, start=1)}


def names_for(state: ReleaseState, reader: Reader) -> dict[str, str] | None:
    """Return the only names that those involved may read: their own and pseudonyms; None means no restriction."""
    if not reader.involved:
        return None
    return {one: one for one in (*state.involved, reader.person_id)} | pseudonyms(state)


def may_read(review: Review, state: ReleaseState, reader: Reader) -> bool:
    """Return whether the reader may see what a review says.

    One's own always. Others' once opened; whoever submitted or contributed also waits until the round is answered.
    """
    if review.reviewer == reader.person_id:
        return True
    if not review.opened:
        return False
    return not reader.involved or review.round < state.round or state.state in _ANSWERED


def visible_reviews(state: ReleaseState, reader: Reader) -> tuple[VisibleReview, ...]:
    """Return the reviews this reader may know of; to those involved a sealed review does not exist."""
    names = pseudonyms(state)
    return tuple(
        VisibleReview(
            seq=review.seq,
            version=review.version,
            round=review.round,
            reviewer=names[review.reviewer] if reader.involved else review.reviewer,
            mine=review.reviewer == reader.person_id,
            current=review.round == state.round,
            content=review.content if may_read(review, state, reader) else None,
        )
        for review in state.reviews
        if not reader.involved or may_read(review, state, reader)
    )


def may_read_comment(comment: Comment, state: ReleaseState, reader: Reader) -> bool:
    """Return whether the reader may see a comment.

    One's own always. Those involved read what is for everyone, never comments for reviewers. Whatever a reviewer of
    the running round writes, for whomever, stays hidden from the others until the reviews open: it would steer them.
    """
    if comment.author == reader.person_id:
        return True
    if reader.involved:
        return comment.audience == "everyone"
    return not (state.blind and comment.round == state.round and comment.author in state.reviewers)


def visible_comments(comments: Sequence[Comment], state: ReleaseState, reader: Reader) -> tuple[VisibleComment, ...]:
    """Return the comments this reader may see, with reviewers under pseudonyms for those involved."""
    names = pseudonyms(state)
    return tuple(
        VisibleComment(
            seq=comment.seq,
            round=comment.round,
            author=_author(comment, state, reader, names),
            role=comment.role,
            mine=comment.author == reader.person_id,
            audience=comment.audience,
            text=comment.text,
            at=comment.at.isoformat(timespec="minutes"),
        )
        for comment in comments
        if may_read_comment(comment, state, reader)
    )


def _author(comment: Comment, state: ReleaseState, reader: Reader, names: dict[str, str]) -> str:
    if not reader.involved or comment.author in state.involved | {reader.person_id}:
        return comment.author
    return names.get(comment.author, f"a {comment.role.replace('_', ' ')}")


def for_reader(state: ReleaseState, reader: Reader) -> ReleaseState:
    """Return the state without anything this reader may not see: sealed contents and, to those involved, names."""
    reviews = tuple(r if may_read(r, state, reader) else replace(r, content=None) for r in state.reviews)
    if not reader.involved:
        return replace(state, reviews=reviews)
    names = pseudonyms(state)
    return replace(
        state,
        reviews=tuple(
            replace(r, reviewer=names[r.reviewer])
            for r in reviews
            if r.content is not None or r.reviewer == reader.person_id
        ),
        seats=tuple(replace(seat, reviewer=names[seat.reviewer]) for seat in state.seats),
        reviewers=tuple(names.values()),
        recused={},
        suspension=replace(state.suspension, by="a steward", agreed=_nameless(state.suspension.agreed, "a steward"))
        if state.suspension
        else None,
        board=_without_members(state.board) if state.board else None,
    )


def _without_members(board: BoardRecord) -> BoardRecord:
    """Return the board's record with counts in place of people; dissents stay with the board."""
    votes = {side: _nameless(people, "a board member") for side, people in board.votes.items()}
    return replace(board, votes=votes, signed=_nameless(board.signed, "a board member"), reasons={})


def _nameless(people: tuple[str, ...], word: str) -> tuple[str, ...]:
    return (word,) * len(people)
