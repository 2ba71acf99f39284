"""One small organisation over real stores, and the views on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from exeat.access.catalogue import Catalogue
from exeat.access.exposure import Exposure
from exeat.access.intake_view import IntakeView
from exeat.access.ledger_view import LedgerView
from exeat.access.patterns import Patterns
from exeat.storage.access_store import AccessStore
from exeat.storage.warehouse import Warehouse
from tests.unit.review.desks import Office, office_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Views:
    office: Office
    warehouse: Warehouse
    access: AccessStore
    catalogue: Catalogue
    exposure: Exposure
    patterns: Patterns
    ledger: LedgerView
    intake: IntakeView


@pytest.fixture
def views(tmp_path: Path) -> Iterator[Views]:
    with office_in(tmp_path) as office:
        access = AccessStore(tmp_path / "access")
        warehouse = Warehouse(office.ledger, office.evidence, access.glob(), lambda: office.clock().date())
        yield Views(
            office,
            warehouse,
            access,
            Catalogue(warehouse, office.evidence, office.clock),
            Exposure(warehouse, office.evidence, office.clock),
            Patterns(warehouse, office.clock),
            LedgerView(warehouse, office.ledger),
            IntakeView(warehouse),
        )
        warehouse.close()
