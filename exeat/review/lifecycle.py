"""The life of a release as data: states, whose turn it is, and which statement moves which state where."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from exeat.model.person import Permission


class State(StrEnum):
    """Where a release stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    REFERRED = "referred"
    APPROVED = "approved"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"

    @property
    def title(self) -> str:  # type: ignore[override]  # words for people; nobody title-cases an enum
        """Return the state as people say it."""
        return self.value.replace("_", " ")


class Turn(StrEnum):
    """Whose turn it is."""

    SUBMITTER = "submitter"
    REVIEWERS = "reviewers"
    BOARD = "board"
    CUSTODIAN = "custodian"
    STEWARDS = "stewards"
    NOBODY = "nobody"


STATE_TURN: dict[State, Turn] = {
    State.DRAFT: Turn.SUBMITTER,
    State.SUBMITTED: Turn.REVIEWERS,
    State.IN_REVIEW: Turn.REVIEWERS,
    State.RETURNED: Turn.SUBMITTER,
    State.REFERRED: Turn.BOARD,
    State.APPROVED: Turn.CUSTODIAN,
    State.ACTIVE: Turn.NOBODY,
    State.SUSPENDED: Turn.STEWARDS,
    State.REJECTED: Turn.NOBODY,
    State.WITHDRAWN: Turn.NOBODY,
    State.REVOKED: Turn.NOBODY,
    State.EXPIRED: Turn.NOBODY,
    State.SUPERSEDED: Turn.NOBODY,
}


class Kind(StrEnum):
    """The statements about a release."""

    DRAFTED = "release.drafted"
    SUBMITTED = "release.submitted"
    REVIEW_STARTED = "review.started"
    CONFLICT_DECLARED = "conflict.declared"
    REVIEW_RECORDED = "review.recorded"
    REVIEWS_OPENED = "reviews.opened"
    COMMENTED = "comment.recorded"
    COMMENT_PROMOTED = "comment.promoted"
    RETURNED = "release.returned"
    REFERRED = "release.referred"
    WITHDRAWN = "release.withdrawn"
    APPROVED = "decision.approved"
    REJECTED = "decision.rejected"
    BOARD_DECIDED = "board.decided"
    BOARD_COSIGNED = "board.cosigned"
    ACTIVATED = "release.activated"
    SUSPENDED = "release.suspended"
    LIFT_AGREED = "suspension.lift_agreed"
    LIFTED = "suspension.lifted"
    REVOKED = "release.revoked"
    SUPERSEDED = "release.superseded"
    VIEWED = "release.viewed"


class Move(NamedTuple):
    """One statement kind: from which states, to which state (None stays), with which permission."""

    kind: Kind
    sources: frozenset[State]
    target: State | None
    permission: Permission
    does: str


_S, _P = State, Permission
_OPEN = frozenset({_S.SUBMITTED, _S.IN_REVIEW})
_LIVE = frozenset({_S.APPROVED, _S.ACTIVE})
_UNDECIDED = frozenset({_S.DRAFT, _S.SUBMITTED, _S.IN_REVIEW, _S.RETURNED, _S.REFERRED})
_ANY = frozenset(State)

MOVES: tuple[Move, ...] = (
    Move(Kind.DRAFTED, frozenset({_S.DRAFT, _S.RETURNED}), None, _P.RELEASE_SUBMIT, "draft or change the proposal"),
    Move(Kind.SUBMITTED, frozenset({_S.DRAFT, _S.RETURNED}), _S.SUBMITTED, _P.RELEASE_SUBMIT, "submit for review"),
    Move(Kind.REVIEW_STARTED, _OPEN, _S.IN_REVIEW, _P.RELEASE_REVIEW, "take a reviewer's seat"),
    Move(Kind.CONFLICT_DECLARED, _OPEN, None, _P.RELEASE_REVIEW, "declare a conflict and stand aside"),
    Move(Kind.REVIEW_RECORDED, frozenset({_S.IN_REVIEW}), None, _P.RELEASE_REVIEW, "record a review"),
    Move(Kind.REVIEWS_OPENED, frozenset({_S.IN_REVIEW}), None, _P.RELEASE_REVIEW, "open the reviews when all are in"),
    Move(Kind.COMMENTED, _ANY, None, _P.RELEASE_COMMENT, "comment"),
    Move(Kind.COMMENT_PROMOTED, _ANY, None, _P.RELEASE_REVIEW, "show a reviewers' comment to everyone"),
    Move(Kind.RETURNED, frozenset({_S.IN_REVIEW}), _S.RETURNED, _P.RELEASE_RETURN, "return to the submitter"),
    Move(Kind.REFERRED, frozenset({_S.SUBMITTED, _S.IN_REVIEW}), _S.REFERRED, _P.RELEASE_REFER, "refer to the board"),
    Move(Kind.WITHDRAWN, _UNDECIDED, _S.WITHDRAWN, _P.RELEASE_WITHDRAW, "withdraw"),
    Move(Kind.APPROVED, frozenset({_S.IN_REVIEW}), _S.APPROVED, _P.RELEASE_REVIEW, "approve when all reviews agree"),
    Move(Kind.REJECTED, frozenset({_S.IN_REVIEW}), _S.REJECTED, _P.RELEASE_REVIEW, "reject when all reviews agree"),
    Move(Kind.BOARD_DECIDED, frozenset({_S.REFERRED}), None, _P.BOARD_DECIDE, "record the board's decision"),
    Move(Kind.BOARD_COSIGNED, frozenset({_S.REFERRED}), None, _P.BOARD_COSIGN, "co-sign the board's approval"),
    Move(Kind.ACTIVATED, frozenset({_S.APPROVED}), _S.ACTIVE, _P.RELEASE_ACTIVATE, "activate"),
    Move(Kind.SUSPENDED, _LIVE, _S.SUSPENDED, _P.RELEASE_SUSPEND, "suspend"),
    Move(Kind.LIFT_AGREED, frozenset({_S.SUSPENDED}), None, _P.RELEASE_SUSPEND, "agree to lift the suspension"),
    Move(Kind.LIFTED, frozenset({_S.SUSPENDED}), None, _P.RELEASE_SUSPEND, "lift the suspension by quorum"),
    Move(Kind.REVOKED, _LIVE | {_S.SUSPENDED}, _S.REVOKED, _P.RELEASE_REVOKE, "revoke"),
    Move(Kind.SUPERSEDED, _LIVE | {_S.SUSPENDED}, _S.SUPERSEDED, _P.RELEASE_REVIEW, "supersede by a newer release"),
    Move(Kind.VIEWED, _ANY, None, _P.RELEASE_READ, "view the protected dossier"),
)
MOVE_OF: dict[Kind, Move] = {move.kind: move for move in MOVES}
"""Board decisions move to approved, rejected or returned, lifting back to where it was: see state.py."""
