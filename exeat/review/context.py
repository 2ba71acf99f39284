"""What the ledger and the warehouse add to an assessment: seats, files received, what already left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.model.tier import ComponentKind, Tier
from exeat.policy.context import AssessmentContext, EarlierRelease, ReviewerFact
from exeat.review.queries import released_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from exeat.ledger.statement import Entry
    from exeat.model.manifest import Manifest
    from exeat.policy.context import InspectedFile
    from exeat.review.parts import ReleaseState
    from exeat.review.queries import Gateway

FILE_RECEIVED = "component.received"


def context_of(
    state: ReleaseState,
    manifest: Manifest,
    today: date,
    *,
    contributors: frozenset[str],
    checkpoint: Iterable[Entry],
    earlier: tuple[EarlierRelease, ...] | None,
    inspections: Mapping[str, InspectedFile],
) -> AssessmentContext:
    """Return the facts from outside the documents; what nobody recorded stays unknown and is not measured."""
    involved = state.involved | contributors
    seats = tuple(ReviewerFact(person_id=s.reviewer, contributed=s.reviewer in involved) for s in state.seats)
    return AssessmentContext(
        today=today,
        reviewers=seats,
        earlier=earlier,
        file_digests=received_files(checkpoint, manifest),
        inspections=inspections,
    )


def received_files(entries: Iterable[Entry], manifest: Manifest) -> dict[str, str] | None:
    """Return component id -> digest of the files that are in the evidence store; None when there are none."""
    digests = {entry.subject.get("component", "") for entry in entries if entry.kind == FILE_RECEIVED}
    return {part.id: part.sha256 for part in manifest.components if part.sha256 in digests} or None


def earlier_releases(gateway: Gateway | None, run_family: str, release_id: str) -> tuple[EarlierRelease, ...] | None:
    """Return what already left from this run family; None when nobody can be asked."""
    if gateway is None:
        return None
    rows = released_kinds(gateway, run_family, release_id).to_dict("records")
    return tuple(
        EarlierRelease(
            release_id=row["release_id"],
            checkpoint_id=row["checkpoint_id"],
            tier=Tier(row["tier"]),
            kinds=tuple(ComponentKind(kind) for kind in row["kinds"]),
        )
        for row in rows
    )
