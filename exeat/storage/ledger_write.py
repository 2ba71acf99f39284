"""The one write path: check the end of the log, order the drafts, sign the new tree head, all in one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import BadInput, Stale, Tampered
from exeat.ledger.record import NO_PREV, Built, Position, build, entry_of, read_entry, stamp
from exeat.ledger.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine.interfaces import DBAPICursor

    from exeat.ledger.note import HeadReader, HeadSigner
    from exeat.ledger.statement import Draft, Entry
    from exeat.storage.ledger_engine import Database
    from exeat.storage.ledger_head_file import HeadFile

    Also = Callable[[DBAPICursor], object]

CHUNK = 500
"""Values in one IN (…)."""
_TIP = (
    "SELECT s.seq, s.leaf, s.ts, h.root, h.note FROM statement s LEFT JOIN tree_head h ON h.size = s.seq + 1"
    " ORDER BY s.seq DESC LIMIT 1"
)
_LEAVES = "SELECT leaf FROM statement WHERE seq >= ? ORDER BY seq"
_STATEMENT = (
    "INSERT INTO statement (seq, prev, leaf, ts, kind, case_id, version, actor, key, line)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_VAULT = "INSERT INTO vault (seq, field, salt, value) VALUES (?, ?, ?, ?)"
_HEAD = "INSERT INTO tree_head (size, root, note) VALUES (?, ?, ?)"


class Tip(NamedTuple):
    """Where the log ends: its size, its last leaf and time, its root and signed head."""

    size: int
    prev: bytes
    ts: str
    root: bytes
    note: str


class Placed(NamedTuple):
    """A draft with its place and line."""

    draft: Draft
    at: Position
    built: Built


class Writer:
    """Orders drafts; keeps the tree's hashes in memory, caught up from the rows and never a truth of their own."""

    def __init__(
        self, db: Database, signer: HeadSigner, reader: HeadReader, head_file: HeadFile, clock: Callable[[], datetime]
    ) -> None:
        self._db, self._signer, self._reader, self._head_file, self._clock = db, signer, reader, head_file, clock
        self._tree, self._turn = Tree(), RLock()

    def append(self, drafts: Sequence[Draft], also: Also | None = None) -> list[Entry]:
        """Write the drafts whose keys are new, and whatever ``also`` does, in one transaction."""
        with self._turn:
            before = self._tree.size
            try:
                with self._db.writing() as cursor:
                    entries, note = self._write(cursor, drafts)
                    if also:
                        also(cursor)
            except BaseException:
                self._tree.truncate(min(before, self._tree.size))
                raise
            if note:
                self._head_file.write(self._tree.size, note)
        return entries

    @contextmanager
    def tree(self) -> Iterator[tuple[Tree, str]]:
        """Yield the whole tree and its signed head, as they stand now."""
        with self._turn:
            with self._db.reading() as cursor:
                tip = self._caught_up(cursor)
            yield self._tree, tip.note

    def _write(self, cursor: DBAPICursor, drafts: Sequence[Draft]) -> tuple[list[Entry], str | None]:
        before = self._tree.size
        tip = self._caught_up(cursor)
        if tip.size > before or not before:
            self._head_file.check(tip.size)
        known = self._known(cursor, drafts)
        fresh: dict[str, Draft] = {}
        for draft in drafts:
            if draft.key not in known:
                _same(fresh.setdefault(draft.key, draft), draft)
        note = None
        if fresh:
            placed = self._placed(cursor, list(fresh.values()), tip)
            note = self._insert(cursor, placed)
            known |= {draft.key: entry_of(built.line, built.leaf) for draft, _, built in placed}
        return [known[draft.key] for draft in drafts], note

    # -- the end of the log ----------------------------------------------------------------------------------------

    def _caught_up(self, cursor: DBAPICursor) -> Tip:
        """Return the end of the log, after reading what others wrote; raise Tampered when it is not signed."""
        cursor.execute(_TIP)
        row = cursor.fetchone()
        if row is None:
            self._check(self._tree.size == 0, 0)
            return Tip(0, NO_PREV, "", self._tree.root(), "")
        seq, leaf, ts, root, note = row
        first = self._tree.size == 0
        if self._tree.size <= seq:
            cursor.execute(self._db.sql(_LEAVES), (self._tree.size,))
            self._tree.extend([found for (found,) in cursor.fetchall()])
        self._check(self._tree.size == seq + 1 and self._tree.leaf(seq) == leaf and self._tree.root() == root, seq)
        if first:
            signed = self._reader.open(note)
            self._check((signed.size, signed.root) == (seq + 1, root), seq)
        return Tip(seq + 1, leaf, ts, root, note)

    def _check(self, good: bool, seq: int) -> None:
        if not good:
            self._tree.truncate(0)
            raise Tampered(
                "The stored ledger does not match its signed tree head; it takes no further entry.",
                "Run: exeat ledger verify, and restore the ledger from a backup.",
                seq=seq,
            )

    # -- keys and versions -----------------------------------------------------------------------------------------

    def _known(self, cursor: DBAPICursor, drafts: Sequence[Draft]) -> dict[str, Entry]:
        """Return the entries that stand under the drafts' keys already."""
        found = {}
        for row in self._in(cursor, "SELECT key, seq, leaf, line FROM statement WHERE key IN", [d.key for d in drafts]):
            found[row[0]] = read_entry(*row[1:])
        for draft in drafts:
            if draft.key in found:
                _same(found[draft.key], draft)
        return found

    def _versions(self, cursor: DBAPICursor, cases: list[str]) -> dict[str, int]:
        rows = self._in(cursor, "SELECT case_id, version FROM statement WHERE case_id IN", cases)
        versions = dict.fromkeys(cases, 0)
        for case, version in rows:
            versions[case] = max(versions[case], version)
        return versions

    def _in(self, cursor: DBAPICursor, select: str, values: list[str]) -> Iterator[Any]:
        for at in range(0, len(values), CHUNK):
            part = values[at : at + CHUNK]
            cursor.execute(self._db.sql(f"{select} ({', '.join('?' * len(part))})"), part)
            yield from cursor.fetchall()

    def _placed(self, cursor: DBAPICursor, drafts: list[Draft], tip: Tip) -> list[Placed]:
        """Give each draft its place; raise Stale when a case is not at the version the person saw."""
        guards = {pair: None for draft in drafts for pair in draft.guards.items()}
        cases = [draft.case for draft in drafts] + [case for case, _ in guards]
        versions = self._versions(cursor, list(dict.fromkeys(cases)))
        for case, version in guards:
            if versions[case] != version:
                raise self._stale(cursor, case, version, versions[case])
        now, head = stamp(self._clock()), {"size": tip.size, "root": tip.root.hex()}
        seq, prev, ts = tip.size, tip.prev, max(now, tip.ts)
        placed = []
        for draft in drafts:
            version = versions[draft.case]
            if draft.expects is not None and draft.expects != version:
                raise self._stale(cursor, draft.case, draft.expects, version)
            at = Position(seq, prev, ts, now, version, head)
            built = build(draft, at)
            placed.append(Placed(draft, at, built))
            seq, prev, versions[draft.case] = seq + 1, built.leaf, version + 1
        return placed

    def _stale(self, cursor: DBAPICursor, case: str, seen: int, version: int) -> Stale:
        cursor.execute(
            self._db.sql("SELECT seq, leaf, line FROM statement WHERE case_id = ? AND version > ? ORDER BY version"),
            (case, seen),
        )
        newer = [read_entry(*row) for row in cursor.fetchall()]
        return Stale(
            f"{case} changed since you opened it: it is at version {version}, you saw {seen}.",
            "Read what is new, then decide again. Nothing was written.",
            newer=[f"Entry {e.seq}: {e.kind} by {e.actor} on {e.ts:%Y-%m-%d at %H:%M} UTC." for e in newer],
        )

    # -- rows ------------------------------------------------------------------------------------------------------

    def _insert(self, cursor: DBAPICursor, placed: list[Placed]) -> str:
        """Write rows, sealed values and the signed head; return the head's note."""
        cursor.executemany(self._db.sql(_STATEMENT), [_row(*item) for item in placed])
        sealed = [(at.seq, *opening) for _, at, built in placed for opening in built.openings]
        if sealed:
            cursor.executemany(self._db.sql(_VAULT), sealed)
        self._tree.extend([built.leaf for _, _, built in placed])
        size, root = self._tree.size, self._tree.root()
        note = self._signer.sign(size, root)
        cursor.execute(self._db.sql(_HEAD), (size, root, note))
        return note


def _row(draft: Draft, at: Position, built: Built) -> tuple[Any, ...]:
    version = at.expects + 1
    return (
        at.seq, at.prev, built.leaf, at.ts, draft.kind, draft.case, version, draft.actor, draft.key, built.line,
    )  # fmt: skip


def _same(stands: Draft | Entry, draft: Draft) -> None:
    if (stands.kind, stands.case) != (draft.kind, draft.case):
        raise BadInput(
            f"The key {draft.key[:80]!r} stands for another statement already.", "Use a key of its own.", place="$.key"
        )
