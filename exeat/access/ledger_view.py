"""The ledger as people read it: sentences, search, one entry whole; names only for those who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from exeat.access import queries
from exeat.access.rules import check_can_see, sees_names
from exeat.access.sentences import sentence
from exeat.errors import NotPermitted
from exeat.model.person import Permission

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import pandas as pd

    from exeat.access.gateway import Gateway
    from exeat.ledger.statement import Entry
    from exeat.model.person import Person

_PERSON, _NAME = "person:", "name"
_REVIEWS = frozenset({"review.recorded", "reviews.opened"})
_LATER = "Look again when it is decided or returned."


class Log(Protocol):
    """What the page reads of the ledger itself."""

    def entry(self, seq: int) -> Entry:
        """Return one entry; raise NotFound."""
        ...

    def case(self, case: str) -> list[Entry]:
        """Return all entries of a case."""
        ...

    def opened(self, entries: Sequence[Entry]) -> dict[str, Any]:
        """Return commitment -> value for sealed fields that are not erased."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to narrow the entries to; empty means all."""

    text: str = ""
    kind: str = ""
    case: str = ""

    @property
    def parameters(self) -> list[Any]:
        """Return the parameters of ``queries.LEDGER_PAGE`` in order."""
        text = self.text.strip().lower()[:200]
        return [value for asked in (text, self.kind, self.case) for value in (asked, asked)]


class Page(NamedTuple):
    """One page of entries, newest first, with ``who`` and ``sentence``; ``total`` counts all that were found."""

    rows: pd.DataFrame
    total: int


class Size(NamedTuple):
    """How many entries there are, and when the newest was written (UTC)."""

    entries: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class LedgerView:
    """Reads for one person at a time."""

    gateway: Gateway
    log: Log

    def size(self, person: Person) -> Size:
        """Return how long the log is."""
        check_can_see(person, Permission.LEDGER_READ)
        row = self.gateway.frame(queries.LEDGER_SIZE).to_dict("records")[0]
        return Size(int(row["n"]), row["newest"].to_pydatetime() if row["n"] else None)

    def kinds(self, person: Person) -> dict[str, int]:
        """Return each statement kind with its number of entries."""
        check_can_see(person, Permission.LEDGER_READ)
        found = self.gateway.frame(queries.LEDGER_KINDS)
        return {str(kind): int(n) for kind, n in found.itertuples(index=False)}

    def page(self, person: Person, search: Search, *, page: int = 1, size: int = 25) -> Page:
        """Return one page (from 1) of what the search finds."""
        check_can_see(person, Permission.LEDGER_READ)
        offset = max(page - 1, 0) * size
        found = self.gateway.frame(queries.LEDGER_PAGE, [*search.parameters, size, offset])
        total = int(found["total"].iloc[0]) if len(found) else 0
        names = self._names(person, {str(actor) for actor in found["actor"]})
        who = [names.get(str(actor), str(actor)) for actor in found["actor"]]
        said = [sentence(k, c, w) for k, c, w in zip(found["kind"], found["case_id"], who, strict=True)]
        return Page(found.drop(columns="total").assign(who=who, sentence=said), total)

    def entry(self, person: Person, seq: int) -> tuple[Entry, str]:
        """Return one entry and its sentence; raise NotFound. What it seals stays sealed.

        Reviews of a release that the reader is involved in are withheld until it is answered, as in the dossier.
        """
        check_can_see(person, Permission.LEDGER_READ)
        entry = self.log.entry(seq)
        if entry.kind in _REVIEWS and entry.case.removeprefix("release:") in self._unanswered(person):
            raise NotPermitted("You are involved in this release; its reviews are not open to you yet.", _LATER)
        who = self._names(person, {entry.actor}).get(entry.actor, entry.actor)
        return entry, sentence(entry.kind, entry.case, who)

    def check_can_export(self, person: Person) -> None:
        """Raise NotPermitted when the whole log would show this reader reviews that are not open to them yet."""
        check_can_see(person, Permission.LEDGER_READ)
        if waiting := self._unanswered(person):
            raise NotPermitted(f"You are involved in {', '.join(waiting[:3])}, which waits for its answer.", _LATER)

    def _unanswered(self, person: Person) -> list[str]:
        found = self.gateway.frame(queries.OPEN_TO_ANSWER, [person.person_id])
        return sorted(str(one) for one in found["release_id"])

    def _names(self, person: Person, actors: Iterable[str]) -> dict[str, str]:
        """Return actor -> ``name (id)`` for those whose name is known, not erased, and for this reader's eyes."""
        if not sees_names(person):
            return {}
        known = {actor: self.log.case(_PERSON + actor) for actor in sorted(actors)}
        opened = self.log.opened([entry for entries in known.values() for entry in entries])
        names = {
            actor: opened.get(entry.sealed.get(_NAME, "")) for actor, entries in known.items() for entry in entries
        }
        return {actor: f"{name} ({actor})" for actor, name in names.items() if name}
