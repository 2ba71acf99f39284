"""Access events from Parquet files into the warehouse: the loader reads them, no query connection ever does."""

from __future__ import annotations

import re
from glob import glob
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from exeat.storage.warehouse_schema import arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

_DAY = re.compile(r"day=(\d{4}-\d{2}-\d{2})")
_ROWS_AT_ONCE = 500_000


def parts_of(access_glob: str) -> list[str]:
    """Return the Parquet files that are there now, in a stable order."""
    return sorted(glob(access_glob, recursive=True)) if access_glob else []  # noqa: PTH207 a pattern, not a folder


def read_part(path: str) -> pa.Table:
    """Return one file with exactly the columns of ``access_event``; a column it lacks is null.

    Reads the schema of the file alone: no column of a file can add to the table.
    """
    schema = arrow_schema("access_event")
    with pq.ParquetFile(path) as file:
        known = [name for name in schema.names if name in file.schema_arrow.names]
        table = file.read(columns=known)
    found = _DAY.search(path)
    constants = {"file": path, "day": found.group(1) if found else None}
    columns = [_column(table, field, constants) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(table: pa.Table, field: pa.Field, constants: dict[str, str | None]) -> pa.ChunkedArray | pa.Array:
    if field.name in constants:
        return pa.repeat(pa.scalar(constants[field.name], pa.string()), table.num_rows).cast(field.type)
    if field.name not in table.column_names:
        return pa.nulls(table.num_rows, field.type)
    return table.column(field.name).cast(field.type)


def load_parts(cursor: duckdb.DuckDBPyConnection, paths: list[str]) -> int:
    """Insert the files in few large batches; return the number of events."""
    return sum(_insert(cursor, batch) for batch in _batches(paths))


def _batches(paths: list[str]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for path in paths:
        waiting.append(read_part(path))
        if sum(table.num_rows for table in waiting) >= _ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _insert(cursor: duckdb.DuckDBPyConnection, table: pa.Table) -> int:
    cursor.register("batch", table)
    cursor.execute("INSERT INTO access_event BY NAME SELECT * FROM batch")
    cursor.unregister("batch")
    return int(table.num_rows)


def drop_parts(cursor: duckdb.DuckDBPyConnection, paths: set[str]) -> None:
    """Forget the events of files that are gone (retention)."""
    cursor.execute("DELETE FROM access_event WHERE file IN (SELECT unnest(?))", [sorted(paths)])
