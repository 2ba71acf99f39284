"""A desk on real stores: SQLite, a folder, Parquet; nothing stands in for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from exeat.evidence.service import EvidenceDesk
from exeat.ledger.note import make_key
from exeat.model.person import SYSTEM
from exeat.policy.adoption import load_default
from exeat.storage.access_store import AccessStore
from exeat.storage.ledger_sql import SqlLedger
from exeat.storage.objects import ObjectStore

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Home:
    """A desk, its stores, and a folder to ingest from."""

    desk: EvidenceDesk
    ledger: SqlLedger
    objects: ObjectStore
    access: AccessStore
    inbox: Path

    def drop(self, **files: bytes) -> None:
        for name, data in files.items():
            (self.inbox / name).write_bytes(data)

    def ingest(self, **files: bytes):
        self.drop(**files)
        return self.desk.ingest([self.inbox], SYSTEM)

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.ledger.entries()][1:]


@pytest.fixture
def home(tmp_path):
    ledger = SqlLedger(
        f"sqlite:///{tmp_path / 'ledger.db'}",
        origin="test.local/log",
        key=make_key("test.local/log"),
        clock=lambda: NOON,
    )
    objects = ObjectStore(tmp_path / "evidence")
    access = AccessStore(tmp_path / "access")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    yield Home(EvidenceDesk(ledger, objects, access, lambda: NOON), ledger, objects, access, inbox)
    ledger.close()


@pytest.fixture
def ready(home):
    """A home with a policy in force."""
    home.desk.bootstrap(load_default())
    return home
