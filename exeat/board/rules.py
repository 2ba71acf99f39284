"""What makes a decision of the board valid: quorum, recusal, majority, reasons, overrides. Pure.

Majority of the members present (45 CFR 46.108(b)); a member with a conflict is recused and does not count; loss of
quorum stops the item; a tie does not approve.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exeat.board.inputs import OUTCOMES
from exeat.errors import BadInput, ExeatError, Incomplete, NotNow, NotPermitted
from exeat.model.tier import Disposition
from exeat.policy.finding import Barrier
from exeat.policy.matrix import DETAIL
from exeat.review.approval import barriers, check_grounds, check_texts, check_unneeded, uncovered
from exeat.review.inputs import MAX_REASON, Answer
from exeat.review.parts import Cell

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from exeat.board.inputs import BoardDecision, Votes
    from exeat.review.dossier import Dossier
    from exeat.review.inputs import Reply
    from exeat.review.parts import BoardRecord, ReleaseState
    from exeat.review.rules import Scene

_PERSON_ID = re.compile(r"[a-z0-9][a-z0-9._:@-]{0,79}")
MAX_CONDITIONS = 20
TO_APPROVE = 2
"""Signatures without which nothing leaves: the chair's and that of one more member who voted."""


def check_decision(decision: BoardDecision, scene: Scene, members: Collection[str] | None) -> None:
    """Raise when the decision may not stand as recorded; ``members`` are the ids of the board, None when unknown."""
    _check_form(decision)
    check_votes(decision.votes, scene, members)
    _check_outcome(decision)
    for member in decision.votes.against:
        if not decision.reasons.get(member, "").strip():
            raise Incomplete(f"{member} voted against without a reason.", "Record the reason: it is the dissent.")
    if decision.approves:
        check_approval(decision, scene)


def reason_decision(decision: BoardDecision, scene: Scene, members: Collection[str] | None) -> str | None:
    """Return why the decision may not stand as recorded, or None."""
    try:
        check_decision(decision, scene, members)
    except ExeatError as refused:
        return str(refused)
    return None


def _check_form(decision: BoardDecision) -> None:
    texts = [decision.summary, *decision.reasons.values(), *decision.conditions]
    if decision.outcome not in OUTCOMES or any(len(text) > MAX_REASON for text in texts):
        raise BadInput("The outcome is unknown or a text is too long.", f"At most {MAX_REASON:,} characters each.")
    if len(decision.conditions) > MAX_CONDITIONS or set(decision.reasons) - set(decision.votes.present):
        raise BadInput("Too many conditions, or a reason by someone who did not vote.", "Correct the form.")
    if not decision.summary.strip():
        raise Incomplete("The minutes need a summary.", "Write what was discussed and why it was decided so.")
    check_texts(decision.answers, decision.overrides)


def check_votes(votes: Votes, scene: Scene, members: Collection[str] | None) -> None:
    """Raise when someone votes twice, despite a conflict or without being a member, or there is no chair or quorum."""
    people = [*votes.present, *votes.recused]
    if any(_PERSON_ID.fullmatch(one) is None for one in people):
        raise BadInput("Members are named by their person id, not by name.", "Use small letters, digits and . _ - : @")
    if twice := sorted({one for one in people if people.count(one) > 1}):
        raise BadInput(f"{', '.join(twice)} is listed twice.", "Each member stands on one side.")
    if scene.person.person_id not in votes.present:
        raise Incomplete("The chair is not among those present.", "List yourself for, against or abstained.")
    check_members(votes, scene, members)
    barred = must_recuse(scene.state, scene.dossier) & set(votes.present)
    if barred:
        raise NotPermitted(f"{', '.join(sorted(barred))} has a conflict in this item.", "List them as recused.")
    if len(votes.present) < (quorum := scene.dossier.policy.approvals.board_quorum):
        raise NotNow(f"No quorum: {len(votes.present)} present and not recused, {quorum} needed.", "Defer the item.")


def check_members(votes: Votes, scene: Scene, members: Collection[str] | None) -> None:
    """Raise when a vote is recorded for someone who is not known to be on the board."""
    if members is None:
        raise NotNow("Exeat does not know who is on the board.", "Name its members' ids in EXEAT_BOARD_MEMBERS.")
    if strangers := sorted(set(votes.present) - {*members, scene.person.person_id}):
        raise NotPermitted(f"{', '.join(strangers)} is not on the board.", "Only its members vote; see settings.md.")


def must_recuse(state: ReleaseState, dossier: Dossier) -> frozenset[str]:
    """Return who may not vote: submitter, contributors, this round's reviewers, and whoever declared a conflict."""
    reviewers = {seat.reviewer for seat in state.seats}
    return state.involved | dossier.contributors | frozenset(state.recused) | reviewers


def _check_outcome(decision: BoardDecision) -> None:
    votes = decision.votes
    tally = f"{len(votes.in_favour)} of {len(votes.present)} present are in favour"
    if decision.approves and not votes.carries:
        raise NotPermitted(f"{tally}; approving needs more than half.", "Record it as rejected or deferred.")
    if not decision.approves and votes.carries:
        raise NotPermitted(f"{tally}: the motion to approve carries.", "Record the approval, or correct the votes.")
    if decision.outcome == "approve_with_conditions" and not any(text.strip() for text in decision.conditions):
        raise Incomplete("Approving with conditions needs a condition.", "Write at least one.")


def check_approval(decision: BoardDecision, scene: Scene) -> None:
    """Raise when the matrix is incomplete or too open, or a finding against it is not overridden."""
    cells = matrix_of(decision, scene.dossier)
    leaving = [cell.component for cell in cells if cell.leaves]
    if not leaving:
        raise Incomplete("Nothing would leave.", "Record it as rejected.")
    if any(cell.until <= scene.today or cell.until > scene.dossier.proposal.until for cell in cells):
        raise BadInput("The end date lies in the past or after the one proposed.", "Choose a date in between.")
    if len(decision.votes.present) < (needed := signatures_needed(decision, scene.dossier)):
        raise NotNow(f"{needed} members present must sign an approval.", "Defer the item.")
    answers = {**agreed_answers(scene.state), **decision.answers}
    check_grounds(scene.dossier.assessment, leaving, answers, decision.overrides, board=True)
    check_unneeded(scene.dossier.assessment, answers, decision.overrides, board=True)


def matrix_of(decision: BoardDecision, dossier: Dossier) -> tuple[Cell, ...]:
    """Return the decision as a matrix over the proposed components; never more open than proposed."""
    until = decision.until or dossier.proposal.until
    cells = []
    for part in dossier.proposal.components:
        form = decision.matrix.get(part.component_id)
        if form is None:
            raise Incomplete(f"No decision on {part.component_id}.", "Decide on each component.")
        if not no_more_open(form, part.disposition):
            raise NotPermitted(
                f"{part.component_id} would leave more openly than proposed.", "It needs a new proposal."
            )
        if form is not Disposition.DENIED and part.component_id not in dossier.bases:
            raise NotPermitted(f"The manifest has no component {part.component_id}.", "Deny it, or defer the item.")
        cells.append(Cell(component=part.component_id, tier=dossier.proposal.tier, disposition=form, until=until))
    if set(decision.matrix) - {cell.component for cell in cells}:
        raise BadInput("The decision names a component that is not proposed.", "Reload the page.")
    return tuple(cells)


def no_more_open(form: Disposition, proposed: Disposition) -> bool:
    """Return whether neither more leaves nor more is seen than was proposed."""
    return form.openness <= proposed.openness and DETAIL[form] <= DETAIL[proposed]


def agreed_answers(state: ReleaseState) -> dict[str, Answer]:
    """Return the answers that all opened reviews of this round share; one no among them is a no."""
    found: dict[str, set[str]] = {}
    opened = [r.content for r in state.round_reviews if r.opened and r.content is not None]
    for content in opened:
        for item, value in content.answers.items():
            found.setdefault(item, set()).add(value)
    return {item: Answer(_strictest(values), "as the reviewers answered") for item, values in found.items()}


def _strictest(values: set[str]) -> Reply:
    if "no" in values:
        return "no"
    return "yes" if values == {"yes"} else "not_applicable"


def blocking_overridden(decision: BoardDecision, dossier: Dossier) -> list[str]:
    """Return the blocking checks and questions that this decision overrides: they need further signatures."""
    leaving = [cell.component for cell in matrix_of(decision, dossier) if cell.leaves]
    blocking = {finding.check for finding in barriers(dossier.assessment, Barrier.BLOCKING, leaving)}
    blocking |= {item.id for item in dossier.assessment.questions if item.gate == "B"}
    return sorted(blocking & set(decision.overrides))


def signatures_needed(decision: BoardDecision, dossier: Dossier) -> int:
    """Return how many members must sign: nothing leaves on the chair's word about the others' votes alone."""
    if not decision.approves:
        return 1
    overridden = blocking_overridden(decision, dossier)
    return max(TO_APPROVE, dossier.policy.approvals.board_signatures_for_override if overridden else 0)


def check_still_covered(record: BoardRecord, dossier: Dossier) -> None:
    """Raise before a co-signature when findings, figures or rules are not those that the board decided on."""
    again = "The chair must put the item again."
    if new := uncovered(record.decision, dossier.assessment):
        raise NotNow(f"{', '.join(new)} came up since the board decided.", again)
    if record.basis != dossier.basis:
        raise NotNow("The evidence changed since the board decided.", again)


PLAIN: Mapping[str, str] = {
    "approve": "approved",
    "approve_with_conditions": "approved with conditions",
    "reject": "rejected",
    "defer": "deferred and returned to the submitter",
}
"""Outcome -> as people say it."""
