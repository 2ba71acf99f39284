# ruff: noqa: S608 the table names are ours
"""Ways to tamper with a stored ledger, past its guards: each returns what it did, in words."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Sql = Callable[..., list[tuple[Any, ...]]]

TRIGGERS = {
    "statement": ("statement_next", "statement_frozen", "statement_no_truncate"),
    "tree_head": ("tree_head_next", "tree_head_frozen", "tree_head_no_truncate"),
    "vault": ("vault_next", "vault_erase", "vault_frozen", "vault_no_truncate"),
}
BYTES = (("statement", "seq", "line"), ("statement", "seq", "leaf"), ("statement", "seq", "prev"))
BYTES += (("tree_head", "size", "root"), ("vault", "seq", "value"), ("vault", "seq", "salt"))
TEXTS = (("statement", "seq", "ts"), ("statement", "seq", "kind"), ("statement", "seq", "case_id"))
TEXTS += (("statement", "seq", "actor"), ("statement", "seq", "key"), ("tree_head", "size", "note"))


def flip_byte(sql: Sql, random: Random, table: str, number: str, column: str) -> str:
    """Change one bit of one byte."""
    rows = sql(f"SELECT {number}, {column} FROM {table} ORDER BY {number}")
    at, value = random.choice(rows)
    place, bit = random.randrange(len(value)), 1 << random.randrange(8)
    changed = value[:place] + bytes([value[place] ^ bit]) + value[place + 1 :]
    sql(f"UPDATE {table} SET {column} = ? WHERE {number} = ? AND {column} = ?", changed, at, value)
    return f"{table} {at}: bit {bit} of byte {place} of {column}"


def change_letter(sql: Sql, random: Random, table: str, number: str, column: str) -> str:
    """Change one character of a text column (a byte of a signature, among others)."""
    at, value = random.choice(sql(f"SELECT {number}, {column} FROM {table} ORDER BY {number}"))
    place = random.randrange(len(value))
    letter = random.choice([letter for letter in "0aZ.+/=\n " if letter != value[place]])
    sql(f"UPDATE {table} SET {column} = ? WHERE {number} = ?", value[:place] + letter + value[place + 1 :], at)
    return f"{table} {at}: character {place} of {column} {value[place]!r} -> {letter!r}"


def change_version(sql: Sql, random: Random) -> str:
    seq, version = random.choice(sql("SELECT seq, version FROM statement"))
    sql("UPDATE statement SET version = ? WHERE seq = ?", version + random.randrange(1000, 2000), seq)
    return f"statement {seq}: version"


def swap(sql: Sql, random: Random) -> str:
    """Two entries change places."""
    last = sql("SELECT max(seq) FROM statement")[0][0]
    one, two = random.sample(range(last + 1), 2)
    for old, new in ((one, -1), (two, one), (-1, two)):
        sql("UPDATE statement SET seq = ? WHERE seq = ?", new, old)
    return f"statements {one} and {two} swapped"


def delete(sql: Sql, random: Random) -> str:
    (seq,) = random.choice(sql("SELECT seq FROM statement"))
    sql("DELETE FROM statement WHERE seq = ?", seq)
    return f"statement {seq} deleted"


def delete_and_renumber(sql: Sql, random: Random) -> str:
    """One entry goes, the later ones close the gap."""
    last = sql("SELECT max(seq) FROM statement")[0][0]
    seq = random.randrange(last)
    sql("DELETE FROM statement WHERE seq = ?", seq)
    for later in range(seq + 1, last + 1):
        sql("UPDATE statement SET seq = ? WHERE seq = ?", later - 1, later)
    return f"statement {seq} deleted, later ones renumbered"


def truncate(sql: Sql, random: Random) -> str:
    size = random.randrange(sql("SELECT max(seq) FROM statement")[0][0] + 1)
    sql("DELETE FROM statement WHERE seq >= ?", size)
    return f"log cut to {size} entries"


def truncate_with_heads(sql: Sql, random: Random) -> str:
    """Rows, sealed values and tree heads go together; only a head kept elsewhere can show it."""
    (size,) = random.choice(sql("SELECT size FROM tree_head ORDER BY size")[:-1])
    sql("DELETE FROM statement WHERE seq >= ?", size)
    sql("DELETE FROM tree_head WHERE size > ?", size)
    sql("DELETE FROM vault WHERE seq >= ?", size)
    return f"log and heads cut to {size} entries"


def delete_head(sql: Sql, random: Random) -> str:
    (size,) = random.choice(sql("SELECT size FROM tree_head"))
    sql("DELETE FROM tree_head WHERE size = ?", size)
    return f"tree head {size} deleted"


def delete_sealed(sql: Sql, random: Random) -> str:
    seq, field = random.choice(sql("SELECT seq, field FROM vault"))
    sql("DELETE FROM vault WHERE seq = ? AND field = ?", seq, field)
    return f"sealed {field} of statement {seq} deleted without a record"


def restore_erased(sql: Sql, random: Random) -> str:
    (line,) = random.choice(sql("SELECT line FROM statement WHERE kind = ?", "redaction.recorded"))
    body = orjson.loads(line)["payload"]["body"]
    sql(
        "INSERT INTO vault (seq, field, salt, value) VALUES (?, ?, ?, ?)", body["seq"], body["field"], b"s" * 16, b'"x"'
    )
    return f"erased {body['field']} of statement {body['seq']} put back"


def add_sealed(sql: Sql, random: Random) -> str:
    (seq,) = random.choice(sql("SELECT seq FROM statement"))
    sql("INSERT INTO vault (seq, field, salt, value) VALUES (?, ?, ?, ?)", seq, "smuggled", b"s" * 16, b'"x"')
    return f"a value smuggled into the vault of statement {seq}"


def rewrite(sql: Sql, random: Random) -> str:
    """Change one entry and make leaf and chain of all later ones fit; the signatures cannot follow."""
    rows = sql("SELECT seq, line FROM statement ORDER BY seq")
    first = random.randrange(1, len(rows))
    prev = sql("SELECT leaf FROM statement WHERE seq = ?", first - 1)[0][0]
    for seq, line in rows[first:]:
        record = orjson.loads(line)
        record["rec"]["prev"] = prev.hex()
        if seq == first:
            record["payload"]["body"] = {"verdict": "approve"}
        changed = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
        leaf = sha256(b"\x00" + changed).digest()
        sql("UPDATE statement SET line = ?, leaf = ?, prev = ? WHERE seq = ?", changed, leaf, prev, seq)
        prev = leaf
    return f"statement {first} rewritten, all later ones rehashed"


def smuggle_float(sql: Sql, random: Random) -> str:
    """Store a line outside the profile with the leaf that fits it."""
    seq, line = random.choice(sql("SELECT seq, line FROM statement ORDER BY seq"))
    record = orjson.loads(line)
    record["payload"]["body"]["rate"] = 0.5
    line = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    sql("UPDATE statement SET line = ?, leaf = ? WHERE seq = ?", line, sha256(b"\x00" + line).digest(), seq)
    return f"statement {seq}: a float, with its leaf"


def respell(sql: Sql, random: Random) -> str:
    """Store the same JSON with a space, with the leaf that fits it."""
    seq, line = random.choice(sql("SELECT seq, line FROM statement ORDER BY seq"))
    line = line.replace(b":", b": ", 1)
    sql("UPDATE statement SET line = ?, leaf = ? WHERE seq = ?", line, sha256(b"\x00" + line).digest(), seq)
    return f"statement {seq}: white space, with its leaf"


SHAPES = (change_version, swap, delete, delete_and_renumber, truncate, delete_head, delete_sealed)
SHAPES += (restore_erased, add_sealed, rewrite, smuggle_float, respell)
