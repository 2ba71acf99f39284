"""The catalogue: what exists, what a person's tier may have of it, why not the rest, and how to ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.access import queries
from exeat.access.abstraction import NOT_MEASURED, counted_sentences, shown_indicators, shown_metrics, smallest_cell
from exeat.access.judging import NEAR_SHARE
from exeat.access.offers import Holding, holdings, how_to_ask
from exeat.access.rules import check_can_see
from exeat.errors import ExeatError, NotFound
from exeat.model.person import Permission
from exeat.model.tier import Tier

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    import pandas as pd

    from exeat.access.abstraction import Shown
    from exeat.access.gateway import Evidence, Gateway
    from exeat.model.manifest import Manifest
    from exeat.model.person import Person
    from exeat.model.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to narrow the catalogue to; empty means all. ``tier`` is the lowest tier that something goes to."""

    text: str = ""
    task: str = ""
    source: str = ""
    regime: str = ""
    lineage: str = ""
    protection: str = ""
    tier: str = ""
    available: bool = False

    def parameters(self, person: Person, today: date) -> list[Any]:
        """Return the parameters of ``queries.CATALOGUE`` in order."""
        asked = self.text.strip().lower()[:200]
        facets = (self.task, self.source, self.regime, self.lineage, self.protection, self.tier)
        twice = [value for facet in facets for value in (facet, facet)]
        return [today, person.tier.value, asked, asked, *twice, self.available]


class Found(NamedTuple):
    """One page of the catalogue; ``exposure`` and ``utility`` are sentences, as far as this person may read them."""

    rows: pd.DataFrame
    total: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One checkpoint as this person may see it."""

    checkpoint_id: str
    facts: dict[str, Any]
    manifest: Manifest
    answer: str
    ask: str
    holdings: tuple[Holding, ...]
    indicators: Shown
    metrics: Shown
    judged_for: Tier
    as_of: date
    newest_report: datetime | None


class Catalogue:
    """Answers for one person at a time; everything it returns is already cut to what that person may see."""

    def __init__(self, gateway: Gateway, evidence: Evidence, clock: Callable[[], datetime]) -> None:
        self._gateway = gateway
        self._evidence = evidence
        self._clock = clock

    def browse(self, person: Person, filters: Filters, *, page: int = 1, size: int = 20) -> Found:
        """Return one page (from 1), what is available to this person first."""
        check_can_see(person, Permission.CATALOGUE_READ)
        offset = max(page - 1, 0) * size
        rows = self._gateway.frame(queries.PAGE, [*filters.parameters(person, self._today), size, offset])
        total, available = (int(rows[name].iloc[0]) if len(rows) else 0 for name in ("total", "total_available"))
        rows = rows.drop(columns=["total", "total_available"])
        return Found(self._with_sentences(rows, person), total, available)

    def facets(self, person: Person, filters: Filters) -> dict[str, dict[str, int]]:
        """Return facet -> value -> number of checkpoints, over what the filters leave."""
        check_can_see(person, Permission.CATALOGUE_READ)
        found = self._gateway.frame(queries.FACETS, filters.parameters(person, self._today))
        facets: dict[str, dict[str, int]] = {}
        for facet, value, count in found.itertuples(index=False):
            facets.setdefault(str(facet), {})[str(value)] = int(count)
        return facets

    def entry(self, person: Person, checkpoint_id: str) -> CatalogueEntry:
        """Return one checkpoint; raise NotFound."""
        check_can_see(person, Permission.CATALOGUE_READ)
        found = self._gateway.frame(queries.ENTRY, [checkpoint_id])
        if found.empty:
            raise NotFound("The catalogue has no such checkpoint.", "Search for it in the catalogue.")
        facts = {str(name): value for name, value in found.iloc[0].items()}
        offers = self._gateway.frame(queries.OFFERS_OF, [self._today, checkpoint_id])
        components = self._gateway.frame(queries.COMPONENTS, [facts["manifest_sha256"]])
        policy = self._policy()
        held = holdings(components, offers, person.tier, policy)
        figures = self._gateway.frame(queries.INDICATORS, [checkpoint_id])
        return CatalogueEntry(
            checkpoint_id=checkpoint_id,
            facts=facts,
            manifest=self._evidence.manifest(facts["manifest_sha256"]),
            answer=_answer(held, person.tier),
            ask=how_to_ask(facts, held, person.tier),
            holdings=held,
            indicators=shown_indicators(figures, person, policy),
            metrics=shown_metrics(self._gateway.frame(queries.METRICS, [checkpoint_id]), person, policy),
            judged_for=Tier(facts["intended_tier"]),
            as_of=self._today,
            newest_report=figures["reported_at"].max().to_pydatetime() if len(figures) else None,
        )

    def siblings(self, person: Person, checkpoint_id: str) -> dict[str, str]:
        """Return checkpoint id -> version of the others in its lineage, newest first."""
        check_can_see(person, Permission.CATALOGUE_READ)
        found = self._gateway.frame(queries.SIBLINGS, [checkpoint_id, checkpoint_id])
        return {str(one): str(version) for one, version in zip(found["checkpoint_id"], found["version"], strict=True)}

    @property
    def _today(self) -> date:
        return self._clock().date()

    def _policy(self) -> Policy | None:
        try:
            return self._evidence.policy()[0]
        except ExeatError:
            return None

    def _with_sentences(self, rows: pd.DataFrame, person: Person) -> pd.DataFrame:
        """Add utility and exposure of the checkpoints on this page, each as one sentence."""
        ids = [str(one) for one in rows["checkpoint_id"]]
        asked = [smallest_cell(self._policy()), NEAR_SHARE, NEAR_SHARE, ids]
        said = counted_sentences(self._gateway.frame(queries.INDICATOR_COUNTS, asked), person)
        metrics = self._gateway.frame(queries.HEADLINE_METRICS, [ids]).set_index("checkpoint_id")
        return rows.assign(
            exposure=[said.get(one, NOT_MEASURED) for one in ids],
            metric=[_cell(metrics, one, "metric_id") for one in ids],
            metric_value=[_cell(metrics, one, "value") for one in ids],
            metric_unit=[_cell(metrics, one, "unit") for one in ids],
        )


def _cell(frame: pd.DataFrame, row: str, column: str) -> Any:
    return frame.loc[row, column] if row in frame.index else None


def _answer(held: tuple[Holding, ...], mine: Tier) -> str:
    """Return the sentence that a researcher came for."""
    now = [holding.words for holding in held if holding.available]
    if now:
        return f"Available to you: {', '.join(now)}."
    later = sorted((h.tier, h.words) for h in held if h.tier is not None)
    if later:
        first = [words for tier, words in later if tier == later[0][0]]
        return f"Not available to you: {', '.join(first)} from {later[0][0]}; you are {mine}."
    return "Nothing of it is released yet; you can ask."
