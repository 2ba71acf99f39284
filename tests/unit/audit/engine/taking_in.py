"""Take documents in on real stores, and say what is attached to toy-v1 afterwards."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from exeat.evidence.service import EvidenceDesk
from exeat.ledger.note import make_key
from exeat.model.person import SYSTEM
from exeat.storage.access_store import AccessStore
from exeat.storage.ledger_sql import SqlLedger
from exeat.storage.objects import ObjectStore


def ingest(home, *documents):
    """Take the documents in on real stores; return the outcome and what is attached to toy-v1."""
    inbox = home / "inbox"
    inbox.mkdir(parents=True)
    for i, document in enumerate(documents):
        (inbox / f"{i}.json").write_bytes(document)
    url, key = f"sqlite:///{home / 'ledger.db'}", make_key("test.local/log")
    with closing(SqlLedger(url, origin="test.local/log", key=key, clock=lambda: datetime.now(UTC))) as ledger:
        stores = (ledger, ObjectStore(home / "evidence"), AccessStore(home / "access"))
        desk = EvidenceDesk(*stores, lambda: datetime.now(UTC))
        return desk.ingest([inbox], SYSTEM), desk.reports_for("toy-v1")
