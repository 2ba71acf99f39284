"""``exeat-policy/1``: thresholds, checklist, tier matrix, approval rules, retention. TOML on disk.

No source gives a numeric "safe" threshold for a model: every figure here is the organisation's own, and each
decision names the digest of the policy file it was taken under.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from exeat.model.base import Document, Line, Number, Part, Rate, Slug, Text
from exeat.model.tier import Access, ComponentKind, Disposition, Tier

Days = Annotated[int, Field(ge=1, le=36_500)]


class Threshold(Part):
    """A limit on one indicator; ``indicator`` may end in ``*`` or use ``*`` for one dotted part.

    ``fpr`` restricts it to rates at that false-positive rate or a lower one. ``direction`` says which end is bad: the
    organisation says so, not the producer of the figure. ``effect`` says what crossing it means.
    """

    id: Slug
    check: Line
    indicator: Line
    fpr: Rate | None = None
    limit: Number
    unit: Line
    direction: Literal["higher_is_worse", "lower_is_worse"] = "higher_is_worse"
    effect: Literal["fail", "warn"] = "fail"
    tiers: tuple[Tier, ...] = tuple(Tier)


class ChecklistItem(Part):
    """One question; ``gate`` B blocking, C conditionally blocking, A advisory."""

    id: Annotated[str, Field(pattern=r"^[A-Z]\d{1,2}$")]
    question: Line
    gate: Literal["B", "C", "A"]
    mode: Literal["auto", "human"]
    why: Text
    remedy: Text


class MatrixCell(Part):
    """What a tier may have of a kind of component; a missing cell is denied."""

    tier: Tier
    kind: ComponentKind
    disposition: Disposition
    conditions: tuple[Line, ...] = ()


class MatrixCellRef(Part):
    """A tier and kind whose release always goes to the board."""

    tier: Tier
    kind: ComponentKind


class Approvals(Part):
    """Who must agree."""

    reviewers: Annotated[int, Field(ge=1, le=9)] = 2
    lift_suspension_quorum: Annotated[int, Field(ge=1, le=9)] = 2
    board_signatures_for_override: Annotated[int, Field(ge=2, le=9)] = 2
    board_quorum: Annotated[int, Field(ge=1, le=99)] = 3
    board_required: tuple[MatrixCellRef, ...] = ()


class Clocks(Part):
    """Deadlines in days."""

    review_due_days: Days = 20
    report_max_age_days: Days = 180
    decision_max_days: Days = 365


class Resolution(Part):
    """When a figure counts as measured: ``n_out >= non_members_per_fpr / fpr``, intervals at ``min_ci_level``."""

    non_members_per_fpr: Number
    min_subgroup_n: Annotated[int, Field(ge=2)] = 10
    required_fpr: tuple[Rate, ...]
    min_ci_level: Rate = Decimal("0.95")


class AdversaryRule(Part):
    """The weakest adversary that evidence may assume when a kind leaves to a tier in a form."""

    disposition: Disposition
    kind: ComponentKind
    access: Access


class PolicyRetention(Part):
    """How long a release may last at each tier, in days."""

    max_days: dict[Tier, Days] = {}


class Policy(Document):
    """One version of the organisation's rules."""

    schema_: Annotated[Literal["exeat-policy/1"], Field(alias="schema")]
    policy_id: Slug
    version: Line
    valid_from: date
    title: Line
    note: Text = ""
    thresholds: tuple[Threshold, ...]
    checklist: Annotated[tuple[ChecklistItem, ...], Field(min_length=1)]
    tier_matrix: Annotated[tuple[MatrixCell, ...], Field(min_length=1)]
    approvals: Approvals
    clocks: Clocks = Clocks()
    resolution: Resolution
    adversaries: tuple[AdversaryRule, ...] = ()
    retention: PolicyRetention = PolicyRetention()
    dp_tolerance: Rate

    def cell(self, tier: Tier, kind: ComponentKind) -> MatrixCell:
        """Return what the tier may have of the kind; denied when the matrix has no such cell."""
        for cell in self.tier_matrix:
            if cell.tier is tier and cell.kind is kind:
                return cell
        return MatrixCell(tier=tier, kind=kind, disposition=Disposition.DENIED)

    def item(self, item_id: str) -> ChecklistItem | None:
        """Return the checklist item, if this policy has it."""
        return next((item for item in self.checklist if item.id == item_id), None)
