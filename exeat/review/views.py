"""What a page gets to draw a release: everything this person may see, and why they may not do the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exeat.policy.sentence import answer
from exeat.review.approval import reason_approve
from exeat.review.history import history
from exeat.review.progress import due_at, reviews_in, standing_votes
from exeat.review.rules import Action, reason
from exeat.review.turns import turn_sentence
from exeat.review.visibility import Reader, for_reader, names_for, visible_comments, visible_reviews

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from exeat.ledger.statement import Entry
    from exeat.model.manifest import Manifest
    from exeat.model.policy import Policy
    from exeat.model.release import Proposal
    from exeat.policy.assessment import BoundReport
    from exeat.policy.contents import Contents
    from exeat.policy.finding import Assessment
    from exeat.review.dossier import Dossier
    from exeat.review.history import Happened
    from exeat.review.lifecycle import State
    from exeat.review.parts import Comment, Decision, ReleaseState
    from exeat.review.rules import Scene
    from exeat.review.visibility import VisibleComment, VisibleReview


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One release as one person sees it today.

    ``why_not`` maps each action (``exeat.review.rules.Action``, equal to the use case's name) to a sentence, None when
    it is possible. ``cannot_approve`` does the same for each component. Pass ``version`` as ``seen`` and ``basis`` in
    ``ReviewInput.basis``: a screen that is out of date is then refused.
    """

    release_id: str
    state: ReleaseState
    now: State
    dossier: Dossier
    today: date
    answer: str
    turn: str
    why_not: Mapping[str, str | None]
    cannot_approve: Mapping[str, str | None]
    reviews: tuple[VisibleReview, ...]
    comments: tuple[VisibleComment, ...]
    history: tuple[Happened, ...]
    standing: Mapping[str, str]
    """Own earlier votes that nothing has touched since; the form starts from them."""
    reviews_in: int
    reviewers_needed: int
    due_at: datetime | None

    @property
    def version(self) -> int:
        """Return the case version on this screen."""
        return self.state.version

    @property
    def basis(self) -> str:
        """Return the digest of the evidence on this screen."""
        return self.dossier.basis

    @property
    def proposal(self) -> Proposal:
        """Return what is proposed."""
        return self.dossier.proposal

    @property
    def manifest(self) -> Manifest:
        """Return the manifest of the checkpoint."""
        return self.dossier.manifest

    @property
    def reports(self) -> tuple[BoundReport, ...]:
        """Return the risk reports bound to the checkpoint."""
        return self.dossier.reports

    @property
    def policy(self) -> Policy:
        """Return the adopted policy."""
        return self.dossier.policy

    @property
    def policy_sha256(self) -> str:
        """Return the digest of the adopted policy."""
        return self.dossier.policy_sha256

    @property
    def assessment(self) -> Assessment:
        """Return the assessment as of today."""
        return self.dossier.assessment

    @property
    def contents(self) -> Contents:
        """Return what the files contain, as far as they were inspected."""
        return self.dossier.contents

    @property
    def decision(self) -> Decision | None:
        """Return the decision in force, if any."""
        return self.state.decision


def view_of(scene: Scene, entries: Sequence[Entry], comments: Sequence[Comment]) -> CaseView:
    """Return the release as the person of the scene sees it."""
    state, dossier = scene.state, scene.dossier
    reader = Reader(scene.person.person_id, scene.involved)
    return CaseView(
        release_id=state.release_id,
        state=for_reader(state, reader),
        now=scene.now,
        dossier=dossier,
        today=scene.today,
        answer=answer(dossier.assessment),
        turn=turn_sentence(scene),
        why_not={action.value: reason(action, scene) for action in Action},
        cannot_approve={part: reason_approve(dossier, [part]) for part in dossier.components},
        reviews=visible_reviews(state, reader),
        comments=visible_comments(comments, state, reader),
        history=history(entries, names_for(state, reader)),
        standing=standing_votes(state, scene.person.person_id, dossier.bases),
        reviews_in=len(reviews_in(state, dossier.bases)),
        reviewers_needed=dossier.policy.approvals.reviewers,
        due_at=due_at(state, dossier.policy),
    )
