"""Wire everything: stores, services, clock. The only module beside the command line that knows the storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exeat.access.catalogue import Catalogue
from exeat.access.exposure import Exposure
from exeat.access.intake_view import IntakeView
from exeat.access.ledger_view import LedgerView
from exeat.access.patterns import Patterns
from exeat.board.service import BoardDesk
from exeat.demo.people import load_people
from exeat.evidence.service import EvidenceDesk
from exeat.model.person import Permission
from exeat.policy.adoption import load_default
from exeat.prepare.service import PrepareDesk
from exeat.review.service import ReviewDesk
from exeat.storage.access_store import AccessStore
from exeat.storage.drafts import DraftStore
from exeat.storage.keys import load_or_create_log_key
from exeat.storage.ledger_sql import SqlLedger
from exeat.storage.objects import ObjectStore
from exeat.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.settings import Settings


def utc_now() -> datetime:
    """Return the time of the log."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that pages and commands use."""

    settings: Settings
    ledger: SqlLedger
    evidence: EvidenceDesk
    warehouse: Warehouse
    review: ReviewDesk
    prepare: PrepareDesk
    board: BoardDesk
    catalogue: Catalogue
    exposure: Exposure
    patterns: Patterns
    ledger_view: LedgerView
    intake_view: IntakeView
    clock: Callable[[], datetime]

    def close(self) -> None:
        """Release connections and the private warehouse."""
        self.warehouse.close()
        self.ledger.close()


def open_desk(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Desk:
    """Open the stores of ``settings`` and wire the services; a fresh home gets a key, a log and the default policy."""
    settings.home.mkdir(parents=True, exist_ok=True)
    key = load_or_create_log_key(settings.effective_log_key, settings.origin)
    ledger = SqlLedger(settings.effective_ledger_url, origin=settings.origin, key=key, clock=clock)
    objects = ObjectStore(settings.effective_evidence_url)
    access = AccessStore(settings.home / "access")
    evidence = EvidenceDesk(ledger, objects, access, clock, settings.max_checkpoint_bytes)
    evidence.bootstrap(load_default())
    warehouse = Warehouse(ledger, evidence, access.glob(), lambda: clock().date())
    review = ReviewDesk(ledger, evidence, clock, warehouse)
    prepare = PrepareDesk(
        DraftStore(settings.effective_drafts_url),
        ledger,
        evidence,
        review,
        clock,
        warehouse,
        max_file_bytes=settings.max_checkpoint_bytes,
        max_draft_bytes=settings.max_draft_bytes,
    )
    return Desk(
        settings,
        ledger,
        evidence,
        warehouse,
        review,
        prepare,
        BoardDesk(ledger, evidence, clock, review, lambda: board_of(settings)),
        Catalogue(warehouse, evidence, clock),
        Exposure(warehouse, evidence, clock),
        Patterns(warehouse, clock),
        LedgerView(warehouse, ledger),
        IntakeView(warehouse),
        clock,
    )


def board_of(settings: Settings) -> frozenset[str] | None:
    """Return the ids of the board's members: as configured, in a demo its people; None when nobody named them."""
    if settings.demo:
        return frozenset(who.person_id for who in load_people() if who.can(Permission.BOARD_COSIGN))
    return frozenset(settings.board_members) or None
