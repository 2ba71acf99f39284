"""What preparing needs from outside: a private place for drafts, and the two desks that make a draft a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from exeat.evidence.intake import IntakeResult
    from exeat.model.manifest import Manifest
    from exeat.model.person import Person
    from exeat.model.policy import Policy
    from exeat.model.risk_report import RiskReport
    from exeat.policy.contents import Contents
    from exeat.review.inputs import Done


class Drafts(Protocol):
    """Working files by owner; ``owner`` is a person id, ``draft_id`` 16 hex digits, both checked by the store."""

    def ids(self, owner: str) -> list[str]:
        """Return the drafts of this person."""
        ...

    def load(self, owner: str, draft_id: str) -> tuple[int, bytes] | None:
        """Return the newest version of the record and its number, or None."""
        ...

    def save(self, owner: str, draft_id: str, version: int, data: bytes) -> bool:
        """Keep the record durably under the version; return False when that version is taken."""
        ...

    def put(self, owner: str, draft_id: str, sha256: str, data: bytes) -> None:
        """Keep the bytes of a file."""
        ...

    def get(self, owner: str, draft_id: str, sha256: str) -> bytes:
        """Return the bytes of a file; raise NotFound or Tampered."""
        ...

    def path(self, owner: str, draft_id: str, sha256: str) -> AbstractContextManager[Path]:
        """Give a path to read the file from, for as long as the context lasts; raise NotFound."""
        ...

    def drop(self, owner: str, draft_id: str, sha256: str) -> None:
        """Remove one file."""
        ...

    def delete(self, owner: str, draft_id: str) -> None:
        """Remove a draft with all its files."""
        ...


class Evidence(Protocol):
    """The evidence as preparing uses it; ``exeat.evidence.service.EvidenceDesk`` is one."""

    def policy(self) -> tuple[Policy, str]:
        """Return the adopted policy and its digest."""
        ...

    def report(self, sha256: str) -> RiskReport:
        """Return the risk report of that digest."""
        ...

    def contents_for(self, checkpoint_id: str, manifest: Manifest) -> Contents:
        """Return what files that are on the record contain, for a manifest that need not be registered."""
        ...

    def submit_bundle(self, files: Sequence[tuple[str, bytes]], by: Person) -> IntakeResult:
        """Take in what a submitter submits: own checkpoints and an own proposal, nothing else."""
        ...


class Review(Protocol):
    """The review as preparing uses it; ``exeat.review.service.ReviewDesk`` is one."""

    def submit(self, person: Person, release_id: str, *, seen: int, key: str) -> Done:
        """Submit the drafted release."""
        ...
