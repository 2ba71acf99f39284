"""The parts of a release's state, as folded from the ledger; immutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exeat.model.tier import Disposition
from exeat.review.lifecycle import STATE_TURN, State, Turn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from exeat.model.tier import Tier


@dataclass(frozen=True, slots=True)
class Seat:
    """A reviewer's place, taken by declaring that there is no conflict."""

    reviewer: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a review says; texts are None where they were erased or are not for the reader."""

    votes: Mapping[str, str]
    answers: Mapping[str, str]
    overrides: Mapping[str, str]
    """Check -> residual-risk class."""
    rationale: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    """``answer:P1`` or ``override:R3`` -> reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One recorded review; ``content`` is None while it is sealed to the reader."""

    seq: int
    version: int
    at: datetime
    reviewer: str
    round: int
    bases: Mapping[str, str]
    """Component -> digest of the evidence that the vote stands on."""
    assessment: str
    opened: bool = False
    content: Content | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One row of the decision: what happens to a component, for whom, until when."""

    component: str
    tier: Tier
    disposition: Disposition
    until: date

    @property
    def leaves(self) -> bool:
        """Return whether anything of it leaves."""
        return self.disposition is not Disposition.DENIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome, by reviewers or by the board; texts as far as opened."""

    seq: int
    at: datetime
    by: str
    outcome: str
    matrix: tuple[Cell, ...]
    conditions: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    blocking: tuple[str, ...] = ()
    """Blocking checks that the board overrode."""
    subject: Mapping[str, str] = field(default_factory=dict)

    @property
    def until(self) -> date | None:
        """Return the last day of the release, None when nothing leaves."""
        return max((cell.until for cell in self.matrix if cell.leaves), default=None)

    @property
    def tier(self) -> Tier | None:
        """Return the tier it was decided for."""
        return self.matrix[0].tier if self.matrix else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """Who suspended it, and who agrees to lift it; ``was`` is where it returns to."""

    seq: int
    at: datetime
    by: str
    was: State
    agreed: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRecord:
    """A decision of the board; it takes effect once it has all its signatures."""

    decision: Decision
    votes: Mapping[str, tuple[str, ...]]
    needs: int
    signed: tuple[str, ...]
    summary: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    basis: str = ""
    """Digest of the evidence that the board decided on."""

    @property
    def present(self) -> tuple[str, ...]:
        """Return who was at the item and not recused."""
        return tuple(who for side, people in self.votes.items() if side != "recused" for who in people)

    @property
    def complete(self) -> bool:
        """Return whether enough members signed."""
        return len(self.signed) >= self.needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment of a round; ``text`` is None when erased."""

    seq: int
    at: datetime
    author: str
    role: str
    round: int
    audience: str
    text: str | None = None
    promoted_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseState:
    """A release as the ledger tells it. Expiry is not in here: see ``state.effective``."""

    release_id: str = ""
    state: State = State.DRAFT
    version: int = 0
    round: int = 0
    checkpoint_id: str = ""
    proposal_sha256: str = ""
    manifest_sha256: str = ""
    policy_sha256: str = ""
    submitter: str = ""
    contributors: tuple[str, ...] = ()
    """Everyone whom any draft of the proposal named, and reviewers who brought one in."""
    seats: tuple[Seat, ...] = ()
    reviewers: tuple[str, ...] = ()
    """Everyone who ever took a seat, in order: what makes pseudonyms stable."""
    recused: Mapping[str, str] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
    opened: bool = False
    """Whether the reviews of this round are open to the reviewers."""
    decision: Decision | None = None
    board: BoardRecord | None = None
    suspension: Suspension | None = None
    reason: str | None = None
    """Why it was last returned, referred, revoked or withdrawn, as far as opened."""
    submitted_at: datetime | None = None
    updated_at: datetime | None = None
    ignored: tuple[int, ...] = ()
    """Entries that had no effect, because the state did not allow them or the kind is unknown here."""

    @property
    def exists(self) -> bool:
        """Return whether anything was ever drafted."""
        return bool(self.proposal_sha256)

    @property
    def turn(self) -> Turn:
        """Return whose turn it is."""
        return STATE_TURN[self.state]

    @property
    def awaiting_cosign(self) -> bool:
        """Return whether the board decided but signatures are missing."""
        return self.state is State.REFERRED and self.board is not None and not self.board.complete

    @property
    def blind(self) -> bool:
        """Return whether reviews of this round are still to come or sealed."""
        return self.state in (State.SUBMITTED, State.IN_REVIEW) and not self.opened

    @property
    def involved(self) -> frozenset[str]:
        """Return who may not review it: the submitter and the contributors that the log names."""
        return frozenset({self.submitter, *self.contributors}) - {""}

    def seat_of(self, person_id: str) -> Seat | None:
        """Return this person's seat."""
        return next((seat for seat in self.seats if seat.reviewer == person_id), None)

    @property
    def round_reviews(self) -> tuple[Review, ...]:
        """Return the latest review of each reviewer in this round, in order of the first."""
        latest = {review.reviewer: review for review in self.reviews if review.round == self.round}
        return tuple(latest.values())

    def last_review_of(self, person_id: str) -> Review | None:
        """Return this person's latest review in any round."""
        return next((r for r in reversed(self.reviews) if r.reviewer == person_id), None)
