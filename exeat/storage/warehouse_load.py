"""Entries of the ledger into rows: collect a pass, then replace what it touched in few bulk statements."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyarrow as pa

from exeat.access.judging import Judge
from exeat.errors import ExeatError
from exeat.model.policy import Policy
from exeat.model.tier import Tier
from exeat.storage import warehouse_rows as rows_of
from exeat.storage.warehouse_release import Folder, is_release
from exeat.storage.warehouse_schema import arrow_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import duckdb

    from exeat.ledger.statement import Entry, LedgerStore
    from exeat.model.base import Document
    from exeat.model.manifest import Manifest
    from exeat.model.risk_report import RiskReport
    from exeat.policy.assessment import BoundReport
    from exeat.policy.contents import Contents
    from exeat.storage.warehouse_rows import Row

D = TypeVar("D", bound="Document")

_ROWS_AT_ONCE = 20_000
_EVERYTHING = "*"
"""Stands for all checkpoints: a policy was adopted."""


class Evidence(Protocol):
    """What the warehouse reads of the evidence."""

    def manifest(self, sha256: str) -> Manifest:
        """Return the manifest; raise NotFound or Tampered."""
        ...

    def report(self, sha256: str) -> RiskReport:
        """Return the risk report; raise NotFound or Tampered."""
        ...

    def document(self, sha256: str, kind: type[D]) -> D:
        """Return the document of this kind; raise NotFound or Tampered."""
        ...

    def reports_for(self, checkpoint_id: str, manifest_sha256: str | None = None) -> tuple[BoundReport, ...]:
        """Return the reports bound to the files of this manifest (the newest one by default)."""
        ...

    def contents_of(self, checkpoint_id: str, manifest_sha256: str) -> Contents:
        """Return what the files of this manifest contain, as far as they were inspected."""
        ...

    def policy(self) -> tuple[Policy, str]:
        """Return the adopted policy and its digest; raise NotFound before the first."""
        ...


@dataclass
class Pass:
    """Rows waiting to be written: ``added`` only grow, ``replaced`` take the place of rows with the same key."""

    added: dict[str, list[Row]] = field(default_factory=dict)
    replaced: dict[tuple[str, str], dict[str | int, list[Row]]] = field(default_factory=dict)

    def add(self, table: str, row: Row | None) -> None:
        """Keep one new row."""
        if row is not None:
            self.added.setdefault(table, []).append(row)

    def put(self, table: str, column: str, key: str | int, rows: Iterable[Row]) -> None:
        """Let these rows be all that the table holds for the key; the last call wins."""
        self.replaced.setdefault((table, column), {})[key] = list(rows)

    @property
    def waiting(self) -> int:
        """Return a rough number of rows not written yet."""
        return sum(map(len, self.added.values())) + sum(map(len, self.replaced.values()))

    def write(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Write everything in bulk, inside the transaction of the cursor, and start anew."""
        for (table, column), groups in self.replaced.items():
            _delete(cursor, table, column, list(groups))
            _insert(cursor, table, [row for rows in groups.values() for row in rows])
        for table, rows in self.added.items():
            _insert(cursor, table, rows)
        self.added, self.replaced = {}, {}


def _delete(cursor: duckdb.DuckDBPyConnection, table: str, column: str, keys: list[str | int]) -> None:
    cursor.register("batch", pa.table({"key": keys}))
    cursor.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT key FROM batch)")  # noqa: S608 our own names
    cursor.unregister("batch")


def _insert(cursor: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    if rows:
        cursor.register("batch", arrow_table(table, rows))
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM batch")  # noqa: S608 our own names
        cursor.unregister("batch")


def _judged(judge: Judge, figure: Mapping[str, Any]) -> Row:
    tier = Tier(figure["intended_tier"]) if figure["intended_tier"] else None
    found = judge.judge(figure, tier)._asdict()
    key = {"report_sha256": figure["report_sha256"], "place": figure["place"], "max_value": found.pop("limit")}
    return found | key


class Loader:
    """Turns entries into rows of one open transaction."""

    def __init__(self, ledger: LedgerStore, evidence: Evidence, cursor: duckdb.DuckDBPyConnection) -> None:
        self._ledger = ledger
        self._evidence = evidence
        self._cursor = cursor
        self._pass = Pass()
        self._cases: dict[str, list[Entry]] = {}
        self._changed: set[str] = set()
        self._read: dict[str, Callable[[Entry], None]] = {
            "checkpoint.registered": self._manifest,
            "report.attached": self._report,
            "component.inspected": self._inspection,
            "policy.adopted": self._policy,
        }

    def take(self, entries: Iterable[Entry], today: date) -> int:
        """Load the entries and fold every release they touch; return the last sequence number (-1 for none)."""
        last = -1
        for entry in entries:
            self._take(entry)
            last = entry.seq
            if self._pass.waiting >= _ROWS_AT_ONCE:
                self._pass.write(self._cursor)
        self._pass.write(self._cursor)
        self._judge()
        self.fold(self._touched(), today)
        return last

    def _take(self, entry: Entry) -> None:
        self._pass.add("statement", rows_of.statement_row(entry))
        self._pass.add("intake", rows_of.intake_row(entry))
        read = self._read.get(entry.kind)
        if read is not None:
            self._guarded(entry, read)
        if is_release(entry.case):
            self._cases.setdefault(entry.case, []).append(replace(entry, line=b""))

    def _guarded(self, entry: Entry, read: Callable[[Entry], None]) -> None:
        """Keep going over a document that is lost or changed; the intake page says so."""
        try:
            read(entry)
        except ExeatError as exc:
            self._lost(entry, exc.headline)

    def _manifest(self, entry: Entry) -> None:
        sha256 = entry.subject["manifest"]
        manifest = self._evidence.manifest(sha256)
        key = manifest.checkpoint_id
        self._changed.add(key)
        put = self._pass.put
        put("checkpoint", "checkpoint_id", key, [rows_of.checkpoint_row(manifest, sha256, entry.seq)])
        put("metric", "checkpoint_id", key, rows_of.metric_rows(manifest))
        put("component", "manifest_sha256", sha256, rows_of.component_rows(manifest, sha256))

    def _report(self, entry: Entry) -> None:
        sha256 = entry.subject["report"]
        report = self._evidence.report(sha256)
        self._changed.add(report.subject.checkpoint_id)
        self._pass.put("report", "report_sha256", sha256, [rows_of.report_row(report, sha256, entry.seq)])
        rows = rows_of.measurement_rows(report, sha256, entry.seq)
        self._pass.put("measurement", "report_sha256", sha256, rows)

    def _inspection(self, entry: Entry) -> None:
        """Reviews of a file may no longer count once it was inspected."""
        self._changed.add(str(entry.body["checkpoint_id"]))

    def _policy(self, entry: Entry) -> None:
        sha256 = entry.subject["policy"]
        policy = self._evidence.document(sha256, Policy)
        self._changed.add(_EVERYTHING)
        row = {"policy_sha256": sha256, "review_due_days": policy.clocks.review_due_days, "seq": entry.seq}
        self._pass.put("in_force", "seq", entry.seq, [row | {"reviewers_needed": policy.approvals.reviewers}])

    def _judge(self) -> None:
        """Judge every figure whose checkpoint or policy changed, for the checkpoint's intended tier."""
        if not self._changed:
            return
        try:
            judge = Judge(self._evidence.policy()[0])
        except ExeatError:
            return
        sql = """SELECT m.*, c.intended_tier FROM measurement m LEFT JOIN checkpoint c USING (checkpoint_id)
                 WHERE ? OR m.checkpoint_id IN (SELECT unnest(?)) ORDER BY report_sha256, place"""
        values = [_EVERYTHING in self._changed, sorted(self._changed)]
        self._cursor.execute(sql, values)
        names = [str(column[0]) for column in self._cursor.description or ()]
        figures = [dict(zip(names, row, strict=True)) for row in self._cursor.fetchall()]
        for sha256, group in groupby(figures, itemgetter("report_sha256")):
            self._pass.put("judgement", "report_sha256", sha256, [_judged(judge, figure) for figure in group])
        self._pass.write(self._cursor)

    def _touched(self) -> Iterator[list[Entry]]:
        """Yield all entries of each touched case; a case that began before this pass is read again as a whole."""
        for case, entries in self._cases.items():
            yield entries if entries[0].version == 1 else self._ledger.case(case)
        yield from map(self._ledger.case, self._reopened())

    def _reopened(self) -> list[str]:
        """Return the open cases whose evidence or policy changed: reviews may no longer count."""
        if not self._changed:
            return []
        sql = """SELECT 'release:' || release_id FROM release_state
                 WHERE open AND (? OR checkpoint_id IN (SELECT unnest(?)))"""
        found = self._cursor.execute(sql, [_EVERYTHING in self._changed, sorted(self._changed)]).fetchall()
        return [case for (case,) in found if case not in self._cases]

    def fold(self, cases: Iterable[Sequence[Entry]], today: date) -> None:
        """Write the state of each case as it is on this day."""
        folder = Folder(self._evidence, today)
        for entries in cases:
            self._fold_one(folder, entries)
            if self._pass.waiting >= _ROWS_AT_ONCE:
                self._pass.write(self._cursor)
        self._pass.write(self._cursor)

    def _fold_one(self, folder: Folder, entries: Sequence[Entry]) -> None:
        row, components, problem = folder.rows(entries)
        key = str(row["release_id"])
        self._pass.put("release_state", "release_id", key, [row])
        self._pass.put("release_part", "release_id", key, components)
        self._lost(entries[0], problem)

    def _lost(self, entry: Entry, problem: str | None) -> None:
        digest = next(iter(entry.subject.values()), None)
        row = {"seq": entry.seq, "kind": entry.kind, "sha256": digest, "headline": problem}
        self._pass.put("unreadable", "seq", entry.seq, [row] if problem else [])
