"""Access patterns: when, who, what, how much, and what was denied, over a window of days; all times UTC."""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.access import patterns_sql as sql
from exeat.access.rules import check_can_see, sees_names
from exeat.model.person import Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import pandas as pd

    from exeat.access.gateway import Gateway
    from exeat.model.person import Person

MATRIX_ROWS, MATRIX_COLUMNS = 60, 80
RARE = 0.001
"""An hour is unusual when so many own reads in it would happen by chance in fewer than this share of cases."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days to look at, both included."""

    first: date
    last: date

    @property
    def parameters(self) -> list[Any]:
        """Return the parameters with which the queries begin."""
        return [self.first, self.last]


class Summary(NamedTuple):
    """The size of the window; ``unmapped`` events name no known checkpoint; ``as_of`` is the newest event (UTC)."""

    events: int
    denied: int
    unmapped: int
    principals: int
    checkpoints: int
    bytes: int
    as_of: datetime | None
    simulated: bool

    @property
    def sentence(self) -> str:
        """Return the answer of the page."""
        if not self.events:
            return "No access event lies in this window."
        return (
            f"{self.principals:,} principals touched {self.checkpoints:,} checkpoints {self.events:,} times; "
            f"{self.denied:,} attempts were denied and {self.unmapped:,} events name no known checkpoint."
        )


@dataclass(frozen=True)
class Patterns:
    """Aggregated answers for one person at a time; principals are pseudonyms unless the person may see them.

    ``key`` makes the pseudonyms; without one they last as long as this process.
    """

    gateway: Gateway
    clock: Callable[[], datetime]
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def span(self, person: Person) -> Window:
        """Return the first and the last day with events; today when there are none."""
        row = self._ask(person, sql.SPAN).dropna()
        if row.empty:
            today = self.clock().date()
            return Window(today, today)
        return Window(row["first"].iloc[0].date(), row["last"].iloc[0].date())

    def recent(self, person: Person, days: int) -> Window:
        """Return the last ``days`` days that have events."""
        span = self.span(person)
        return Window(max(span.first, span.last - timedelta(days=days - 1)), span.last)

    def summary(self, person: Person, window: Window) -> Summary:
        """Return the size of the window and how current it is."""
        row = self._ask(person, sql.SUMMARY, window).to_dict("records")[0]
        return Summary(
            events=int(row["events"]),
            denied=int(row["denied"]),
            unmapped=int(row["unmapped"]),
            principals=int(row["principals"]),
            checkpoints=int(row["checkpoints"]),
            bytes=int(row["bytes"]),
            as_of=row["as_of"].to_pydatetime() if row["events"] else None,
            simulated=bool(row["simulated"]),
        )

    def principals(self, person: Person, window: Window) -> dict[str, str]:
        """Return shown name -> role of the busiest principals."""
        found = self._named(self._ask(person, sql.PRINCIPALS, window), person)
        return {str(row["principal"]): str(row["role"] or "") for row in found.to_dict("records")}

    def hours(self, person: Person, window: Window, *, shown: str = "", tier: int = 0) -> pd.DataFrame:
        """Return reads by weekday (1 Monday … 7) and hour (UTC), ``own`` for the shown principal and peers in its role.

        ``unusual`` marks own hours with more reads than the peers' habits explain.
        """
        check_can_see(person, Permission.ACCESS_READ)
        principal, role = self._who(person, window, shown)
        found = self.gateway.frame(sql.HOURS, [principal, *window.parameters, tier, principal, principal, role])
        return found.assign(unusual=unusual_hours(found))

    def matrix(self, person: Person, window: Window) -> pd.DataFrame:
        """Return principal x checkpoint; the busiest of both, the rest folded into ``others``."""
        found = self._ask(person, sql.MATRIX, window, MATRIX_ROWS, MATRIX_COLUMNS)
        return self._named(found, person).fillna({"principal": "all others", "checkpoint_id": "all others"})

    def flow(self, person: Person, window: Window) -> pd.DataFrame:
        """Return role -> tier -> outcome with the number of events."""
        return self._ask(person, sql.FLOW, window)

    def denied(self, person: Person, window: Window, *, rows: int = 20) -> pd.DataFrame:
        """Return who was denied what, most often first; ``total`` counts all such pairs."""
        return self._named(self._ask(person, sql.DENIED, window, rows), person)

    def volume(self, person: Person, window: Window) -> pd.DataFrame:
        """Return events and known bytes by day and outcome; ``without_bytes`` counts events that do not say."""
        return self._ask(person, sql.VOLUME, window)

    def sources(self, person: Person, window: Window) -> pd.DataFrame:
        """Return each source with what it cannot tell: events without checkpoint, bytes or tier."""
        return self._ask(person, sql.SOURCES, window)

    def _ask(self, person: Person, query: str, window: Window | None = None, *rest: int) -> pd.DataFrame:
        check_can_see(person, Permission.ACCESS_READ)
        return self.gateway.frame(query, [*(window.parameters if window else ()), *rest])

    def _who(self, person: Person, window: Window, shown: str) -> tuple[str, str | None]:
        """Return the principal behind a shown name and its role; nobody when it is not among the busiest."""
        for row in self._ask(person, sql.PRINCIPALS, window).to_dict("records"):
            if shown and self._name(str(row["principal"]), person) == shown:
                return str(row["principal"]), row["role"] if isinstance(row["role"], str) else None
        return "", None

    def _named(self, found: pd.DataFrame, person: Person) -> pd.DataFrame:
        return found.assign(principal=found["principal"].map(lambda one: self._name(one, person), na_action="ignore"))

    def _name(self, principal: str, person: Person) -> str:
        if sees_names(person):
            return principal
        return "principal " + hmac.new(self.key, principal.encode(), hashlib.sha256).hexdigest()[:8]


def unusual_hours(found: pd.DataFrame) -> Sequence[bool]:
    """Return for each row whether a principal's own reads in that hour are more than its peers' habits explain.

    Given all reads of an hour, the own ones are binomial with the own share of all reads if habits are alike (the
    conditional test of two Poisson rates); unusual is an upper tail under 1 in 1,000.
    """
    own = {(w, h): int(n) for mine, w, h, n in _cells(found) if mine}
    peers = {(w, h): int(n) for mine, w, h, n in _cells(found) if not mine}
    total, crowd = sum(own.values()), sum(peers.values())

    def rare(cell: tuple[int, int], count: int) -> bool:
        return crowd > 0 and _tail(count, count + peers.get(cell, 0), total / (total + crowd)) < RARE

    return [bool(mine) and rare((w, h), int(n)) for mine, w, h, n in _cells(found)]


def _cells(found: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(found[["own", "weekday", "hour", "n"]].itertuples(index=False, name=None))


def _tail(least: int, trials: int, chance: float) -> float:
    """Return P(X >= least) for X ~ Binomial(trials, chance); 1 at and below the mean."""
    if least <= trials * chance:
        return 1.0
    logs = math.lgamma(trials + 1) - math.lgamma(least + 1) - math.lgamma(trials - least + 1)
    term = math.exp(logs + least * math.log(chance) + (trials - least) * math.log1p(-chance))
    total, odds = term, chance / (1 - chance)
    for successes in range(least, trials):
        term *= (trials - successes) / (successes + 1) * odds
        total += term
        if term < total * 1e-12:
            break
    return total
