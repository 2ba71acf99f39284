"""Access events: good rows by day and once, bad rows in the rejects with their place."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exeat.evidence.access_events import SHOWN_REJECTS
from exeat.model.access_event import AccessEvent
from exeat.storage.access_store import SCHEMA
from tests.factories import STELLA
from tests.unit.evidence.factories_evidence import as_bytes, event, sha


def lines(*events):
    return b"\n".join(one if isinstance(one, bytes) else as_bytes(one) for one in events) + b"\n"


def stored(home):
    sql = "SELECT * FROM read_parquet(?) ORDER BY ts, source_event_id"
    return duckdb.sql(sql, params=[home.access.glob()]).to_arrow_table().to_pylist()


def parquet(rows, schema=None):
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    return buffer.getvalue()


def test_every_field_of_the_event_is_a_column():
    assert set(SCHEMA.names) == set(AccessEvent.model_fields) - {"schema_"}


def test_good_lines_are_stored_by_day_and_bad_ones_named(home):
    data = lines(
        event(), b"{bad", b"", event(source_event_id="e-2", ts="2026-11-21T01:00:00+02:00"), event(tier=9) | {}
    )
    result = home.ingest(log=data)
    assert result.accepted[0].note == "2 events, 2 refused"
    assert [(record.place, record.name) for record in result.rejected] == [
        ("line 2", "inbox/log"),
        ("line 5", "inbox/log"),
    ]
    assert "tier" in result.rejected[1].reason
    assert [row["source_event_id"] for row in stored(home)] == ["e-1", "e-2"]
    assert {str(row["day"]) for row in stored(home)} == {"2026-11-20"}


def test_an_event_is_stored_once_within_and_across_files(home):
    home.ingest(a=lines(event(), event()))
    result = home.ingest(b=lines(event(), event(source_event_id="e-2"), event(source="nginx-2")))
    assert result.accepted[0].note == "2 events, 1 known"
    assert len(stored(home)) == 3
    assert [item.note for item in home.ingest().known] == ["0 events, 2 known", "0 events, 3 known"]


def test_past_days_are_closed_on_the_ledger_and_again_when_late_events_come(home):
    home.ingest(a=lines(event(), event(source_event_id="today", ts="2026-11-23T09:00:00Z")))
    closed = [entry for entry in home.ledger.entries() if entry.kind == "access.partition_closed"]
    assert [(entry.case, dict(entry.body)) for entry in closed] == [("access:2026-11-20", {"day": "2026-11-20"})]
    assert closed[0].subject["partition"] == home.access.day_digests()[date(2026, 11, 20)]
    home.ingest(b=lines(event(source_event_id="late")))
    assert [entry.case for entry in home.ledger.entries()][1:] == ["access:2026-11-20"] * 2


def test_a_day_is_closed_when_it_has_passed(home):
    home.ingest(a=lines(event(ts="2026-11-23T09:00:00Z")))
    assert home.kinds() == []
    home.desk._stores = home.desk._stores._replace(clock=lambda: datetime(2026, 11, 24, 12, tzinfo=UTC))
    home.ingest(b=lines(event(source_event_id="e-2", ts="2026-11-24T09:00:00Z")))
    assert [entry.case for entry in home.ledger.entries()][1:] == ["access:2026-11-23"]


def test_changed_parts_change_the_digest_of_the_day(home):
    home.ingest(a=lines(event()))
    before = home.access.day_digests()
    next(home.access._path.glob("day=*/part-*")).rename(home.access._path / "day=2026-11-20" / "part-other.parquet")
    assert home.access.day_digests() != before


def test_parquet_in_parquet_out(home):
    moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
    rows = [
        {name: value for name, value in event(source_event_id=f"e-{i}").items() if name != "schema"} | {"ts": moment}
        for i in range(5)
    ]
    rows[3]["tier"] = 77
    result = home.ingest(log=parquet(rows))
    assert result.accepted[0].note == "4 events, 1 refused"
    assert result.rejected[0].place == "row 4"
    assert [row["ts"] for row in stored(home)] == [moment] * 4
    assert home.ingest().known[0].note == "0 events, 4 known, 1 refused"


def test_times_without_zone_in_parquet_are_utc(home):
    row = {name: value for name, value in event().items() if name != "schema"} | {"ts": datetime(2026, 11, 20, 10)}  # noqa: DTZ001
    home.ingest(log=parquet([row]))
    assert stored(home)[0]["ts"] == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PAR1 and then nothing", "cannot be read"),
        (parquet([{"a": 1}]), "lacks the columns ts, source"),
        (parquet([{"ts": "2026"}])[:-20], "cannot be read"),
    ],
)
def test_a_parquet_file_that_is_none_gets_a_sentence(home, data, words):
    assert words in home.ingest(log=data).rejected[0].reason


@pytest.mark.parametrize(
    "changes",
    [
        {"ts": "2026-11-20T10:00:00"},
        {"ts": 1763632800},
        {"ts": "0001-01-01T00:00:00Z"},
        {"ts": "9999-12-31T23:59:59Z"},
        {"bytes": -1},
        {"bytes": 1.5},
        {"bytes": 2**60},
        {"action": "steal"},
        {"principal": "a\u0000b"},
        {"principal": "x" * 400},
        {"surprise": 1},
        {"outcome": None},
    ],
)
def test_a_wrong_event_is_refused(home, changes):
    result = home.ingest(log=lines(event(source_event_id="good"), event(**changes)))
    assert [record.place for record in result.rejected] == ["line 2"]
    assert len(stored(home)) == 1


def test_a_line_without_end_does_not_swallow_the_next(home):
    data = lines(
        event(), b'{"schema": "exeat-access-event/1", "x": "' + b"a" * 300_000 + b'"}', event(source_event_id="e-2")
    )
    result = home.ingest(log=data)
    assert "longer than" in result.rejected[0].reason
    assert len(stored(home)) == 2


def test_many_bad_lines_are_counted_not_listed(home):
    result = home.ingest(log=lines(event(), *[b"{%d" % i for i in range(SHOWN_REJECTS + 50)]))
    assert len(result.rejected) == SHOWN_REJECTS + 1
    assert result.rejected[-1].reason == "50 more rows were refused."


def test_a_log_larger_than_a_document_is_read_in_a_stream(home):
    data = lines(*[event(source_event_id=f"e-{i}", path="/x" * 140) for i in range(20_000)])
    assert len(data) > 9_000_000
    assert home.ingest(log=data).accepted[0].note == "20,000 events"
    assert home.desk.ingest_bytes("again", data, STELLA).known[0].note == "0 events, 20,000 known"


def test_parts_are_named_by_their_digest(home):
    home.ingest(log=lines(event()))
    part = next(home.access._path.glob("day=*/part-*.parquet"))
    assert part.name == f"part-{sha(part.read_bytes()).removeprefix('sha256:')}.parquet"
    assert json.loads(as_bytes(event()))["source"] == pq.read_table(part)["source"][0].as_py()
