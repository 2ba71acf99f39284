"""What every canonical document shares: strict fields, exact decimals, digests, slugs."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

MAX_TEXT = 20_000
"""Longest free text of a document, in characters."""


def _decimal_text(value: object) -> object:
    """Take decimals as text (or exact Python numbers), never as binary floats."""
    if isinstance(value, bool | float):
        msg = 'write decimals as text, for example "0.048"; a JSON number is not exact'
        raise ValueError(msg)  # noqa: TRY004 pydantic turns ValueError, not TypeError, into a located error
    return Decimal(value) if isinstance(value, int) else value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        msg = "must be a finite number; leave it out and say status = not_measured instead"
        raise ValueError(msg)
    if abs(value.adjusted()) > 30 and value != 0:  # noqa: PLR2004 a guard, not a policy
        msg = "is outside 1e-30 … 1e30"
        raise ValueError(msg)
    return value


def _as_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Number = Annotated[
    Decimal,
    Field(strict=False),
    BeforeValidator(_decimal_text),
    AfterValidator(_finite),
    PlainSerializer(lambda d: format(d, "f"), return_type=str),
]
"""An exact decimal, written as text in JSON."""

Rate = Annotated[Number, Field(ge=0, le=1)]
"""A fraction in [0, 1]; never percent."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]


def _inside_the_folder(value: str) -> str:
    if value.startswith("/") or ".." in value.split("/") or ":" in value.split("/", maxsplit=1)[0]:
        msg = "must be a relative path inside the checkpoint folder"
        raise ValueError(msg)
    return value


RelativePath = Annotated[
    str,
    StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f\\\\]+$"),
    AfterValidator(_inside_the_folder),
]
Moment = Annotated[AwareDatetime, AfterValidator(_as_utc)]
"""A point in time, RFC 3339 with zone; kept in UTC."""


class Part(BaseModel):
    """A strict, immutable part of a document; only ``x_…`` fields may be added by others."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)

    @model_validator(mode="after")
    def _only_known_fields(self) -> Self:
        for key in self.__pydantic_extra__ or ():
            if not key.startswith("x_"):
                known = ", ".join(field.alias or name for name, field in type(self).model_fields.items())
                msg = f"unknown field {key[:60]!r}; known: {known}; own fields start with x_"
                raise ValueError(msg)
        return self


class Document(Part):
    """A whole canonical document; the subclass fixes ``schema``."""

    def to_bytes(self) -> bytes:
        """Return the document as UTF-8 JSON, indented, fields in schema order."""
        return self.model_dump_json(indent=1, by_alias=True, exclude_none=True).encode()


def digest_of(data: bytes) -> str:
    """Return ``sha256:<hex>`` of the bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()
