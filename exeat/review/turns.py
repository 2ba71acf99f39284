"""Whose turn it is, in one sentence to the person who looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.review.lifecycle import State
from exeat.review.progress import held_seats, reset_votes, reviews_in
from exeat.review.rules import Action, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.review.rules import Scene

_ORDINAL = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def turn_sentence(scene: Scene) -> str:
    """Return whose turn it is, as in "your review is the second of two"."""
    return _SENTENCES[scene.now](scene)


def may(scene: Scene, action: Action) -> bool:
    """Return whether nothing stands against the action."""
    return reason(action, scene) is None


def _drafted(scene: Scene) -> str:
    if scene.person.person_id == scene.state.submitter:
        return "Waiting for you: submit it for review."
    return "Waiting for the submitter to submit it."


def _returned(scene: Scene) -> str:
    if scene.person.person_id == scene.state.submitter:
        return "Waiting for you: answer the reviewers and submit it again."
    return "Waiting for the submitter, to whom it was returned."


def _in_review(scene: Scene) -> str:
    needed = scene.dossier.policy.approvals.reviewers
    done = reviews_in(scene.state, scene.dossier.bases)
    if scene.state.opened:
        return _consolidating(scene, len(done), needed)
    if may(scene, Action.RECORD_REVIEW):
        return _yours(scene, len(done), needed)
    if scene.person.person_id in {review.reviewer for review in done}:
        return f"Your review is in. Waiting for {_count(needed - len(done))}; all stay sealed until then."
    held = held_seats(scene.state, scene.dossier.bases, scene.dossier.policy, scene.today)
    if may(scene, Action.START_REVIEW):
        return f"Waiting for reviewers: {needed - len(held)} of {needed} seats free. You may take one."
    return f"Waiting for the reviewers: {len(done)} of {needed} reviews in."


def _yours(scene: Scene, done: int, needed: int) -> str:
    last = scene.state.last_review_of(scene.person.person_id)
    if last is not None and (touched := reset_votes(last, scene.dossier.bases)):
        return f"Waiting for you: the evidence changed, vote again on {', '.join(touched)}."
    place = _ORDINAL[done] if done < len(_ORDINAL) else f"{done + 1}th"
    return f"Waiting for you: your review is the {place} of {_number(needed)}."


def _number(count: int) -> str:
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return words[count] if count < len(words) else str(count)


def _count(missing: int) -> str:
    return "one more review" if missing == 1 else f"{_number(missing)} more reviews"


def _consolidating(scene: Scene, done: int, needed: int) -> str:
    seated = scene.state.seat_of(scene.person.person_id) is not None
    if done < needed:
        wait = "Waiting for you" if seated else "Waiting for the reviewers"
        return f"{wait}: {done} of {needed} reviews stand on the evidence as it is now."
    to = "revise yours, return it, or refer it to the board" if seated else "its reviewers to agree, return or refer it"
    return f"The reviews are open and do not agree. Waiting for {'you: ' if seated else ''}{to}."


def _referred(scene: Scene) -> str:
    if scene.state.awaiting_cosign:
        if may(scene, Action.COSIGN):
            return "Waiting for you: the board's approval needs a second signature."
        return "The board decided; its approval waits for the signature of another member who voted."
    if may(scene, Action.DECIDE):
        return "Waiting for you: record the board's decision."
    return "Waiting for the board."


def _approved(scene: Scene) -> str:
    if may(scene, Action.ACTIVATE):
        return "Waiting for you: activate it, or leave it until the agreement is in place."
    return "Approved. Waiting for a custodian to activate it."


def _suspended(scene: Scene) -> str:
    quorum = scene.dossier.policy.approvals.lift_suspension_quorum
    agreed = len(scene.state.suspension.agreed) if scene.state.suspension else 0
    who = "Waiting for you and others" if may(scene, Action.AGREE_TO_LIFT) else "Waiting for stewards"
    return f"{who}: {agreed} of {quorum} agreed to lift the suspension."


def _until(scene: Scene) -> str:
    until = scene.state.decision.until if scene.state.decision else None
    return f"In force until {until}. Nobody needs to act."


def _over(text: str) -> Callable[[Scene], str]:
    return lambda _: f"{text} Nobody needs to act."


_SENTENCES: dict[State, Callable[[Scene], str]] = {
    State.DRAFT: _drafted,
    State.SUBMITTED: _in_review,
    State.IN_REVIEW: _in_review,
    State.RETURNED: _returned,
    State.REFERRED: _referred,
    State.APPROVED: _approved,
    State.ACTIVE: _until,
    State.SUSPENDED: _suspended,
    State.REJECTED: _over("It was rejected."),
    State.WITHDRAWN: _over("The submitter withdrew it."),
    State.REVOKED: _over("It was revoked."),
    State.EXPIRED: _over("It has expired."),
    State.SUPERSEDED: _over("A newer release took its place."),
}
