"""The ledger on SQLite or PostgreSQL: one transaction per append, with the signed tree head inside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from exeat.errors import BadInput, NotFound, NotPermitted, Tampered
from exeat.ledger.note import HeadReader, HeadSigner
from exeat.ledger.receipt import make_receipt
from exeat.ledger.record import (
    GENESIS,
    LOG_CASE,
    REDACTION,
    SALT_BYTES,
    check_draft,
    commitment,
    read_entry,
    redaction_key,
)
from exeat.ledger.statement import Draft, Entry, TreeHead
from exeat.ledger.tree import leaf_hash
from exeat.model.person import Permission
from exeat.storage.ledger_engine import Database
from exeat.storage.ledger_head_file import HEAD_FILE_GONE, HeadFile
from exeat.storage.ledger_write import CHUNK, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy.engine.interfaces import DBAPICursor

    from exeat.ledger.note import LogKey
    from exeat.ledger.verify import VerifyReport
    from exeat.model.person import Person
    from exeat.storage.ledger_write import Also

PAGE = 1000
_ENTRY = "SELECT seq, leaf, line FROM statement "


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqlLedger:
    """The append-only log; safe to share between threads, and beside other processes on the same database."""

    def __init__(
        self,
        url: str,
        *,
        origin: str,
        key: LogKey,
        clock: Callable[[], datetime] = _utc_now,
        head_file: Path | None = None,
    ) -> None:
        self.origin, self.vkey = origin, key.vkey
        self._reader, self._signer, self._db = HeadReader(key.vkey), HeadSigner(key, origin), Database(url)
        beside = self._db.file.with_suffix(".tree-head.txt") if self._db.file else None
        self._head_file = HeadFile(head_file or beside)
        self._writer = Writer(self._db, self._signer, self._reader, self._head_file, clock)
        try:
            self._db.prepare()
            self._begin()
        except BaseException:
            self._db.close()
            raise

    # -- reading ---------------------------------------------------------------------------------------------------

    def size(self) -> int:
        """Return the number of entries."""
        return int(self._rows("SELECT coalesce(max(seq) + 1, 0) FROM statement")[0][0])

    def entries(self, after: int = -1, limit: int | None = None) -> Iterator[Entry]:
        """Yield entries with seq > after, in order; no transaction stays open between them."""
        left = limit
        while left is None or left > 0:
            page = PAGE if left is None else min(PAGE, left)
            rows = self._rows(_ENTRY + "WHERE seq > ? ORDER BY seq LIMIT ?", (after, page))
            yield from (read_entry(*row) for row in rows)
            if len(rows) < page:
                return
            after, left = rows[-1][0], None if left is None else left - page

    def entry(self, seq: int) -> Entry:
        """Return one entry; raise NotFound."""
        rows = self._rows(_ENTRY + "WHERE seq = ?", (seq,))
        if not rows:
            raise NotFound(f"The ledger has no entry {seq}.", f"It has entries 0 to {self.size() - 1}.")
        return read_entry(*rows[0])

    def case(self, case: str) -> list[Entry]:
        """Return all entries of a case in order (empty when there are none)."""
        rows = self._rows(_ENTRY + "WHERE case_id = ? ORDER BY version", (case,))
        return [read_entry(*row) for row in rows]

    def head(self) -> TreeHead | None:
        """Return the latest signed tree head."""
        rows = self._rows("SELECT note FROM tree_head ORDER BY size DESC LIMIT 1")
        return self._reader.open(rows[0][0]) if rows else None

    def opened(self, entries: Sequence[Entry]) -> dict[str, Any]:
        """Return commitment -> value for every sealed field of the entries that is not erased."""
        sealed = {entry.seq: entry.sealed for entry in entries if entry.sealed}
        found = {}
        with self._db.reading() as cursor:
            for seq, field, salt, value in self._vault(cursor, list(sealed)):
                name = commitment(salt, value) if len(salt) == SALT_BYTES else ""
                if sealed[seq].get(field) != name:
                    raise Tampered(f"A sealed value of entry {seq} was changed.", "Run: exeat ledger verify", seq=seq)
                found[name] = orjson.loads(value)
        return found

    def disclosure(self, seq: int) -> dict[str, dict[str, Any]]:
        """Return field -> salt and value of what one entry seals: hand it out to prove what a commitment says."""
        self.opened([self.entry(seq)])
        with self._db.reading() as cursor:
            rows = list(self._vault(cursor, [seq]))
        return {field: {"salt": salt.hex(), "value": orjson.loads(value)} for _, field, salt, value in rows}

    def export(self) -> Iterator[bytes]:
        """Yield the log as JSON lines; each without its newline is exactly the bytes that were hashed."""
        for entry in self.entries():
            yield entry.line + b"\n"

    def receipt(self, seq: int) -> str:
        """Return the offline proof of one entry as C2SP tlog-proof text."""
        entry = self.entry(seq)
        with self._writer.tree() as (tree, note):
            return make_receipt(entry.line, seq, tree.inclusion_proof(seq), note)

    def consistency(self, old: int, size: int | None = None) -> list[bytes]:
        """Return the proof that the log of ``size`` entries begins with the log of ``old`` entries."""
        with self._writer.tree() as (tree, _):
            size = tree.size if size is None else size
            if not 0 <= old <= size <= tree.size:
                raise NotFound(f"The ledger has {tree.size} entries.", "Ask for smaller tree heads.")
            return tree.consistency_proof(old, size)

    def verify(self, older_head: str | None = None) -> VerifyReport:
        """Check every entry, tree head and sealed value, and an older head if given; never raise for tampering."""
        from exeat.storage.ledger_check import check_database  # noqa: PLC0415 only the one command pays for it

        beside = self._head_file.read()
        kept = (("The older tree head", older_head), ("The tree head beside the database", beside))
        report = check_database(self._db, self.vkey, kept, self._signer.sign)
        if self._head_file.expected and beside is None and older_head is None and report.entries > 1:
            return replace(report, ok=False, problems=(*report.problems, HEAD_FILE_GONE))
        return report

    def close(self) -> None:
        """Close all connections."""
        self._db.close()

    # -- writing ---------------------------------------------------------------------------------------------------

    def append(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Write all drafts in one transaction and sign the new tree head; all or nothing.

        A draft whose key is in the log already returns that entry. Raises Stale, BadInput, or Tampered when the
        stored log does not match its signed head: such a log takes no further entry.
        """
        for draft in drafts:
            check_draft(draft)
            if draft.kind in (GENESIS, REDACTION):
                raise BadInput(f"Only the ledger itself writes {draft.kind}.", "Use erase for sealed values.")
        return self._append(drafts) if drafts else []

    def erase(self, seq: int, field_name: str, by: Person, reason_code: str) -> Entry:
        """Delete salt and value of one sealed field and record ``redaction.recorded``; idempotent."""
        role = by.role_for(Permission.LEDGER_ERASE)
        if role is None:
            raise NotPermitted("Only a custodian may erase sealed values.", "Ask the custodian.")
        entry = self.entry(seq)
        if field_name not in entry.sealed:
            raise NotFound(f"Entry {seq} seals no field {field_name[:60]!r}.", f"It seals: {', '.join(entry.sealed)}.")
        draft = Draft(
            kind=REDACTION,
            case=entry.case,
            actor=by.person_id,
            role=role.value,
            authenticated=by.authenticated,
            key=redaction_key(seq, field_name),
            body={"seq": seq, "field": field_name, "reason_code": reason_code},
            subject={"commitment": entry.sealed[field_name]},
        )
        check_draft(draft)
        delete = self._db.sql("DELETE FROM vault WHERE seq = ? AND field = ?")
        return self._append([draft], lambda cursor: cursor.execute(delete, (seq, field_name)))[0]

    def _append(self, drafts: Sequence[Draft], also: Also | None = None) -> list[Entry]:
        return self._writer.append(drafts, also)

    def _begin(self) -> None:
        """Write ``genesis`` into an empty log; refuse a log that another key began."""
        if not self.size():
            self._append([self._genesis()])
        rows = self._rows(_ENTRY + "WHERE seq = 0")
        body = read_entry(*rows[0]).body if rows and leaf_hash(rows[0][2]) == rows[0][1] else None
        if body is not None and dict(body) != {"origin": self.origin, "vkey": self.vkey}:
            raise Tampered(
                f"This log was begun by {str(body.get('vkey'))[:120]}, not by this server's key.",
                "Either origin or log_key in the settings is wrong, or the log was replaced.",
                seq=0,
            )

    def _genesis(self) -> Draft:
        return Draft(
            kind=GENESIS,
            case=LOG_CASE,
            actor="system",
            role="system",
            authenticated="system",
            key=GENESIS,
            body={"origin": self.origin, "vkey": self.vkey},
        )

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._db.reading() as cursor:
            cursor.execute(self._db.sql(sql), values)
            return list(cursor.fetchall())

    def _vault(self, cursor: DBAPICursor, seqs: list[int]) -> Iterator[Any]:
        for at in range(0, len(seqs), CHUNK):
            part = seqs[at : at + CHUNK]
            marks = ", ".join("?" * len(part))
            cursor.execute(self._db.sql(f"SELECT seq, field, salt, value FROM vault WHERE seq IN ({marks})"), part)  # noqa: S608 marks only
            yield from cursor.fetchall()
