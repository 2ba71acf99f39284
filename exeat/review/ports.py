"""What the review needs from outside: documents by digest, and a place to keep an assessment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from exeat.model.base import Document
    from exeat.model.manifest import Manifest
    from exeat.model.policy import Policy
    from exeat.policy.assessment import BoundReport
    from exeat.policy.contents import Contents


class Evidence(Protocol):
    """The evidence as the review reads it; ``exeat.evidence.service.EvidenceDesk`` is one."""

    def document(self, sha256: str, kind: str) -> Document:
        """Return the document of this digest and schema name; raise NotFound or Tampered."""
        ...

    def manifest(self, sha256: str) -> Manifest:
        """Return the manifest with this digest."""
        ...

    def reports_for(self, checkpoint_id: str, manifest_sha256: str | None = None) -> tuple[BoundReport, ...]:
        """Return the reports bound to the checkpoint by the digests of its components."""
        ...

    def contents_of(self, checkpoint_id: str, manifest_sha256: str) -> Contents:
        """Return what the files of this manifest contain, as far as they were inspected or minimised."""
        ...

    def policy(self) -> tuple[Policy, str]:
        """Return the adopted policy and its digest."""
        ...

    def keep(self, data: bytes) -> str:
        """Keep bytes that the system made, durably, and return their digest."""
        ...
