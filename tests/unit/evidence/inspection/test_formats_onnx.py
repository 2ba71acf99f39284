"""ONNX files walked field by field: tensors, texts, data in other files, operators that call Python."""

from __future__ import annotations

import struct

import pytest

from exeat.evidence.inspection import open_checkpoint
from tests.patience import ends
from tests.unit.evidence.corpus.healthy_training import field, varint
from tests.unit.evidence.inspection.factories_formats import (
    away,
    big_field,
    codes,
    onnx,
    onnx_node,
    onnx_tensor,
    raw,
    seen,
    tokenizer,
)

WEIGHT = onnx_tensor(raw=raw())


def attribute(**parts: bytes) -> bytes:
    return field(5, field(1, b"then") + b"".join(parts.values()))


def nested(depth: int) -> bytes:
    graph = field(2, b"g")
    for _ in range(depth):
        graph = field(1, onnx_node(b"If", attribute(graph=field(6, graph))))
    return graph


UNSAFE = {
    "data outside": (onnx(onnx_tensor(raw=away(location="../../etc/passwd"))), "external-data-outside"),
    "data at a root": (onnx(onnx_tensor(raw=away(location="/etc/passwd"))), "external-data-outside"),
    "data on a drive": (onnx(onnx_tensor(raw=away(location="C:\\secret"))), "external-data-outside"),
    "data behind backslashes": (onnx(onnx_tensor(raw=away(location="..\\..\\secret"))), "external-data-outside"),
    "data nowhere": (onnx(onnx_tensor(raw=away(location=""))), "external-data-outside"),
    "an operator in Python": (onnx(WEIGHT, nodes=[onnx_node(b"PyOp")]), "dangerous-operator"),
    "such an operator in a branch": (
        onnx(nodes=[onnx_node(b"If", attribute(graph=field(6, field(1, onnx_node(b"PyOp")))))]),
        "dangerous-operator",
    ),
    "raw data twice": (onnx(onnx_tensor(raw=raw() + raw())), "duplicate-field"),
    "raw data and numbers": (onnx(onnx_tensor(raw=raw() + field(4, bytes(8)))), "duplicate-field"),
    "two graphs": (onnx(WEIGHT) + field(7, field(2, b"h")), "duplicate-field"),
    "more bytes than the shape": (onnx(onnx_tensor(raw=raw(bytes(12)))), "size-mismatch"),
    "2^40 elements": (onnx(onnx_tensor(dims=(2**20, 2**20), raw=raw())), "header-bomb"),
    "graphs without end": (onnx(graph=nested(60)), "header-bomb"),
}
UNREADABLE = {
    "cut": onnx(WEIGHT)[:-3],
    "a type of no number": onnx(onnx_tensor(kind=77, raw=raw())),
    "a length beyond its message": onnx(WEIGHT) + b"\x1a\x7fabc",
    "the old end of a group": onnx(WEIGHT) + b"\x1c",
    "an offset of words": onnx(onnx_tensor(raw=away(location="d", offset="zero"))),
    "a text that is a number": onnx(WEIGHT, model=bytes([3 << 3, 5])),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe(tmp_path, name):
    data, code = UNSAFE[name]
    assert codes(seen(tmp_path / "x", data)) == [(code, "unsafe")]


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(tmp_path, name):
    assert [verdict for _, verdict in codes(seen(tmp_path / "x", UNREADABLE[name]))] == ["unreadable"]


def test_tensors_texts_and_operators_are_found(tmp_path):
    path = tmp_path / "x"
    texts = field(6, b"made in /home/alice/train.py")
    props = field(14, field(1, b"author") + field(2, b"alice@example.org"))
    node = onnx_node(
        b"Constant", attribute(t=field(5, onnx_tensor(b"", (3,), 7, raw=raw(bytes(24))))), field(7, b"com.own")
    )
    names = onnx_tensor(b"labels", (2,), 8, raw=field(6, b"Mrs Smith") + field(6, b"Mr Jones"))
    floats = onnx_tensor(b"f", (2,), raw=field(4, struct.pack("<2f", 1, 2)))
    ints = onnx_tensor(b"i", (2,), 7, raw=field(7, varint(300) + varint(5)))
    path.write_bytes(onnx(WEIGHT, floats, ints, names, nodes=[node], model=texts + props))
    with open_checkpoint(path) as opened:
        assert opened.problems == []
        found = {ref.name: (ref.dtype, ref.shape, bytes(opened.bytes_of(ref))) for ref in opened.tensors}
        assert found["w"] == ("F32", (2,), bytes(8))
        assert found["f"] == ("F32", (2,), struct.pack("<2f", 1, 2))
        assert found["i"][0] == "VARINT"
        assert [shape for _, shape, _ in found.values()] == [(3,), (2,), (2,), (2,)]
        told = {text.place: text.text for text in opened.texts}
        assert told["model.doc_string"] == "made in /home/alice/train.py"
        assert told["model.metadata_props"] == "author=alice@example.org"
        assert told["tensor.string_data"] == "Mrs Smith\nMr Jones"
        assert any("com.own" in note for note in opened.notes)


def test_fields_that_onnx_does_not_know_are_unlisted(tmp_path):
    data = onnx(WEIGHT) + big_field(99, b"patient list")
    opened = seen(tmp_path / "x", data)
    assert opened.problems == []
    (member,) = opened.unlisted
    assert data[member.offset :][: member.bytes].endswith(b"patient list")


def test_data_beside_a_single_file_is_noted_and_not_read(tmp_path):
    (tmp_path / "big.bin").write_bytes(bytes(8))
    opened = seen(tmp_path / "x", onnx(onnx_tensor(raw=away(location="big.bin"))))
    assert opened.problems == []
    assert opened.tensors == []
    assert "inspect the whole folder" in opened.notes[0]


def test_fields_without_number_are_refused_in_time(tmp_path):
    with ends():
        opened = seen(tmp_path / "x", onnx(graph=field(1, field(1, b"")) * 1_000_000), opcodes=500_000)
    assert codes(opened) == [("header-bomb", "unsafe")]


@pytest.mark.parametrize(
    "head", [b"\x08\x08", b"\x08\x08\x12", b"\x08\x00\x3a\x00", b"\x08\x08\x3b\x00", b"\x08\x63\x3a\x00"]
)
def test_other_bytes_are_not_taken_for_onnx(tmp_path, head):
    assert seen(tmp_path / "x", head + b"plain words").format != "onnx"


def test_a_sentencepiece_tokenizer_is_read_for_its_texts(tmp_path):
    data = tokenizer()
    opened = seen(tmp_path / "x", data)
    assert opened.problems == []
    assert opened.format == "sentencepiece"
    assert {text.place: text.text for text in opened.texts} == {
        "tokenizer_piece.text": "<unk>\n▁the",
        "tokenizer_trainer.input": "/home/alice/notes.txt",
        "tokenizer_trainer.model_prefix": "out/tok",
        "tokenizer_normalizer.name": "nmt_nfkc",
    }
    assert [verdict for _, verdict in codes(seen(tmp_path / "x", data[:-1]))] == ["unreadable"]
