"""Tensors are found under their names, checked against their storages, and read as torch reads them, without torch."""

from __future__ import annotations

import hashlib
import math
import struct
import warnings
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from exeat.errors import BadInput
from exeat.evidence.inspection import elements, open_checkpoint
from exeat.evidence.inspection.elements import in_order, size_of, span_of
from exeat.evidence.inspection.opened import Member, TensorRef
from exeat.evidence.inspection.second_opinion import SecondOpinion
from exeat.evidence.inspection.window import Window
from tests.unit.evidence.corpus.healthy_torch import ROWS
from tests.unit.evidence.corpus.opcodes import Glob, emit, proto
from tests.unit.evidence.corpus.zips import checkpoint, pack

MADE = {name: make for name, _, make in ROWS}
FAMILIES = ("state dicts", "tensor types", "layouts and views")
WITH_TENSORS = [name for name, family, _ in ROWS if family in FAMILIES]
NOT_IN_LEGACY = ("unsigned", "float8", "nested-strided")
"""What torch writes in its old format and cannot read back from it (nested: it looks at sizes before it has them)."""


@pytest.fixture(scope="module")
def child():
    with SecondOpinion() as child:
        yield child


@pytest.fixture
def saved(tmp_path):
    def save(value, **options):
        path = tmp_path / "file"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own words about its prototypes
            torch.save(value, path, **options)
        return path

    return save


def read(ref, opened):
    """The elements, in both ways that there are."""
    whole = bytes(opened.bytes_of(ref))
    assert b"".join(opened.chunks_of(ref)) == whole
    return whole


@pytest.mark.parametrize(
    ("name", "new"),
    [(name, True) for name in WITH_TENSORS] + [(name, False) for name in WITH_TENSORS if name not in NOT_IN_LEGACY],
)
def test_every_kind_of_tensor_is_read_as_torch_reads_it(child, saved, name, new):
    path = saved(MADE[name](), _use_new_zipfile_serialization=new)
    with open_checkpoint(path) as opened:
        assert opened.problems == []
        ours = {ref.name: hashlib.sha256(read(ref, opened)).hexdigest() for ref in opened.tensors}
        answer = child.ask_about(opened.sources[""], opened.format, about="digests")
    assert answer.said == ours


def test_a_tensor_has_the_name_of_its_path(saved):
    path = saved({"state_dict": {"layer.weight": torch.ones(2)}, "list": [1, (torch.ones(1),)]})
    with open_checkpoint(path) as opened:
        assert [(ref.name, ref.path) for ref in opened.tensors] == [
            ("state_dict.layer.weight", ("state_dict", "layer.weight")),
            ("list.1.0", ("list", "1", "0")),
        ]


def test_a_tensor_that_is_the_whole_checkpoint_has_a_name_too(saved):
    with open_checkpoint(saved(torch.ones(2))) as opened:
        assert [(ref.name, ref.path, ref.dtype, ref.shape) for ref in opened.tensors] == [("tensor", (), "F32", (2,))]


def test_one_tensor_under_two_names_is_listed_twice(saved):
    weight = torch.ones(2)
    with open_checkpoint(saved({"a": weight, "b": weight})) as opened:
        assert [ref.name for ref in opened.tensors] == ["a", "b"]
        assert opened.tensors[0].storage == opened.tensors[1].storage


def test_the_tensors_of_a_pickled_module_are_found_although_it_is_refused(saved):
    with open_checkpoint(saved(nn.Linear(2, 3))) as opened:
        assert {problem.code for problem in opened.problems} == {"foreign-class"}
        assert [ref.path for ref in opened.tensors] == [("_parameters", "weight"), ("_parameters", "bias")]


def test_conjugated_and_quantised_tensors_are_marked(saved):
    with open_checkpoint(saved({"c": torch.ones(3, dtype=torch.complex64).conj()})) as opened:
        assert [ref.lazy for ref in opened.tensors] == [("conj",)]
    with open_checkpoint(saved(MADE["quantized"]())) as opened:
        assert [ref.quantised for ref in opened.tensors] == [True, True, False, False]


def test_members_packed_by_another_tool_are_unpacked(saved, tmp_path):
    path = saved({"w": torch.arange(1000.0), "t": torch.arange(6.0).reshape(2, 3).t()})
    packed = tmp_path / "packed"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with open_checkpoint(packed) as opened:
        assert opened.problems == []
        assert read(opened.tensors[0], opened) == np.arange(1000, dtype="<f4").tobytes()
        assert read(opened.tensors[1], opened) == np.arange(6, dtype="<f4").reshape(2, 3).T.tobytes()


SHAPES = [
    ((3, 4), (4, 1)),
    ((4, 3), (1, 4)),
    ((2, 3), (1, 0)),
    ((5,), (3,)),
    ((2, 2, 2), (1, 8, 3)),
    ((), ()),
    ((0, 3), (3, 1)),
]


@pytest.mark.parametrize(("shape", "stride"), SHAPES)
@pytest.mark.parametrize(("chunk", "span"), [(2**22, 2**28), (16, 2**28), (16, 40)])
def test_strides_are_followed_as_numpy_follows_them(tmp_path, monkeypatch, shape, stride, chunk, span):
    """Also where the elements are read in the smallest pieces."""
    data = struct.pack("<64I", *range(64))
    path = tmp_path / "file"
    path.write_bytes(data)
    monkeypatch.setattr(elements, "CHUNK", chunk)
    monkeypatch.setattr(elements, "SPAN", span)
    ref = TensorRef("w", ("w",), "U32", shape, stride, 2, Member("storage", 0, len(data)))
    flat = np.frombuffer(data, "<u4")[2:]
    wanted = np.lib.stride_tricks.as_strided(flat, shape, [4 * step for step in stride]).tobytes()
    with Window(path) as window:
        pieces = list(elements.chunks(window, ref))
        assert b"".join(pieces) == wanted
        assert all(len(piece) <= chunk for piece in pieces)
    assert size_of(ref) == math.prod(shape) * 4 == len(wanted)
    assert span_of(ref)[1] <= len(data)
    assert not in_order(ref) or stride == contiguous(shape) or len(shape) < 2


def contiguous(shape):
    return tuple(math.prod(shape[at + 1 :]) for at in range(len(shape)))


def test_a_file_that_shrank_while_it_was_open_is_told(saved):
    path = saved({"w": torch.ones(1000)})
    with open_checkpoint(path) as opened:
        with path.open("r+b") as file:
            file.truncate(100)
        with pytest.raises(BadInput, match="ends inside"):
            opened.bytes_of(opened.tensors[0])


def test_a_storage_that_is_missing_or_of_another_size_is_a_problem(tmp_path):
    words = [emit(value, 2) for value in ("storage", Glob("torch", "FloatStorage"), "0", "cpu", 2)]
    pickle = proto(2) + b"(" + b"".join(words) + b"tQ."
    for members, code in (((), "missing-storage"), ((("archive/data/0", b"\x00" * 12),), "storage-size")):
        path = tmp_path / "file"
        path.write_bytes(pack(checkpoint(pickle, *members)))
        with open_checkpoint(path) as opened:
            assert [problem.code for problem in opened.problems] == [code]


@pytest.mark.parametrize(
    "id_",
    [
        "storage",
        ("storage", Glob("torch", "FloatStorage"), "0", "cpu"),
        ("module", Glob("torch", "FloatStorage"), "0", "cpu", 2),
        ("storage", "torch.FloatStorage", "0", "cpu", 2),
        ("storage", Glob("torch", "Size"), "0", "cpu", 2),
        ("storage", Glob("torch", "FloatStorage"), 0, "cpu", 2),
        ("storage", Glob("torch", "FloatStorage"), "0", "cpu", -2),
    ],
)
def test_a_reference_that_torch_does_not_write_is_a_problem(tmp_path, id_):
    path = tmp_path / "file"
    path.write_bytes(pack(checkpoint(proto(2) + emit(id_, 2) + b"Q.")))
    with open_checkpoint(path) as opened:
        assert [problem.code for problem in opened.problems] == ["odd-persistent-id"]


def test_a_nested_tensor_that_reaches_beyond_its_buffer_is_a_problem(saved):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a prototype, says torch
        good = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    path = saved({"n": good})
    with open_checkpoint(path) as opened:
        assert opened.problems == []
        sizes = next(ref for ref in opened.tensors if ref.name == "n.sizes")
    data = bytearray(path.read_bytes())
    data[sizes.storage.offset : sizes.storage.offset + 8] = (400).to_bytes(8, "little")
    path.write_bytes(data)
    with open_checkpoint(path) as opened:
        assert "odd-tensor" in {problem.code for problem in opened.problems}
