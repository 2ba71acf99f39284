"""One agenda item, safe for a projector: no names, no per-record data, nothing that is sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exeat.board.rules import agreed_answers
from exeat.policy.finding import Barrier, Verdict
from exeat.policy.sentence import answer
from exeat.review.rules import Action

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from exeat.model.policy import ChecklistItem
    from exeat.model.tier import Disposition, Tier
    from exeat.policy.finding import Assessment, Finding, Reading
    from exeat.policy.what_if import TierOutcome
    from exeat.review.inputs import Answer
    from exeat.review.lifecycle import State
    from exeat.review.parts import BoardRecord
    from exeat.review.rules import Scene
    from exeat.review.service import CaseView


@dataclass(frozen=True, slots=True)
class Leaving:
    """One component as it is proposed to leave; ``bytes`` in bytes."""

    component_id: str
    kind: str
    proposed: Disposition
    policy_allows: Disposition
    bytes: int | None


@dataclass(frozen=True, slots=True)
class AtTier:
    """What the same proposal would meet at another tier; ``forms`` is what the matrix leaves of it."""

    tier: Tier
    asked: bool
    forms: Mapping[str, Disposition]
    leaves: bool
    blocking: int
    conditional: int
    answer: str


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes on record in numbers, and what is missing to make the decision count."""

    in_favour: int
    against: int
    abstained: int
    recused: int
    outcome: str
    seq: int
    signed: int
    signatures_needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardItem:
    """What the projector shows of a release, and what the chair's form needs."""

    release_id: str
    version: int
    basis: str
    """Digest of the evidence on this screen; pass it when deciding and co-signing."""
    now: State
    title: str
    purpose: str
    recipients: str
    tier: Tier
    until: date
    days: int
    leaving: tuple[Leaving, ...]
    answer: str
    turn: str
    assessment: Assessment
    gates: tuple[Finding, ...]
    """What stands in the way or was not measured, worst first."""
    readings: tuple[Reading, ...]
    """The worst measured figures, worst first; small subgroups are left out."""
    what_if: tuple[AtTier, ...]
    questions: tuple[ChecklistItem, ...]
    answered: Mapping[str, Answer]
    """Questions that all reviewers answered alike."""
    opinions: Mapping[str, Mapping[str, int]]
    """Component -> vote -> how many reviewers, once their reviews are open."""
    quorum: int
    tally: Tally | None
    awaiting_cosign: bool
    why_not_decide: str | None
    why_not_cosign: str | None


def item_of(view: CaseView, scene: Scene) -> BoardItem:
    """Return the projector's view of a case."""
    proposal, assessment = view.proposal, view.assessment
    return BoardItem(
        release_id=view.release_id,
        version=view.version,
        basis=view.basis,
        now=view.now,
        title=proposal.title,
        purpose=proposal.purpose,
        recipients=proposal.recipients,
        tier=proposal.tier,
        until=proposal.until,
        days=(proposal.until - view.today).days,
        leaving=_leaving(view),
        answer=view.answer,
        turn=view.turn,
        assessment=assessment,
        gates=gates_of(assessment),
        readings=worst_readings(assessment, view.policy.resolution.min_subgroup_n),
        what_if=tuple(_at(one, proposal.tier) for one in scene.dossier.what_if()),
        questions=assessment.questions,
        answered=agreed_answers(scene.state),
        opinions=_opinions(view),
        quorum=view.policy.approvals.board_quorum,
        tally=_tally(scene.state.board),
        awaiting_cosign=scene.state.awaiting_cosign,
        why_not_decide=view.why_not[Action.DECIDE],
        why_not_cosign=view.why_not[Action.COSIGN],
    )


def _at(outcome: TierOutcome, asked: Tier) -> AtTier:
    there = outcome.assessment
    return AtTier(
        tier=outcome.tier,
        asked=outcome.tier is asked,
        forms={part.component_id: part.disposition for part in outcome.forms},
        leaves=outcome.leaves,
        blocking=len(there.barred_by(Barrier.BLOCKING)),
        conditional=len(there.barred_by(Barrier.CONDITIONAL)),
        answer=answer(there) if outcome.leaves else f"Nothing would leave to {outcome.tier}.",
    )


def _leaving(view: CaseView) -> tuple[Leaving, ...]:
    files = {part.id: part for part in view.manifest.components}
    rows = []
    for part in view.proposal.components:
        file = files.get(part.component_id)
        if file is not None:
            allowed = view.policy.cell(view.proposal.tier, file.kind).disposition
            rows.append(Leaving(part.component_id, file.kind.title, part.disposition, allowed, file.bytes))
    return tuple(rows)


def gates_of(assessment: Assessment) -> tuple[Finding, ...]:
    """Return what failed and what was not measured: failures first, and among these what blocks."""
    barriers, verdicts = list(Barrier), list(Verdict)
    gates = [one for one in assessment.findings if one.verdict in (Verdict.FAIL, Verdict.NOT_MEASURED)]
    return tuple(sorted(gates, key=lambda one: (verdicts.index(one.verdict), barriers.index(one.barrier))))


def worst_readings(assessment: Assessment, min_subgroup_n: int, limit: int = 3) -> tuple[Reading, ...]:
    """Return the measured figures with the worst verdicts, one of each kind, those first that can be said in people."""
    order = list(Verdict)
    shown = {
        reading: None
        for finding in assessment.findings
        for reading in finding.readings
        if reading.status == "measured" and not (reading.subgroup and (reading.n_in or 0) < min_subgroup_n)
    }
    kinds: dict[tuple[object, ...], Reading] = {}
    for reading in sorted(shown, key=lambda r: (order.index(r.verdict), not r.in_people)):
        first, last = reading.indicator_id.split(".")[0], reading.indicator_id.split(".")[-1]
        kinds.setdefault((first, last, reading.fpr, bool(reading.subgroup)), reading)
    return tuple(kinds.values())[:limit]


def _opinions(view: CaseView) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for review in view.reviews:
        for part, vote in (review.content.votes if review.content and review.current else {}).items():
            counts = found.setdefault(part, {})
            counts[vote] = counts.get(vote, 0) + 1
    return found


def _tally(record: BoardRecord | None) -> Tally | None:
    if record is None:
        return None
    counts = {side: len(people) for side, people in record.votes.items()}
    return Tally(
        in_favour=counts.get("for", 0),
        against=counts.get("against", 0),
        abstained=counts.get("abstained", 0),
        recused=counts.get("recused", 0),
        outcome=record.decision.outcome,
        seq=record.decision.seq,
        signed=len(record.signed),
        signatures_needed=record.needs,
    )
