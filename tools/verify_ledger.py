#!/usr/bin/env python3
"""Check an Exeat ledger offline. Needs Python and the package `cryptography`; shares no code with Exeat.

  verify_ledger.py log EXPORT.jsonl HEAD.txt VKEY [OLDER_HEAD.txt]     the whole log (an auditor)
  verify_ledger.py receipt FILE.tlog-proof VKEY [--disclosure D.json]  one entry (whoever holds the receipt)

VKEY is the log's public key (name+id+base64) or a file that holds it; take it from the operator once and keep it.
Exit 0 and OK, or exit 1 and FAIL with the reason. Formats: RFC 6962 (tree), RFC 8785 without floats (bytes),
c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-proof.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SCHEMA = "exeat-statement/1"
PAYLOAD = ["actor", "assurance", "authenticated", "body", "case", "expects", "head", "key", "kind", "role", "schema"]
PAYLOAD += ["sealed", "signed_at", "subject"]
EMPTY = hashlib.sha256(b"").digest()
BIGGEST = 2**53 - 1
DEEPEST = 32
Json = dict[str, Any]


def fail(reason: str) -> NoReturn:
    """Print FAIL and leave with exit code 1."""
    sys.exit(f"FAIL: {reason}")


def leaf_hash(line: bytes) -> bytes:
    """Hash an entry."""
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees together."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def decode(text: str, what: str) -> bytes:
    """Decode base64 strictly: no other spelling of the same bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        fail(f"{what} is not base64")
    if base64.b64encode(data).decode() != text:
        fail(f"{what} is not base64")
    return data


class Key:
    """The log's public key."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        parts = self.text.split("+", 2)
        if len(parts) != 3:
            fail("the key is not name+id+base64")
        self.name, key_id, raw = parts[0], parts[1], decode(parts[2], "the key")
        self.id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if self.id.hex() != key_id or len(raw) != 33 or raw[0] != 1:
            fail("the key does not match its own id, or is not Ed25519")
        self.public = Ed25519PublicKey.from_public_bytes(raw[1:])

    def open(self, note: str) -> tuple[int, bytes]:
        """Return size and root of a tree head that this key signed."""
        text, _, signatures = note.rpartition("\n\n")
        match = re.fullmatch(r"([^\s+]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)", text)
        if match is None or match[1] != self.name or not signatures.endswith("\n"):
            fail(f"the tree head is not one of {self.name}")
        seen = False
        for line in signatures[:-1].split("\n"):
            seen = self._signed(line, text + "\n") or seen
        if not seen:
            fail("the tree head carries no signature of this key")
        return int(match[2]), decode(match[3], "the root")

    def _signed(self, line: str, text: str) -> bool:
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014":
            fail("a signature line of the tree head cannot be read")
        raw = decode(parts[2], "a signature")
        if (parts[1], raw[:4]) != (self.name, self.id):
            return False  # a witness; this program knows no witness keys
        try:
            self.public.verify(raw[4:], text.encode())
        except InvalidSignature:
            fail("the signature of the tree head is wrong")
        return True


def unique(pairs: list[tuple[str, Any]]) -> Json:
    """Refuse duplicate keys, which JSON readers resolve differently."""
    if len(dict(pairs)) != len(pairs):
        fail("an entry has a key twice")
    return dict(pairs)


def check_values(value: Any, where: str, depth: int = DEEPEST) -> None:
    """Refuse what has no one canonical form: floats, big integers, keys that are not ASCII, deep nesting."""
    if depth == 0 and isinstance(value, dict | list):
        fail(f"{where} is nested too deeply")
    if isinstance(value, dict):
        for key, item in value.items():
            if not key.isascii():
                fail(f"{where} has a key that is not ASCII")
            check_values(item, where, depth - 1)
    elif isinstance(value, list):
        for item in value:
            check_values(item, where, depth - 1)
    elif isinstance(value, float) or (isinstance(value, int) and abs(value) > BIGGEST):
        fail(f"{where} has a float or an integer of 2^53 or more")


def canonical(value: object) -> bytes:
    """Return the one byte form of a value inside the profile."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_entry(line: bytes, where: str) -> Json:
    """Return an entry whose bytes are canonical and whose shape is a statement's."""
    try:
        entry = json.loads(line.decode(), object_pairs_hook=unique)
        check_values(entry, where)
        again = canonical(entry)
    except (ValueError, RecursionError):
        fail(f"{where} is not JSON")
    if again != line:
        fail(f"{where} is not in canonical form")
    if not isinstance(entry, dict) or sorted(entry) != ["payload", "rec", "sigs"]:
        fail(f"{where} is not a record")
    if sorted(entry["rec"]) != ["nonce", "prev", "seq", "ts"] or sorted(entry["payload"]) != PAYLOAD:
        fail(f"{where} is not a statement")
    if entry["payload"]["schema"] != SCHEMA:
        fail(f"{where} is of another schema")
    if entry["payload"]["assurance"] != "server-attested" or entry["sigs"]:
        fail(f"{where} claims signatures that this version cannot check")
    return entry


class Log:
    """The state of one pass: tree, chain, cases and keys."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.stack: list[bytes] = []
        self.size, self.last, self.ts = 0, "0" * 64, ""
        self.head: Json = {}
        self.versions: dict[str, int] = {}
        self.keys: set[str] = set()

    def add(self, line: bytes) -> None:
        """Check one line against everything before it and take it in."""
        where = f"entry {self.size}"
        entry = read_entry(line, where)
        self._check(entry["rec"], entry["payload"], where)
        leaf = leaf_hash(line)
        node, count = leaf, self.size
        while count & 1:
            node, count = node_hash(self.stack.pop(), node), count >> 1
        self.stack.append(node)
        self.size, self.last, self.ts = self.size + 1, leaf.hex(), entry["rec"]["ts"]

    def _check(self, rec: Json, payload: Json, where: str) -> None:
        if rec["seq"] != self.size:
            fail(f"{where} says it is {rec['seq']}: entries are missing or out of order")
        if rec["prev"] != self.last:
            fail(f"{where} does not follow the entry before it")
        first = {"origin": self.key.name, "vkey": self.key.text}
        if not self.size and (payload["kind"] != "genesis" or payload["body"] != first):
            fail("the first entry does not begin the log of this key")
        if rec["ts"] < self.ts:
            fail(f"{where} is older than the entry before it")
        if payload["head"] != self.head or not self.size:
            self.head = {"root": self.root().hex(), "size": self.size}
            if payload["head"] != self.head:
                fail(f"{where} names another tree than the one before it")
        version = self.versions.get(payload["case"], 0)
        if payload["expects"] != version:
            fail(f"{where} is written for version {payload['expects']} of its case, which is at {version}")
        if payload["key"] in self.keys:
            fail(f"{where} repeats the key of another entry")
        self.versions[payload["case"]] = version + 1
        self.keys.add(payload["key"])

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        if not self.stack:
            return EMPTY
        root = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            root = node_hash(left, root)
        return root


def check_log(export: str, head: str, vkey: str, older: str | None = None) -> str:
    """Check a whole export against a tree head, and against an older one if given."""
    key = Key(argument(vkey))
    size, root = key.open(text_of(head))
    old = key.open(text_of(older)) if older else None
    log = Log(key)
    roots = {0: EMPTY}
    wanted = {size, old[0] if old else 0}
    with Path(export).open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                fail("the export is cut off in the middle of a line")
            log.add(line[:-1])
            if log.size in wanted:
                roots[log.size] = log.root()
    if log.size < max(wanted):
        fail(f"the log has {log.size} entries, but a tree head names {max(wanted)}: entries were cut off")
    if roots[size] != root:
        fail(f"the first {size} entries do not give the root that was signed")
    if old and roots[old[0]] != old[1]:
        fail(f"history was rewritten: the first {old[0]} entries are not those of the older tree head")
    if log.size > size:
        fail(f"{log.size - size} entries stand after the tree head; ask for the latest one")
    return f"{size} entries, root {root.hex()}" + (
        f", begins with the {old[0]} entries of the older head" if old else ""
    )


def climb(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162 2.1.3.2)."""
    if index >= size:
        fail("the receipt names an entry outside its tree")
    node, last, result = index, size - 1, leaf
    for step in proof:
        if last == 0:
            fail("the proof is too long")
        if node & 1 or node == last:
            result = node_hash(step, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, step)
        node, last = node >> 1, last >> 1
    if last:
        fail("the proof is too short")
    return result


def check_receipt(receipt: str, vkey: str, disclosure: str | None = None) -> str:
    """Check that the entry inside the receipt stands in the log that the key signed."""
    top, _, note = text_of(receipt).partition("\n\n")
    lines = top.split("\n")
    if len(lines) < 3 or lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("extra "):
        fail("this is not a receipt with its entry")
    match = re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines[2])
    if match is None or len(lines) > 67:
        fail("the receipt names no entry")
    index, line = int(match[1]), decode(lines[1][6:], "the entry")
    size, root = Key(argument(vkey)).open(note)
    if climb(index, size, leaf_hash(line), [decode(step, "the proof") for step in lines[3:]]) != root:
        fail("the entry is not in the tree that was signed")
    entry = read_entry(line, f"entry {index}")
    if entry["rec"]["seq"] != index:
        fail("the receipt is of another entry than it says")
    opened = check_disclosure(entry["payload"]["sealed"], disclosure) if disclosure else ""
    said = entry["payload"]
    return (
        f"entry {index} of {size}: {said['kind']} on {said['case']} by {said['actor']} at {entry['rec']['ts']}{opened}"
    )


def check_disclosure(sealed: Json, path: str) -> str:
    """Check that disclosed values are the ones that the entry committed to."""
    try:
        disclosed = json.loads(text_of(path), object_pairs_hook=unique)
        found = {field: commitment(part["salt"], part["value"]) for field, part in disclosed.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        fail("the disclosure cannot be read")
    for field, name in found.items():
        if sealed.get(field) != name:
            fail(f"the disclosed {field} is not what the entry committed to")
    return f"; opened: {', '.join(sorted(found)) or 'nothing'}"


def commitment(salt: str, value: object) -> str:
    """Return the commitment; a salt of another length could pass a part of the value off as salt."""
    if not re.fullmatch("[0-9a-f]{32}", salt):
        fail("a salt in the disclosure is not 32 hex digits")
    return "sha256:" + hashlib.sha256(bytes.fromhex(salt) + canonical(value)).hexdigest()


def text_of(path: str) -> str:
    """Read a text file as it is."""
    try:
        return Path(path).read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        fail(f"{path} cannot be read")


def argument(vkey: str) -> str:
    """Return the key itself, or the text of the file that holds it."""
    return vkey if vkey.count("+") >= 2 else text_of(vkey)


def main(words: list[str]) -> None:
    """Run one of the two checks."""
    try:
        run(words)
    except (TypeError, KeyError, AttributeError, ValueError, RecursionError) as exc:
        fail(f"a part has the wrong type ({type(exc).__name__})")


def run(words: list[str]) -> None:
    """Take the words of the command line."""
    disclosure = None
    if "--disclosure" in words[:-1]:
        at = words.index("--disclosure")
        disclosure = words[at + 1]
        words = words[:at] + words[at + 2 :]
    if words[:1] == ["log"] and len(words) in (4, 5):
        print("OK", check_log(*words[1:]))
    elif words[:1] == ["receipt"] and len(words) == 3:
        print("OK", check_receipt(words[1], words[2], disclosure))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
