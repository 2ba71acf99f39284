"""Exposure over all checkpoints: which figures cross their limit, by lineage and over time, and what has aged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.access import queries
from exeat.access.abstraction import shown_indicators
from exeat.access.limits import limits_for, parameters
from exeat.access.rules import check_can_see
from exeat.access.words import family_words
from exeat.errors import ExeatError
from exeat.model.person import Permission
from exeat.model.tier import Tier

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pandas as pd

    from exeat.access.gateway import Evidence, Gateway
    from exeat.access.limits import Limit
    from exeat.model.person import Person
    from exeat.model.policy import Policy

LINEAGES, POINTS = 12, 12
"""At most so many lineages, and points per indicator and lineage, are drawn; the worst lineages come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What to look at: one lineage or all (empty); judged for one tier or (empty) each checkpoint's intended tier."""

    lineage: str = ""
    tier: str = ""


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
    """Indicators of everything in the log against the limits of the adopted policy."""

    def __init__(self, gateway: Gateway, evidence: Evidence, clock: Callable[[], datetime]) -> None:
        self._gateway = gateway
        self._evidence = evidence
        self._clock = clock

    def limits(self, person: Person) -> tuple[Limit, ...]:
        """Return the limits on every indicator that some report has."""
        check_can_see(person, Permission.EXPOSURE_READ)
        policy = self._policy()
        if policy is None:
            return ()
        known = self._gateway.frame(queries.KNOWN_INDICATORS).to_dict("records")
        named = [(row["indicator_id"], _number(row["fpr"]), bool(row["falling"])) for row in known]
        return limits_for(policy, named)

    def overview(self, person: Person, view: View, limits: tuple[Limit, ...]) -> Overview:
        """Return the counts behind the page's first sentence."""
        row = self._ask(person, queries.exposure_summary, view, limits).iloc[0]
        newest = None if row["newest"] != row["newest"] else row["newest"].to_pydatetime()
        return Overview(int(row["checkpoints"]), int(row["failing"]), int(row["gaps"]), newest)

    def points(self, person: Person, view: View, limits: tuple[Limit, ...]) -> pd.DataFrame:
        """Return one row per figure of the newest checkpoints of the worst lineages, with its verdict and family."""
        found = self._ask(person, queries.exposure_points, view, limits, LINEAGES, POINTS)
        return found.assign(family=_families(found))

    def months(self, person: Person, view: View, limits: tuple[Limit, ...]) -> pd.DataFrame:
        """Return the middle and the worst figure of each indicator by month of its report."""
        found = self._ask(person, queries.exposure_months, view, limits)
        return found.assign(family=_families(found))

    def lineages(self, person: Person) -> tuple[str, ...]:
        """Return the lineages there are."""
        check_can_see(person, Permission.EXPOSURE_READ)
        return tuple(self._gateway.frame(queries.LINEAGES)["run_family"])

    def checkpoint(self, person: Person, checkpoint_id: str) -> pd.DataFrame:
        """Return every figure of one checkpoint, subgroups included, judged for its intended tier."""
        check_can_see(person, Permission.EXPOSURE_READ)
        entry = self._gateway.frame(queries.ENTRY, [checkpoint_id])
        tiers = {checkpoint_id: Tier(entry["intended_tier"].iloc[0])} if len(entry) else {}
        found = self._gateway.frame(queries.INDICATORS, [[checkpoint_id] if tiers else []])
        return shown_indicators(found, person, self._policy(), tiers).rows

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

    def _ask(
        self, person: Person, query: Callable[[str], str], view: View, limits: tuple[Limit, ...], *last: int
    ) -> pd.DataFrame:
        check_can_see(person, Permission.EXPOSURE_READ)
        table, values = parameters(limits)
        chosen = (view.tier, view.tier, view.lineage, view.lineage)
        return self._gateway.frame(query(table), [*values, *chosen, *last])


def _families(found: pd.DataFrame) -> list[str]:
    return [
        family_words(str(name), _number(fpr)) for name, fpr in zip(found["indicator_id"], found["fpr"], strict=True)
    ]


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124 NaN from a frame
