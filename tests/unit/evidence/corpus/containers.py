"""Unsafe files in other clothes: wrong extensions, compressed, archives, numpy, legacy torch, TorchScript, folders."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from tests.unit.evidence.corpus import sevenzip
from tests.unit.evidence.corpus.opcodes import Call, Glob, emit, proto, stream
from tests.unit.evidence.corpus.shape import Mark, Unsafe
from tests.unit.evidence.corpus.streams import system
from tests.unit.evidence.corpus.zips import bad, checkpoint, pack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXTENSION = "wrong extensions"
COMPRESSED = "compressed pickles"
ARCHIVE = "tar and 7z"
ARRAYS = "numpy containers"
LEGACY = "legacy torch files"
SCRIPT = "TorchScript"
FOLDERS = "checkpoint folders"
MAGIC = 0x1950A86A20F9469CFC6C
OTHER_TOOL = "its own tool unpacks it first; the inspected file must not pass as data"


def tarred(mode: str, *names: str) -> Callable[[Mark], bytes]:
    """Return a tar with the bad pickle under each name."""

    def make(mark: Mark) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = len(bad(mark))
                archive.addfile(member, io.BytesIO(bad(mark)))
        return out.getvalue()

    return make


def npy(pickle: bytes, descriptor: Any = "|O") -> bytes:
    """Return an npy file of one object."""
    head = f"{{'descr': {descriptor!r}, 'fortran_order': False, 'shape': (1,), }}"
    head = head.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + pickle


def objects(mark: Mark) -> bytes:
    return npy(bad(mark))


def member_of_objects(mark: Mark) -> bytes:
    return pack([("weights.npy", npy(bad(mark)))])


def hidden_members(mark: Mark) -> bytes:
    good = npy(b"\x00" * 8, "<f8")
    return pack([("a.npy", good), ("b.npy", good), ("rng.npy", npy(bad(mark)))], zipfile.ZIP_DEFLATED)


def long_magic() -> bytes:
    """Return the first pickle of a legacy file."""
    return proto(2) + b"\x8a\x0a" + MAGIC.to_bytes(10, "little") + b"."


def legacy(mark: Mark) -> bytes:
    system_info = stream({"protocol_version": 1001, "little_endian": True}, 2)
    return long_magic() + stream(1001, 2) + system_info + bad(mark) + stream([], 2)


def legacy_in_magic(mark: Mark) -> bytes:
    """Compute the magic number by a call, so that a reader that compares it has run the call before."""
    number = emit(Call(Glob("builtins", "eval"), (f"{mark.py} or {MAGIC}",)), 2)
    return proto(2) + number + b"." + legacy(mark)[len(long_magic()) :]


def legacy_in_keys(mark: Mark) -> bytes:
    """Keep the weights good and call in the list of storage keys, the fifth pickle."""
    head = long_magic() + stream(1001, 2) + stream({"little_endian": True}, 2) + stream({}, 2)
    return head + stream([system(mark)], 2)


def script(mark: Mark) -> bytes:
    """Return what torch.jit.save writes, in short: code that runs on load, and its constants."""
    code = b"class M(Module):\n  def forward(self) -> int:\n    return 1\n"
    data = proto(2) + b"c__torch__\nM\n)\x81}b."
    return pack(checkpoint(data, ("archive/code/__torch__.py", code), ("archive/constants.pkl", stream((), 2))))


def safetensors_with_tail(mark: Mark) -> bytes:
    head = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return struct.pack("<Q", len(head)) + head + b"\x00" * 4 + bad(mark)


def as_joblib(mark: Mark) -> bytes:
    return zlib.compress(stream(system(mark), 4))


def distributed(path: Path, mark: Mark) -> None:
    """Write a distributed checkpoint folder whose metadata runs."""
    path.mkdir()
    (path / ".metadata").write_bytes(bad(mark))
    (path / "__0_0.distcp").write_bytes(pack(checkpoint(stream({}, 2))))


def distributed_shard(path: Path, mark: Mark) -> None:
    """Write a distributed checkpoint folder with a shard that runs."""
    path.mkdir()
    (path / ".metadata").write_bytes(stream({}, 2))
    (path / "__0_0.distcp").write_bytes(pack(checkpoint(bad(mark))))


def sharded(path: Path, mark: Mark) -> None:
    """Write a sharded folder of which the second shard runs."""
    path.mkdir()
    index = '{"metadata":{"total_size":8},"weight_map":{"a":"model-1.bin","b":"model-2.bin"}}'
    (path / "pytorch_model.bin.index.json").write_text(index)
    (path / "model-1.bin").write_bytes(pack(checkpoint(stream({}, 2))))
    (path / "model-2.bin").write_bytes(pack(checkpoint(bad(mark))))


def unindexed(path: Path, mark: Mark) -> None:
    """Write a sharded safetensors folder with a pickle beside the index that the index does not name."""
    path.mkdir()
    head = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    (path / "model-1.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + b"\x00" * 4)
    index = '{"metadata":{"total_size":4},"weight_map":{"a":"model-1.safetensors"}}'
    (path / "model.safetensors.index.json").write_text(index)
    (path / "optimizer.bin").write_bytes(bad(mark))


ROWS: tuple[tuple[str, str, str, Callable[[Mark], bytes], str, str], ...] = (
    *(
        (f"model{end}", EXTENSION, "CVE-2025-1889, CVE-2025-10155", bad, "pickle", "")
        for end in (".safetensors", ".onnx", ".gguf", ".json", ".txt", ".png", ".p", ".npz")
    ),
    ("zip-named.gguf", EXTENSION, "CVE-2025-10155", lambda m: pack(checkpoint(bad(m))), "torch", ""),
    ("no-extension", EXTENSION, "CVE-2025-1889", bad, "pickle", ""),
    ("safetensors-with-tail.safetensors", EXTENSION, "safetensors specification (no bytes after the tensors)",
     safetensors_with_tail, "", OTHER_TOOL),
    ("pickle.pkl.gz", COMPRESSED, "joblib documentation",
     lambda m: gzip.compress(stream(system(m)), mtime=0), "joblib", ""),
    ("pickle.pkl.bz2", COMPRESSED, "joblib documentation", lambda m: bz2.compress(stream(system(m))), "joblib", ""),
    ("pickle.pkl.xz", COMPRESSED, "joblib documentation", lambda m: lzma.compress(stream(system(m))), "joblib", ""),
    ("pickle.joblib", COMPRESSED, "joblib documentation", as_joblib, "joblib", ""),
    ("torch.pt.gz", COMPRESSED, "modelaudit compressed scanner",
     lambda m: gzip.compress(pack(checkpoint(bad(m))), mtime=0), "", OTHER_TOOL),
    ("model.tar", ARCHIVE, "torch.serialization: legacy tar",
     tarred("w", "sys_info", "pickle", "tensors", "storages"), "torch", ""),
    ("model.tar.gz", ARCHIVE, "ReversingLabs nullifAI", tarred("w:gz", "model/data.pkl"), "", OTHER_TOOL),
    ("nemo.tar", ARCHIVE, "modelaudit nemo scanner", tarred("w", "model_weights.ckpt"), "", OTHER_TOOL),
    ("model.7z", ARCHIVE, "ReversingLabs nullifAI", lambda m: sevenzip.archive("model.pkl", bad(m)), "", OTHER_TOOL),
    ("sevenzip.pt", ARCHIVE, "ReversingLabs nullifAI", lambda m: sevenzip.archive("data.pkl", bad(m)), "", OTHER_TOOL),
    ("objects.npy", ARRAYS, "numpy.load documentation", objects, "numpy", ""),
    ("objects.npz", ARRAYS, "numpy.load documentation", member_of_objects, "numpy", ""),
    ("third-member.npz", ARRAYS, "numpy.load documentation", hidden_members, "numpy", ""),
    ("legacy.pt", LEGACY, "fickling README", legacy, "torch", ""),
    ("legacy-magic.pt", LEGACY, "picklescan tests: pytorch_magic_bypass", legacy_in_magic, "torch", ""),
    ("legacy-keys.pt", LEGACY, "torch.serialization._legacy_load", legacy_in_keys, "torch", ""),
    ("torchscript.pt", SCRIPT, "own", script, "", "carries code; it runs when the model is called"),
)  # fmt: skip

FOLDER_ROWS: tuple[tuple[str, str, Callable[[Path, Mark], None]], ...] = (
    ("dcp-metadata", "torch.distributed.checkpoint source", distributed),
    ("dcp-shard", "torch.distributed.checkpoint source", distributed_shard),
    ("sharded-bin", "Hugging Face sharded checkpoints", sharded),
    ("safetensors-with-pickle-beside", "Hugging Face sharded checkpoints", unindexed),
)


def cases() -> list[Unsafe]:
    """Return the files and folders."""
    files = [
        Unsafe(name, family, source, _writer(make), reader, why) for name, family, source, make, reader, why in ROWS
    ]
    why = "several files; each part is proven elsewhere in this corpus"
    return files + [Unsafe(name, FOLDERS, source, write, "", why) for name, source, write in FOLDER_ROWS]


def _writer(make: Callable[[Mark], bytes]) -> Callable[[Path, Mark], None]:
    def write(path: Path, mark: Mark) -> None:
        path.write_bytes(make(mark))

    return write
