"""What an assessment says: findings with their figures, and what they allow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from exeat.model.policy import ChecklistItem
    from exeat.model.tier import Access, Tier


class Verdict(StrEnum):
    """The outcome of one check, worst first. Not measured never passes."""

    FAIL = "fail"
    NOT_MEASURED = "not_measured"
    WARN = "warn"
    PASS = "pass"  # noqa: S105 a verdict, not a password
    NOT_APPLICABLE = "not_applicable"

    @property
    def title(self) -> str:  # type: ignore[override]  # words for people; nobody title-cases an enum
        """Return the verdict as people say it."""
        return self.value.replace("_", " ")


class Barrier(StrEnum):
    """What a finding means for approval."""

    BLOCKING = "blocking"
    CONDITIONAL = "conditional"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One figure behind a finding, as measured and as judged; rates are fractions."""

    indicator_id: str
    label: str
    status: Literal["measured", "not_measured", "not_applicable", "failed"]
    verdict: Verdict
    value: Decimal | None = None
    ci_low: Decimal | None = None
    ci_high: Decimal | None = None
    ci_level: Decimal | None = None
    unit: str = "fraction"
    limit: Decimal | None = None
    direction: Literal["higher_is_worse", "lower_is_worse"] = "higher_is_worse"
    fpr: Decimal | None = None
    n_in: int | None = None
    n_out: int | None = None
    subgroup: str | None = None
    access: Access | None = None
    method: str = ""
    tool: str = ""
    report_sha256: str = ""
    reason: str = ""
    in_people: str = ""
    """One plain sentence in people; empty when it cannot honestly be said."""
    note: str = ""
    """What the figure does not say by itself: its threshold's own uncertainty, and the producer's note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer to one checklist item."""

    check: str
    question: str
    gate: Literal["B", "C", "A"]
    verdict: Verdict
    headline: str
    why: str
    remedy: str
    readings: tuple[Reading, ...] = ()
    evidence: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    """Component ids it concerns; empty means all."""

    @property
    def barrier(self) -> Barrier:
        """Return whether it blocks, blocks unless overridden with a reason, or does not."""
        if self.verdict not in (Verdict.FAIL, Verdict.NOT_MEASURED):
            return Barrier.NONE
        return {"B": Barrier.BLOCKING, "C": Barrier.CONDITIONAL, "A": Barrier.NONE}[self.gate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """All findings for one proposal under one policy on one day; worst first."""

    findings: tuple[Finding, ...]
    questions: tuple[ChecklistItem, ...]
    """Human items: asked of each reviewer."""
    tier: Tier
    as_of: date
    policy_sha256: str
    manifest_sha256: str
    report_sha256s: tuple[str, ...]

    def count(self, verdict: Verdict) -> int:
        """Return how many findings have the verdict."""
        return sum(finding.verdict is verdict for finding in self.findings)

    def barred_by(self, barrier: Barrier) -> tuple[Finding, ...]:
        """Return the findings with this barrier."""
        return tuple(finding for finding in self.findings if finding.barrier is barrier)

    @property
    def passes(self) -> bool:
        """Return whether nothing blocks, not even conditionally."""
        return all(finding.barrier is Barrier.NONE for finding in self.findings)
