"""The warehouse: a DuckDB file private to this process, derived from ledger, evidence and access events.

It can be deleted at any time; nothing is decided from it. Two processes on one ledger see each other's entries
because each catches up by sequence number before it answers.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import weakref
from collections import OrderedDict
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from exeat.errors import BadInput
from exeat.storage.warehouse_access import drop_parts, load_parts, parts_of
from exeat.storage.warehouse_load import Loader
from exeat.storage.warehouse_schema import TABLES, VIEWS, create_statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    import pandas as pd

    from exeat.ledger.statement import LedgerStore
    from exeat.storage.warehouse_load import Evidence

_HARDENED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_LOCKED = ("LOAD icu", "SET GLOBAL TimeZone = 'UTC'", "SET lock_configuration = true")
"""No file, network, extension or setting can be reached from SQL; rows come in as Arrow tables only.

icu is built in; with it a time with a zone compares rightly with our times, which are UTC.
"""

_ANSWERS_KEPT, _ROWS_KEPT = 128, 5000
Question = tuple[int, str, str]

_LOOK_EVERY = 1.0
"""Seconds between two looks for new access files on behalf of queries."""


class Answers:
    """The latest answers, few and small; a key names the load it was asked after, so nothing here is ever stale."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Question, pd.DataFrame] = OrderedDict()

    def get(self, question: Question) -> pd.DataFrame | None:
        """Return the answer, if it is here."""
        with self._lock:
            return self._kept.get(question)

    def keep(self, question: Question, answer: pd.DataFrame) -> None:
        """Keep a small answer and let the oldest go."""
        if len(answer) <= _ROWS_KEPT:
            with self._lock:
                self._kept[question] = answer
                while len(self._kept) > _ANSWERS_KEPT:
                    self._kept.popitem(last=False)


class Warehouse:
    """Answers SELECTs over everything that is true so far; safe to share between threads.

    ``access_glob`` names the Parquet files of the access events; ``today`` decides what has expired.
    """

    def __init__(self, ledger: LedgerStore, evidence: Evidence, access_glob: str, today: Callable[[], date]) -> None:
        self._ledger = ledger
        self._evidence = evidence
        self._access_glob = access_glob
        self._today = today
        self._lock = threading.RLock()
        self._answers = Answers()
        self._loads = 0
        folder = tempfile.mkdtemp(prefix="exeat-warehouse-")  # readable by this user alone
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._root = duckdb.connect(Path(folder) / "warehouse.duckdb", config=_HARDENED)
        self._forget()
        for statement in (*_LOCKED, *create_statements()):
            self._root.execute(statement)

    def _forget(self) -> None:
        self._taken = -1
        self._day: date | None = None
        self._parts: set[str] = set()
        self._looked = float("-inf")

    def frame(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Catch up, then return the rows of one SELECT; raise BadInput for anything else.

        Each call has a cursor and a read-only transaction of its own: a shared connection mixes up the
        rows of threads. The same question is answered from memory until something new comes in.
        """
        self._catch_up_for_query()
        question = (self._loads, sql, repr(params))
        known = self._answers.get(question)
        if known is None:
            known = self._ask(sql, params)
            self._answers.keep(question, known)
        return known.copy(deep=False)

    def _ask(self, sql: str, params: Sequence[Any]) -> pd.DataFrame:
        with closing(self._root.cursor()) as cursor:
            kinds = [statement.type for statement in cursor.extract_statements(sql)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise BadInput("The warehouse answers single SELECTs only.", "Write through the ledger.")
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            return cursor.execute(sql, list(params)).df()

    def catch_up(self) -> int:
        """Take in every entry, access file and expiry since the last time; return the number of entries."""
        with self._lock:
            self._looked = time.monotonic()
            before, after = self._taken, self._ledger.size() - 1
            if after < before:
                # Another log stands in this place now (a restored backup): nothing we hold can be trusted.
                self.rebuild()
                return after + 1
            if after > before or self._today() != self._day or parts_of(self._access_glob) != sorted(self._parts):
                with self._transaction() as cursor:
                    self._load(cursor)
            return self._taken - before

    def _catch_up_for_query(self) -> None:
        """Catch up, but list the access folders at most once a second: a page asks ten times."""
        fresh = time.monotonic() - self._looked < _LOOK_EVERY
        if not (fresh and self._ledger.size() - 1 == self._taken and self._today() == self._day):
            self.catch_up()

    def rebuild(self) -> dict[str, int]:
        """Drop every row and load again from the sources in one transaction; return rows by table."""
        with self._lock:
            with self._transaction() as cursor:
                self._forget()
                for table in TABLES:
                    cursor.execute(f"DELETE FROM {table}")  # noqa: S608 our own names
                self._load(cursor)
            return self.counts()

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each table and view."""
        return {name: int(self.frame(f"SELECT count(*) AS n FROM {name}")["n"].iloc[0]) for name in (*TABLES, *VIEWS)}  # noqa: S608

    def close(self) -> None:
        """Close the connections and delete the file."""
        with self._lock:
            self._root.close()
            self._remove()

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Commit all of it or none of it; what we remember follows the commit."""
        remembered = self._taken, self._day, self._parts, self._looked
        with closing(self._root.cursor()) as cursor:
            cursor.execute("BEGIN TRANSACTION")
            try:
                yield cursor
                cursor.execute("COMMIT")
                self._loads += 1
            except BaseException:
                self._taken, self._day, self._parts, self._looked = remembered
                raise

    def _load(self, cursor: duckdb.DuckDBPyConnection) -> None:
        today = self._today()
        loader = Loader(self._ledger, self._evidence, cursor)
        if self._day is not None and today != self._day:
            loader.fold(map(self._ledger.case, self._aging(cursor, today)), today)
        last = loader.take(self._ledger.entries(self._taken), today)
        self._taken, self._day = max(self._taken, last), today
        self._load_access(cursor)

    @staticmethod
    def _aging(cursor: duckdb.DuckDBPyConnection, today: date) -> list[str]:
        """Return the cases that another day can change: an end date passes (or no longer has), or a seat lapses."""
        sql = """SELECT 'release:' || release_id FROM release_state
                 WHERE open OR (until <= ? AND (live OR state = 'suspended')) OR (until >= ? AND state = 'expired')"""
        return [case for (case,) in cursor.execute(sql, [today, today]).fetchall()]

    def _load_access(self, cursor: duckdb.DuckDBPyConnection) -> None:
        there = set(parts_of(self._access_glob))
        if gone := self._parts - there:
            drop_parts(cursor, gone)
        load_parts(cursor, sorted(there - self._parts))
        self._parts = there
