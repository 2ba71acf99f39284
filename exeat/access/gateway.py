"""What oversight and catalogue need from outside: one question to the warehouse, two to the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from exeat.model.manifest import Manifest
    from exeat.model.policy import Policy


class Gateway(Protocol):
    """Read access to the warehouse; ``exeat.storage.warehouse.Warehouse`` is one."""

    def frame(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Return the rows of one SELECT as of now, bound to ``params``; it can neither write nor read files."""
        ...


class Evidence(Protocol):
    """The documents behind a page; ``exeat.evidence.service.EvidenceDesk`` is one."""

    def manifest(self, sha256: str) -> Manifest:
        """Return the manifest with this digest."""
        ...

    def policy(self) -> tuple[Policy, str]:
        """Return the adopted policy and its digest; raise NotFound before the first."""
        ...
