"""What an assessment may know beside the documents: the day, the ledger's facts, the files on hand.

Every default means "not known": a check that needs the fact says NOT_MEASURED, never PASS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from exeat.model.inspection import Channel
    from exeat.model.inspection import Verdict as FileVerdict
    from exeat.model.tier import ComponentKind, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerFact:
    """One person who has taken a reviewer's seat; ``contributed`` covers the submitter and the authors."""

    person_id: str
    conflict: str = "none"
    contributed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRelease:
    """A release of the same run family that was approved or is active; ``kinds`` left in some form."""

    release_id: str
    checkpoint_id: str
    tier: Tier
    kinds: tuple[ComponentKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectedFile:
    """What Exeat's own inspection found in the bytes of a component (``exeat-inspection/1``).

    ``reason`` is the first finding's sentence; ``channels`` are the leakage channels in it; ``format`` is what the
    bytes are, whatever the manifest calls them.
    """

    verdict: FileVerdict
    reason: str = ""
    channels: frozenset[Channel] = frozenset()
    format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentContext:
    """Facts from outside the manifest, reports and proposal.

    ``scope`` "files" means that there is no ledger and perhaps no proposal (``exeat assess``): what only the desk can
    answer is NOT_APPLICABLE there, with that reason. ``reviewers`` () means that nobody has a seat yet.
    ``owner_agreed`` maps data source id to the owner's signed answer. ``file_digests`` maps component id to the digest
    of the bytes on hand. ``unlisted_files`` are files beside the checkpoint that the manifest does not name.
    ``inspections`` maps component id to what an inspection of those bytes found; a component may be missing.
    """

    today: date
    scope: Literal["desk", "files"] = "desk"
    reviewers: tuple[ReviewerFact, ...] | None = None
    earlier: tuple[EarlierRelease, ...] | None = None
    owner_agreed: Mapping[str, bool] | None = None
    file_digests: Mapping[str, str] | None = None
    unlisted_files: tuple[str, ...] | None = None
    inspections: Mapping[str, InspectedFile] = field(default_factory=dict)
    monitored: bool | None = None
