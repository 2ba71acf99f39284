"""The shape of every report reader: what it is given, what it returns, and how its figures are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 a NamedTuple keeps its annotations
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.model.risk_report import Adversary, Indicator

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.evidence.binding import BoundFile
    from exeat.evidence.readers.shape import Peek
    from exeat.model.tier import Access

MAX_PARAMS = 40
PER_RECORD = "report.per_record"
UNNAMED = "unnamed"
"""Stands in an indicator id for an attack that neither the file nor its binding names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A foreign report and the binding that says what it is about; ``most`` is the most that its tool uses."""

    peek: Peek
    bound: BoundFile
    method: str
    most: Access
    knowledge: tuple[str, ...] = ()

    @property
    def adversary(self) -> Adversary:
        """Return the attacker: what the tool uses, and no more than what the binding says was open to it."""
        access = min(self.bound.binding.access, self.most, key=lambda one: one.strength)
        return Adversary(access=access, knowledge=self.knowledge)

    @property
    def attack(self) -> str:
        """Return the word of the attack in indicator ids as the binding names it."""
        return word_of(self.bound.binding.attack or UNNAMED)

    def figure(self, indicator_id: str, **fields: Any) -> Indicator:
        """Return an indicator of this report; without a value it must carry a status and a reason."""
        base: dict[str, Any] = {"status": "measured", "unit": "fraction", "method": self.method}
        base["adversary"] = self.adversary
        return Indicator(indicator_id=indicator_id, **base | fields)

    def not_measured(self, indicator_id: str, reason: str, **fields: Any) -> Indicator:
        """Return an indicator without a value."""
        return self.figure(indicator_id, status="not_measured", reason=reason, **fields)


class Converted(NamedTuple):
    """What a reader found; ``rows`` counts the per-record rows that stay outside, ``config`` is digested only."""

    indicators: list[Indicator]
    version: str = ""
    date: datetime | None = None
    notes: str = ""
    rows: int = 0
    config: Any = None
    key: str = ""


class ReportReader(NamedTuple):
    """One format of report: ``name`` in the intake, ``tool`` and ``most`` in its figures.

    ``per_record`` says that such a file holds membership labels or scores: refused ones are not kept.
    """

    name: str
    title: str
    tool: str
    most: Access
    recognises: Callable[[Peek], bool]
    read: Callable[[Foreign], Converted]
    knowledge: tuple[str, ...] = ()
    per_record: bool = False
    media_type: str = "application/json"


def per_record(make: Callable[..., Indicator], rows: int) -> list[Indicator]:
    """Return the finding that a file holds one row per record, or nothing when it holds none."""
    if not rows:
        return []
    note = (
        f"The file holds {rows:,} rows, one per record, which tell who was a member. It is kept as evidence of "
        "sensitivity 4; no row of it is copied"
    )
    return [make(PER_RECORD, unit="records", value=Decimal(rows), bound_note=note)]


_TAKEN = frozenset({"record", "delta", "auc", "adv"})
"""Words with a meaning of their own after ``mia.``; an attack of that name must not slip into it."""


def word_of(name: str) -> str:
    """Return an attack's name as one part of an indicator id."""
    text = "".join(c if c.isascii() and c.isalnum() else " " for c in name[:200].lower())
    word = "_".join(text.split())[:30].rstrip("_") or UNNAMED
    return f"{word}_attack" if word in _TAKEN else word


def plain_params(given: object) -> dict[str, str]:
    """Return the plain parameters of an attack as short text, without paths of the producer's machine."""
    plain = given.items() if isinstance(given, dict) else ()
    kept = {str(k)[:60]: str(v)[:200] for k, v in plain if isinstance(v, str | int | float | bool) and not _is_place(v)}
    return dict(sorted(kept.items())[:MAX_PARAMS])


def _is_place(value: object) -> bool:
    return isinstance(value, str) and ("/" in value or "\\" in value or "@" in value)
