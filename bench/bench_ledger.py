"""Ratios of the ledger: append against a bare durable insert, verification against hashing each record once.

python bench/bench_ledger.py [FOLDER]: the folder lies on the disk that is measured (default: a fresh one beside
this file, on the disk of the checkout).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from exeat.ledger.note import make_key
from exeat.ledger.statement import Draft
from exeat.storage.ledger_sql import SqlLedger

if TYPE_CHECKING:
    from collections.abc import Iterator

ORIGIN = "bench.example/log"
ROUNDS, APPENDS, ENTRIES, BATCH = 5, 400, 100_000, 100
APPEND_TARGET, VERIFY_TARGET = 0.7, 6.0


def draft(number: int) -> Draft:
    """Return a statement as intake writes it; one in ten seals a reason, as a person's statement does."""
    digest = f"sha256:{sha256(str(number).encode()).hexdigest()}"
    return Draft(
        kind="report.attached",
        case=f"checkpoint:onco-{number % 1000}",
        actor="shell-operator",
        role="system",
        authenticated="shell:operator",
        key=f"report.attached:{number}:{digest}",
        subject={"report": digest, "manifest": digest},
        body={"report_id": f"report-{number}", "checkpoint_id": f"onco-{number % 1000}", "producer": "sacroml"},
        sealed={} if number % 10 else {"reason": "Residual risk acceptable for this tier, given the agreement."},
    )


def bare(path: Path, line: bytes) -> sqlite3.Connection:
    """Return a database with one plain table, as durable as ours."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE entry (seq INTEGER PRIMARY KEY, line BLOB NOT NULL)")
    connection.execute("INSERT INTO entry (line) VALUES (?)", (line,))
    return connection


def bare_round(connection: sqlite3.Connection, line: bytes) -> float:
    """Return seconds for single-row inserts, each committed to the disk."""
    start = perf_counter()
    for _ in range(APPENDS):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO entry (line) VALUES (?)", (line,))
        connection.execute("COMMIT")
    return perf_counter() - start


def append_round(ledger: SqlLedger, first: int) -> float:
    """Return seconds for appends of one statement each, acknowledged one by one."""
    drafts = [draft(number) for number in range(first, first + APPENDS)]
    start = perf_counter()
    for item in drafts:
        ledger.append([item])
    return perf_counter() - start


def append_ratio(folder: Path) -> float:
    """Return throughput of append over throughput of the bare insert (median of interleaved rounds)."""
    ledger = SqlLedger(f"sqlite:///{folder / 'append.db'}", origin=ORIGIN, key=make_key(ORIGIN))
    line = ledger.append([draft(0)])[0].line
    floor = bare(folder / "bare.db", line)
    ratios, ours, theirs = [], [], []
    for number in range(ROUNDS):
        theirs.append(bare_round(floor, line))
        ours.append(append_round(ledger, 1 + number * APPENDS))
        ratios.append(theirs[-1] / ours[-1])
    floor.close()
    ledger.close()
    print(
        f"  append {median(ours) / APPENDS * 1e3:.3f} ms, bare durable insert {median(theirs) / APPENDS * 1e3:.3f} ms"
    )
    return median(ratios)


def lines(path: Path) -> Iterator[bytes]:
    """Yield every stored line straight from SQLite."""
    connection = sqlite3.connect(path)
    for (line,) in connection.execute("SELECT line FROM statement ORDER BY seq"):
        yield line
    connection.close()


def hash_each(path: Path) -> float:
    """Return seconds for hashing each stored record once in a loop."""
    start = perf_counter()
    for line in lines(path):
        sha256(line).digest()
    return perf_counter() - start


def verify_ratio(folder: Path) -> tuple[float, float]:
    """Return time of verification over hashing rows read from the database, and over hashing lines in memory."""
    path = folder / "verify.db"
    ledger = SqlLedger(f"sqlite:///{path}", origin=ORIGIN, key=make_key(ORIGIN))
    for first in range(1, ENTRIES, BATCH):
        ledger.append([draft(number) for number in range(first, min(first + BATCH, ENTRIES))])
    stored, memory, ours = [], [], []
    held = list(lines(path))
    for _ in range(ROUNDS):
        stored.append(hash_each(path))
        start = perf_counter()
        for line in held:
            sha256(line).digest()
        memory.append(perf_counter() - start)
        start = perf_counter()
        report = ledger.verify()
        ours.append(perf_counter() - start)
        assert report.ok, report.problems
        assert report.entries == ENTRIES
    ledger.close()
    print(
        f"  verify {median(ours):.2f} s for {ENTRIES:,} entries and {report.signatures:,} signed heads;"
        f" hash loop {median(stored):.2f} s over stored rows, {median(memory):.2f} s over lines in memory"
    )
    ratios = [(o / s, o / m) for o, s, m in zip(ours, stored, memory, strict=True)]
    return median(r[0] for r in ratios), median(r[1] for r in ratios)


def main(folder: Path) -> int:
    """Print the ratios; return 1 when one misses its target."""
    append = append_ratio(folder)
    print(f"append / bare durable insert: {append:.2f}x throughput (target >= {APPEND_TARGET}x)", flush=True)
    rows, memory = verify_ratio(folder)
    print(f"verify / hash each stored record once: {rows:.1f}x time (target <= {VERIFY_TARGET:.0f}x)")
    print(f"verify / hash each record held in memory: {memory:.1f}x time")
    return int(append < APPEND_TARGET or rows > VERIFY_TARGET)


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else os.fspath(Path(__file__).resolve().parent / "out"))
    place.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=place))
    try:
        code = main(work)
    finally:
        shutil.rmtree(work)
    sys.exit(code)
