"""Scores of single records: membership data, so they stay in a file of their own that the report names by digest."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from exeat.audit.membership import quantiles, strongest
from exeat.model.base import digest_of
from exeat.model.risk_report import WithheldRecords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.audit.membership import Scores

SUFFIX = ".withheld.parquet"


def name_of(sha256: str) -> str:
    """Return the file's name: the digest says what it is, the ending that it stays inside."""
    return sha256.removeprefix("sha256:") + SUFFIX


def table_of(all_scores: Sequence[Scores]) -> bytes:
    """Return one Parquet row per record: its side, its position on that side, and the score of each attack."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    first = all_scores[0]
    n_in, n_out = len(first.members), len(first.non_members)
    columns = {
        "member": np.arange(n_in + n_out) < n_in,
        "position": np.concatenate([np.arange(n_in), np.arange(n_out)]),
    }
    columns |= {s.attack: np.concatenate([s.members, s.non_members]) for s in all_scores}
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def withheld_of(all_scores: Sequence[Scores], table: bytes | None) -> WithheldRecords:
    """Return what the report says about the records: quantiles of the strongest attack, and the file's digest."""
    best = strongest(all_scores)
    return WithheldRecords(
        quantiles=quantiles(best),
        withheld_sha256=digest_of(table) if table is not None else None,
        n_records=len(best.members) + len(best.non_members),
    )
