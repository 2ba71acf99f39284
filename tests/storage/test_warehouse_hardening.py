"""No file, network, setting or write can be reached through a query, and threads never mix their rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest

from exeat.errors import BadInput
from exeat.storage.warehouse import Warehouse
from tests.unit.review.desks import draft, office_in


@pytest.fixture
def warehouse(tmp_path):
    with office_in(tmp_path) as office:
        draft(office)
        found = Warehouse(office.ledger, office.evidence, "", lambda: office.clock().date())
        yield found
        found.close()


READS = (
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_parquet('/tmp/*.parquet')",
    "SELECT * FROM glob('/etc/*')",
    "FROM '/etc/passwd'",
    "SELECT * FROM 'https://example.org/x.csv'",
)
NOT_SELECTS = (
    "ATTACH '/tmp/x.duckdb' AS x",
    "ATTACH ':memory:' AS x",
    "SET threads = 1",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "INSTALL httpfs",
    "LOAD httpfs",
    "COPY statement TO '/tmp/out.csv'",
    "EXPORT DATABASE '/tmp/out'",
    "INSERT INTO statement (seq) VALUES (1)",
    "UPDATE release_state SET state = 'approved'",
    "DELETE FROM statement",
    "DROP TABLE statement",
    "CREATE TABLE x (a INT)",
    "SELECT 1; DELETE FROM statement",
    "",
)


@pytest.mark.parametrize("sql", READS)
def test_no_file_can_be_read(warehouse, sql):
    with pytest.raises(duckdb.Error):
        warehouse.frame(sql)


@pytest.mark.parametrize("sql", NOT_SELECTS)
def test_only_single_selects_are_answered(warehouse, sql):
    before = warehouse.counts()
    with pytest.raises(BadInput):
        warehouse.frame(sql)
    assert warehouse.counts() == before


def test_the_connection_itself_refuses_too(warehouse):
    """The second fence, behind the first: even a statement that came through could do nothing."""
    with warehouse._root.cursor() as cursor:
        for sql in ("SET threads = 1", "SET lock_configuration = false", "ATTACH '/tmp/x.duckdb' AS x"):
            with pytest.raises(duckdb.Error):
                cursor.execute(sql)
        cursor.execute("BEGIN TRANSACTION READ ONLY")
        with pytest.raises(duckdb.Error):
            cursor.execute("DELETE FROM statement")


def test_variables_of_the_caller_are_not_tables(warehouse):
    secret_frame = warehouse.frame("SELECT 1 AS a")
    assert len(secret_frame) == 1
    with pytest.raises(duckdb.Error):
        warehouse.frame("SELECT * FROM secret_frame")


def test_values_travel_as_parameters(warehouse):
    hostile = "onco-v1'; DROP TABLE statement; --"
    assert warehouse.frame("SELECT * FROM checkpoint WHERE checkpoint_id = ?", [hostile]).empty
    assert warehouse.counts()["statement"] > 0


def test_threads_never_see_each_other_s_rows(warehouse):
    def ask(number: int) -> bool:
        sql = f"SELECT {number} AS mine, r.range AS n FROM range({number % 50 + 1}) r"  # noqa: S608
        found = warehouse.frame(sql)
        return len(found) == number % 50 + 1 and set(found["mine"]) == {number}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400)))


def test_an_answer_is_the_caller_s_own(warehouse):
    first = warehouse.frame("SELECT checkpoint_id FROM checkpoint")
    first.loc[0, "checkpoint_id"] = "changed"
    assert warehouse.frame("SELECT checkpoint_id FROM checkpoint")["checkpoint_id"].iloc[0] == "onco-v1"


def test_times_with_a_zone_compare_as_utc(warehouse):
    moment = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    east = moment.astimezone(timezone(timedelta(hours=9)))
    sql = "SELECT TIMESTAMP '2026-11-23 11:59:59' < ? AND TIMESTAMP '2026-11-23 12:00:01' > ? AS same"
    assert bool(warehouse.frame(sql, [east, moment])["same"].iloc[0])
