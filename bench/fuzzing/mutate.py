"""Change bytes as hostile files are changed: cut, flipped, spliced, repeated, with lengths and numbers that lie.

The inside of an archive and the header of a safetensors file are changed where readers look, not only where a
checksum stops them. Everything follows from one seeded generator.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

MAX_BYTES = 2**17
NUMBERS = (
    *(0, 1, 2, 7, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32),
    *(2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1),
)
TOKENS = (
    *(b"cos\nsystem\n", b"\x80\x05", b"\x80\x02", b"\x93", b"R", b"b", b"(", b"t", b"}", b"]", b"u", b"e", b"0", b"."),
    *(b"\x94", b"h\x00", b"j\xff\xff\xff\x7f", b"\x8c\x08builtins", b"\x8d" + b"\xff" * 8, b"Q", b"\x82\x01", b"2"),
    *(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"\x1f\x8b", b"BZh9", b"\x93NUMPY", b"GGUF", b"7z"),
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"NaN", b"1e999", b"-Infinity", b'"\\ud800"', b"null", b"true"),
    *(b"[" * 200, b'{"a":' * 60, b"9" * 400, b"---\n", b"&a [*a,*a]\n", b"!!python/object:os.system\n", b"\x00" * 64),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\r", b"\n", b"\t", b"../", b"/etc/passwd"),
    *(b"\x08\x96\x01", b"\x0a\xff\xff\xff\xff\x0f", b"<script>", b"\x1b[2J", b"%s%n", b"0" * 5000),
)
_DIGITS = re.compile(rb"-?\d+(?:\.\d+)?")


def mutated(seed: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Return a changed copy of the seed, at most ``MAX_BYTES`` long."""
    if rng.random() < 0.5:
        inside = _inside(seed, others, rng)
        if inside is not None:
            return inside[:MAX_BYTES]
    return _changed(seed, others, rng)


def _changed(seed: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        rng.choice(CHANGES)(data, others, rng)
        del data[MAX_BYTES:]
    return bytes(data)


def _place(data: bytearray, rng: random.Random) -> int:
    """Return a place: half of them in the head or the tail, where formats keep their directories."""
    size = len(data)
    kind = rng.random()
    if kind < 0.3:
        return min(rng.randrange(64), size)
    return max(0, size - rng.randrange(1, 96)) if kind < 0.5 else rng.randint(0, size)


def _cut(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    del data[_place(data, rng) :]


def _flip(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 4, 16))):
        if data:
            data[min(_place(data, rng), len(data) - 1)] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    at = _place(data, rng)
    data[at : at + 4] = rng.randbytes(rng.randint(1, 4))


def _insert(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    at = _place(data, rng)
    data[at:at] = rng.choice(TOKENS)


def _replace(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    at, token = _place(data, rng), rng.choice(TOKENS)
    data[at : at + len(token)] = token


def _delete(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    at = _place(data, rng)
    del data[at : at + rng.choice((1, 2, 8, 64, 512))]


def _repeat(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    at = _place(data, rng)
    piece = bytes(data[at : at + rng.choice((1, 2, 5, 20, 200))])
    data[at:at] = piece * rng.choice((1, 2, 10, 300))


def _splice(data: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    other = rng.choice(others)
    start = rng.randint(0, len(other))
    at = _place(data, rng)
    data[at : at + rng.choice((0, 16, 256))] = other[start : start + rng.choice((8, 64, 1024, 16384))]


def _length(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    """Write a number that matters where a length or offset may stand, in either byte order."""
    width = rng.choice((1, 2, 4, 8))
    value = rng.choice((*NUMBERS, len(data), len(data) + 1, max(0, len(data) - 1))) % 2 ** (8 * width)
    at = _place(data, rng)
    data[at : at + width] = value.to_bytes(width, rng.choice(("little", "little", "big")))


def _digits(data: bytearray, _others: Sequence[bytes], rng: random.Random) -> None:
    """Replace a number that is written in digits."""
    found = _DIGITS.search(data, _place(data, rng)) or _DIGITS.search(data)
    if found:
        text = rng.choice(("-1", "0", "1e308", "1E-400", "0.1", "9" * 40, str(rng.choice(NUMBERS))))
        data[found.start() : found.end()] = text.encode()


CHANGES: tuple[Callable[[bytearray, Sequence[bytes], random.Random], None], ...] = (
    *(_cut, _flip, _flip, _overwrite, _insert, _insert, _replace, _delete, _repeat, _splice, _length, _length, _digits),
)


def _inside(seed: bytes, others: Sequence[bytes], rng: random.Random) -> bytes | None:
    """Return the seed changed behind its checksum or length, None where it has neither."""
    if seed.startswith(b"PK\x03\x04"):
        return _archive(seed, others, rng)
    if seed[8:9] == b"{" and len(seed) > 10:
        length = int.from_bytes(seed[:8], "little")
        header = _changed(seed[8 : 8 + length], others, rng)
        return len(header).to_bytes(8, "little") + header + seed[8 + length :]
    return None


def _archive(seed: bytes, others: Sequence[bytes], rng: random.Random) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(seed)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        return None
    if not members:
        return None
    pickles = [at for at, (name, _) in enumerate(members) if name.endswith(".pkl")]
    at = rng.choice(pickles) if pickles and rng.random() < 0.8 else rng.randrange(len(members))
    members[at] = (members[at][0], _changed(members[at][1], others, rng))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as made:
        for name, data in dict(members).items():
            made.writestr(zipfile.ZipInfo(name or "x"), data, made.compression)
    return out.getvalue()
