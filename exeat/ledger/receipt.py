"""A receipt: one C2SP tlog-proof file that proves one entry offline, with the entry itself in its ``extra`` line.

https://c2sp.org/tlog-proof. The extra line is not trusted as such: the proof leads from its hash to the signed head.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import Tampered
from exeat.ledger.canonical import parse_line
from exeat.ledger.note import HeadReader
from exeat.ledger.record import entry_of
from exeat.ledger.tree import leaf_hash, verify_inclusion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.ledger.statement import Entry, TreeHead

HEADER = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_HASHES = 64


class Receipt(NamedTuple):
    """What a checked receipt proves: this entry stands in the tree of this head."""

    entry: Entry
    head: TreeHead


def make_receipt(line: bytes, index: int, proof: Sequence[bytes], note: str) -> str:
    """Return the receipt of the entry at ``index`` in the tree of the signed head ``note``."""
    hashes = "".join(base64.b64encode(step).decode() + "\n" for step in proof)
    extra = base64.b64encode(line).decode()
    return f"{HEADER}\nextra {extra}\nindex {index}\n{hashes}\n{note}"


def open_receipt(text: str, vkey: str) -> Receipt:
    """Return entry and head of a receipt; raise Tampered when it proves nothing."""
    top, _, note = text.partition("\n\n")
    lines = top.split("\n")
    extra = lines[1].removeprefix("extra ") if len(lines) > 2 else ""  # noqa: PLR2004 header, extra, index
    index = _INDEX.fullmatch(lines[2]) if extra else None
    if lines[0] != HEADER or index is None or len(lines) > 3 + _MAX_HASHES:
        raise Tampered("This is not a receipt of ours.", f"Expected a {SUFFIX} file with an extra line.")
    line, proof = _decoded(extra), [_decoded(step) for step in lines[3:]]
    head, leaf = HeadReader(vkey).open(note), leaf_hash(line)
    if not verify_inclusion(leaf, int(index[1]), head.size, proof, head.root):
        raise Tampered("The receipt does not lead to its tree head.", "Ask for a new receipt.", seq=int(index[1]))
    parse_line(line)
    entry = entry_of(line, leaf)
    if entry.seq != int(index[1]):
        raise Tampered("The receipt is of another entry than it says.", "Ask for a new receipt.", seq=int(index[1]))
    return Receipt(entry, head)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as exc:
        raise Tampered("A line of the receipt is not base64.", "Get the whole file again.") from exc
