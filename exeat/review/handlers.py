"""What each statement does to the state of a release; one short pure function per kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from exeat.model.person import ROLE_PERMISSIONS, SYSTEM, Permission, Role
from exeat.model.tier import Disposition, Tier
from exeat.review.lifecycle import Kind, State
from exeat.review.parts import BoardRecord, Cell, Content, Decision, ReleaseState, Review, Seat, Suspension

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exeat.ledger.statement import Entry

    Handler = Callable[[ReleaseState, Entry, Mapping[str, Any]], ReleaseState | None]

OUTCOME_STATE = {
    "approve": State.APPROVED,
    "approve_with_conditions": State.APPROVED,
    "reject": State.REJECTED,
    "defer": State.RETURNED,
}
"""Where a complete decision of the board leads; deferring returns the case to the submitter."""


def _text(entry: Entry, opened: Mapping[str, Any], field: str) -> Any:
    return opened.get(entry.sealed.get(field, ""))


def _drafted(state: ReleaseState, entry: Entry, _: Mapping[str, Any]) -> ReleaseState | None:
    submitter = str(entry.body.get("submitter", ""))
    if not entry.subject.get("proposal") or not submitter or (state.exists and submitter != state.submitter):
        return None
    return replace(
        state,
        checkpoint_id=str(entry.body.get("checkpoint_id", "")),
        proposal_sha256=entry.subject["proposal"],
        manifest_sha256=entry.subject.get("manifest", ""),
        policy_sha256=entry.subject.get("policy", ""),
        submitter=submitter,
        contributors=tuple(sorted({*state.contributors, *entry.body.get("contributors", ()), *_drafter(entry)})),
    )


def _drafter(entry: Entry) -> set[str]:
    """Return who brought the proposal in, when that person could otherwise review it."""
    known = entry.role in set(Role) and entry.actor != SYSTEM.person_id
    reviews = known and Permission.RELEASE_REVIEW in ROLE_PERMISSIONS[Role(entry.role)]
    return {entry.actor} if reviews else set()


def _submitted(state: ReleaseState, entry: Entry, _: Mapping[str, Any]) -> ReleaseState:
    """Start a round: seats are taken anew, because what one declares about conflicts is about this proposal."""
    return replace(
        state,
        round=state.round + 1,
        seats=(),
        opened=False,
        decision=None,
        board=None,
        reason=None,
        submitted_at=entry.ts,
    )


def _started(state: ReleaseState, entry: Entry, _: Mapping[str, Any]) -> ReleaseState:
    others = tuple(seat for seat in state.seats if seat.reviewer != entry.actor)
    known = state.reviewers if entry.actor in state.reviewers else (*state.reviewers, entry.actor)
    return replace(state, seats=(*others, Seat(entry.actor, entry.ts)), reviewers=known)


def _conflict(state: ReleaseState, entry: Entry, _: Mapping[str, Any]) -> ReleaseState:
    return replace(
        state,
        seats=tuple(seat for seat in state.seats if seat.reviewer != entry.actor),
        recused={**state.recused, entry.actor: str(entry.body.get("conflict", ""))},
    )


def _recorded(state: ReleaseState, entry: Entry, opened: Mapping[str, Any]) -> ReleaseState | None:
    if state.seat_of(entry.actor) is None:
        return None
    sealed = _text(entry, opened, "review")
    review = Review(
        seq=entry.seq,
        version=entry.version,
        at=entry.ts,
        reviewer=entry.actor,
        round=state.round,
        bases=dict(entry.body.get("bases", {})),
        assessment=entry.subject.get("assessment", ""),
        content=None if sealed is None else _content(sealed, entry, opened),
    )
    return replace(state, reviews=(*state.reviews, review))


def _content(said: Mapping[str, Any], entry: Entry, opened: Mapping[str, Any]) -> Content:
    return Content(
        votes=dict(said.get("votes", {})),
        answers=dict(said.get("answers", {})),
        overrides=dict(said.get("overrides", {})),
        rationale=_text(entry, opened, "rationale"),
        reasons=_text(entry, opened, "reasons") or {},
    )


def _opened(state: ReleaseState, entry: Entry, _: Mapping[str, Any]) -> ReleaseState:
    said = {item["version"]: item for item in entry.body.get("reviews", ())}
    reviews = tuple(_open_one(r, said[r.version]) if r.version in said else r for r in state.reviews)
    return replace(state, reviews=reviews, opened=True)


def _open_one(review: Review, said: Mapping[str, Any]) -> Review:
    """Take votes, answers and overrides from the clear statement; the texts stay where the vault put them."""
    texts = review.content or Content(votes={}, answers={}, overrides={})
    return replace(
        review,
        opened=True,
        content=replace(
            texts,
            votes=dict(said.get("votes", {})),
            answers=dict(said.get("answers", {})),
            overrides=dict(said.get("overrides", {})),
        ),
    )


def _decision(entry: Entry, outcome: str, opened: Mapping[str, Any]) -> Decision:
    clear = tuple(entry.body.get("conditions", ()))
    return Decision(
        seq=entry.seq,
        at=entry.ts,
        by=str(entry.body.get("by", "")),
        outcome=outcome,
        matrix=tuple(map(_cell, entry.body.get("matrix", ()))),
        conditions=(*clear, *(_text(entry, opened, "conditions") or ())),
        overrides=dict(entry.body.get("overrides", {})),
        blocking=tuple(entry.body.get("blocking", ())),
        subject=dict(entry.subject),
    )


def _cell(row: Mapping[str, str]) -> Cell:
    return Cell(
        component=row["component"],
        tier=Tier(row["tier"]),
        disposition=Disposition(row["disposition"]),
        until=date.fromisoformat(row["until"]),
    )


def _approved(state: ReleaseState, entry: Entry, opened: Mapping[str, Any]) -> ReleaseState:
    return replace(state, decision=_decision(entry, "approve", opened))


def _rejected(state: ReleaseState, entry: Entry, opened: Mapping[str, Any]) -> ReleaseState:
    return replace(state, decision=_decision(entry, "reject", opened))


def _with_reason(state: ReleaseState, entry: Entry, opened: Mapping[str, Any]) -> ReleaseState:
    return replace(state, reason=_text(entry, opened, "reason"))


def _board_decided(state: ReleaseState, entry: Entry, opened: Mapping[str, Any]) -> ReleaseState:
    record = BoardRecord(
        decision=_decision(entry, str(entry.body.get("outcome", "")), opened),
        votes={side: tuple(ids) for side, ids in entry.body.get("votes", {}).items()},
        needs=int(entry.body.get("signatures", 1)),
        signed=(entry.actor,),
        summary=_text(entry, opened, "summary"),
        reasons=_text(entry, opened, "reasons") or {},
        basis=str(entry.body.get("basis", "")),
    )
    return _settled(replace(state, board=record))


def _cosigned(state: ReleaseState, entry: Entry, _: Mapping[str, Any]) -> ReleaseState | None:
    board = state.board
    if board is None or entry.actor in board.signed or entry.actor not in board.present:
        return None
    return _settled(replace(state, board=replace(board, signed=(*board.signed, entry.actor))))


def _settled(state: ReleaseState) -> ReleaseState:
    """Let the board's decision take effect once it has all its signatures."""
    board = state.board
    target = OUTCOME_STATE.get(board.decision.outcome) if board else None
    if board is None or target is None or not board.complete:
        return state
    decision = None if target is State.RETURNED else board.decision
    return replace(state, state=target, decision=decision, reason=board.summary)


def _unchanged(state: ReleaseState, _entry: Entry, _opened: Mapping[str, Any]) -> ReleaseState:
    return state


def _suspended(state: ReleaseState, entry: Entry, opened: Mapping[str, Any]) -> ReleaseState:
    reason = _text(entry, opened, "reason")
    paused = Suspension(seq=entry.seq, at=entry.ts, by=entry.actor, was=state.state, reason=reason)
    return replace(state, suspension=paused, reason=reason)


def _lift_agreed(state: ReleaseState, entry: Entry, _: Mapping[str, Any]) -> ReleaseState | None:
    paused = state.suspension
    if paused is None or entry.actor in paused.agreed:
        return None
    return replace(state, suspension=replace(paused, agreed=(*paused.agreed, entry.actor)))


def _lifted(state: ReleaseState, _entry: Entry, _: Mapping[str, Any]) -> ReleaseState | None:
    paused = state.suspension
    return None if paused is None else replace(state, state=paused.was, suspension=None, reason=None)


HANDLERS: dict[Kind, Handler] = {
    Kind.DRAFTED: _drafted,
    Kind.SUBMITTED: _submitted,
    Kind.REVIEW_STARTED: _started,
    Kind.CONFLICT_DECLARED: _conflict,
    Kind.REVIEW_RECORDED: _recorded,
    Kind.REVIEWS_OPENED: _opened,
    Kind.APPROVED: _approved,
    Kind.REJECTED: _rejected,
    Kind.RETURNED: _with_reason,
    Kind.REFERRED: _with_reason,
    Kind.WITHDRAWN: _with_reason,
    Kind.BOARD_DECIDED: _board_decided,
    Kind.BOARD_COSIGNED: _cosigned,
    Kind.ACTIVATED: _unchanged,
    Kind.SUSPENDED: _suspended,
    Kind.LIFT_AGREED: _lift_agreed,
    Kind.LIFTED: _lifted,
    Kind.REVOKED: _with_reason,
    Kind.SUPERSEDED: _unchanged,
}
"""Comments and views stand on cases of their own, so that they make no open form stale."""
