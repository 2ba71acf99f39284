"""From reviews to a decision: unanimous per component, or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exeat.model.tier import Disposition
from exeat.review.parts import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exeat.model.policy import Policy
    from exeat.model.release import Proposal
    from exeat.model.tier import ComponentKind
    from exeat.review.parts import Review


def agreed(reviews: Sequence[Review], components: Sequence[str]) -> dict[str, str]:
    """Return component -> the vote that all reviews share; a component without agreement is left out."""
    votes = {part: {_vote(review, part) for review in reviews} for part in components}
    return {part: next(iter(said)) for part, said in votes.items() if len(said) == 1 and "" not in said}


def _vote(review: Review, component: str) -> str:
    return review.content.votes.get(component, "") if review.content else ""


def matrix_if_unanimous(reviews: Sequence[Review], proposal: Proposal) -> tuple[Cell, ...] | None:
    """Return the decision matrix when every component was approved by all or rejected by all, else None.

    A rejected component stays in the matrix, denied: the record says that it was considered.
    """
    parts = [part.component_id for part in proposal.components]
    said = agreed(reviews, parts)
    if not reviews or set(said) != set(parts) or "request_changes" in said.values():
        return None
    cells = proposed_matrix(proposal)
    return tuple(cell if said[cell.component] == "approve" else denied(cell) for cell in cells)


def proposed_matrix(proposal: Proposal) -> tuple[Cell, ...]:
    """Return what the proposal asks for, as a matrix."""
    return tuple(
        Cell(component=part.component_id, tier=proposal.tier, disposition=part.disposition, until=proposal.until)
        for part in proposal.components
    )


def denied(cell: Cell) -> Cell:
    """Return the cell with nothing leaving."""
    return replace(cell, disposition=Disposition.DENIED)


def policy_conditions(matrix: Sequence[Cell], kinds: Mapping[str, ComponentKind], policy: Policy) -> list[str]:
    """Return the conditions that the policy attaches to what leaves, each once."""
    found = [
        condition
        for cell in matrix
        if cell.leaves
        for condition in policy.cell(cell.tier, kinds[cell.component]).conditions
    ]
    return list(dict.fromkeys(found))
