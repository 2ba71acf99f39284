"""Seats and reviews of the current round: who counts, who is missing, whose seat has lapsed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from exeat.model.policy import Policy
    from exeat.review.parts import ReleaseState, Review, Seat


def reviews_in(state: ReleaseState, bases: Mapping[str, str]) -> tuple[Review, ...]:
    """Return the reviews of this round that count: by seated reviewers, on the evidence as it is now."""
    return tuple(
        review
        for review in state.round_reviews
        if state.seat_of(review.reviewer) is not None and dict(review.bases) == dict(bases)
    )


def reset_votes(review: Review, bases: Mapping[str, str]) -> tuple[str, ...]:
    """Return the components whose evidence changed since this review."""
    return tuple(part for part, basis in bases.items() if review.bases.get(part) != basis)


def standing_votes(state: ReleaseState, person_id: str, bases: Mapping[str, str]) -> dict[str, str]:
    """Return this person's earlier votes that nothing has touched since, also from the round before."""
    last = state.last_review_of(person_id)
    if last is None or last.content is None:
        return {}
    touched = reset_votes(last, bases)
    return {part: vote for part, vote in last.content.votes.items() if part in bases and part not in touched}


def held_seats(state: ReleaseState, bases: Mapping[str, str], policy: Policy, today: date) -> tuple[Seat, ...]:
    """Return the seats that are not lapsed: a seat without a review frees itself after the review period."""
    done = {review.reviewer for review in reviews_in(state, bases)}
    last_day = timedelta(days=policy.clocks.review_due_days)
    return tuple(
        seat
        for seat in state.seats
        if seat.reviewer in done or today <= seat.taken_at.date() + last_day or state.opened
    )


def due_at(state: ReleaseState, policy: Policy) -> datetime | None:
    """Return when the reviews of this round are due."""
    return state.submitted_at + timedelta(days=policy.clocks.review_due_days) if state.submitted_at else None
