"""Release cases as rows: the review's own fold decides every state; sealed reviews are never opened here."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import ExeatError
from exeat.model.release import Proposal
from exeat.review.basis import bases_of
from exeat.review.lifecycle import STATE_TURN, Kind, State
from exeat.review.progress import held_seats, reviews_in
from exeat.review.state import CASE, LIVE, effective, fold
from exeat.storage.warehouse_rows import Row, utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from exeat.ledger.statement import Entry
    from exeat.review.parts import Cell, ReleaseState, Seat
    from exeat.storage.warehouse_load import Evidence

_COUNTS = ("n_fail", "n_not_measured", "n_warn", "n_pass", "n_blocking", "n_conditional")
OPEN = frozenset({State.SUBMITTED, State.IN_REVIEW})
"""Where a review is due."""


class Folded(NamedTuple):
    """One release: its row, its components, and what could not be read of it."""

    row: Row
    components: list[Row]
    problem: str | None


def is_release(case: str) -> bool:
    """Return whether the case is a release (comments and views stand on cases of their own)."""
    return case.startswith(CASE)


def risk_of(counts: Mapping[str, Any]) -> str | None:
    """Return how urgent a submission is by its findings; None before anything was assessed.

    High: a blocking finding or a failed check. Medium: a conditional one, or something not measured.
    """
    if not counts:
        return None
    if counts.get("n_blocking") or counts.get("n_fail"):
        return "high"
    return "medium" if counts.get("n_conditional") or counts.get("n_not_measured") else "low"


def _counts(entries: Sequence[Entry]) -> Mapping[str, Any]:
    """Return what the assessment counted at the latest submission."""
    submitted = (entry.body.get("counts") for entry in reversed(entries) if entry.kind == Kind.SUBMITTED)
    return next(submitted, None) or {}


@dataclass(frozen=True)
class Folder:
    """Folds cases as they stand on one day."""

    evidence: Evidence
    today: date

    def rows(self, entries: Sequence[Entry]) -> Folded:
        """Return the release as it stands today; a proposal that cannot be read leaves its columns empty."""
        state = fold(entries)
        proposal, problem = self._proposal(state)
        row = _row(state, effective(state, self.today), _counts(entries))
        row |= self._seats(state) | (_proposed(proposal, state) if proposal else {"title": state.release_id})
        row["barred"] = self._barred(state, proposal)
        return Folded(row, _components(state, proposal), problem)

    def _proposal(self, state: ReleaseState) -> tuple[Proposal | None, str | None]:
        try:
            return self.evidence.document(state.proposal_sha256, Proposal), None
        except ExeatError as exc:
            return None, exc.headline

    def _seats(self, state: ReleaseState) -> Row:
        """Return who holds a seat and whose review counts; while open, by the rules of the review itself.

        A seat lapses with time and a review with changed evidence, so these depend on more than the case.
        """
        seats, reviews = state.seats, state.round_reviews
        if state.state in OPEN:
            bases = self._bases(state) if reviews else {}
            seats, reviews = self._held(state, bases), reviews_in(state, bases)
        reviewed = [review.reviewer for review in reviews]
        reviewers = [seat.reviewer for seat in seats]
        return {"reviewers": reviewers, "reviewed_by": reviewed, "reviews_in": len(reviewed)}

    def _barred(self, state: ReleaseState, proposal: Proposal | None) -> list[str]:
        """Return who may not review it: those involved, and those who declared a conflict."""
        named = proposal.contributors if proposal else ()
        with suppress(ExeatError):  # a case whose manifest cannot be read says so when it is opened
            named += self.evidence.manifest(state.manifest_sha256).governance.contributors
        return sorted({*state.involved, *state.recused, *named})

    def _held(self, state: ReleaseState, bases: Mapping[str, str]) -> tuple[Seat, ...]:
        try:
            return held_seats(state, bases, self.evidence.policy()[0], self.today)
        except ExeatError:
            return state.seats

    def _bases(self, state: ReleaseState) -> Mapping[str, str]:
        """Return what votes would stand on now; empty when a document cannot be read, so that no review counts."""
        try:
            proposal = self.evidence.document(state.proposal_sha256, Proposal)
            manifest = self.evidence.manifest(proposal.manifest_sha256)
            reports = self.evidence.reports_for(proposal.checkpoint_id, proposal.manifest_sha256)
            contents = self.evidence.contents_of(proposal.checkpoint_id, proposal.manifest_sha256)
            return bases_of(proposal, manifest, reports, self.evidence.policy()[1], contents.digests)
        except ExeatError:
            return {}


def _row(state: ReleaseState, now: State, counts: Mapping[str, Any]) -> Row:
    decision = state.decision
    return {name: counts.get(name) for name in _COUNTS} | {
        "release_id": state.release_id,
        "checkpoint_id": state.checkpoint_id,
        "manifest_sha256": state.manifest_sha256,
        "submitter": state.submitter,
        "state": now.value,
        "live": now in LIVE,
        "turn": STATE_TURN[now].value,
        "round": state.round,
        "case_version": state.version,
        "submitted_at": utc(state.submitted_at),
        "updated_at": utc(state.updated_at),
        "open": now in OPEN,
        "decided_at": utc(decision.at) if decision else None,
        "decision_seq": decision.seq if decision else None,
        "risk": risk_of(counts),
    }


def _proposed(proposal: Proposal, state: ReleaseState) -> Row:
    """Return what was asked for, or what was decided once something was."""
    decision = state.decision
    return {
        "title": proposal.title,
        "tier": ((decision.tier if decision else None) or proposal.tier).value,
        "recipients": proposal.recipients,
        "until": (decision.until if decision else None) or proposal.until,
    }


def _components(state: ReleaseState, proposal: Proposal | None) -> list[Row]:
    decided: dict[str, Cell] = {}
    for cell in state.decision.matrix if state.decision else ():
        decided.setdefault(cell.component, cell)
    asked = {part.component_id: part.disposition for part in proposal.components} if proposal else {}
    return [
        {
            "release_id": state.release_id,
            "manifest_sha256": state.manifest_sha256,
            "component_id": component,
            "proposed": asked[component].value if component in asked else None,
            "decided": decided[component].disposition.value if component in decided else None,
            "until": decided[component].until if component in decided else None,
        }
        for component in sorted({*asked, *decided})
    ]
