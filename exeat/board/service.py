"""The board desk: the docket, one item on a projector, the chair's record, and the second signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.board.inputs import BoardDecision, Votes
from exeat.board.item import BoardItem, item_of
from exeat.board.rules import (
    PLAIN,
    blocking_overridden,
    check_decision,
    check_still_covered,
    matrix_of,
    reason_decision,
    signatures_needed,
)
from exeat.errors import NotPermitted
from exeat.model.person import Permission
from exeat.review.cases import Said, refuse_basis
from exeat.review.decisions import decision_body, main_draft, supersede
from exeat.review.inputs import Done
from exeat.review.lifecycle import Kind
from exeat.review.queries import docket
from exeat.review.rules import Action, reason
from exeat.review.statements import matrix_body

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    import pandas as pd

    from exeat.ledger.statement import Draft, LedgerStore
    from exeat.model.person import Person
    from exeat.review.cases import Loaded
    from exeat.review.ports import Evidence
    from exeat.review.service import ReviewDesk

__all__ = ["BoardDecision", "BoardDesk", "BoardItem", "Votes"]


class BoardDesk:
    """Decisions of the board; loading, checking and writing go through the review's cases.

    ``members`` returns the ids of those on the board, None when nobody configured them: then nothing is recorded.
    """

    def __init__(
        self,
        ledger: LedgerStore,
        evidence: Evidence,
        clock: Callable[[], datetime],
        review: ReviewDesk,
        members: Callable[[], Collection[str] | None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._evidence = evidence
        self._clock = clock
        self._review = review
        self._members = members

    def docket(self, person: Person) -> pd.DataFrame:
        """Return what waits for the board and what the policy will send there; raise NotPermitted."""
        _may_read(person)
        policy, _ = self._evidence.policy()
        return docket(self._review.warehouse(), policy.approvals.board_required)

    def item(self, person: Person, release_id: str) -> BoardItem:
        """Return one item for the projector: no names, no per-record data."""
        _may_read(person)
        loaded = self._review.cases.load(person, release_id)
        return item_of(self._review.case(person, release_id), loaded.scene)

    def members(self, person: Person) -> tuple[str, ...]:
        """Return the ids of the board members, with this person among them."""
        _may_read(person)
        return tuple(sorted({*(self._members() or ()), person.person_id}))

    def reason(self, person: Person, release_id: str, decision: BoardDecision) -> str | None:
        """Return why this decision could not be recorded now, by the rule that is checked again before writing."""
        scene = self._review.cases.load(person, release_id).scene
        return reason(Action.DECIDE, scene) or reason_decision(decision, scene, self._members())

    def decide(self, person: Person, release_id: str, decision: BoardDecision, *, seen: int, key: str) -> Done:
        """Record the board's decision; an approval takes effect with the last signature only."""

        def build(loaded: Loaded, whole_key: str) -> list[Draft]:
            refuse_basis(loaded, decision.basis)
            check_decision(decision, loaded.scene, self._members())
            return [self._decided(loaded, decision, whole_key)]

        def said(loaded: Loaded) -> Said:
            return Said(clear_words(decision, loaded), sealed_texts(decision))

        entry, _ = self._review.cases.act(Action.DECIDE, person, release_id, seen=seen, key=key, build=build, said=said)
        sentence = f"Recorded: {PLAIN[decision.outcome]}."
        if self._review.cases.load(person, release_id).scene.state.awaiting_cosign:
            sentence += " It takes effect when another member who voted co-signs."
        return Done(entry, sentence)

    def cosign(self, person: Person, release_id: str, *, basis: str, seen: int, key: str) -> Done:
        """Co-sign an approval as a member who voted; with the last signature it takes effect."""

        def build(loaded: Loaded, whole_key: str) -> list[Draft]:
            record = loaded.scene.state.board
            if record is None:
                return []  # the rule refused this already
            refuse_basis(loaded, basis)
            check_still_covered(record, loaded.scene.dossier)
            body = {"round": loaded.scene.state.round, "decision": record.decision.seq}
            subject = loaded.scene.dossier.subject(self._review.keep_assessment(loaded))
            drafts = [main_draft(Kind.BOARD_COSIGNED, loaded, whole_key, body=body, subject=subject)]
            if len(record.signed) + 1 >= record.needs:
                drafts += supersede(self._review.superseded(loaded), loaded, whole_key)
            return drafts

        entry, _ = self._review.cases.act(
            Action.COSIGN, person, release_id, seen=seen, key=key, build=build, said=lambda _: Said()
        )
        waiting = self._review.cases.load(person, release_id).scene.state.awaiting_cosign
        return Done(entry, "Signed. More signatures are needed." if waiting else "Signed: the decision takes effect.")

    def _decided(self, loaded: Loaded, decision: BoardDecision, key: str) -> Draft:
        dossier = loaded.scene.dossier
        matrix = matrix_of(decision, dossier) if decision.approves else ()
        body = decision_body(loaded, matrix) | clear_words(decision, loaded)
        body |= {
            "by": "board",
            "basis": dossier.basis,
            "blocking": blocking_overridden(decision, dossier) if decision.approves else [],
            "signatures": signatures_needed(decision, dossier),
        }
        subject = {"proposal": loaded.scene.state.proposal_sha256}
        subject |= dossier.subject(self._review.keep_assessment(loaded))
        return main_draft(Kind.BOARD_DECIDED, loaded, key, body=body, subject=subject, sealed=sealed_texts(decision))


def clear_words(decision: BoardDecision, loaded: Loaded) -> dict[str, object]:
    """Return what the chair chose, as it stands on the ledger in clear."""
    return {
        "outcome": decision.outcome,
        "votes": decision.votes.as_body(),
        "matrix": matrix_body(matrix_of(decision, loaded.scene.dossier) if decision.approves else ()),
        "overrides": {check: one.residual_risk for check, one in decision.overrides.items()},
        "answers": {item: answer.value for item, answer in decision.answers.items()},
    }


def sealed_texts(decision: BoardDecision) -> dict[str, object]:
    """Return the minutes as sealed fields: each can be erased without touching votes and outcome."""
    return {
        "summary": decision.summary.strip(),
        "reasons": {who: text.strip() for who, text in decision.reasons.items() if text.strip()},
        "conditions": [text.strip() for text in decision.conditions if text.strip()],
        "override_reasons": {check: one.reason.strip() for check, one in decision.overrides.items()},
        "answer_reasons": {item: answer.reason for item, answer in decision.answers.items() if answer.reason},
    }


def _may_read(person: Person) -> None:
    if not person.can(Permission.BOARD_READ):
        raise NotPermitted("Only the board and auditors read the docket.", "Ask a steward, or look in the queue.")
