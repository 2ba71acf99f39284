"""The one question that the pages ask of the warehouse: a SELECT in, a frame out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


class Gateway(Protocol):
    """Read access to the warehouse; ``exeat.storage.warehouse.Warehouse`` is one."""

    def frame(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Return the rows of one SELECT as of now, bound to ``params``; it can neither write nor read files."""
        ...
