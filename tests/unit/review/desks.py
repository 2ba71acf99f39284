"""Real stores in a folder: ledger on SQLite, objects on disk, warehouse in DuckDB. Nothing of ours is simulated."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from exeat.board.service import BoardDesk
from exeat.evidence.service import EvidenceDesk
from exeat.model.base import digest_of
from exeat.model.person import SYSTEM
from exeat.review.inputs import Answer, ReviewInput
from exeat.review.service import ReviewDesk
from exeat.storage.access_store import AccessStore
from exeat.storage.keys import load_or_create_log_key
from exeat.storage.ledger_sql import SqlLedger
from exeat.storage.objects import ObjectStore
from exeat.storage.warehouse import Warehouse
from tests import factories
from tests.factories import NOON, STAN, STELLA, SUBMITTER, as_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exeat.ledger.statement import Entry
    from exeat.model.person import Person

RELEASE = "onco-v1-t2"
ORIGIN = "exeat.test/log"
BOARD = frozenset({"chair", "member", "m1", "m2", "m3", "m4"})
APPROVE = {"weights": "approve", "log": "approve"}


class Clock:
    """Time that moves only when told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: int) -> None:
        self.now += timedelta(days=days)


@dataclass
class Office:
    """The desks over one home, with short words for what tests do often."""

    ledger: SqlLedger
    evidence: EvidenceDesk
    review: ReviewDesk
    board: BoardDesk
    clock: Clock
    keys: Iterator[int]

    def take(self, document: dict[str, Any]) -> str:
        """Ingest a document and return its digest; it must not be rejected."""
        data = as_bytes(document)
        result = self.evidence.ingest_bytes("document.json", data, SYSTEM)
        assert not result.rejected, result.rejected
        if document["schema"] == "exeat-policy/1":
            self.adopt(digest_of(data))
        return digest_of(data)

    def adopt(self, sha256: str, by: Person = STELLA) -> None:
        """Put a policy that came in into force."""
        self.evidence.adopt_policy(by, sha256, seen=self.evidence.policies(by)[0].version)

    def version(self, release_id: str = RELEASE) -> int:
        return self.ledger.case(f"release:{release_id}")[-1].version

    def now(self, *, seen: int | None = None, release_id: str = RELEASE) -> dict[str, Any]:
        """Return what a page passes when it is up to date, each time with a new key."""
        return {"seen": self.version(release_id) if seen is None else seen, "key": f"k{next(self.keys)}"}

    def kinds(self, case: str = f"release:{RELEASE}") -> list[str]:
        return [entry.kind for entry in self.ledger.case(case)]

    def last(self) -> Entry:
        return self.ledger.case(f"release:{RELEASE}")[-1]

    def submitted(self, **changes: Any) -> Office:
        draft(self, **changes)
        self.review.submit(SUBMITTER, RELEASE, **self.now())
        return self

    def seated(self, *people: Person) -> Office:
        for one in people or (STELLA, STAN):
            self.review.start_review(one, RELEASE, conflict="none", **self.now())
        return self

    def opinion(self, release_id: str = RELEASE, **changes: Any) -> ReviewInput:
        """Return a review made on the evidence as it is now."""
        return opinion(**({"basis": self.basis(release_id)} | changes))

    def basis(self, release_id: str = RELEASE) -> str:
        return self.review.case(STELLA, release_id).basis

    def reviewed(self, *people: Person, **changes: Any) -> Office:
        for one in people or (STELLA, STAN):
            self.review.record_review(one, RELEASE, self.opinion(**changes), **self.now())
        return self


def opinion(**changes: Any) -> ReviewInput:
    return ReviewInput(**({"votes": APPROVE, "basis": "", "answers": {"P3": Answer("yes")}} | changes))


def draft(office: Office, *, auc: tuple[str, str, str] | None = ("0.55", "0.52", "0.58"), **changes: Any) -> None:
    """Ingest policy, manifest, reports and proposal; ``auc`` is value and interval, None leaves the reports out."""
    office.take(changes.pop("policy", factories.policy_document()))
    manifest = office.take(changes.pop("manifest", factories.manifest_document()))
    if auc is not None:
        value, low, high = auc
        for number, about in enumerate(("weights", "log")):
            measured = factories.indicator(value=value, ci_low=low, ci_high=high)
            office.take(factories.report_document(report_id=f"r-{number}", about=about, indicators=[measured]))
    office.take(factories.proposal_document(manifest_sha256=manifest, **changes))


@contextmanager
def office_in(home: Path) -> Iterator[Office]:
    clock = Clock()
    key = load_or_create_log_key(str(home / "log.key"), ORIGIN)
    ledger = SqlLedger(f"sqlite:///{home / 'ledger.db'}", origin=ORIGIN, key=key, clock=clock)
    access = AccessStore(home / "access")
    evidence = EvidenceDesk(ledger, ObjectStore(str(home / "evidence")), access, clock)
    warehouse = Warehouse(ledger, evidence, access.glob(), lambda: clock().date())
    review = ReviewDesk(ledger, evidence, clock, warehouse)
    board = BoardDesk(ledger, evidence, clock, review, lambda: BOARD)
    try:
        yield Office(ledger, evidence, review, board, clock, itertools.count())
    finally:
        warehouse.close()
        ledger.close()
