"""What approving needs: no blocking finding, a reason and residual risk for each conditional one, answers.

Rules without roles: ``rules.py`` says who and when, this says on what grounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput, Incomplete, NotPermitted
from exeat.policy.finding import Barrier
from exeat.review.inputs import MAX_REASON, REPLIES, RISKS, VOTES, Answer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from exeat.model.policy import ChecklistItem
    from exeat.policy.finding import Assessment, Finding
    from exeat.review.dossier import Dossier
    from exeat.review.inputs import Override, ReviewInput
    from exeat.review.parts import Decision

_REFER = "Refer the release to the board. Components that the finding does not concern can be approved."


def barriers(assessment: Assessment, barrier: Barrier, approved: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings with this barrier that concern any of the approved components."""
    return tuple(
        finding
        for finding in assessment.barred_by(barrier)
        if approved and (not finding.components or set(finding.components) & set(approved))
    )


def uncovered(decision: Decision, assessment: Assessment) -> list[str]:
    """Return the checks against what leaves that the decision did not override.

    A finding that blocks is covered only where the board overrode it as blocking: the reviewers' word on a conditional
    finding does not reach so far.
    """
    leaving = [cell.component for cell in decision.matrix if cell.leaves]
    blocking = {finding.check for finding in barriers(assessment, Barrier.BLOCKING, leaving)}
    conditional = {finding.check for finding in barriers(assessment, Barrier.CONDITIONAL, leaving)}
    return sorted((blocking - set(decision.blocking)) | (conditional - set(decision.overrides)))


def needs_board(dossier: Dossier, approved: Collection[str]) -> list[str]:
    """Return the approved components whose kind and tier the policy leaves to the board alone."""
    board = {(ref.tier, ref.kind) for ref in dossier.policy.approvals.board_required}
    return [part for part in approved if (dossier.proposal.tier, dossier.kinds.get(part)) in board]


def check_can_approve(dossier: Dossier, approved: Collection[str]) -> None:
    """Raise NotPermitted when reviewers may not approve these components, whatever their reasons."""
    unknown = [part for part in approved if part not in dossier.bases]
    if unknown:
        raise NotPermitted(f"The manifest has no component {unknown[0]}.", "Return the release to the submitter.")
    if blocking := barriers(dossier.assessment, Barrier.BLOCKING, approved):
        names = ", ".join(finding.check for finding in blocking)
        verb = "blocks" if len(blocking) == 1 else "block"
        raise NotPermitted(f"{names} {verb} approval; only the board can override it.", _REFER)
    if parts := needs_board(dossier, approved):
        tier = dossier.proposal.tier
        raise NotPermitted(f"The policy leaves {parts[0]} at {tier} to the board.", "Refer the release to the board.")


def reason_approve(dossier: Dossier, approved: Collection[str]) -> str | None:
    """Return why these components cannot be approved by reviewers, or None."""
    try:
        check_can_approve(dossier, approved)
    except NotPermitted as refused:
        return str(refused)
    return None


def check_review(review: ReviewInput, dossier: Dossier) -> None:
    """Raise when a review is malformed, incomplete, or approves what reviewers may not approve."""
    _check_form(review, dossier)
    approved = [part for part, vote in review.votes.items() if vote == "approve"]
    if len(approved) < len(review.votes) and not review.rationale.strip():
        raise Incomplete("Say why you do not approve every component.", "Write it in the rationale.")
    if approved:
        check_can_approve(dossier, approved)
        check_grounds(dossier.assessment, approved, review.answers, review.overrides)
    check_unneeded(dossier.assessment, review.answers, review.overrides)


def _check_form(review: ReviewInput, dossier: Dossier) -> None:
    missing = [part for part in dossier.components if part not in review.votes]
    if missing:
        raise Incomplete(f"No vote on {', '.join(missing)}.", "Vote on each component.")
    if set(review.votes) - set(dossier.components) or set(review.votes.values()) - set(VOTES):
        raise BadInput("A vote names an unknown component or an unknown choice.", "Reload the page and vote again.")
    check_texts(review.answers, review.overrides)
    if len(review.rationale) > MAX_REASON:
        raise BadInput(f"The rationale is longer than {MAX_REASON:,} characters.", "Shorten it.")


def check_texts(answers: Mapping[str, Answer], overrides: Mapping[str, Override]) -> None:
    """Raise when an answer or override has an unknown value, an overlong reason, or lacks a reason it needs."""
    for item, answer in answers.items():
        if answer.value not in REPLIES or len(answer.reason) > MAX_REASON:
            raise BadInput(f"The answer to {item[:20]} is not valid.", "Answer yes, no or not applicable.")
        if answer.value != "yes" and not answer.reason.strip():
            raise Incomplete(f"{item} is answered {answer.value.replace('_', ' ')} without a reason.", "Give one.")
    for check, override in overrides.items():
        if override.residual_risk not in RISKS or len(override.reason) > MAX_REASON:
            raise BadInput(f"The override of {check[:20]} is not valid.", "Choose low, moderate or high.")
        if not override.reason.strip():
            raise Incomplete(f"Overriding {check} needs a reason.", "Write why the risk is acceptable.")


def check_grounds(
    assessment: Assessment,
    approved: Collection[str],
    answers: Mapping[str, Answer],
    overrides: Mapping[str, Override],
    *,
    board: bool = False,
) -> None:
    """Raise when approving lacks an override or an answer; ``board`` may override blocking findings as well."""
    open_checks = {finding.check for finding in barriers(assessment, Barrier.CONDITIONAL, approved)}
    if board:
        open_checks |= {finding.check for finding in barriers(assessment, Barrier.BLOCKING, approved)}
    refused = check_answers(assessment.questions, answers, overrides, board=board)
    missing = sorted((open_checks | refused) - set(overrides))
    if missing:
        raise Incomplete(
            f"{', '.join(missing)} did not pass: approving needs a reason and a residual-risk class for each.",
            "Give both, or vote for changes.",
        )


def check_unneeded(
    assessment: Assessment, answers: Mapping[str, Answer], overrides: Mapping[str, Override], *, board: bool = False
) -> None:
    """Raise when an override names a check that stands against nothing: the record would claim a disagreement."""
    known = {finding.check for finding in assessment.barred_by(Barrier.CONDITIONAL)}
    known |= blocking_checks(assessment, board=board)
    known |= {item.id for item in assessment.questions if board or answers.get(item.id, Answer("yes")).value == "no"}
    if unneeded := sorted(set(overrides) - known):
        raise Incomplete(f"{', '.join(unneeded)} needs no override.", "Take the override out.")


def blocking_checks(assessment: Assessment, *, board: bool) -> set[str]:
    """Return the blocking checks when the board looks, none for reviewers."""
    return {finding.check for finding in assessment.barred_by(Barrier.BLOCKING)} if board else set()


def check_answers(
    questions: Sequence[ChecklistItem],
    answers: Mapping[str, Answer],
    overrides: Mapping[str, Override],
    *,
    board: bool = False,
) -> set[str]:
    """Return the questions answered no that an override must cover; raise when one is open or blocks.

    Advisory questions may stay open. The board may override a blocking question, reviewers may not.
    """
    gated = [item for item in questions if item.gate != "A"]
    unanswered = [item.id for item in gated if item.id not in answers and not (board and item.id in overrides)]
    if unanswered:
        raise Incomplete(f"{', '.join(unanswered)} is not answered.", "Approving needs an answer to each question.")
    refused = [item for item in gated if answers.get(item.id, Answer("no")).value == "no"]
    blocking = [item.id for item in refused if item.gate == "B"]
    if blocking and not board:
        raise NotPermitted(
            f"{', '.join(blocking)} is answered no, which blocks approval; only the board can override it.", _REFER
        )
    return {item.id for item in refused}
