"""What the child says an audit would cost, as the parent takes it: numbers and known names, nothing else."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from exeat.model.manifest import Regime  # noqa: TC001 pydantic reads it

CENTURY = 3.2e9
"""Seconds; a longer estimate is none."""
Seconds = Annotated[float, Field(ge=0, le=CENTURY)]
Attack = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class Told(BaseModel):
    """The values of ``Cost.as_values``, from a process that may say anything."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    training_seconds: Seconds | None
    shadows_seconds: Seconds
    attacks_seconds: dict[Attack, Seconds]
    regimes: Annotated[list[Regime], Field(max_length=20)]
    seconds: Seconds
    units: Annotated[float, Field(ge=0)] | None
