"""Small files that ask for much, each with the code of the problem that refuses it."""

from __future__ import annotations

import struct
import zipfile

from tests.unit.evidence.corpus.opcodes import Call, Glob, emit, proto
from tests.unit.evidence.corpus.zips import checkpoint, pack


def storage(numel: int) -> bytes:
    words = [emit(value, 2) for value in ("storage", Glob("torch", "FloatStorage"), "0", "cpu")]
    return b"(" + b"".join(words) + number(numel) + b"tQ"


def number(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def tuple_of(*values: int) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def tensor(numel: int, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], held: int = 4) -> bytes:
    """A checkpoint of one tensor that says what it likes."""
    hooks = emit(Call(Glob("collections", "OrderedDict"), ()), 2)
    args = b"(" + storage(numel) + number(offset) + tuple_of(*shape) + tuple_of(*stride) + b"I00\n" + hooks + b"t"
    pickle = proto(2) + b"}" + emit("w", 2) + emit(Glob("torch._utils", "_rebuild_tensor_v2"), 2) + args + b"Rs."
    return pack(checkpoint(pickle, ("archive/data/0", b"\x00" * held)))


HYPER = b"\x80\x02}X\x05\x00\x00\x00hyper](" + b"K\x01" * 10**7 + b"es."
BOMBS: dict[str, tuple[bytes, str]] = {
    "a list of ten million hyperparameters": (pack(checkpoint(HYPER)), "pickle-bomb"),
    "the same as a bare pickle": (HYPER, "pickle-bomb"),
    "a pickle of 40 MB": (pack(checkpoint(proto(2) + b"N0" * 20_000_000)), "pickle-bomb"),
    "a zip bomb": (pack(checkpoint(proto(2) + b"\x00" * 10**8), zipfile.ZIP_DEFLATED), "compression-bomb"),
    "a tensor of 2**40 elements in one number": (tensor(1, 0, (2**20, 2**20), (0, 0)), "tensor-bomb"),
    "a storage of 2**40 elements": (tensor(2**40, 0, (2**40,), (1,)), "storage-size"),
    "a shape whose product overflows": (tensor(1, 0, (2**31, 2**31, 2**31), (0, 0, 0)), "tensor-bomb"),
    "a stride that overflows": (tensor(1, 0, (2, 2), (2**62, 1)), "tensor-beyond-storage"),
    "an offset behind the storage": (tensor(1, 2**40, (1,), (1,)), "tensor-beyond-storage"),
    "a tensor one element too long": (tensor(1, 0, (2,), (1,)), "tensor-beyond-storage"),
    "a negative stride": (tensor(1, 0, (1,), (-1,)), "odd-tensor"),
    "a storage with more bytes than told": (tensor(1, 0, (1,), (1,), held=4096), "storage-size"),
    "tuples in tuples": (proto(2) + b"N" + b"\x85" * 1_900_000 + b".", "pickle-bomb"),
    "fewer tuples in tuples": (proto(2) + b"N" + b"\x85" * 10_000 + b".", "too-deep"),
    "half a million calls": (
        proto(2) + b"(" + emit(Glob("collections", "Counter"), 2) + b"q\x00" + b"h\x00)R" * 500_000 + b"t.",
        "pickle-bomb",
    ),
    "half a million names": (b"(" + b"".join(b"ctorch\nx%d\n" % i for i in range(500_000)) + b"t.", "pickle-bomb"),
    "a million pickles": (b"N." * 1_000_000, "pickle-bomb"),
    "pickles in strings": (proto(4) + b"](" + b"C\x06\x80\x02]0N." * 300_000 + b"e.", "pickle-bomb"),
    "a memo index": (proto(2) + b"]r\xff\xff\xff\x7f.", "pickle-bomb"),
    "a number of a megabyte": (proto(2) + b"\x8b" + struct.pack("<I", 2**20) + b"\x01" * 2**20 + b".", "pickle-bomb"),
}
