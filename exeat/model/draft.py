"""A draft: what a submitter has put together so far. A working file, not a record: see ADR 7."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from exeat.model.base import Document, Line, Moment, Part, Rate, Sha256, Slug, Text
from exeat.model.manifest import Count
from exeat.model.tier import Access, Disposition, Tier

MAX_FILES = 200
MAX_ANSWERS = 2000
Free = Annotated[str, Field(max_length=4000)]


class DraftFile(Part):
    """One uploaded file; its bytes lie beside the record."""

    name: Line
    sha256: Sha256
    bytes: Count


class Refused(Part):
    """An upload that was not kept, and why."""

    name: Line
    sentence: Text
    what_to_do: Text = ""


class Measured(Part):
    """What a person says of one report that names no model itself; it becomes the report's binding."""

    access: Access | None = None
    independent: bool | None = None
    author: Line | None = None
    component_sha256: tuple[Sha256, ...] = ()
    measured_at: Moment | None = None
    tool_version: Line | None = None
    attack: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")] | None = None
    delta: Rate | None = None


class Wish(Part):
    """What is to leave; the fields of ``exeat-release/1`` as far as they are known."""

    release_id: Slug | None = None
    title: Line | None = None
    tier: Tier | None = None
    recipients: Line | None = None
    purpose: Free | None = None
    until: date | None = None
    forms: dict[str, Disposition] = {}
    """Component id -> the form in which it is to leave; ``denied`` means that it stays inside."""
    lower_tier_considered: Text = ""
    risk_note: Text = ""
    purpose_duo: tuple[Annotated[str, Field(pattern=r"^DUO:\d{7}$")], ...] = ()
    supersedes_release: Slug | None = None
    reference: Line | None = None
    """Of the agreement; without one there is no agreement."""
    signed: bool = False
    named_persons: Annotated[int, Field(ge=0, le=100_000)] = 0
    quota_downloads: Annotated[int, Field(ge=0)] | None = None
    incident_contact: Line | None = None
    deletion_due: date | None = None


class Sent(Part):
    """What became of it: the release, and the ledger entry of its submission."""

    release_id: Slug
    seq: Count
    at: Moment


class Draft(Document):
    """One draft. ``version`` is that of the stored record; the owner alone reads or writes it."""

    schema_: Annotated[Literal["exeat-draft/1"], Field(alias="schema")]
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    owner: Line
    version: Count = 0
    created_at: Moment
    updated_at: Moment
    files: Annotated[tuple[DraftFile, ...], Field(max_length=MAX_FILES)] = ()
    refused: tuple[Refused, ...] = ()
    answers: Annotated[dict[str, Any], Field(max_length=MAX_ANSWERS)] = {}
    """Path in the manifest -> what the person typed; null leaves a field or part out."""
    measured: dict[str, Measured] = {}
    """Digest of a report -> what binds it."""
    wish: Wish = Wish()
    sent: Sent | None = None

    @property
    def bytes(self) -> int:
        """Return how many bytes its files have together."""
        return sum(file.bytes for file in self.files)

    def file(self, sha256: str) -> DraftFile | None:
        """Return the file with the digest."""
        return next((file for file in self.files if file.sha256 == sha256), None)
