"""What a person gives and gets back: answers, overrides, a review, and what was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.ledger.statement import Entry

Vote = Literal["approve", "request_changes", "reject"]
Risk = Literal["low", "moderate", "high"]
Reply = Literal["yes", "no", "not_applicable"]
Conflict = Literal["none", "financial", "co_author", "institution", "supervisor"]
Audience = Literal["reviewers", "everyone"]

VOTES: tuple[Vote, ...] = ("approve", "request_changes", "reject")
RISKS: tuple[Risk, ...] = ("low", "moderate", "high")
REPLIES: tuple[Reply, ...] = ("yes", "no", "not_applicable")
CONFLICTS: tuple[Conflict, ...] = ("none", "financial", "co_author", "institution", "supervisor")
AUDIENCES: tuple[Audience, ...] = ("reviewers", "everyone")
MAX_REASON = 4000
"""Longest reason, rationale or comment, in characters."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one human question; ``yes`` means the condition in the question holds."""

    value: Reply
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """Disagreeing with one finding: why, and how much risk remains."""

    reason: str
    residual_risk: Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewInput:
    """One reviewer's opinion. Components left out keep the vote that still stands (``CaseView.standing``).

    ``basis`` is ``CaseView.basis`` of the screen: evidence that came in since refuses the review.
    """

    votes: Mapping[str, Vote]
    basis: str
    answers: Mapping[str, Answer] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)
    rationale: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: its ledger entry and one sentence."""

    entry: Entry
    sentence: str

    @property
    def receipt_name(self) -> str:
        """Return the file name of the offline proof: ``exeat receipt``, or the app's download button."""
        return f"exeat-{self.entry.seq}.tlog-proof"
