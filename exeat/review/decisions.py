"""Batches that belong together: a review that completes the round opens all and decides in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.errors import ExeatError
from exeat.model.person import SYSTEM
from exeat.review.approval import check_can_approve, check_grounds
from exeat.review.inputs import Answer, Override
from exeat.review.lifecycle import Kind
from exeat.review.outcome import matrix_if_unanimous, policy_conditions
from exeat.review.parts import Content, Review
from exeat.review.progress import reviews_in
from exeat.review.statements import matrix_body, opened_body, release_draft, review_sealed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from exeat.ledger.statement import Draft
    from exeat.review.cases import Loaded
    from exeat.review.dossier import Dossier
    from exeat.review.inputs import ReviewInput
    from exeat.review.parts import Cell


def main_draft(
    kind: Kind,
    loaded: Loaded,
    key: str,
    *,
    body: Mapping[str, Any] | None = None,
    subject: Mapping[str, str] | None = None,
    sealed: Mapping[str, Any] | None = None,
) -> Draft:
    """Return the statement of the person; it expects the version that the rules were checked on."""
    return release_draft(
        kind,
        loaded.scene.state.release_id,
        loaded.scene.person,
        key=key,
        expects=loaded.version,
        body=body,
        subject=subject,
        sealed=sealed,
    )


def follower(kind: Kind, loaded: Loaded, key: str, body: Mapping[str, Any], subject: Mapping[str, str]) -> Draft:
    """Return what Exeat states as a consequence, in the same transaction."""
    return release_draft(
        kind, loaded.scene.state.release_id, SYSTEM, key=f"{key}:{kind.value}", body=body, subject=subject
    )


def review_batch(
    loaded: Loaded, review: ReviewInput, key: str, assessment_sha256: str, superseded: Loaded | None
) -> list[Draft]:
    """Return the review, and with the last one of the round its opening and, if all agree, the decision."""
    state, dossier = loaded.scene.state, loaded.scene.dossier
    subject = {"proposal": state.proposal_sha256} | dossier.subject(assessment_sha256)
    body = {"round": state.round, "bases": dict(dossier.bases)}
    drafts = [main_draft(Kind.REVIEW_RECORDED, loaded, key, body=body, subject=subject, sealed=review_sealed(review))]
    mine = _as_recorded(loaded, review, assessment_sha256)
    together = [r for r in reviews_in(state, dossier.bases) if r.reviewer != mine.reviewer] + [mine]
    if not state.opened and len(together) < dossier.policy.approvals.reviewers:
        return drafts
    unopened = [r for r in together if not r.opened]
    drafts.append(follower(Kind.REVIEWS_OPENED, loaded, key, opened_body(unopened, state.round), subject))
    if len(together) >= dossier.policy.approvals.reviewers:
        drafts += _decide(loaded, together, key, subject, superseded)
    return drafts


def _as_recorded(loaded: Loaded, review: ReviewInput, assessment_sha256: str) -> Review:
    """Return the review as the fold will see it once written."""
    sealed = review_sealed(review)["review"]
    return Review(
        seq=-1,
        version=loaded.version + 1,
        at=loaded.scene.state.updated_at or loaded.entries[-1].ts,
        reviewer=loaded.scene.person.person_id,
        round=loaded.scene.state.round,
        bases=loaded.scene.dossier.bases,
        assessment=assessment_sha256,
        content=Content(votes=sealed["votes"], answers=sealed["answers"], overrides=sealed["overrides"]),
    )


def _decide(
    loaded: Loaded, reviews: Sequence[Review], key: str, subject: Mapping[str, str], superseded: Loaded | None
) -> list[Draft]:
    dossier = loaded.scene.dossier
    matrix = matrix_if_unanimous(reviews, dossier.proposal)
    if matrix is None:
        return []
    approved = [cell.component for cell in matrix if cell.leaves]
    if not all(grounds_hold(review, dossier, approved) for review in reviews):
        return []
    kind = Kind.APPROVED if approved else Kind.REJECTED
    body = decision_body(loaded, matrix) | {
        "by": "reviewers",
        "reviews": [{"reviewer": review.reviewer, "version": review.version} for review in reviews],
        "overrides": _strongest(reviews),
    }
    drafts = [follower(kind, loaded, key, body, subject)]
    return drafts + (supersede(superseded, loaded, key) if approved else [])


def decision_body(loaded: Loaded, matrix: Sequence[Cell]) -> dict[str, Any]:
    """Return what every decision states: the matrix, the policy's conditions, the reports it stands on."""
    dossier = loaded.scene.dossier
    return {
        "round": loaded.scene.state.round,
        "matrix": matrix_body(matrix),
        "conditions": policy_conditions(matrix, dossier.kinds, dossier.policy),
        "reports": [bound.sha256 for bound in dossier.reports],
    }


def grounds_hold(review: Review, dossier: Dossier, approved: Collection[str]) -> bool:
    """Return whether an earlier review still has the grounds to approve on the assessment as it is now."""
    said = review.content
    if said is None or not approved:
        return said is not None
    answers = {item: Answer(value, "on record") for item, value in said.answers.items()}  # type: ignore[arg-type]
    overrides = {check: Override("on record", risk) for check, risk in said.overrides.items()}  # type: ignore[arg-type]
    try:
        check_can_approve(dossier, approved)
        check_grounds(dossier.assessment, approved, answers, overrides)
    except ExeatError:
        return False
    return True


def _strongest(reviews: Sequence[Review]) -> dict[str, str]:
    """Return check -> the highest residual risk that any reviewer gave."""
    order = ("low", "moderate", "high")
    found: dict[str, str] = {}
    for review in reviews:
        for check, risk in (review.content.overrides if review.content else {}).items():
            found[check] = max(found.get(check, "low"), risk, key=order.index)
    return found


def supersede(old: Loaded | None, by: Loaded, key: str) -> list[Draft]:
    """Return the statement that ends the former release, expecting it as it was when it was checked."""
    if old is None:
        return []
    body = {"by": by.scene.state.release_id}
    return [
        release_draft(
            Kind.SUPERSEDED,
            old.scene.state.release_id,
            SYSTEM,
            key=f"{key}:{Kind.SUPERSEDED.value}",
            expects=old.version,
            body=body,
        )
    ]


def lift_batch(loaded: Loaded, key: str, reason: str) -> list[Draft]:
    """Return the agreement, and with the one that makes the quorum the lifting."""
    paused = loaded.scene.state.suspension
    drafts = [main_draft(Kind.LIFT_AGREED, loaded, key, sealed={"reason": reason})]
    agreed = [*(paused.agreed if paused else ()), loaded.scene.person.person_id]
    if len(agreed) >= loaded.scene.dossier.policy.approvals.lift_suspension_quorum:
        drafts.append(follower(Kind.LIFTED, loaded, key, {"agreed": agreed}, {}))
    return drafts
