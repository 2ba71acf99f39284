"""What the chair records of one agenda item."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from exeat.model.tier import Disposition
    from exeat.review.inputs import Answer, Override

Outcome = Literal["approve", "approve_with_conditions", "reject", "defer"]
OUTCOMES: tuple[Outcome, ...] = ("approve", "approve_with_conditions", "reject", "defer")
APPROVING = frozenset({"approve", "approve_with_conditions"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """Person ids by side; whoever is recused is not present for the item. The chair votes too."""

    in_favour: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    abstained: tuple[str, ...] = ()
    recused: tuple[str, ...] = ()

    @property
    def present(self) -> tuple[str, ...]:
        """Return who is present and not recused: they make the quorum."""
        return (*self.in_favour, *self.against, *self.abstained)

    @property
    def carries(self) -> bool:
        """Return whether more than half of those present are in favour; a tie does not approve."""
        return 2 * len(self.in_favour) > len(self.present)

    def as_body(self) -> dict[str, list[str]]:
        """Return the votes as they stand on the ledger."""
        return {
            "for": list(self.in_favour),
            "against": list(self.against),
            "abstained": list(self.abstained),
            "recused": list(self.recused),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDecision:
    """The outcome of one item as the chair records it.

    The motion is to approve. ``matrix`` says for each component in what form it leaves (``denied``: not at all), never
    more open than proposed; ``until`` defaults to the proposal's date. ``overrides`` names each blocking or conditional
    finding that stands against what is approved. ``answers`` adds to what all reviewers answered alike.
    """

    votes: Votes
    outcome: Outcome
    summary: str
    basis: str
    """``BoardItem.basis`` of the screen: evidence or a policy that came in since refuses the decision."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Person id -> reason; needed from everyone who votes against."""
    matrix: Mapping[str, Disposition] = field(default_factory=dict)
    until: date | None = None
    conditions: tuple[str, ...] = ()
    overrides: Mapping[str, Override] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def approves(self) -> bool:
        """Return whether the outcome lets anything leave."""
        return self.outcome in APPROVING
