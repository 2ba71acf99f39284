"""GGUF headers by our own bounded reading: places of tensors, texts, templates that run commands."""

from __future__ import annotations

import struct

import pytest

from exeat.evidence.inspection import open_checkpoint
from tests.patience import ends
from tests.unit.evidence.inspection.factories_formats import codes, gguf, seen, text_pair, word

TEMPLATE = b"{% for m in messages %}{{ m['content'] }}{% endfor %}"
ESCAPE = b"{{ ''.__class__.__mro__[1].__subclasses__() }}"
NESTED = struct.pack("<IQ", 9, 1)


def listing(kind: int, count: int, body: bytes = b"") -> bytes:
    return word(b"k") + struct.pack("<IIQ", 9, kind, count) + body


UNSAFE = {
    "tensor twice": (gguf(tensors=(("w", (8,), 0, 0), ("w", (8,), 0, 32)), data=bytes(64)), "duplicate-key"),
    "key twice": (gguf(text_pair(b"k", b"1"), text_pair(b"k", b"2")), "duplicate-key"),
    "overlap": (gguf(tensors=(("w", (8,), 0, 0), ("v", (8,), 0, 16)), data=bytes(64)), "overlap"),
    "hole": (gguf(tensors=(("w", (8,), 0, 0), ("v", (8,), 0, 96)), data=bytes(128)), "unlisted-bytes"),
    "hole first": (gguf(tensors=(("w", (8,), 0, 32),), data=bytes(64)), "unlisted-bytes"),
    "trailing bytes": (gguf(data=bytes(33)), "trailing-bytes"),
    "padding that says something": (gguf(tensors=(("w", (1,), 0, 0),), data=b"\x01" * 32), "unlisted-bytes"),
    "2^40 elements": (gguf(tensors=(("w", (2**20, 2**20), 0, 0),)), "header-bomb"),
    "2^60 tensors": (gguf().replace(struct.pack("<Q", 1), struct.pack("<Q", 2**60), 1), "header-bomb"),
    "lists in lists": (gguf(word(b"k") + struct.pack("<I", 9) + NESTED * 100), "header-bomb"),
    "2^50 texts": (gguf(listing(8, 2**50)), "header-bomb"),
    "a template that escapes": (gguf(text_pair(b"tokenizer.chat_template", ESCAPE)), "template-code"),
}
UNREADABLE = {
    "version 1": gguf(version=1),
    "big endian": gguf(version=3 << 24),
    "a value of no type": gguf(word(b"k") + struct.pack("<I", 13)),
    "a tensor of no type": gguf(tensors=(("w", (8,), 99, 0),)),
    "five dimensions": gguf(tensors=(("w", (1, 1, 1, 1, 8), 0, 0),)),
    "no whole block": gguf(tensors=(("w", (33,), 2, 0),)),
    "cut in the header": gguf()[:50],
    "cut in the data": gguf()[:-1],
    "alignment of 7": gguf(word(b"general.alignment") + struct.pack("<II", 4, 7)),
    "numbers beyond the file": gguf(listing(10, 2**50)),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe(tmp_path, name):
    data, code = UNSAFE[name]
    assert (code, "unsafe") in codes(seen(tmp_path / "x", data))


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(tmp_path, name):
    assert [verdict for _, verdict in codes(seen(tmp_path / "x", UNREADABLE[name]))] == ["unreadable"]


def test_tensors_and_texts_are_found(tmp_path):
    path = tmp_path / "x"
    pairs = (
        text_pair(b"general.author", b"alice@example.org"),
        text_pair(b"tokenizer.chat_template", TEMPLATE),
        listing(8, 2, word(b"one") + word(b"two")),
        word(b"general.alignment") + struct.pack("<II", 4, 64),
    )
    tensors = (("w", (3, 2), 0, 0), ("q", (32, 2), 2, 64))
    values = struct.pack("<6f", *range(6)).ljust(64, b"\x00") + bytes(range(36))
    path.write_bytes(gguf(*pairs, tensors=tensors, data=values, alignment=64))
    with open_checkpoint(path) as opened:
        assert opened.problems == []
        assert {text.place: text.text for text in opened.texts} == {
            "general.author": "alice@example.org",
            "tokenizer.chat_template": TEMPLATE.decode(),
            "k": "one\ntwo",
        }
        first, second = opened.tensors
        assert (first.dtype, first.shape, first.quantised) == ("F32", (2, 3), False)
        assert (second.dtype, second.shape, second.quantised) == ("Q4_0", (2, 32), True)
        assert bytes(opened.bytes_of(first)) == struct.pack("<6f", *range(6))
        assert bytes(opened.bytes_of(second)) == bytes(range(36))


def test_a_header_full_of_texts_ends_in_time(tmp_path):
    with ends():
        opened = seen(tmp_path / "x", gguf(listing(8, 3_000_000, word(b"") * 3_000_000)))
    assert codes(opened) == [("header-bomb", "unsafe")]
