"""Check a whole log: bytes, order, chain, tree, signed heads, copies of fields, sealed values. No I/O.

Feed the stored rows (seq, leaf, prev, line, kind, case_id, version, actor, key, ts) in order with ``take`` and ask
for the report with ``finish``. Every tree head is checked, its root and its signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, Any

import orjson

from exeat.errors import BadInput, Tampered
from exeat.ledger import shape
from exeat.ledger.canonical import OPTIONS, in_profile, parse_line
from exeat.ledger.note import HeadReader
from exeat.ledger.record import GENESIS, NO_PREV, REDACTION, commitment
from exeat.ledger.shape import HeadRow, VaultItem, shaped
from exeat.ledger.tree import EMPTY_ROOT, Tree, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

MOST_PROBLEMS = 100
_NOTE_LINES = 5


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
    """One pass over a log; memory grows by 64 bytes an entry for the tree, and with cases and keys.

    ``sign`` is for the holder of the log's key: Ed25519 signatures are deterministic, so making the head again and
    comparing proves the same as verifying it and takes a third of the time.
    """

    def __init__(
        self,
        vkey: str,
        heads: Iterable[Sequence[Any]],
        vault: Iterable[Sequence[Any]],
        sign: Callable[[int, bytes], str] | None = None,
    ) -> None:
        self._reader, self._vkey, self._sign, self._tree = HeadReader(vkey), vkey, sign, Tree()
        self._heads, self._vault = map(HeadRow._make, heads), map(VaultItem._make, vault)
        self._next_head, self._next_value = next(self._heads, None), next(self._vault, None)
        self._problems: list[str] = []
        self._more = self._signatures = self._sealed = self._last_head = 0
        self._seq, self._last, self._ts = 0, NO_PREV, ""
        self._batch: dict[str, Any] = {}
        self._versions: dict[str, int] = {}
        self._keys: set[str] = set()
        self._missing: dict[tuple[int, str], str] = {}
        self._erased: dict[tuple[int, str], tuple[int, str]] = {}

    def take(self, rows: Sequence[Sequence[Any]]) -> None:
        """Check the next rows, in order of their stored number; a page at once, row by row where it is not right."""
        try:
            leaves, payloads = self._checked(rows)
        except (TypeError, ValueError, KeyError, RecursionError):
            if len(rows) > 1:
                for row in rows:
                    self.take((row,))
                return
            leaves, payloads = self._explain(rows[0])
        self._step(rows, leaves, payloads)

    def _checked(self, rows: Sequence[Sequence[Any]]) -> tuple[list[bytes], list[dict[str, Any]]]:
        """Return leaves and payloads of good rows; raise ValueError (or what bad types raise) otherwise.

        Column by column, because comparing whole lists is far faster than comparing row by row.
        """
        seqs, stored, prevs, lines, kinds, cases, versions, actors, keys, times = zip(*rows, strict=True)
        leaves = [sha256(b"\x00" + line).digest() for line in lines]
        records = [orjson.loads(line) for line in lines]
        payloads, recs = list(map(shape.PAYLOAD, records)), list(map(shape.REC, records))
        good = (
            leaves == list(stored)
            and [orjson.dumps(record, None, OPTIONS) for record in records] == list(lines)
            and seqs == tuple(range(self._seq, self._seq + len(rows)))
            and list(prevs) == [self._last, *leaves[:-1]]
            and list(map(shape.PLACE, recs)) == list(zip(seqs, map(bytes.hex, prevs), times, strict=True))
            and list(map(shape.COLUMNS, payloads)) == shape.columns(kinds, cases, actors, keys)
            and shaped(records, recs, payloads)
            and (all(map(bytes.isascii, lines)) or all(map(in_profile, records)))
            and self._ts <= times[0]
            and list(times) == sorted(times)
            and set(map(len, times)) == {shape.STAMP_LENGTH}
            and self._new(keys, cases, versions, list(map(shape.EXPECTS, payloads)))
        )
        if not good:
            raise ValueError
        return leaves, payloads

    def _new(self, keys: Sequence[str], cases: Sequence[str], versions: Sequence[int], expects: list[int]) -> bool:
        """Take in keys and cases; return False when a key stands in the log already or a case does not go on."""
        if len(set(keys)) != len(keys) or not self._keys.isdisjoint(keys):
            return False
        if [version - 1 for version in versions] != expects:
            return False
        fresh = dict(zip(cases, versions, strict=True))
        if len(fresh) == len(cases):
            goes_on = list(map(self._versions.get, cases, repeat(0))) == expects
        else:
            goes_on = self._in_turn(cases, expects)
        if not goes_on:
            return False
        self._versions |= fresh
        self._keys.update(keys)
        return True

    def _in_turn(self, cases: Sequence[str], expects: Sequence[int]) -> bool:
        """Return whether cases that come more than once go on one by one."""
        seen: dict[str, int] = {}
        for case, before in zip(cases, expects, strict=True):
            if seen.get(case, self._versions.get(case, 0)) != before:
                return False
            seen[case] = before + 1
        return True

    def _step(self, rows: Sequence[Sequence[Any]], leaves: Sequence[bytes], payloads: Sequence[dict[str, Any]]) -> None:
        """Follow tree heads, sealed values and redactions through rows; good or bad, they are part of the log."""
        first, done = self._tree.size, 0
        heads = [None if not first else self._batch, *map(shape.HEAD, payloads)]
        for index in [i for i, (before, head) in enumerate(pairwise(heads)) if before != head]:
            self._tree.extend(leaves[done:index])
            self._boundary(first + index, heads[index + 1])
            done = index
        self._tree.extend(leaves[done:])
        for index in [i for i, sealed in enumerate(map(shape.SEALED, payloads)) if sealed]:
            self._opened(_number(rows[index][0]), payloads[index]["sealed"])
        for index in [i for i, payload in enumerate(payloads) if payload["kind"] == REDACTION]:
            self._redaction(_number(rows[index][0]), payloads[index])
        if not first:
            self._genesis(payloads[0])
        self._seq, self._last, self._ts = _number(rows[-1][0]) + 1, leaves[-1], str(rows[-1][9])

    # -- tree heads ------------------------------------------------------------------------------------------------

    def _boundary(self, seq: int, head: object) -> None:
        """Begin a batch: it must name the whole log before it, and that head must be stored and signed."""
        expected = {"root": self._tree.root().hex() if seq else EMPTY_ROOT.hex(), "size": seq}
        if head != expected:
            self._say(f"Entry {seq} does not name the tree head that stood before it.")
        self._batch = head if isinstance(head, dict) else {}
        if seq:
            self._sealed_by(seq)

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
        root = self._tree.root()
        if self._sign and head.root == root and head.note == self._sign(head.size, root):
            self._signatures += 1
            return
        try:
            said = self._reader.open(head.note)
        except (Tampered, TypeError, AttributeError) as exc:
            self._say(f"The tree head of {head.size} entries: {getattr(exc, 'headline', 'it cannot be read.')}")
            return
        self._signatures += 1
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

    def compare_cases(self, counted: Iterable[Sequence[Any]]) -> None:
        """Compare what looking up by case gives (case, number of entries) with the entries themselves."""
        found = dict(map(tuple, counted))
        for case in sorted(
            found.keys() ^ self._versions.keys() | {c for c, n in found.items() if n != self._versions.get(c)}
        ):
            self._say(f"Looking up the case {case!r} does not give the entries that stand in the log.")

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

    def _explain(self, row: Sequence[Any]) -> tuple[list[bytes], list[dict[str, Any]]]:
        """Say what is wrong with a row (at least one sentence); return its leaf and whatever payload it has."""
        line = row[3] if isinstance(row[3], bytes) else str(row[3]).encode(errors="replace")
        record = _parsed(line)
        found = list(self._faults(row, record)) or ["it is not what the log writes"]
        self._say(f"Entry {row[0]}: {'; '.join(found)}.")
        self._versions[row[5]] = _number(row[6])
        self._keys.add(row[8])
        payload = record.get("payload")
        nothing = {"head": None, "sealed": None, "kind": None}
        return [leaf_hash(line)], [nothing | payload if isinstance(payload, dict) else nothing]

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


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}


def _committed(item: VaultItem) -> str:
    try:
        return commitment(item.salt, item.value)
    except (TypeError, ValueError):
        return ""


def _number(value: object) -> int:
    """Return a whole number whatever was stored in its place."""
    return value if isinstance(value, int) else -1
