"""What a file is, is told by its bytes; a file that is two things at once, or hides one in another, is refused."""

from __future__ import annotations

import base64
import gzip
import io
import json
import lzma
import os
import struct
import tarfile
import warnings
import zlib

import numpy as np
import pytest
import torch
from torch import nn

from exeat.errors import BadInput
from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.pickle_walk import Budget, Walk
from tests.unit.evidence.corpus import containers as arrays
from tests.unit.evidence.corpus import polyglots
from tests.unit.evidence.corpus.opcodes import Call, Glob, stream
from tests.unit.evidence.corpus.zips import GOOD, checkpoint, pack

EVIL = stream(Call(Glob("posix", "system"), ("true",)), 2)


@pytest.fixture
def opened(tmp_path):
    """Write bytes, open them, and close them at the end."""
    kept = []

    def write(data):
        path = tmp_path / "file"
        path.write_bytes(data)
        kept.append(open_checkpoint(path))
        return kept[-1]

    yield write
    for each in kept:
        each.close()


def codes(found):
    return [problem.code for problem in found.problems]


def verdicts(found):
    return {problem.verdict for problem in found.problems}


def torch_bytes(value, **options):
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def npy(array):
    out = io.BytesIO()
    np.save(out, array, allow_pickle=array.dtype == object)
    return out.getvalue()


def safetensors(tail=b"", head=b'{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}'):
    return struct.pack("<Q", len(head)) + head + b"\x00" * 4 + tail


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: torch_bytes({"w": torch.ones(2)}), "torch-zip"),
        (lambda: torch_bytes({"w": torch.ones(2)}, _use_new_zipfile_serialization=False), "torch-legacy"),
        (lambda: GOOD, "pickle"),
        (lambda: stream({"a": 1}, 0), "pickle"),
        (lambda: npy(np.ones(3)), "npy"),
        (lambda: pack([("a.npy", npy(np.ones(3)))]), "npz"),
        (safetensors, "safetensors"),
    ],
)
def test_a_clean_file_is_known_by_its_bytes(opened, make, kind):
    found = opened(make())
    assert (found.format, codes(found)) == (kind, [])


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(EVIL),
        zlib.compress(EVIL),
        lzma.compress(EVIL),
        b"\x28\xb5\x2f\xfd" + b"\x00" * 40,
        b"Rar!\x1a\x07\x01\x00" + b"\x00" * 40,
        b"\x89HDF\r\n\x1a\n" + b"\x00" * 40,
        b"ZF0x1f" + b" " * 20,
    ],
)
def test_containers_are_refused_with_what_to_do(opened, data):
    found = opened(data)
    assert codes(found) == ["container"]
    assert verdicts(found) == {"unsafe"}
    assert found.members[0].bytes == len(data)


def test_a_tar_is_refused(opened):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.pt"))
    assert codes(opened(out.getvalue())) == ["container"]


@pytest.mark.parametrize(
    "data", [b"", b"hello", json.dumps({"a": 1}).encode(), b"\x00" * 100, b"<html>", b"Name,age\n1,2\n"]
)
def test_what_is_no_checkpoint_is_unreadable_not_clean(opened, data):
    assert verdicts(opened(data)) == {"unreadable"}


def test_a_cut_pickle_is_unreadable_and_one_that_has_run_something_is_unsafe(opened):
    assert verdicts(opened(stream({"a": "b" * 100}, 4)[:-20])) == {"unreadable"}
    assert "unsafe" in verdicts(opened(EVIL[:-1]))


def test_a_pickle_after_a_pickle_is_read_too(opened):
    assert codes(opened(GOOD + GOOD)) == []
    assert "dangerous-global" in codes(opened(GOOD + EVIL))
    assert "trailing-bytes" in codes(opened(GOOD + b"\x00" * 9))


def test_a_zip_in_another_file_is_refused(opened):
    archive = pack(checkpoint(GOOD))
    assert "hidden-zip" in codes(opened(GOOD + archive))
    assert "hidden-zip" in codes(opened(npy(np.frombuffer(archive, "u1"))))
    assert "unsafe" in verdicts(opened(safetensors(archive)))


def both_at_once(payload):
    """A valid safetensors file that unpicklers read too: X takes the length as its own, then U hops to the tensor."""
    covered, size = 30, 256 * 30 + ord("X")
    tail = f'"}},"w":{{"dtype":"U8","shape":[{len(payload)}],"data_offsets":[0,{len(payload)}]}}}}'
    hops = "U~" + "." * 126
    start = '{"__metadata__":{"k":"'.ljust(5 + covered - 8, ".")
    head = start + hops * 59 + "Ua" + "." * 97 + "UX" + tail.rjust(88, ".")
    assert len(head) == size
    return struct.pack("<Q", size) + head.encode() + payload


def test_a_safetensors_file_that_is_a_pickle_as_well_is_refused(opened):
    data = both_at_once(EVIL[2:])
    assert Walk(data, 0, Budget(DEFAULT)).run().done
    found = opened(data)
    assert found.format == "safetensors"
    assert "dangerous-global" in codes(found)
    assert codes(opened(both_at_once(b"\x00" * 40))) == []


def test_weights_that_happen_to_look_like_opcodes_are_weights(opened):
    for byte in b"N(]}K\x80\x88X":
        weights = torch.full((4096,), byte, dtype=torch.uint8)
        found = opened(torch_bytes({"w": weights}))
        assert codes(found) == [], bytes([byte])


def test_weights_that_are_a_pickle_with_a_call_are_refused(opened):
    """A loader of tensors as objects (torch.distributed's object collectives) would run it."""
    weights = torch.frombuffer(bytearray(EVIL), dtype=torch.uint8)
    assert "dangerous-global" in codes(opened(torch_bytes({"w": weights})))


def test_pickles_in_strings_are_found(opened):
    for inner in (EVIL, base64.b64encode(EVIL).decode()):
        found = opened(torch_bytes({"state": inner}))
        assert "nested-pickle" in codes(found)
    assert codes(opened(torch_bytes({"text": "cifar\nresnet\n", "word": "gAS"}))) == []


def test_unknown_members_are_listed_and_their_text_is_kept(opened):
    found = opened(pack(checkpoint(GOOD, ("archive/notes.txt", b"trained by alice"))))
    assert codes(found) == []
    assert [member.name for member in found.unlisted] == ["archive/notes.txt"]
    assert [text.text for text in found.texts] == ["trained by alice"]


@pytest.mark.parametrize("data", [b"\x00\x01", npy(np.ones(2)), b"GGUF\x03", safetensors(), b"caf\xe9", b"x" * 2**21])
def test_members_that_are_neither_torchs_nor_plain_text_are_refused(opened, data):
    found = opened(pack(checkpoint(GOOD, ("archive/extra", data))))
    assert "unlisted-member" in codes(found)
    assert verdicts(found) == {"unsafe"}


def test_a_tar_is_told_by_its_checksum_in_any_file(opened):
    for start in (b"\x08\x01", b"GGUF", b"PK\x03\x04", b"\x93NUMPY", b"\xff\xff"):
        data = polyglots.headed(start.ljust(512, b"."), 0)
        assert codes(opened(data + b"." * 512)) == ["container"]
        assert codes(opened(data[:200] + b"!" + data[201:] + b"." * 512)) != ["container"]


def test_archives_in_archives_are_refused(opened):
    inner = pack(checkpoint(GOOD))
    assert "nested-archive" in codes(opened(pack(checkpoint(GOOD, ("archive/extra", inner)))))
    assert "nested-archive" in codes(opened(pack([("model.zip", inner)])))


def test_torchscript_is_refused(opened):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, says torch
        out = io.BytesIO()
        torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)), out)
    found = opened(out.getvalue())
    assert "torchscript" in codes(found)
    assert "unsafe" in verdicts(found)


def test_big_endian_tensors_are_not_read_as_little_endian(opened):
    data = pack([("archive/data.pkl", GOOD), ("archive/byteorder", b"big"), ("archive/version", b"3\n")])
    assert (codes(opened(data)), verdicts(opened(data))) == (["byte-order"], {"unreadable"})


def test_a_small_member_must_hold_what_torch_writes(opened):
    data = pack([("archive/data.pkl", GOOD), ("archive/version", b"3\n--\n"), ("archive/byteorder", b"little")])
    assert codes(opened(data)) == ["odd-member"]


def test_object_arrays_are_refused_and_structured_ones_are_not_read(opened):
    assert "object-array" in codes(opened(npy(np.array([{"a": 1}], dtype=object))))
    found = opened(npy(np.zeros(2, dtype=[("a", "f4"), ("b", [("c", "U3", (2,))])])))
    assert [(problem.code, problem.verdict) for problem in found.problems] == [("npy-table", "unreadable")]


@pytest.mark.parametrize("descr", ["object", "O", "|O8", "f4,O", "(2,)O", [("a", "object")], [("a", [("b", "|O")])]])
def test_a_numpy_type_is_plain_only_where_it_is_known_to_be(opened, descr):
    """Every word that numpy.dtype understands as an object array, and every one that it might."""
    assert np.dtype(descr).hasobject
    assert "object-array" in codes(opened(arrays.npy(EVIL, descr)))


@pytest.mark.parametrize("kind", ["?", "i1", "u8", ">i4", "f2", "f8", "c16", "U7", "S3", "V5", "M8[ns]", "m8[25s]"])
def test_the_types_that_numpy_writes_are_plain(opened, kind):
    assert codes(opened(npy(np.zeros(3, dtype=kind)))) == []


def test_what_is_no_regular_file_cannot_be_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name in ("pipe", "link", "missing"):
        with pytest.raises(BadInput):
            open_checkpoint(tmp_path / name)
