"""Access events as Parquet, one folder per day; an event is stored once per (source, source_event_id)."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exeat.evidence.ports import AddResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from exeat.model.access_event import AccessEvent

_TEXT = pa.string()
SCHEMA = pa.schema(
    [
        pa.field("ts", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("source", _TEXT, nullable=False),
        pa.field("source_event_id", _TEXT, nullable=False),
        pa.field("principal", _TEXT, nullable=False),
        pa.field("principal_kind", _TEXT, nullable=False),
        ("role", _TEXT),
        ("client_ip", _TEXT),
        ("user_agent", _TEXT),
        ("checkpoint_id", _TEXT),
        ("lineage_id", _TEXT),
        ("version", _TEXT),
        ("component", _TEXT),
        ("tier", pa.int8()),
        ("path", _TEXT),
        pa.field("action", _TEXT, nullable=False),
        ("bytes", pa.int64()),
        pa.field("outcome", _TEXT, nullable=False),
        ("status", _TEXT),
        ("agreement_id", _TEXT),
        pa.field("agreement_source", _TEXT, nullable=False),
        pa.field("simulated", pa.bool_(), nullable=False),
    ]
)
ORDER = [("ts", "ascending"), ("source", "ascending"), ("source_event_id", "ascending")]
NEW = """
    WITH fresh AS (
        SELECT DISTINCT ON (source, source_event_id) * FROM batch ORDER BY source, source_event_id, ts
    )
    SELECT * FROM fresh {known}
"""
KNOWN = "ANTI JOIN read_parquet(?, hive_partitioning = false) USING (source, source_event_id)"


class AccessStore:
    """A folder ``day=YYYY-MM-DD/part-<sha256>.parquet``; parts are immutable and named by their digest."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def glob(self) -> str:
        """Return the pattern of all parts, for DuckDB."""
        return str(self._path / "day=*" / "part-*.parquet")

    def add(self, events: Sequence[AccessEvent] | pa.Table) -> AddResult:
        """Store the events that are new, durably, one part per day; return what was new and what was known."""
        batch = events if isinstance(events, pa.Table) else _table(events)
        if not batch.num_rows:
            return AddResult(0, 0, ())
        with self._locked():
            fresh = self._new(batch)
            days = pc.cast(fresh["ts"], pa.date32())
            written = sorted(pc.unique(days).to_pylist())
            for day in written:
                self._write(day, fresh.filter(pc.equal(days, pa.scalar(day, pa.date32()))))
        return AddResult(fresh.num_rows, batch.num_rows - fresh.num_rows, tuple(written))

    def day_digests(self) -> dict[date, str]:
        """Return for each day the SHA-256 over the sorted names of its parts, which are digests of their content."""
        return {day: self._digest(folder) for day, folder in self._days()}

    def _days(self) -> Iterator[tuple[date, Path]]:
        for folder in sorted(self._path.glob("day=????-??-??")):
            yield date.fromisoformat(folder.name.removeprefix("day=")), folder

    @staticmethod
    def _digest(folder: Path) -> str:
        names = sorted(part.name for part in folder.glob("part-*.parquet"))
        return "sha256:" + hashlib.sha256("\n".join(names).encode()).hexdigest()

    def _new(self, batch: pa.Table) -> pa.Table:
        stored = any(self._path.glob("day=*/part-*.parquet"))
        with duckdb.connect(":memory:") as connection:
            connection.register("batch", batch)
            relation = connection.sql(NEW.format(known=KNOWN if stored else ""), params=[self.glob()] if stored else [])
            table: pa.Table = relation.to_arrow_table()
        return table.select(SCHEMA.names).cast(SCHEMA)

    def _write(self, day: date, table: pa.Table) -> None:
        folder = self._path / f"day={day.isoformat()}"
        folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        pq.write_table(table.sort_by(ORDER), buffer, compression="zstd")
        data = buffer.getvalue()
        final = folder / f"part-{hashlib.sha256(data).hexdigest()}.parquet"
        temporary = folder / f".{os.getpid()}.tmp"
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(final)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time look for known events and write."""
        self._path.mkdir(parents=True, exist_ok=True)
        with (self._path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _table(events: Sequence[AccessEvent]) -> pa.Table:
    columns: list[list[Any]] = [[getattr(event, name) for event in events] for name in SCHEMA.names]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)
