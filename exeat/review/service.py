"""The review desk: every use case of a release. Each checks the rules and appends; the append is the write."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from exeat.errors import BadInput, Incomplete, NotFound, NotPermitted
from exeat.review.approval import check_review
from exeat.review.cases import QUIET, Said, consequence, refuse_basis, with_key
from exeat.review.decisions import lift_batch, main_draft, review_batch
from exeat.review.dossier import assessment_bytes, counts_of
from exeat.review.inputs import AUDIENCES, CONFLICTS, MAX_REASON, Audience, Conflict, Done, ReviewInput, Vote
from exeat.review.lifecycle import Kind, State
from exeat.review.progress import standing_votes
from exeat.review.reading import Reading
from exeat.review.rules import KIND_OF, Action, Scene, check
from exeat.review.state import CASE, COMMENTS
from exeat.review.statements import release_draft, review_sealed
from exeat.review.views import CaseView
from exeat.review.visibility import Reader, may_read_comment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exeat.ledger.statement import Draft, Entry
    from exeat.model.person import Person
    from exeat.review.cases import Loaded

__all__ = ["CaseView", "Done", "ReviewDesk", "ReviewInput"]
LIFTED = "The quorum agreed: the suspension is lifted."
ANYTHING = frozenset(Kind)
"""Stopping is the safe direction: an old screen does not keep a steward from it."""


class ReviewDesk(Reading):
    """The review of releases; reading is inherited.

    ``seen`` is the case version on screen. ``key`` makes a repeated click harmless; release, action and person are
    added to it here.
    """

    def submit(self, person: Person, release_id: str, *, seen: int, key: str) -> Done:
        """Submit the draft for review, or again after it was returned."""

        def build(loaded: Loaded, whole_key: str) -> list[Draft]:
            dossier, state = loaded.scene.dossier, loaded.scene.state
            body = {"round": state.round + 1, "counts": counts_of(dossier.assessment)}
            subject = {"proposal": state.proposal_sha256} | dossier.subject(self.keep_assessment(loaded))
            return [main_draft(Kind.SUBMITTED, loaded, whole_key, body=body, subject=subject)]

        entry, _ = self.cases.act(Action.SUBMIT, person, release_id, seen=seen, key=key, build=build, said=_nothing)
        return Done(entry, "Submitted for review.")

    def withdraw(self, person: Person, release_id: str, reason: str = "", *, seen: int, key: str) -> Done:
        """Withdraw an undecided release."""
        entry = self._with_reason(Action.WITHDRAW, person, release_id, reason.strip(), seen, key, QUIET)
        return Done(entry, "Withdrawn.")

    def start_review(self, person: Person, release_id: str, *, conflict: Conflict, seen: int, key: str) -> Done:
        """Take a seat by declaring no conflict; any other declaration is recorded and the person stands aside."""
        if conflict not in CONFLICTS:
            raise BadInput("This is not a known kind of conflict.", f"Choose one of: {', '.join(CONFLICTS)}.")
        action = Action.START_REVIEW if conflict == "none" else Action.DECLARE_CONFLICT

        def build(loaded: Loaded, whole_key: str) -> list[Draft]:
            body = {"round": loaded.scene.state.round, "conflict": conflict}
            return [main_draft(KIND_OF[action], loaded, whole_key, body=body)]

        def said(_: Loaded) -> Said:
            return Said(body={"conflict": conflict})

        entry, _ = self.cases.act(
            action, person, release_id, seen=seen, key=key, build=build, said=said, tolerate=QUIET
        )
        if conflict == "none":
            return Done(entry, "You have a seat in this review.")
        return Done(entry, "Your conflict is recorded. You stand aside from this release.")

    def record_review(self, person: Person, release_id: str, review: ReviewInput, *, seen: int, key: str) -> Done:
        """Record a review, sealed until all are in; the last one opens them and, if they agree, decides."""

        def build(loaded: Loaded, whole_key: str) -> list[Draft]:
            refuse_basis(loaded, review.basis)
            whole = _with_standing(review, loaded)
            check_review(whole, loaded.scene.dossier)
            return review_batch(loaded, whole, whole_key, self.keep_assessment(loaded), self.superseded(loaded))

        def said(loaded: Loaded) -> Said:
            return Said(sealed=review_sealed(_with_standing(review, loaded)))

        entry, _ = self.cases.act(
            Action.RECORD_REVIEW, person, release_id, seen=seen, key=key, build=build, said=said, tolerate=QUIET
        )
        return self._after_review(release_id, entry)

    def return_to_submitter(self, person: Person, release_id: str, reason: str, *, seen: int, key: str) -> Done:
        """Return the release with a reason; a new round starts when it is submitted again."""
        entry = self._with_reason(Action.RETURN, person, release_id, needed(reason), seen, key, QUIET)
        return Done(entry, "Returned to the submitter.")

    def refer(self, person: Person, release_id: str, reason: str, *, seen: int, key: str) -> Done:
        """Refer the release to the board with a reason."""
        entry = self._with_reason(Action.REFER, person, release_id, needed(reason), seen, key, QUIET)
        return Done(entry, "Referred to the board.")

    def comment(self, person: Person, release_id: str, text: str, visibility: Audience, *, key: str) -> Done:
        """Comment in the current round, for reviewers or for everyone; comments are never deleted."""
        scene = self._allowed(Action.COMMENT, person, release_id)
        if visibility not in AUDIENCES:
            raise BadInput("This is not a known audience.", "Choose reviewers or everyone.")
        if scene.involved and visibility != "everyone":
            raise NotPermitted("Your comments go to everyone who reads this release.", "Choose everyone.")
        body = {"round": scene.state.round, "audience": visibility}
        return self._beside(Kind.COMMENTED, scene, key, body, {"text": needed(text)}, "Comment recorded.")

    def promote_comment(self, person: Person, release_id: str, comment: int, *, key: str) -> Done:
        """Show a reviewers' comment, named by its entry number, to everyone; there is no way back."""
        scene = self._allowed(Action.PROMOTE_COMMENT, person, release_id)
        reader = Reader(person.person_id, scene.involved)
        found = next((c for c in self.comments_of(release_id) if c.seq == comment), None)
        if found is None or not may_read_comment(found, scene.state, reader):
            raise NotFound("There is no such comment.", "Reload the page.")
        return self._beside(Kind.COMMENT_PROMOTED, scene, key, {"comment": comment}, {}, "Everyone sees it now.")

    def activate(self, person: Person, release_id: str, *, seen: int, key: str) -> Done:
        """Put an approved release in force."""
        entry = self._with_reason(Action.ACTIVATE, person, release_id, "", seen, key)
        return Done(entry, "Active from now on.")

    def suspend(self, person: Person, release_id: str, reason: str, *, seen: int, key: str) -> Done:
        """Suspend a live release at once; lifting needs the quorum."""
        entry = self._with_reason(Action.SUSPEND, person, release_id, needed(reason), seen, key, ANYTHING)
        return Done(entry, "Suspended. Lifting it needs the quorum.")

    def revoke(self, person: Person, release_id: str, reason: str, *, seen: int, key: str) -> Done:
        """Revoke a release for good; a new release must be reviewed from the start."""
        entry = self._with_reason(Action.REVOKE, person, release_id, needed(reason), seen, key, ANYTHING)
        return Done(entry, "Revoked.")

    def agree_to_lift(self, person: Person, release_id: str, reason: str, *, seen: int, key: str) -> Done:
        """Agree to lift the suspension; the agreement that makes the quorum lifts it in the same transaction."""
        text = needed(reason)

        def build(loaded: Loaded, whole_key: str) -> list[Draft]:
            return lift_batch(loaded, whole_key, text)

        def said(_: Loaded) -> Said:
            return Said(sealed={"reason": text})

        quiet = {Kind.LIFT_AGREED}
        entry, _ = self.cases.act(
            Action.AGREE_TO_LIFT, person, release_id, seen=seen, key=key, build=build, said=said, tolerate=quiet
        )
        lifted = consequence(self._entries(release_id), entry, Kind.LIFTED)
        return Done(lifted, LIFTED) if lifted else Done(entry, "Your agreement is recorded.")

    # Shared with the board

    def keep_assessment(self, loaded: Loaded) -> str:
        """Keep the assessment as it is at the moment of writing, and return its digest."""
        return self._evidence.keep(assessment_bytes(loaded.scene.dossier.assessment))

    def superseded(self, loaded: Loaded) -> Loaded | None:
        """Return the live release of the same lineage that this one replaces, if it names one."""
        dossier = loaded.scene.dossier
        former = dossier.proposal.supersedes_release
        if former is None or former == loaded.scene.state.release_id:
            return None
        try:
            old = self.cases.load(loaded.scene.person, former)
        except (NotFound, NotPermitted):
            return None
        same = old.scene.dossier.manifest.lineage.run_family == dossier.manifest.lineage.run_family
        live = old.scene.now in (State.APPROVED, State.ACTIVE, State.SUSPENDED)
        return old if same and live else None

    # Inner parts

    def _with_reason(
        self,
        action: Action,
        person: Person,
        release_id: str,
        reason: str,
        seen: int,
        key: str,
        tolerate: Iterable[Kind] = (),
    ) -> Entry:
        """Do what needs nothing but a reason, which is sealed."""

        def build(loaded: Loaded, whole_key: str) -> list[Draft]:
            body = {"round": loaded.scene.state.round}
            return [main_draft(KIND_OF[action], loaded, whole_key, body=body, sealed={"reason": reason})]

        def said(_: Loaded) -> Said:
            return Said(sealed={"reason": reason})

        entry, _ = self.cases.act(
            action, person, release_id, seen=seen, key=key, build=build, said=said, tolerate=tolerate
        )
        return entry

    def _allowed(self, action: Action, person: Person, release_id: str) -> Scene:
        scene = self.cases.load(person, release_id).scene
        check(action, scene)
        return scene

    def _beside(
        self, kind: Kind, scene: Scene, key: str, body: Mapping[str, object], sealed: Mapping[str, str], sentence: str
    ) -> Done:
        """Write to the case of comments, which makes no form stale."""
        release_id, person = scene.state.release_id, scene.person
        whole_key = f"{kind.value}:{release_id}:{person.person_id}:{key}"
        first = with_key(self._ledger.case(COMMENTS + release_id), whole_key)
        draft = release_draft(kind, release_id, person, key=whole_key, prefix=COMMENTS, body=body, sealed=sealed)
        entry = first or self.cases.write(person, [draft])
        self.cases.refuse_other(entry, Said(body, sealed))
        return Done(entry, sentence)

    def _after_review(self, release_id: str, entry: Entry) -> Done:
        """Answer with the decision, if this review led to one: its entry is what the receipt is about."""
        entries = self._entries(release_id)
        if approved := consequence(entries, entry, Kind.APPROVED):
            return Done(approved, "All reviews agree: approved.")
        if rejected := consequence(entries, entry, Kind.REJECTED):
            return Done(rejected, "All reviews agree: rejected.")
        if consequence(entries, entry, Kind.REVIEWS_OPENED):
            return Done(entry, "All reviews are in and open; they do not agree.")
        return Done(entry, "Review recorded; it stays sealed until all are in.")

    def _entries(self, release_id: str) -> list[Entry]:
        return self._ledger.case(CASE + release_id)


def _nothing(_: Loaded) -> Said:
    return Said()


def _with_standing(review: ReviewInput, loaded: Loaded) -> ReviewInput:
    """Return the review with the person's earlier votes that still stand, where it is silent."""
    scene = loaded.scene
    standing = cast("dict[str, Vote]", standing_votes(scene.state, scene.person.person_id, scene.dossier.bases))
    return replace(review, votes={**standing, **review.votes})


def needed(text: str) -> str:
    """Return the text without blanks around it; raise when it is empty or too long."""
    if not text.strip():
        raise Incomplete("This needs a reason in words.", "Write one; it is sealed on the ledger.")
    if len(text) > MAX_REASON:
        raise BadInput(f"The text is longer than {MAX_REASON:,} characters.", "Shorten it.")
    return text.strip()
