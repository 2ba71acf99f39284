"""An allowed name is no free pass: some reserve memory, decode or unpickle when an argument says so."""

from __future__ import annotations

import io
import pickle
from collections import Counter

import numpy as np
import pytest
import torch

from exeat.evidence.inspection import open_checkpoint
from tests.unit.evidence.corpus.opcodes import Call, Glob, emit, proto, stream

NUMPY = Glob("numpy", "dtype")


def codes(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    with open_checkpoint(path) as opened:
        return {problem.code for problem in opened.problems}


def scalar(kind, value):
    return Call(Glob("numpy._core.multiarray", "scalar"), (Call(NUMPY, (kind, False, True)), value))


@pytest.mark.parametrize(
    "call",
    [
        Call(Glob("torch.storage", "UntypedStorage"), (2**31 - 1,)),
        Call(Glob("torch", "FloatStorage"), (2**31 - 1,)),
        Call(Glob("torch", "FloatTensor"), (1000, 1000)),
        Call(Glob("builtins", "bytearray"), (2**31 - 1,)),
        Call(Glob("numpy", "ndarray"), ((1000, 1000),)),
        Call(Glob("builtins", "bytearray"), ("x", "punycode")),
        Call(Glob("_codecs", "encode"), ("x", "zlib")),
        Call(Glob("_codecs", "encode"), ("x", "idna")),
        Call(Glob("torch._tensor", "_rebuild_from_type_v2"), (Glob("torch", "Size"), Glob("torch", "Tensor"), (), {})),
        Call(NUMPY, ("O8", False, True)),
        Call(NUMPY, ("|O",)),
        scalar("O8", b"\x80\x04N."),
        scalar("f8", 7),
        Call(Glob("numpy._core.multiarray", "_reconstruct"), (Glob("torch", "Size"), (0,), b"b")),
        Call(Glob("numpy._core.multiarray", "_reconstruct"), (Glob("numpy", "ndarray"), (2**30,), b"b")),
        Call(Glob("numpy._core.numeric", "_frombuffer"), (b"x", "O8", (1,), "C")),
    ],
)
def test_a_call_with_arguments_of_that_kind_is_refused(tmp_path, call):
    assert "refused-arguments" in codes(tmp_path, stream(call, 4))


@pytest.mark.parametrize(
    "call",
    [
        Call(Glob("torch", "Size"), ((2, 3),)),
        Call(Glob("torch", "device"), ("cpu",)),
        Call(Glob("builtins", "bytearray"), (b"abc",)),
        Call(Glob("builtins", "bytearray"), ("abc", "latin-1")),
        scalar("f8", b"\x00" * 8),
    ],
)
def test_the_same_names_with_plain_arguments_pass(tmp_path, call):
    assert codes(tmp_path, stream(call, 4)) == set()


def test_an_object_array_inside_a_pickle_is_refused(tmp_path):
    assert "refused-arguments" in codes(tmp_path, pickle.dumps(np.array([{}, 1], dtype=object), 4))


def test_structured_arrays_are_refused_and_plain_ones_pass(tmp_path):
    fields = np.zeros(2, dtype=[("a", "f4"), ("b", "O")])
    assert "refused-arguments" in codes(tmp_path, pickle.dumps(fields, 4))
    assert codes(tmp_path, pickle.dumps(np.arange(4.0), 4)) == set()


def test_state_on_a_plain_class_is_refused(tmp_path):
    built = emit(Call(Glob("collections", "Counter"), ()), 4) + emit({"__init__": 1}, 4) + b"b."
    assert "odd-state" in codes(tmp_path, proto(4) + built)
    assert codes(tmp_path, pickle.dumps(Counter("aab"), 4)) == set()


def test_python_attributes_of_a_tensor_pass(tmp_path):
    tensor = torch.ones(2)
    tensor.note = "first layer"
    out = io.BytesIO()
    torch.save(tensor, out)
    assert codes(tmp_path, out.getvalue()) == set()
