"""Check a whole log: bytes, order, chain, tree, signed heads, copies of fields, sealed values. No I/O.

Feed the stored rows in order with ``take`` and ask for the report with ``finish``. Every tree head is checked, its
root and its signature. A row that fails the fast path is examined again to say what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from exeat.errors import BadInput, Tampered
from exeat.ledger.canonical import OPTIONS, in_profile, parse_line
from exeat.ledger.note import HeadReader
from exeat.ledger.record import GENESIS, NO_PREV, REDACTION, commitment
from exeat.ledger.statement import SCHEMA, SERVER_ATTESTED
from exeat.ledger.tree import EMPTY_ROOT, Tree, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_PROBLEMS = 100
_PAYLOAD_KEYS = frozenset(
    (
        "actor",
        "assurance",
        "authenticated",
        "body",
        "case",
        "expects",
        "head",
        "key",
        "kind",
        "role",
        "schema",
        "sealed",
    )
) | {"signed_at", "subject"}
_FIXED = itemgetter("kind", "case", "expects", "actor", "key", "schema", "assurance")
_TEXTS = itemgetter("role", "authenticated", "signed_at", "key", "actor")
_STAMP = len("2026-11-23T21:59:12.345678Z")
_NONCE = 32
_NOTE_LINES = 5
_ALL_TEXT = {str}


class Row(NamedTuple):
    """One entry as stored; rows may be plain tuples in this order."""

    seq: int
    leaf: bytes
    prev: bytes
    line: bytes
    kind: str
    case_id: str
    version: int
    actor: str
    key: str
    ts: str


class HeadRow(NamedTuple):
    """One tree head as stored."""

    size: int
    root: bytes
    note: str


class VaultItem(NamedTuple):
    """One sealed value as stored."""

    seq: int
    field: str
    salt: bytes
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What was checked and what is wrong, one sentence each; ``signatures`` counts the tree heads verified (all)."""

    ok: bool
    entries: int
    head_size: int
    problems: tuple[str, ...]
    signatures: int
    sealed: int
    erased: int
    older_heads: int


class LogCheck:
    """One pass over a log; memory grows by 64 bytes an entry for the tree, and with cases and keys."""

    def __init__(self, vkey: str, heads: Iterable[Sequence[Any]], vault: Iterable[Sequence[Any]]) -> None:
        self._reader, self._vkey, self._tree = HeadReader(vkey), vkey, Tree()
        self._heads, self._vault = map(HeadRow._make, heads), map(VaultItem._make, vault)
        self._next_head, self._next_value = next(self._heads, None), next(self._vault, None)
        self._problems: list[str] = []
        self._more = self._signatures = self._sealed = self._last_head = 0
        self._seq, self._last, self._ts = 0, NO_PREV, ""
        self._batch: dict[str, Any] = {}
        self._pending: list[bytes] = []
        self._versions: dict[str, int] = {}
        self._keys: set[str] = set()
        self._missing: dict[tuple[int, str], str] = {}
        self._erased: dict[tuple[int, str], tuple[int, str]] = {}

    def take(self, rows: Iterable[Sequence[Any]]) -> None:
        """Check the next rows, in order of their stored number."""
        for row in rows:
            try:
                leaf, record, good = self._fast(row)
            except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
                leaf, record, good = self._slow(row)
            if not good:
                self._explain(row, record)
            self._step(row, leaf, record)

    def _fast(self, row: Sequence[Any]) -> tuple[bytes, dict[str, Any], bool]:
        seq, stored, prev, line, kind, case, version, actor, key, ts = row
        leaf = sha256(b"\x00" + line).digest()
        record = orjson.loads(line)
        payload, rec, sigs = record["payload"], record["rec"], record["sigs"]
        expects, nonce = payload["expects"], rec["nonce"]
        good = (
            leaf == stored
            and orjson.dumps(record, None, OPTIONS) == line
            and len(record) == 3  # noqa: PLR2004 payload, rec, sigs
            and sigs == []
            and seq == self._seq
            and prev == self._last
            and ts >= self._ts
            and rec == {"nonce": nonce, "prev": prev.hex(), "seq": seq, "ts": ts}
            and len(bytes.fromhex(nonce)) * 2 == _NONCE == len(nonce)
            and len(ts) == _STAMP
            and datetime.fromisoformat(ts) is not None
            and payload.keys() == _PAYLOAD_KEYS
            and _FIXED(payload) == (kind, case, version - 1, actor, key, SCHEMA, SERVER_ATTESTED)
            and expects.__class__ is int is rec["seq"].__class__
            and self._versions.get(case, 0) == expects
            and key not in self._keys
            and (line.isascii() or in_profile(record))
            and in_profile(payload["body"])
            and _all_text(payload)
        )
        return leaf, record, good

    def _slow(self, row: Sequence[Any]) -> tuple[bytes, dict[str, Any], bool]:
        """Take a row that cannot even be read: hash what there is, and go on with an empty record."""
        line = row[3]
        data = line if isinstance(line, bytes) else str(line).encode(errors="replace")
        return leaf_hash(data), {}, False

    def _step(self, row: Sequence[Any], leaf: bytes, record: dict[str, Any]) -> None:
        seq, payload = self._tree.size + len(self._pending), record.get("payload")
        payload = payload if isinstance(payload, dict) else {}
        head = payload.get("head")
        if head != self._batch or not seq:
            self._boundary(seq, head)
        self._pending.append(leaf)
        self._seq, self._last, self._ts = _number(row[0]) + 1, leaf, max(self._ts, str(row[9]))
        self._versions[row[5]] = _number(row[6])
        self._keys.add(row[8])
        if payload.get("sealed") or (self._next_value is not None and self._next_value.seq <= seq):
            self._opened(_number(row[0]), payload.get("sealed"))
        if row[4] == REDACTION:
            self._redaction(_number(row[0]), payload)
        if not seq:
            self._genesis(payload)

    # -- tree heads ------------------------------------------------------------------------------------------------

    def _boundary(self, seq: int, head: object) -> None:
        """Begin a batch: it must name the whole log before it, and that head must be stored and signed."""
        self._flush()
        expected = {"root": self._tree.root().hex() if seq else EMPTY_ROOT.hex(), "size": seq}
        if head != expected:
            self._say(f"Entry {seq} does not name the tree head that stood before it.")
        self._batch = head if isinstance(head, dict) else {}
        if seq:
            self._sealed_by(seq)

    def _flush(self) -> None:
        self._tree.extend(self._pending)
        self._pending = []

    def _sealed_by(self, size: int) -> None:
        """Check the stored head of this size, and that no other head stands before it."""
        while (head := self._next_head) is not None and _number(head.size) <= size:
            self._next_head = next(self._heads, None)
            if head.size != size:
                self._say(f"The tree head of {head.size} entries does not end any append.")
            else:
                self._check_head(head)
                return
        self._say(f"The tree head of {size} entries is missing.")

    def _check_head(self, head: HeadRow) -> None:
        self._last_head = head.size
        try:
            said = self._reader.open(head.note)
        except (Tampered, TypeError, AttributeError) as exc:
            self._say(f"The tree head of {head.size} entries: {getattr(exc, 'headline', 'it cannot be read.')}")
            return
        self._signatures += 1
        root = self._tree.root()
        if (said.size, said.root) != (head.size, head.root) or head.note.count("\n") != _NOTE_LINES:
            self._say(f"The tree head of {head.size} entries does not say what its columns say.")
        if root not in (said.root, head.root) or said.root != root:
            self._say(f"The first {head.size} entries do not give the root that was signed for them.")

    # -- sealed values ---------------------------------------------------------------------------------------------

    def _opened(self, seq: int, sealed: object) -> None:
        left = dict(sealed) if isinstance(sealed, dict) else {}
        self._sealed += len(left)
        while (item := self._next_value) is not None and _number(item.seq) <= seq:
            self._next_value = next(self._vault, None)
            name = left.pop(item.field, None) if item.seq == seq else None
            if name is None:
                self._say(f"The vault holds a value {item.field!r} of entry {item.seq} that the entry does not seal.")
            elif name != _committed(item):
                self._say(f"The sealed value {item.field!r} of entry {seq} was changed.")
        self._missing |= {(seq, field): name for field, name in left.items()}

    def _redaction(self, seq: int, payload: dict[str, Any]) -> None:
        body, subject = payload.get("body", {}), payload.get("subject", {})
        if isinstance(body, dict) and isinstance(subject, dict):
            self._erased[_number(body.get("seq")), str(body.get("field"))] = seq, str(subject.get("commitment"))

    def _unexplained(self) -> int:
        """Say which sealed values are gone without a redaction, or there in spite of one; return those erased."""
        for (seq, field), name in self._missing.items():
            if self._erased.get((seq, field), (0, ""))[1] != name:
                self._say(f"The sealed value {field!r} of entry {seq} is gone and no {REDACTION} says why.")
        for (seq, field), (by, _) in self._erased.items():
            if (seq, field) not in self._missing:
                self._say(f"Entry {by} says that {field!r} of entry {seq} was erased, but the vault still holds it.")
        return sum(1 for place in self._erased if place in self._missing)

    # -- the end ---------------------------------------------------------------------------------------------------

    def finish(self, older: Sequence[tuple[str, str]] = ()) -> VerifyReport:
        """Check the end of the log and tree heads kept elsewhere (name, note); return the report."""
        self._flush()
        size = self._tree.size
        if size:
            self._sealed_by(size)
        else:
            self._say("The log is empty: not even its first entry is there.")
        for head in (head for head in (self._next_head, *self._heads) if head is not None):
            self._say(f"A tree head names {head.size} entries, but the log has {size}: entries were cut off.")
        self._opened(1 << 62, {})
        erased = self._unexplained()
        for name, note in older:
            self._older(name, note)
        if self._more:
            self._problems.append(f"… and {self._more} more problems.")
        return VerifyReport(
            ok=not self._problems,
            entries=size,
            head_size=self._last_head,
            problems=tuple(self._problems),
            signatures=self._signatures,
            sealed=self._sealed,
            erased=erased,
            older_heads=len(older),
        )

    def _older(self, name: str, note: str) -> None:
        try:
            head = self._reader.open(note)
        except Tampered as exc:
            self._say(f"{name}: {exc.headline}")
            return
        if head.size > self._tree.size:
            self._say(f"{name} names {head.size} entries, but the log has {self._tree.size}: entries were cut off.")
        elif head.root != self._tree.root(head.size):
            self._say(f"{name}: the first {head.size} entries are not those that it was signed for.")

    def _genesis(self, payload: dict[str, Any]) -> None:
        if payload.get("kind") != GENESIS or payload.get("body") != {"origin": self._reader.name, "vkey": self._vkey}:
            self._say("Entry 0 does not begin the log of this key.")

    # -- sentences -------------------------------------------------------------------------------------------------

    def _say(self, sentence: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(sentence)
        else:
            self._more += 1

    def _explain(self, row: Sequence[Any], record: dict[str, Any]) -> None:
        """Say what is wrong with a row; there is always at least one sentence."""
        found = list(self._faults(row, record)) or ["it is not what the log writes"]
        self._say(f"Entry {row[0]}: {'; '.join(found)}.")

    def _faults(self, row: Sequence[Any], record: dict[str, Any]) -> Iterator[str]:
        seq, stored, prev, line, *_, ts = row
        if not isinstance(line, bytes) or leaf_hash(line) != stored:
            yield "its bytes do not give its leaf hash"
        try:
            parse_line(line)
        except (BadInput, TypeError) as exc:
            yield f"its bytes are not a canonical line ({getattr(exc, 'headline', exc)})"
        if seq != self._seq:
            yield f"entry {self._seq} was expected here: entries are missing or out of order"
        if prev != self._last:
            yield "it does not follow the entry before it"
        if not isinstance(ts, str) or ts < self._ts:
            yield "its time is before that of the entry before it"
        rec, payload = record.get("rec"), record.get("payload")
        if isinstance(rec, dict) and isinstance(payload, dict):
            yield from self._differences(row, rec, payload)

    def _differences(self, row: Sequence[Any], rec: dict[str, Any], payload: dict[str, Any]) -> Iterator[str]:
        seq, _, _, _, kind, case, version, actor, key, ts = row
        if (rec.get("seq"), rec.get("prev"), rec.get("ts")) != (seq, self._last.hex(), ts):
            yield "its own number, time or link is not what is stored beside it"
        beside = {"kind": kind, "case": case, "actor": actor, "key": key}
        wrong = [name for name, value in beside.items() if payload.get(name) != value]
        if wrong or payload.get("expects") != _number(version) - 1:
            yield f"the columns beside it differ from its bytes ({', '.join(wrong) or 'version'})"
        if self._versions.get(case, 0) != payload.get("expects"):
            yield f"its case is at version {self._versions.get(case, 0)}, not {payload.get('expects')}"
        if key in self._keys:
            yield "its key stands in the log already"


def _all_text(payload: dict[str, Any]) -> bool:
    values = (*_TEXTS(payload), *payload["subject"].values(), *payload["sealed"].values())
    return set(map(type, values)) == _ALL_TEXT


def _committed(item: VaultItem) -> str:
    try:
        return commitment(item.salt, item.value)
    except TypeError:
        return ""


def _number(value: object) -> int:
    """Return a whole number whatever was stored in its place."""
    return value if isinstance(value, int) else -1
