"""``exeat-inspection/1``: what a checkpoint file really contains, told without running anything of it.

Sizes are in bytes. Samples are masked: an inspection never repeats a secret, an address or an identifier in full.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from exeat.model.base import Document, Part, Sha256, Slug, Text

INSPECTOR = 2
"""Number of the inspector, raised when it may judge a file otherwise than before; an older inspection is made again."""
Bytes = Annotated[int, Field(ge=0, le=2**63 - 1)]
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Blake3 = Annotated[str, StringConstraints(pattern=r"^blake3:[0-9a-f]{64}$")]
Place = Annotated[str, StringConstraints(max_length=600)]
"""Where in the file: a member, a dotted path in the unpickled tree, a byte offset."""


class Verdict(StrEnum):
    """What may be said of the file; ``unsafe`` also where loading it needs a class that nobody vouched for."""

    CLEAN = "clean"
    UNSAFE = "unsafe"
    UNREADABLE = "unreadable"

    @property
    def exit_code(self) -> int:
        """Return what ``exeat inspect`` exits with: 0, 4 or 3."""
        return {"clean": 0, "unsafe": 4, "unreadable": 3}[self.value]


class PartKind(StrEnum):
    """What a part of a checkpoint is."""

    WEIGHTS = "weights"
    OPTIMIZER_STATE = "optimizer_state"
    SCHEDULER = "scheduler"
    RNG_STATE = "rng_state"
    HYPERPARAMETERS = "hyperparameters"
    CALLBACKS = "callbacks"
    MEMBER_INDICES = "member_indices"
    EMBEDDED_TEXT = "embedded_text"
    OTHER = "other"

    @property
    def title(self) -> str:  # type: ignore[override]  # words for people; nobody title-cases an enum
        """Return the kind as people say it: ``optimizer state``."""
        return self.value.replace("_", " ")


class Channel(StrEnum):
    """A way by which something about people, places or records could leave with the file."""

    ABSOLUTE_PATH = "absolute_path"
    USER_NAME = "user_name"
    HOST_NAME = "host_name"
    EMAIL = "email"
    DATE = "date"
    TIMESTAMP = "timestamp"
    NHS_NUMBER = "nhs_number"
    RECORD_NUMBER = "record_number"
    IBAN = "iban"
    PHONE = "phone"
    SECRET = "secret"  # noqa: S105 the name of a channel
    COMMIT_ID = "commit_id"
    MEMBER_INDICES = "member_indices"
    OPTIMIZER_STATE = "optimizer_state"
    RNG_STATE = "rng_state"
    RECORD_LIKE_TENSOR = "record_like_tensor"
    EMBEDDED_TEXT = "embedded_text"
    UNLISTED_MEMBER = "unlisted_member"
    TRAILING_BYTES = "trailing_bytes"
    COMPRESSION_BOMB = "compression_bomb"

    @property
    def title(self) -> str:  # type: ignore[override]  # words for people; nobody title-cases an enum
        """Return the channel as people say it: ``NHS number``."""
        words = {"nhs_number": "NHS number", "iban": "IBAN", "email": "e-mail address", "rng_state": "RNG state"}
        return words.get(self.value, self.value.replace("_", " "))


class InspectionFinding(Part):
    """One reason for the verdict; ``code`` is stable, the sentence is for a person."""

    code: Slug
    verdict: Literal["unsafe", "unreadable"]
    sentence: Text
    what_to_do: Text
    place: Place = ""


class InspectedFile(Part):
    """One file of an inspected folder."""

    name: Place
    bytes: Bytes
    sha256: Sha256
    blake3: Blake3


class InspectedPart(Part):
    """One part of the checkpoint; the parts add up to the bytes of the file."""

    kind: PartKind
    place: Place
    bytes: Bytes
    tensors: Count


class InspectedTensor(Part):
    """One tensor; ``bytes`` are those of its storage that it alone or first uses."""

    name: Place
    part: PartKind
    dtype: str
    shape: tuple[int, ...]
    bytes: Bytes


class LeakageFinding(Part):
    """One leakage channel in one part; ``sample`` is masked."""

    channel: Channel
    part: PartKind
    place: Place
    count: Count
    sample: Place = ""
    sentence: Text
    remedy: Text


class Inspection(Document):
    """What one file (or one folder that is one checkpoint) contains."""

    schema_: Annotated[Literal["exeat-inspection/1"], Field(alias="schema")]
    inspector: Count = 0
    """Number of the inspector that made it; none before they were counted."""
    file: Place
    bytes: Bytes
    sha256: Sha256 | None = None
    blake3: Blake3 | None = None
    files: tuple[InspectedFile, ...] = ()
    """The files of a folder; the digest of a folder is that of its ``<sha256>  <name>`` lines, sorted by name."""
    format: Slug
    verdict: Verdict
    findings: tuple[InspectionFinding, ...] = ()
    parts: tuple[InspectedPart, ...] = ()
    tensors: tuple[InspectedTensor, ...] = ()
    tensor_count: Count = 0
    channels: tuple[LeakageFinding, ...] = ()
    globals: tuple[Place, ...] = ()
    """Every class and function that loading the file would need, allowed or not."""
    looked_at: tuple[Text, ...] = ()
    not_looked_at: tuple[Text, ...] = ()
