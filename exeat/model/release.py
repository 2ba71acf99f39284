"""``exeat-release/1``: a proposal that components of one checkpoint leave, to a tier, until a date."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from exeat.model.base import Document, Line, Part, Sha256, Slug, Text
from exeat.model.manifest import Purpose
from exeat.model.tier import Disposition, Tier


class ProposedComponent(Part):
    """One component and the form in which it is proposed to leave."""

    component_id: Slug
    disposition: Disposition


class Agreement(Part):
    """The draft of the data-use agreement behind the proposal (checklist T2)."""

    reference: Line
    signed: bool = False
    named_persons: Annotated[int, Field(ge=0, le=100_000)] = 0
    quota_downloads: Annotated[int, Field(ge=0)] | None = None
    incident_contact: Line | None = None
    deletion_due: date | None = None


class Proposal(Document):
    """What is proposed to leave, to whom, for what, until when."""

    schema_: Annotated[Literal["exeat-release/1"], Field(alias="schema")]
    release_id: Slug
    title: Line
    checkpoint_id: Slug
    manifest_sha256: Sha256
    components: Annotated[tuple[ProposedComponent, ...], Field(min_length=1, max_length=200)]
    tier: Tier
    recipients: Line
    purpose: Purpose
    purpose_duo: tuple[Annotated[str, Field(pattern=r"^DUO:\d{7}$")], ...] = ()
    lower_tier_considered: Text = ""
    risk_note: Text = ""
    until: date
    submitter: Slug
    contributors: tuple[Slug, ...] = ()
    supersedes_release: Slug | None = None
    agreement: Agreement | None = None

    @model_validator(mode="after")
    def _each_component_once(self) -> Proposal:
        ids = [c.component_id for c in self.components]
        if len(set(ids)) != len(ids):
            msg = "a component is proposed twice"
            raise ValueError(msg)
        return self
