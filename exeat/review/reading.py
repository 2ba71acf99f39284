"""The reading half of the review desk: one release, the queue, earlier releases, and the record of who looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import NotFound, NotPermitted
from exeat.model.person import Permission
from exeat.review import queries
from exeat.review.cases import Cases
from exeat.review.changes import Change, changes_between, snapshot
from exeat.review.dossier import DossierReader
from exeat.review.lifecycle import Kind
from exeat.review.queries import QueueFilters, QueuePage, Viewer
from exeat.review.rules import sees_all
from exeat.review.state import COMMENTS, VIEWS, fold_comments
from exeat.review.statements import release_draft
from exeat.review.views import CaseView, view_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pandas as pd

    from exeat.ledger.statement import Entry, LedgerStore
    from exeat.model.person import Person
    from exeat.review.parts import Comment
    from exeat.review.ports import Evidence
    from exeat.review.queries import Gateway

_KEPT_VIEWS = 10_000


class Reading:
    """What can be read of releases. ``gateway`` is the warehouse; without one there is no queue."""

    def __init__(
        self, ledger: LedgerStore, evidence: Evidence, clock: Callable[[], datetime], gateway: Gateway | None = None
    ) -> None:
        self._ledger = ledger
        self._evidence = evidence
        self._clock = clock
        self._gateway = gateway
        self._viewed: set[str] = set()
        self.cases = Cases(ledger, DossierReader(ledger, evidence, gateway), clock)

    def case(self, person: Person, release_id: str) -> CaseView:
        """Return the release as this person may see it; raise NotFound or NotPermitted."""
        loaded = self.cases.load(person, release_id)
        return view_of(loaded.scene, loaded.entries, self.comments_of(release_id))

    def comments_of(self, release_id: str) -> tuple[Comment, ...]:
        """Return all comments of a release; whoever shows them filters them first (visibility.py)."""
        entries = self._ledger.case(COMMENTS + release_id)
        return fold_comments(entries, self._ledger.opened(entries))

    def queue(self, person: Person, filters: QueueFilters | None = None, page: int = 1) -> QueuePage:
        """Return one page of the releases this person may see, high risk first, then the longest waiting."""
        if not person.can(Permission.RELEASE_READ):
            raise NotPermitted("Your roles do not let you read releases.", "Look in the catalogue.")
        return queries.queue(self.warehouse(), viewer_of(person), filters or QueueFilters(), page, self._clock())

    def mine(self, person: Person) -> QueuePage:
        """Return what waits for this person."""
        return self.queue(person, QueueFilters(awaiting_me=True))

    def earlier(self, person: Person, release_id: str) -> pd.DataFrame:
        """Return releases of the same lineage or to the same recipients, newest first; submitters see none."""
        self.cases.load(person, release_id)
        if not sees_all(person):
            raise NotPermitted("Submitters see their own releases only.", "Ask a steward about earlier ones.")
        return queries.earlier(self.warehouse(), release_id)

    def since_last_approved(self, person: Person, release_id: str) -> tuple[str, tuple[Change, ...]] | None:
        """Return the lineage's last approved release and what changed since; None when there is none to compare."""
        loaded = self.cases.load(person, release_id)
        family = loaded.scene.dossier.manifest.lineage.run_family
        former = queries.last_approved(self.warehouse(), family, release_id)
        if former is None or not sees_all(person):
            return None
        before = self.cases.load(person, former).scene.dossier
        return former, changes_between(snapshot(before), snapshot(loaded.scene.dossier))

    def view(self, person: Person, release_id: str) -> Entry | None:
        """Record that the person viewed the dossier, once per version and day; None when this process knows it did."""
        loaded = self.cases.load(person, release_id)
        key = f"{Kind.VIEWED}:{release_id}:{loaded.version}:{person.person_id}:{self._clock().date()}"
        if key in self._viewed:
            return None
        body = {"version": loaded.version}
        entry = self.cases.write(
            person, [release_draft(Kind.VIEWED, release_id, person, key=key, prefix=VIEWS, body=body)]
        )
        if len(self._viewed) >= _KEPT_VIEWS:
            self._viewed.clear()
        self._viewed.add(key)
        return entry

    def warehouse(self) -> Gateway:
        """Return the query gateway; raise NotFound when the desk was opened without one."""
        if self._gateway is None:
            raise NotFound("There is no warehouse here.", "Open the desk with exeat.desk.open_desk.")
        return self._gateway


def viewer_of(person: Person) -> Viewer:
    """Return the person as the queue sees them."""
    return Viewer(
        person_id=person.person_id,
        sees_all=sees_all(person),
        reviews=person.can(Permission.RELEASE_REVIEW),
        board=person.can(Permission.BOARD_READ) and person.can(Permission.BOARD_COSIGN),
        custodian=person.can(Permission.RELEASE_ACTIVATE),
    )
