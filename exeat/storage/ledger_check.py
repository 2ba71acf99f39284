"""Read a stored ledger in one snapshot and have it checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.errors import Tampered
from exeat.ledger.verify import LogCheck, VerifyReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.engine.interfaces import DBAPICursor

    from exeat.storage.ledger_engine import Database

PAGE = 64
"""Rows checked at once: their parsed form fits the processor's cache."""
_FIRST = -(2**62)
_ROWS = (
    "SELECT seq, leaf, prev, line, kind, case_id, version, actor, key, ts FROM statement"
    " WHERE seq > ? ORDER BY seq LIMIT ?"
)
_HEADS = "SELECT size, root, note FROM tree_head WHERE size > ? ORDER BY size LIMIT ?"
_CASES = "SELECT case_id, count(*) FROM statement GROUP BY case_id"
"""Answered from the index alone on SQLite: a page that looks a case up must not be led past an entry."""
_VAULT = "SELECT seq, field, salt, value FROM vault WHERE (seq, field) > (?, ?) ORDER BY seq, field LIMIT ?"


def check_database(
    db: Database, vkey: str, older: Sequence[tuple[str, str | None]], sign: Callable[[int, bytes], str]
) -> VerifyReport:
    """Return the report on everything stored; damage that stops the reading is a problem of its own."""
    kept = [(name, note) for name, note in older if note is not None]
    try:
        with db.reading() as cursor:
            check = LogCheck(vkey, _pages(db, cursor, _HEADS, 1), _pages(db, cursor, _VAULT, 2), sign)
            for page in _by_page(db, cursor, _ROWS, 1):
                check.take(page)
            cursor.execute(_CASES)
            check.compare_cases(cursor.fetchall())
            return check.finish(kept)
    except Tampered as exc:
        return VerifyReport(
            ok=False, entries=0, head_size=0, problems=(exc.headline,), signatures=0, sealed=0, erased=0, older_heads=0
        )


def _by_page(db: Database, cursor: DBAPICursor, select: str, columns: int) -> Iterator[Sequence[Any]]:
    """Yield pages of rows by key, so that three readers can share one transaction."""
    after: tuple[Any, ...] = (_FIRST, "")[:columns]
    while True:
        cursor.execute(db.sql(select), (*after, PAGE))
        rows = cursor.fetchall()
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        after = tuple(rows[-1][:columns])


def _pages(db: Database, cursor: DBAPICursor, select: str, columns: int) -> Iterator[Any]:
    for page in _by_page(db, cursor, select, columns):
        yield from page
