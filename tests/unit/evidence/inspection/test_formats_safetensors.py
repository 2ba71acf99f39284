"""safetensors as strictly as its specification: what readers could read in two ways, or not at all, is refused."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from exeat.evidence.inspection import open_checkpoint
from tests.patience import ends
from tests.unit.evidence.inspection.factories_formats import ONE, codes, safetensors, seen

TWO = {**ONE, "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}


def entry(**changes):
    return {"a": ONE["a"] | changes}


UNSAFE = {
    "key twice": (safetensors(json.dumps(ONE)[:-1].encode() + b"," + json.dumps(ONE)[1:].encode()), "duplicate-key"),
    "field twice": (
        safetensors(b'{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}'),
        "duplicate-key",
    ),
    "metadata twice": (safetensors(b'{"__metadata__":{"a":"b","a":"c"}}', b""), "duplicate-key"),
    "overlap": (safetensors(TWO | {"b": entry(data_offsets=[2, 6])["a"]}, b"123456"), "overlap"),
    "same bytes": (safetensors(TWO | {"b": ONE["a"]}), "overlap"),
    "hole": (safetensors(entry(data_offsets=[4, 8]), b"12345678"), "unlisted-bytes"),
    "hole between": (safetensors(TWO | {"b": entry(data_offsets=[8, 12])["a"]}, b"x" * 12), "unlisted-bytes"),
    "trailing bytes": (safetensors(ONE, b"12345"), "trailing-bytes"),
    "smaller than its shape": (safetensors(entry(shape=[2])), "size-mismatch"),
    "2^40 elements": (safetensors(entry(shape=[2**20, 2**20], data_offsets=[0, 2**42])), "header-bomb"),
    "header of 100 MB": (struct.pack("<Q", 100_000_001) + b'{"a":1}', "header-bomb"),
    "header of 2^63": (struct.pack("<Q", 2**39) + b"{}", "header-bomb"),
}
UNREADABLE = {
    "NaN": safetensors(b'{"a":NaN}'),
    "deep": safetensors(b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "not UTF-8": safetensors(b'{"\xff":1}'),
    "half a surrogate": safetensors(b'{"\\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'),
    "no table": safetensors(b'{"a":1}'),
    "unknown type": safetensors(entry(dtype="F31")),
    "type of a list": safetensors(entry(dtype=["F32"])),
    "shape of text": safetensors(entry(shape="1")),
    "shape below zero": safetensors(entry(shape=[-1])),
    "shape of truth": safetensors(entry(shape=[True])),
    "shape of fractions": safetensors(entry(shape=[1.0])),
    "seventeen dimensions": safetensors(entry(shape=[1] * 17)),
    "one offset": safetensors(entry(data_offsets=[4])),
    "another field": safetensors(entry(note="hidden text")),
    "metadata of numbers": safetensors({"__metadata__": {"a": 1}}, b""),
    "header of 26 MB": struct.pack("<Q", 26 * 2**20 + 1) + b"{" + b" " * 100,
    "cut in the header": safetensors(ONE)[:30],
    "cut in the data": safetensors(ONE)[:-1],
}


@pytest.mark.parametrize("name", UNSAFE)
def test_what_readers_could_read_in_two_ways_is_unsafe(tmp_path, name):
    data, code = UNSAFE[name]
    opened = seen(tmp_path / "x", data)
    assert codes(opened) == [(code, "unsafe")]
    assert all(problem.sentence.endswith(".") and problem.what_to_do for problem in opened.problems)


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_no_reader_accepts_is_unreadable(tmp_path, name):
    opened = seen(tmp_path / "x", UNREADABLE[name])
    assert [verdict for _, verdict in codes(opened)] == ["unreadable"]
    assert opened.tensors == []


def test_safetensors_own_reader_refuses_them_too(tmp_path):
    """Our strictness is theirs, and more: they keep the last of two keys."""
    every = {**{name: data for name, (data, _) in UNSAFE.items()}, **UNREADABLE}
    accepted = {name for name, data in every.items() if accepts(tmp_path / "x", data)}
    assert accepted <= {"metadata twice", "key twice", "another field", "seventeen dimensions"}


def accepts(path, data):
    path.write_bytes(data)
    try:
        load_file(path)
    except Exception:  # noqa: BLE001 any refusal of theirs
        return False
    return True


def test_tensors_metadata_and_every_byte_are_placed(tmp_path):
    path = tmp_path / "x"
    arrays = {
        "w": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([1, 2], dtype=np.int64),
        "e": np.zeros((0, 4)),
    }
    save_file(arrays, path, metadata={"format": "np", "author": "a"})
    with open_checkpoint(path) as opened:
        assert opened.problems == []
        assert opened.format == "safetensors"
        assert sum(member.bytes for member in opened.members) == opened.bytes == path.stat().st_size
        assert {text.place: text.text for text in opened.texts} == {
            "__metadata__.format": "np",
            "__metadata__.author": "a",
        }
        found = {
            ref.name: (ref.dtype, ref.shape, bytes(opened.bytes_of(ref)) if 0 not in ref.shape else b"")
            for ref in opened.tensors
        }
    assert found == {
        "w": ("F32", (2, 3), arrays["w"].tobytes()),
        "b": ("I64", (2,), arrays["b"].tobytes()),
        "e": ("F64", (0, 4), b""),
    }


def test_a_pickle_after_the_last_tensor_is_named(tmp_path):
    opened = seen(tmp_path / "x", safetensors(ONE, b"1234cos\nsystem\n(S'true'\ntR."))
    assert ("dangerous-global", "unsafe") in codes(opened)
    assert ("trailing-bytes", "unsafe") in codes(opened)


@pytest.mark.parametrize("filler", [b"{},", b"[],", b"1,", b'"",', b'"\\u0000\\ud83d\\ude00",'])
def test_a_header_of_millions_of_values_is_refused_in_time(tmp_path, filler):
    header = b'{"a":[' + filler * (20 * 2**20 // len(filler)) + b"0]}"
    with ends():
        opened = seen(tmp_path / "x", safetensors(header))
    assert [verdict for _, verdict in codes(opened)] == ["unreadable"]
