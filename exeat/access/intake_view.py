"""What came in, by kind and newest first, and what the evidence store can no longer give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from exeat.access import queries
from exeat.access.rules import check_can_see
from exeat.model.person import Permission

if TYPE_CHECKING:
    import pandas as pd

    from exeat.access.gateway import Gateway
    from exeat.model.person import Person


class Arrivals(NamedTuple):
    """One page of what came in; ``total`` counts all of that kind."""

    rows: pd.DataFrame
    total: int


@dataclass(frozen=True, slots=True)
class IntakeView:
    """Reads for one person at a time; rejects are asked of the evidence desk itself."""

    gateway: Gateway

    def kinds(self, person: Person) -> pd.DataFrame:
        """Return each kind of document with how many came in and when the newest did (UTC)."""
        check_can_see(person, Permission.EVIDENCE_READ)
        return self.gateway.frame(queries.INTAKE_KINDS)

    def page(self, person: Person, *, kind: str = "", page: int = 1, size: int = 25) -> Arrivals:
        """Return one page (from 1), newest first."""
        check_can_see(person, Permission.EVIDENCE_READ)
        found = self.gateway.frame(queries.INTAKE_PAGE, [kind, kind, size, max(page - 1, 0) * size])
        total = int(found["total"].iloc[0]) if len(found) else 0
        return Arrivals(found.drop(columns="total"), total)

    def unreadable(self, person: Person) -> pd.DataFrame:
        """Return documents that the ledger names but the evidence store has lost or holds changed."""
        check_can_see(person, Permission.EVIDENCE_READ)
        return self.gateway.frame(queries.UNREADABLE)
