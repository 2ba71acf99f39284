"""Exposure over all checkpoints: which figures cross their limit, by lineage and over time, and what has aged."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from exeat.access import queries
from exeat.access.abstraction import shown_indicators
from exeat.access.rules import check_can_see
from exeat.errors import ExeatError
from exeat.model.person import Permission

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pandas as pd

    from exeat.access.gateway import Evidence, Gateway
    from exeat.model.person import Person
    from exeat.model.policy import Policy

LINEAGES, POINTS = 12, 12
"""At most so many lineages, and points per indicator and lineage, are drawn; the worst lineages come first."""


class Overview(NamedTuple):
    """How many checkpoints there are, cross a limit, lack a measurement; ``newest`` dates the newest report."""

    checkpoints: int
    failing: int
    gaps: int
    newest: datetime | None

    @property
    def sentence(self) -> str:
        """Return the answer of the page."""
        if not self.checkpoints:
            return "No checkpoint has a risk report yet."
        return (
            f"{self.failing:,} of {self.checkpoints:,} checkpoints cross a limit at the bad end of an interval; "
            f"{self.gaps:,} have an indicator that was not measured."
        )


class Aged(NamedTuple):
    """Releases whose newest report is older than the policy allows; ``rows`` shows the oldest of ``total``."""

    rows: pd.DataFrame
    total: int
    max_age_days: int


class Exposure:
    """Indicators of everything in the log, as the adopted policy judges each for its checkpoint's intended tier."""

    def __init__(self, gateway: Gateway, evidence: Evidence, clock: Callable[[], datetime]) -> None:
        self._gateway = gateway
        self._evidence = evidence
        self._clock = clock

    def overview(self, person: Person, lineage: str = "") -> Overview:
        """Return the counts behind the page's first sentence; without a lineage over all."""
        row = self._ask(person, queries.EXPOSURE_SUMMARY, lineage).to_dict("records")[0]
        newest = row["newest"].to_pydatetime() if row["checkpoints"] else None
        return Overview(int(row["checkpoints"]), int(row["failing"]), int(row["gaps"]), newest)

    def points(self, person: Person, lineage: str = "") -> pd.DataFrame:
        """Return the newest checkpoints of the worst lineages, each by its worst figure of every family of figures."""
        return self._ask(person, queries.EXPOSURE_POINTS, lineage, LINEAGES, POINTS)

    def months(self, person: Person, lineage: str = "") -> pd.DataFrame:
        """Return by kind of indicator and month the middle and the worst of the checkpoints' worst figures."""
        return self._ask(person, queries.EXPOSURE_MONTHS, lineage)

    def lineages(self, person: Person) -> tuple[str, ...]:
        """Return the lineages there are."""
        check_can_see(person, Permission.EXPOSURE_READ)
        return tuple(self._gateway.frame(queries.LINEAGES)["run_family"])

    def checkpoint(self, person: Person, checkpoint_id: str) -> pd.DataFrame:
        """Return every figure of one checkpoint, subgroups included."""
        check_can_see(person, Permission.EXPOSURE_READ)
        found = self._gateway.frame(queries.INDICATORS, [checkpoint_id])
        return shown_indicators(found, person, self._policy()).rows

    def aged(self, person: Person, *, rows: int = 50) -> Aged:
        """Return the releases in force or under review whose evidence is older than the policy allows."""
        check_can_see(person, Permission.EXPOSURE_READ)
        policy = self._policy()
        days = policy.clocks.report_max_age_days if policy else 0
        since = (self._clock() - timedelta(days=days)).replace(tzinfo=None)
        found = self._gateway.frame(queries.STALE_RELEASES, [since if policy else None, rows])
        total = int(found["total"].iloc[0]) if len(found) else 0
        return Aged(found.drop(columns="total"), total, days)

    def _policy(self) -> Policy | None:
        try:
            return self._evidence.policy()[0]
        except ExeatError:
            return None

    def _ask(self, person: Person, query: str, lineage: str, *last: int) -> pd.DataFrame:
        check_can_see(person, Permission.EXPOSURE_READ)
        return self._gateway.frame(query, [lineage, lineage, *last])
