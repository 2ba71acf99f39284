"""``exeat-binding/1``: ties a foreign report, which names no model by digest, to the files it was measured on."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field, ValidationError

from exeat.errors import BadInput
from exeat.model.base import Document, Line, Moment, Rate, RelativePath, Sha256, Slug
from exeat.model.documents import parse_json, validation_to_bad_input
from exeat.model.risk_report import Subject
from exeat.model.tier import Access  # noqa: TC001


class Binding(Document):
    """Which checkpoint some foreign files are about; ``files`` maps relative name to digest.

    Only the digests count: a renamed file stays bound, an edited one does not. The optional fields say what some
    formats leave out: when it was measured, by which version, with which attack, at which delta.
    """

    schema_: Annotated[Literal["exeat-binding/1"], Field(alias="schema")]
    checkpoint_id: Slug
    component_sha256: Annotated[tuple[Sha256, ...], Field(min_length=1, max_length=2000)]
    files: Annotated[dict[RelativePath, Sha256], Field(min_length=1, max_length=1000)]
    access: Access
    independent: bool
    author: Line
    measured_at: Moment | None = None
    tool_version: Line | None = None
    attack: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")] | None = None
    delta: Rate | None = None

    @property
    def subject(self) -> Subject:
        """Return the checkpoint as a risk report names it."""
        return Subject(checkpoint_id=self.checkpoint_id, component_sha256=self.component_sha256)


class BoundFile(NamedTuple):
    """What a binding says of one file, and the digest of the binding."""

    name: str
    binding: Binding
    binding_sha256: str


def parse_binding(data: bytes) -> Binding:
    """Parse untrusted bytes as a binding, or raise BadInput."""
    try:
        parse_json(data)
        return Binding.model_validate_json(data)
    except ValidationError as exc:
        raise validation_to_bad_input(exc, "exeat-binding/1") from exc


def unbound(sha256: str) -> BadInput:
    """Return the refusal of a foreign report without a binding, with the exact next step."""
    return BadInput(
        "The report does not say which model it is about; it could be attached to the wrong one.",
        'Put a JSON file beside it: {"schema": "exeat-binding/1", "checkpoint_id": …, "component_sha256": [digests of '
        f'the model files], "files": {{"report.json": "{sha256}"}}, "access": "white_box", "independent": true or '
        'false, "author": …} and ingest the folder again. See: exeat schema exeat-binding/1',
    )
