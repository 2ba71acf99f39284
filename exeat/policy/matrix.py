"""What the tier matrix permits, and where it contradicts itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.model.tier import ComponentKind, Disposition, Tier

if TYPE_CHECKING:
    from exeat.model.policy import Policy

DETAIL: dict[Disposition, int] = {
    Disposition.DENIED: 0,
    Disposition.ESCROW: 1,
    Disposition.QUERY_ONLY: 2,
    Disposition.AGGREGATED: 3,
    Disposition.MASKED: 4,
    Disposition.SANDBOX: 5,
    Disposition.ALLOWED: 6,
}
"""How much a receiver gets to see; ``Disposition.openness`` says how much leaves. A sandbox shows all and lets out
nothing, a masked copy shows less and leaves."""


class MatrixFlaw(NamedTuple):
    """A cell that sees less than a lower tier's cell of the same kind, or that is missing."""

    tier: Tier
    kind: ComponentKind
    sentence: str


def permits(policy: Policy, tier: Tier, kind: ComponentKind, disposition: Disposition) -> bool:
    """Return whether the matrix lets the kind go to the tier in that form.

    A form fits a cell when neither more leaves nor more is seen than the cell says; a higher tier may have any form
    that a lower one may.
    """
    return any(_fits(disposition, policy.cell(lower, kind).disposition) for lower in Tier if lower.rank <= tier.rank)


def _fits(disposition: Disposition, cell: Disposition) -> bool:
    return disposition.openness <= cell.openness and DETAIL[disposition] <= DETAIL[cell]


def clamp(policy: Policy, tier: Tier, kind: ComponentKind, disposition: Disposition) -> Disposition:
    """Return the proposed form if the matrix permits it, else the cell's own."""
    return disposition if permits(policy, tier, kind, disposition) else policy.cell(tier, kind).disposition


def lint(policy: Policy) -> tuple[MatrixFlaw, ...]:
    """Return every cell that is missing or sees less than a lower tier's cell (the matrix should be monotone)."""
    stated = {(cell.tier, cell.kind) for cell in policy.tier_matrix}
    flaws = [
        MatrixFlaw(tier, kind, f"{kind.title} at {tier} is not stated; a missing cell is denied")
        for kind in ComponentKind
        for tier in Tier
        if (tier, kind) not in stated
    ]
    return (*flaws, *(flaw for kind in ComponentKind for flaw in _falls(policy, kind)))


def _falls(policy: Policy, kind: ComponentKind) -> list[MatrixFlaw]:
    cells = [policy.cell(tier, kind) for tier in Tier]
    return [
        MatrixFlaw(
            cell.tier,
            kind,
            f"{kind.title} is {cell.disposition.title} at {cell.tier} but {lower.disposition.title} at {lower.tier}",
        )
        for i, cell in enumerate(cells)
        for lower in sorted(cells[:i], key=lambda c: -DETAIL[c.disposition])[:1]
        if DETAIL[cell.disposition] < DETAIL[lower.disposition]
    ]
