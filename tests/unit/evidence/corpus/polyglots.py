"""Files that are sound in one format and run in the reader of another: safetensors, numpy, tar, pickle, text, ONNX."""

from __future__ import annotations

import dataclasses
import io
import pickle
import struct
import tarfile
from typing import TYPE_CHECKING, Any

from tests.unit.evidence.corpus.containers import long_magic, npy
from tests.unit.evidence.corpus.opcodes import emit, proto
from tests.unit.evidence.corpus.shape import Mark, Unsafe
from tests.unit.evidence.corpus.streams import args
from tests.unit.evidence.corpus.zips import GOOD, bad, checkpoint, pack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NUMPY = "numpy types by other words"
BOTH = "safetensors and pickle at once"
TAR = "tar and something else at once"
TEXT = "pickles that read as text"
MEMBER = "numpy files inside torch files"
FOLDER = "folders whose parts are two things"
BLOCK = 512


def field(number: int, value: bytes | int) -> bytes:
    """Return one protobuf field."""
    from tests.unit.evidence.corpus.healthy_training import field as made  # noqa: PLC0415  imports torch

    return made(number, value)


def run(mark: Mark) -> bytes:
    """Return the payload in opcodes that any protocol has, without its head."""
    return b"cposix\nsystem\n" + args(mark, 2) + b"R."


def typed(descriptor: Any) -> Callable[[Mark], bytes]:
    """Return an npy file of one object under a type that numpy.dtype understands as such."""
    return lambda mark: npy(bad(mark), descriptor)


def safetensors_and_pickle(payload: bytes) -> bytes:
    """Return a valid safetensors file: X takes the header's length as its own, then U hops to the one tensor."""
    covered, size = 30, 256 * 30 + ord("X")
    tail = f'"}},"w":{{"dtype":"U8","shape":[{len(payload)}],"data_offsets":[0,{len(payload)}]}}}}'
    start = '{"__metadata__":{"k":"'.ljust(5 + covered - 8, ".")
    head = start + ("U~" + "." * 126) * 59 + "Ua" + "." * 97 + "UX" + tail.rjust(88, ".")
    return struct.pack("<Q", size) + head.encode() + payload


def both(before: bytes) -> Callable[[Mark], bytes]:
    """Return such a file with opcodes before the payload, on which a stricter walk breaks."""
    return lambda mark: safetensors_and_pickle(before + run(mark))


def second(mark: Mark) -> bytes:
    """Begin with torch's magic number, so that the old loader goes on to the next pickle."""
    return safetensors_and_pickle(b"0" + long_magic()[2:] + proto(2) + run(mark))


def last_line(mark: Mark) -> bytes:
    """End the name of the function with the file: those in Python take the last byte for the end of the line."""
    return safetensors_and_pickle(b"(" + emit(mark.sh, 2) + b"iposix\nsystem#")


def archive(mark: Mark) -> bytes:
    """Return the tar that torch wrote before it had a format of its own."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in ("storages", "tensors", "pickle"):
            member = tarfile.TarInfo(name)
            member.size = len(bad(mark))
            tar.addfile(member, io.BytesIO(bad(mark)))
    return out.getvalue()


def headed(block: bytes, skipped: int) -> bytes:
    """Return a first block that is the header of an old tar member of so many bytes: no magic word, only a checksum."""
    made = bytearray(block)
    made[100:124] = b"0000644 0000000 0000000 "
    made[124:136] = b"%011o " % skipped
    made[136:148] = b"00000000000 "
    made[156:157] = b"0"
    made[329:345] = b"0000000 0000000 "
    made[148:156] = b" " * 8
    made[148:156] = b"%06o  " % sum(made)
    return bytes(made)


def tar_and_safetensors(mark: Mark) -> bytes:
    rest, size = archive(mark), 2 * BLOCK - 8
    tail = f'"}},"w":{{"dtype":"U8","shape":[{len(rest)}],"data_offsets":[0,{len(rest)}]}}}}'
    head = '{"__metadata__":{"k":"'.ljust(size - len(tail), ".") + tail
    whole = struct.pack("<Q", size) + head.encode()
    return headed(whole[:BLOCK], BLOCK) + whole[BLOCK:] + rest


def tar_and_pickle(mark: Mark) -> bytes:
    rest = archive(mark)
    block = (b"\x80\x03B" + struct.pack("<I", BLOCK - 7 + len(rest))).ljust(BLOCK, b".")
    return headed(block[:60] + b"\x00" + block[61:], 0) + rest + b"."


def torch_and_array(mark: Mark) -> bytes:
    return pack(checkpoint(GOOD, ("archive/x.npy", npy(bad(mark)))))


def array_in_a_storage(mark: Mark) -> bytes:
    """Keep the numpy file as the values of a tensor of bytes."""
    data = npy(bad(mark))
    words = ("storage", "cpu", len(data))
    storage = (
        b"(" + emit(words[0], 2) + b"ctorch\nByteStorage\n" + emit("0", 2) + emit(words[1], 2) + emit(len(data), 2)
    )
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"tQ" + emit((0, (len(data),), (1,), False), 2)[1:-1]
    ordered = b"ccollections\nOrderedDict\n)RtR."
    return pack(checkpoint(proto(2) + tensor + ordered, ("archive/data/0", data)))


def polyglot_member(mark: Mark) -> bytes:
    return pack(checkpoint(GOOD, ("archive/x.bin", both(b"(" * 250)(mark))))


def text_of(before: bytes) -> Callable[[Path, Mark], None]:
    """Return a writer of a folder with a config and a pickle of protocol 0."""

    def write(path: Path, mark: Mark) -> None:
        path.mkdir()
        (path / "config.json").write_text('{"model_type": "bert"}')
        (path / "pytorch_model.bin").write_bytes(before + b"cposix\nsystem\n" + args(mark, 0) + b"R.")

    return write


def distributed_piece(make: Callable[[Mark], bytes]) -> Callable[[Path, Mark], None]:
    """Return a writer of a distributed checkpoint, made by torch, with one object's bytes exchanged."""

    def write(path: Path, mark: Mark) -> None:
        from tests.unit.evidence.corpus.healthy_training import distributed_value  # noqa: PLC0415  slow to import

        distributed_value(path, {"s": "text"})
        metadata = pickle.loads((path / ".metadata").read_bytes())  # noqa: S301  made one line above
        ((key, stored),) = metadata.storage_data.items()
        data = make(mark)
        metadata.storage_data[key] = dataclasses.replace(stored, length=len(data))
        (path / stored.relative_path).write_bytes(data)
        (path / ".metadata").write_bytes(pickle.dumps(metadata))

    return write


def onnx_and_code(path: Path, mark: Mark) -> None:
    """Write a model that takes a program and a configuration beside it for its weights."""
    path.mkdir()
    files = {
        "modeling.py": f"# jane.doe@hospital.example\n{mark.py}\n".encode(),
        "config.json": b'{"auto_map": {"AutoModel": "modeling.M"}}',
    }
    graph = field(2, b"g")
    for name, data in files.items():
        (path / name).write_bytes(data)
        pairs = (("location", name), ("offset", "0"), ("length", str(len(data))))
        away = b"".join(field(13, field(1, key.encode()) + field(2, value.encode())) for key, value in pairs)
        graph += field(5, field(1, len(data)) + field(2, 2) + field(8, name.encode()) + away + field(14, 1))
    (path / "model.onnx").write_bytes(field(1, 8) + field(7, graph) + field(8, field(2, 17)))


MEMO = b"N" + b"r" + struct.pack("<I", 3_000_000)
FRAMES = b"\x95" + struct.pack("<Q", 40) + b"\x95" + struct.pack("<Q", 10)
ROWS: tuple[tuple[str, str, Callable[[Mark], bytes], str, str], ...] = (
    ("object-in-letters.npy", NUMPY, typed("object"), "numpy", ""),
    ("object-with-size.npy", NUMPY, typed("|O8"), "numpy", ""),
    ("object-in-a-table.npy", NUMPY, typed([("a", "object")]), "numpy", ""),
    ("object-in-letters.npz", NUMPY, lambda mark: pack([("a.npy", npy(bad(mark), "object"))]), "numpy", ""),
    ("both-plain.pt", BOTH, both(b""), "torch", ""),
    ("both-marks.pt", BOTH, both(b"(" * 250), "torch", ""),
    ("both-memo.pkl", BOTH, both(MEMO), "pickle", ""),
    ("both-marks.joblib", BOTH, both(b"(" * 250), "joblib", ""),
    ("both-frame-in-frame.pt", BOTH, both(FRAMES), "torch", ""),
    ("both-octal.pt", BOTH, both(b"I010\n0"), "torch", ""),
    ("both-zero-in-a-number.pt", BOTH, both(b"I1\x00.\n0"), "torch", ""),
    ("both-escape.pt", BOTH, both(rb"S'\q'" + b"\n0"), "torch", ""),
    ("both-second-pickle.pt", BOTH, second, "torch", ""),
    ("both-last-line.joblib", BOTH, last_line, "joblib", ""),
    ("tar-safetensors.pt", TAR, tar_and_safetensors, "torch", ""),
    ("tar-pickle.pt", TAR, tar_and_pickle, "torch", ""),
    ("torch-with-array.pt", MEMBER, torch_and_array, "numpy", ""),
    ("torch-with-array-as-tensor.pt", MEMBER, array_in_a_storage, "numpy", ""),
    ("torch-with-both.pt", MEMBER, polyglot_member, "", "somebody unpacks the member and loads it"),
)
FOLDER_ROWS: tuple[tuple[str, str, Callable[[Path, Mark], None], str, str], ...] = (
    ("text-marks", TEXT, text_of(b"(" * 250), "bin", ""),
    ("text-memo", TEXT, text_of(b"Np3000000\n0"), "bin", ""),
    ("text-escape", TEXT, text_of(rb"S'\q'" + b"\n0"), "bin", ""),
    ("dcp-piece-both", FOLDER, distributed_piece(both(b"(" * 250)), "dcp", ""),
    (
        "dcp-piece-tar",
        FOLDER,
        distributed_piece(tar_and_safetensors),
        "",
        "torch 2.13 takes a tar from whole files only",
    ),
    ("dcp-piece-pickle", FOLDER, distributed_piece(bad), "dcp", ""),
    ("onnx-takes-code", FOLDER, onnx_and_code, "", "the program runs when its own loader is asked"),
)


def _writer(make: Callable[[Mark], bytes]) -> Callable[[Path, Mark], None]:
    def write(path: Path, mark: Mark) -> None:
        path.write_bytes(make(mark))

    return write


def cases() -> list[Unsafe]:
    """Return the files and folders."""
    files = [Unsafe(name, family, "own", _writer(make), reader, why) for name, family, make, reader, why in ROWS]
    return files + [Unsafe(name, family, "own", write, reader, why) for name, family, write, reader, why in FOLDER_ROWS]
