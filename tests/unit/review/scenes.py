"""One person before one release, built without any store: what the rules look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from exeat.model.base import digest_of
from exeat.model.tier import Disposition, Tier
from exeat.policy.context import AssessmentContext
from exeat.review.basis import bases_of
from exeat.review.dossier import Dossier
from exeat.review.lifecycle import State
from exeat.review.parts import BoardRecord, Cell, Content, Decision, ReleaseState, Review, Seat, Suspension
from exeat.review.rules import Scene
from tests import factories

BASES = bases_of(factories.proposal(), factories.manifest(), (), digest_of(b"p"))


def dossier(**changes: Any) -> Dossier:
    whole = Dossier(
        proposal=factories.proposal(),
        manifest=factories.manifest(),
        reports=(),
        policy=factories.policy(),
        policy_sha256=digest_of(b"p"),
        context=AssessmentContext(today=factories.TODAY),
        assessment=factories.assessment(),
        bases=BASES,
    )
    return replace(whole, **changes)


def decision(*, until: date = factories.UNTIL) -> Decision:
    cell = Cell(component="weights", tier=Tier.T2, disposition=Disposition.ALLOWED, until=until)
    return Decision(seq=7, at=factories.NOON, by="reviewers", outcome="approve", matrix=(cell,))


def board(**changes: Any) -> BoardRecord:
    votes = {"for": ("chair2", "m2", "member", "m-1", "c-1"), "against": (), "abstained": (), "recused": ("m3",)}
    record = BoardRecord(decision=decision(), votes=votes, needs=2, signed=("chair2",), basis=dossier().basis)
    return replace(record, **changes)


def review(*, reviewer: str = "stan", opened: bool = False, **changes: Any) -> Review:
    content = Content(votes={"weights": "approve", "log": "approve"}, answers={"P3": "yes"}, overrides={})
    whole = Review(
        seq=5,
        version=5,
        at=factories.NOON,
        reviewer=reviewer,
        round=1,
        bases=BASES,
        assessment="sha256:a",
        opened=opened,
        content=content,
    )
    return replace(whole, **changes)


def state(now: State = State.IN_REVIEW, **changes: Any) -> ReleaseState:
    """Return a release in this state with what such a state has; everything else is in place."""
    expired = now is State.EXPIRED
    decided = now in (State.APPROVED, State.ACTIVE, State.SUSPENDED, State.REVOKED, State.SUPERSEDED) or expired
    until = factories.TODAY - timedelta(days=1) if expired else factories.UNTIL
    whole = ReleaseState(
        release_id="onco-v1-t2",
        state=State.ACTIVE if expired else now,
        version=9,
        round=1,
        checkpoint_id="onco-v1",
        proposal_sha256="sha256:p1",
        submitter="sam",
        submitted_at=factories.NOON,
        decision=decision(until=until) if decided else None,
        board=board() if now is State.REFERRED else None,
        suspension=paused() if now is State.SUSPENDED else None,
    )
    return replace(whole, **changes)


def paused(*agreed: str) -> Suspension:
    return Suspension(seq=8, at=factories.NOON, by="stan", was=State.ACTIVE, agreed=agreed)


def seats(*people: str, days_ago: int = 0) -> tuple[Seat, ...]:
    return tuple(Seat(one, factories.NOON - timedelta(days=days_ago)) for one in people)


def scene(person: Any, release: ReleaseState | None = None, whole: Dossier | None = None) -> Scene:
    return Scene(person, release or state(), whole or dossier(), factories.TODAY)
