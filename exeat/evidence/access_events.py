"""Canonical access events as JSON lines or Parquet: good rows are stored by day, bad ones rejected with their place."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from exeat.errors import BadInput
from exeat.evidence import statements
from exeat.evidence.intake import Item
from exeat.evidence.recognise import ACCESS_EVENTS, ACCESS_PARQUET, MAX_LINE_BYTES
from exeat.evidence.walk import whole
from exeat.model.access_event import AccessEvent
from exeat.model.documents import parse_document, validation_to_bad_input

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exeat.evidence.intake import Source
    from exeat.evidence.run import Run

CHUNK = 20_000
PARQUET_ROWS = 200
MAX_BATCH_BYTES = 16 * 2**20
"""A few kilobytes of Parquet can unpack to gigabytes of text; so many bytes at once are never turned into objects."""
SHOWN_REJECTS = 200
"""How many bad rows of one file are kept one by one; the others are counted."""
MAX_ROW_GROUP_BYTES = 512 * 2**20
YEARS = range(2000, 2200)


class Row(NamedTuple):
    """One row of a log: the event, or why it is none; ``raw`` is what was read.

    ``size`` and ``sha256`` describe the whole of a row that was cut.
    """

    place: str
    raw: bytes
    event: AccessEvent | None
    error: BadInput | None
    size: int = 0
    sha256: str = ""


def take_lines(run: Run, source: Source) -> None:
    """Take in a log of one JSON event per line."""
    with _open(source) as stream:
        _take(run, source, ACCESS_EVENTS, _lines(stream))


def take_parquet(run: Run, source: Source) -> None:
    """Take in a Parquet file with the columns of the canonical event."""
    with _open(source) as stream:
        _take(run, source, ACCESS_PARQUET, _rows(stream))


def _open(source: Source) -> Any:
    if source.data is not None:
        return io.BytesIO(source.data)
    if source.path is None:
        raise BadInput("The upload is not all here.", "Upload it again.")
    return Path(source.path).open("rb")


def _take(run: Run, source: Source, kind: str, rows: Iterator[Row]) -> None:
    added = duplicates = bad = 0
    chunk: list[AccessEvent] = []
    for row in rows:
        if row.event is None:
            bad += 1
            _reject(run, source, kind, row, bad)
            continue
        chunk.append(row.event)
        if len(chunk) >= CHUNK:
            stored = run.stores.access.add(chunk)
            added, duplicates, chunk = added + stored.added, duplicates + stored.duplicates, []
    stored = run.stores.access.add(chunk)
    added, duplicates = added + stored.added, duplicates + stored.duplicates
    _report(run, source, kind, added, duplicates, bad)


def _report(run: Run, source: Source, kind: str, added: int, duplicates: int, bad: int) -> None:
    if bad > SHOWN_REJECTS:
        more = BadInput(f"{bad - SHOWN_REJECTS:,} more rows were refused.", "Correct the first ones and ingest again.")
        run.reject(source, more, kind=kind, keep=False)
    counts = {"events": added, "known": duplicates, "refused": bad}
    note = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count or word == "events")
    if added:
        item = Item(source.name, kind, source.sha256, "", note)
        run.accept(source, item, *_closed_days(run))
    elif duplicates:
        run.know(source, kind, "", note)


def _reject(run: Run, source: Source, kind: str, row: Row, position: int) -> None:
    if position <= SHOWN_REJECTS and row.error is not None:
        line = whole(source.name, row.raw)
        if row.sha256:
            line.size, line.sha256 = row.size, row.sha256
        run.reject(line, BadInput(row.error.headline, row.error.what_to_do, place=row.place), kind=kind)


def _closed_days(run: Run) -> list[Any]:
    """Say the digest of every past day; a day that is closed already with the same files writes nothing."""
    today = run.stores.clock().astimezone(UTC).date()
    digests = run.stores.access.day_digests()
    return [statements.closed(run.by, day, digests[day]) for day in sorted(digests) if day < today]


def _lines(stream: Any) -> Iterator[Row]:
    """Yield one row per non-blank line; a line over the limit is cut and refused, the next one is read as usual."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        place = f"line {number}"
        if len(line) > MAX_LINE_BYTES:
            yield _long_line(place, line, stream)
        elif line.strip():
            yield _line(place, line)


def _long_line(place: str, line: bytes, stream: Any) -> Row:
    error = BadInput(f"The line is longer than {MAX_LINE_BYTES:,} bytes.", "Shorten it.")
    digest, size, last = hashlib.sha256(line), len(line), line
    while not last.endswith(b"\n") and (last := stream.readline(MAX_LINE_BYTES)):
        digest.update(last)
        size += len(last)
    return Row(place, line, None, error, size, "sha256:" + digest.hexdigest())


def _line(place: str, line: bytes) -> Row:
    try:
        return Row(place, line, _check_time(parse_document(line, AccessEvent)), None)
    except BadInput as exc:
        return Row(place, line, None, exc)


def _check_time(event: AccessEvent) -> AccessEvent:
    if event.ts.year not in YEARS:
        raise BadInput(f"The time {event.ts.isoformat()} is not plausible.", "Write ts in UTC as RFC 3339.")
    return event


def _rows(stream: Any) -> Iterator[Row]:
    import pyarrow as pa  # noqa: PLC0415 most ingests hold no Parquet

    try:
        yield from _parquet_rows(stream)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as exc:
        detail = (str(exc).splitlines() or ["no detail"])[0][:200]
        raise BadInput(f"The Parquet file cannot be read: {detail}.", "Write it again.") from exc


def _parquet_rows(stream: Any) -> Iterator[Row]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetFile(stream, thrift_string_size_limit=2**24, thrift_container_size_limit=2**20) as file:
        columns = _columns(file)
        number = 0
        for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=columns):
            if batch.nbytes > MAX_BATCH_BYTES:
                raise BadInput(
                    f"{PARQUET_ROWS} rows of the Parquet file unpack to {batch.nbytes:,} bytes.",
                    "Shorten the text columns; none needs more than 300 characters.",
                )
            for values in batch.to_pylist():
                number += 1
                yield _event_row(f"row {number}", values)


def _columns(file: Any) -> list[str]:
    for i in range(file.metadata.num_row_groups):
        if file.metadata.row_group(i).total_byte_size > MAX_ROW_GROUP_BYTES:
            raise BadInput("A row group of the Parquet file is too large.", "Write row groups below 512 MiB.")
    fields = AccessEvent.model_fields
    columns = [name for name in file.schema_arrow.names if name in fields]
    missing = [name for name, field in fields.items() if field.is_required() and name not in (*columns, "schema_")]
    if missing:
        raise BadInput(
            f"The Parquet file lacks the columns {', '.join(missing)}.", "See: exeat schema exeat-access-event/1"
        )
    return columns


def _event_row(place: str, values: dict[str, Any]) -> Row:
    raw = repr(values)[:MAX_LINE_BYTES].encode("utf-8", "backslashreplace")
    given = {name: value for name, value in values.items() if value is not None}
    if (ts := given.get("ts")) is not None and getattr(ts, "tzinfo", True) is None:
        given["ts"] = ts.replace(tzinfo=UTC)
    try:
        event = AccessEvent.model_validate(given | {"schema": ACCESS_EVENTS})
        return Row(place, raw, _check_time(event), None)
    except ValidationError as exc:
        return Row(place, raw, None, validation_to_bad_input(exc, ACCESS_EVENTS))
    except BadInput as exc:
        return Row(place, raw, None, exc)
