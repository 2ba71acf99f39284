"""Who may do what, and when. One rule, two voices: ``check`` raises with the sentence that ``reason`` returns.

*When* is the table in lifecycle.py; *who* is here: roles, independence, seats, conflicts. On what grounds one may
approve is in approval.py. The service calls the same check again before each write.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from exeat.errors import ExeatError, NotNow, NotPermitted
from exeat.model.person import ROLE_PERMISSIONS, Permission, Role
from exeat.review.approval import uncovered
from exeat.review.lifecycle import MOVE_OF, Kind, State
from exeat.review.progress import held_seats, reviews_in
from exeat.review.state import effective

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from exeat.model.person import Person
    from exeat.review.dossier import Dossier
    from exeat.review.parts import ReleaseState, Seat


class Action(StrEnum):
    """What a person can do to a release; each value is the name of the use case."""

    SUBMIT = "submit"
    START_REVIEW = "start_review"
    DECLARE_CONFLICT = "declare_conflict"
    RECORD_REVIEW = "record_review"
    COMMENT = "comment"
    PROMOTE_COMMENT = "promote_comment"
    RETURN = "return_to_submitter"
    REFER = "refer"
    WITHDRAW = "withdraw"
    SUSPEND = "suspend"
    AGREE_TO_LIFT = "agree_to_lift"
    REVOKE = "revoke"
    ACTIVATE = "activate"
    DECIDE = "decide"
    COSIGN = "cosign"


KIND_OF: dict[Action, Kind] = {
    Action.SUBMIT: Kind.SUBMITTED,
    Action.START_REVIEW: Kind.REVIEW_STARTED,
    Action.DECLARE_CONFLICT: Kind.CONFLICT_DECLARED,
    Action.RECORD_REVIEW: Kind.REVIEW_RECORDED,
    Action.COMMENT: Kind.COMMENTED,
    Action.PROMOTE_COMMENT: Kind.COMMENT_PROMOTED,
    Action.RETURN: Kind.RETURNED,
    Action.REFER: Kind.REFERRED,
    Action.WITHDRAW: Kind.WITHDRAWN,
    Action.SUSPEND: Kind.SUSPENDED,
    Action.AGREE_TO_LIFT: Kind.LIFT_AGREED,
    Action.REVOKE: Kind.REVOKED,
    Action.ACTIVATE: Kind.ACTIVATED,
    Action.DECIDE: Kind.BOARD_DECIDED,
    Action.COSIGN: Kind.BOARD_COSIGNED,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One person before one release today: all that the rules look at."""

    person: Person
    state: ReleaseState
    dossier: Dossier
    today: date

    @property
    def now(self) -> State:
        """Return the state as of today."""
        return effective(self.state, self.today)

    @property
    def involved(self) -> bool:
        """Return whether this person submitted or contributed."""
        return self.person.person_id in self.state.involved | self.dossier.contributors


def sees_all(person: Person) -> bool:
    """Return whether this person may read every release, not only own ones."""
    return any(
        role is not Role.SUBMITTER and Permission.RELEASE_READ in ROLE_PERMISSIONS[role] for role in person.roles
    )


def check_can_read(scene: Scene) -> None:
    """Let everyone with the permission read; a submitter reads what they submitted or contributed to."""
    if not scene.person.can(Permission.RELEASE_READ):
        raise NotPermitted("Your roles do not let you read releases.", "Ask a steward, or look in the catalogue.")
    if not sees_all(scene.person) and not scene.involved:
        raise NotPermitted("You did not submit this release.", "Ask its submitter or a steward.")


def _who(scene: Scene, action: Action) -> None:
    check_can_read(scene)
    move = MOVE_OF[KIND_OF[action]]
    if not scene.person.can(move.permission):
        roles = ", ".join(sorted(role.title for role in scene.person.roles)) or "nobody"
        raise NotPermitted(f"You are here as {roles} and may not {move.does}.", _who_may(move.permission))


def _who_may(permission: Permission) -> str:
    roles = [role.title for role in Role if permission in ROLE_PERMISSIONS[role]]
    return f"A {' or '.join(roles)} may." if roles else "Nobody may."


def _when(scene: Scene, action: Action) -> None:
    move = MOVE_OF[KIND_OF[action]]
    if scene.now not in move.sources:
        allowed = " or ".join(state.title for state in State if state in move.sources)
        raise NotNow(f"This release is {scene.now.title}.", f"To {move.does} it must be {allowed}.")


def _independent(scene: Scene, doing: str) -> None:
    if scene.involved:
        raise NotPermitted(
            f"You submitted or drafted this release or contributed to it, so you may not {doing}.",
            "It waits for someone independent of it.",
        )


def _submitter(scene: Scene) -> None:
    if scene.person.person_id != scene.state.submitter:
        raise NotPermitted("Only its submitter may do this.", "Comment, or ask the submitter.")


def check_can_submit(scene: Scene) -> None:
    """Let the submitter, from draft or returned, while the end date lies ahead."""
    _who(scene, Action.SUBMIT)
    _submitter(scene)
    _when(scene, Action.SUBMIT)
    if scene.dossier.proposal.until <= scene.today:
        raise NotNow(f"The end date {scene.dossier.proposal.until} has passed.", "Draft it again with a later date.")


def check_can_withdraw(scene: Scene) -> None:
    """Let the submitter, before a decision."""
    _who(scene, Action.WITHDRAW)
    _submitter(scene)
    _when(scene, Action.WITHDRAW)


def check_can_start_review(scene: Scene) -> None:
    """Let an independent reviewer without a declared conflict, while a seat is free and reviews are closed."""
    _reviewer(scene, Action.START_REVIEW)
    held = {seat.reviewer for seat in _held(scene)}
    if scene.person.person_id in held:
        raise NotNow("You already have a seat in this review.", "Record your review.")
    if scene.state.opened:
        raise NotNow("The reviews of this round are open.", "A blind review is no longer possible in this round.")
    needed = scene.dossier.policy.approvals.reviewers
    if len(held) >= needed:
        raise NotNow(f"All {needed} seats are taken.", "A seat frees itself when it is given up or overdue.")


def _reviewer(scene: Scene, action: Action) -> None:
    _who(scene, action)
    _independent(scene, "review it")
    _not_aside(scene)
    _when(scene, action)


def _not_aside(scene: Scene) -> None:
    if scene.person.person_id in scene.state.recused:
        raise NotPermitted("You declared a conflict and stand aside from this release.", "It waits for others.")


def _held(scene: Scene) -> tuple[Seat, ...]:
    return held_seats(scene.state, scene.dossier.bases, scene.dossier.policy, scene.today)


def check_can_declare_conflict(scene: Scene) -> None:
    """Let any reviewer who has not stood aside yet, also one with a seat."""
    _reviewer(scene, Action.DECLARE_CONFLICT)


def check_can_record_review(scene: Scene) -> None:
    """Let a seated reviewer whose review is not in, or who revises it once the reviews are open."""
    _reviewer(scene, Action.RECORD_REVIEW)
    if scene.person.person_id not in {seat.reviewer for seat in _held(scene)}:
        raise NotNow("You have no seat in this review.", "Take a seat and declare that you have no conflict.")
    mine = scene.person.person_id
    wrote = mine in {review.reviewer for review in scene.state.round_reviews}
    if scene.state.opened and not wrote:
        raise NotNow("The reviews of this round are open.", "A blind review is no longer possible in this round.")
    if not scene.state.opened and mine in {r.reviewer for r in reviews_in(scene.state, scene.dossier.bases)}:
        raise NotNow("Your review is in and stays sealed until all are in.", "Wait for the other reviewers.")


def check_can_comment(scene: Scene) -> None:
    """Let whoever reads the release and may comment."""
    _who(scene, Action.COMMENT)
    _when(scene, Action.COMMENT)


def check_can_promote_comment(scene: Scene) -> None:
    """Let an independent reviewer show a reviewers' comment to everyone."""
    _who(scene, Action.PROMOTE_COMMENT)
    _independent(scene, "show reviewers' comments to everyone")
    _not_aside(scene)
    _when(scene, Action.PROMOTE_COMMENT)
    if scene.state.blind and scene.person.person_id in scene.state.reviewers:
        raise NotNow("The reviews of this round are sealed.", "Show comments to everyone once the reviews are open.")


def check_can_return_to_submitter(scene: Scene) -> None:
    """Let a reviewer with a seat."""
    _reviewer(scene, Action.RETURN)
    if scene.state.seat_of(scene.person.person_id) is None:
        raise NotPermitted("Only a reviewer with a seat may return it.", "Take a seat, or comment.")


def check_can_refer(scene: Scene) -> None:
    """Let any independent reviewer."""
    _reviewer(scene, Action.REFER)


def check_can_suspend(scene: Scene) -> None:
    """Let any one steward, involved or not: stopping is the safe direction."""
    _who(scene, Action.SUSPEND)
    _when(scene, Action.SUSPEND)


def check_can_agree_to_lift(scene: Scene) -> None:
    """Let independent stewards, each once, until the quorum is there."""
    _who(scene, Action.AGREE_TO_LIFT)
    _independent(scene, "lift its suspension")
    _not_aside(scene)
    _when(scene, Action.AGREE_TO_LIFT)
    _still_grounded(scene, "Revoke it, or leave it suspended; a new release must be reviewed.")
    paused = scene.state.suspension
    if paused is not None and scene.person.person_id in paused.agreed:
        quorum = scene.dossier.policy.approvals.lift_suspension_quorum
        raise NotNow(f"You agreed already; {len(paused.agreed)} of {quorum} did.", "It waits for another steward.")


def check_can_revoke(scene: Scene) -> None:
    """Let any one steward: stopping is the safe direction."""
    _who(scene, Action.REVOKE)
    _when(scene, Action.REVOKE)


def check_can_activate(scene: Scene) -> None:
    """Let a custodian who is independent of the release, while what was decided covers what is found today."""
    _who(scene, Action.ACTIVATE)
    _independent(scene, "activate it")
    _not_aside(scene)
    _when(scene, Action.ACTIVATE)
    _still_grounded(scene, "A steward suspends or revokes it; a new release must be reviewed.")


def _still_grounded(scene: Scene, next_step: str) -> None:
    """Raise NotNow when findings stand against what leaves that the decision in force does not cover."""
    decision = scene.state.decision
    if decision is not None and (new := uncovered(decision, scene.dossier.assessment)):
        verb = "stands" if len(new) == 1 else "stand"
        raise NotNow(f"{', '.join(new)} {verb} against it since it was decided.", next_step)


def check_can_decide(scene: Scene) -> None:
    """Let a chair who is independent of the release, declared no conflict and holds no reviewer's seat."""
    _board(scene, Action.DECIDE)


def check_can_cosign(scene: Scene) -> None:
    """Let a member who voted on the item and has not signed yet, while signatures are missing."""
    _board(scene, Action.COSIGN)
    board = scene.state.board
    if board is None or not scene.state.awaiting_cosign:
        raise NotNow("There is no decision of the board to co-sign.", "The chair records the decision first.")
    if scene.person.person_id in board.signed:
        raise NotPermitted("You signed this decision already.", "Another board member must co-sign.")
    if scene.person.person_id not in board.present:
        raise NotPermitted("You were not present for this item.", "A member who voted on it must co-sign.")


def _board(scene: Scene, action: Action) -> None:
    _who(scene, action)
    _independent(scene, "decide on it")
    _not_aside(scene)
    if scene.state.seat_of(scene.person.person_id) is not None:
        raise NotPermitted("You review this release in this round.", "It waits for board members who do not.")
    _when(scene, action)


CHECKS: dict[Action, Callable[[Scene], None]] = {
    Action.SUBMIT: check_can_submit,
    Action.START_REVIEW: check_can_start_review,
    Action.DECLARE_CONFLICT: check_can_declare_conflict,
    Action.RECORD_REVIEW: check_can_record_review,
    Action.COMMENT: check_can_comment,
    Action.PROMOTE_COMMENT: check_can_promote_comment,
    Action.RETURN: check_can_return_to_submitter,
    Action.REFER: check_can_refer,
    Action.WITHDRAW: check_can_withdraw,
    Action.SUSPEND: check_can_suspend,
    Action.AGREE_TO_LIFT: check_can_agree_to_lift,
    Action.REVOKE: check_can_revoke,
    Action.ACTIVATE: check_can_activate,
    Action.DECIDE: check_can_decide,
    Action.COSIGN: check_can_cosign,
}


def check(action: Action, scene: Scene) -> None:
    """Raise NotPermitted, NotNow or Incomplete when this person may not do this now."""
    CHECKS[action](scene)


def reason(action: Action, scene: Scene) -> str | None:
    """Return why this person may not do this now, with the next step; None when they may."""
    try:
        check(action, scene)
    except ExeatError as refused:
        return str(refused)
    return None
