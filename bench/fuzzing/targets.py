"""What is fuzzed: each target takes bytes and may return or raise BadInput, nothing else.

The next reader is one more row of ``TARGETS``, or nothing at all when it is found by recognition.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.evidence import sacroml
from exeat.evidence.describe import describe
from exeat.evidence.inspection import Opened
from exeat.evidence.inspection.channels import channels_of
from exeat.evidence.inspection.digests import digests_of
from exeat.evidence.inspection.document import document
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.opening import open_file, open_path
from exeat.evidence.inspection.parts import parts_of
from exeat.evidence.inspection.result import Measured
from exeat.evidence.inspection.streams import Judge
from exeat.evidence.inspection.window import Window
from exeat.evidence.readers.reports import BY_NAME, convert
from exeat.evidence.readers.shape import Given
from exeat.evidence.recognise import CANONICAL, SACROML, recognise
from exeat.model.base import digest_of
from exeat.model.documents import SCHEMAS, parse_document

if TYPE_CHECKING:
    from collections.abc import Callable

factories = import_module("tests.unit.evidence.factories_reports")
"""The tests' own reports and bindings; imported by name because tests are not typed."""
ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data" / "evidence"
LIMITS = DEFAULT._replace(second_opinion=False)
MAX_SEED = 2**16
"""Bytes; larger files of the same formats only cost time."""


class Target(NamedTuple):
    """One entry point, the real files that are changed, and its share of the inputs."""

    name: str
    seeds: Callable[[], list[bytes]]
    run: Callable[[bytes, bytes], object]
    """Takes the changed bytes and the seed that they come from."""
    share: int


class InMemory(Window):
    """A file that lies in memory only."""

    def __init__(self, data: bytes) -> None:
        self.name, self.path, self.descriptor = "", Path("fuzzed"), -1
        self.data, self.size = data, len(data)

    def read(self, offset: int, count: int) -> bytes:
        """Return the bytes at an offset."""
        return self.data[offset : offset + count] if offset >= 0 and count > 0 else b""

    def changed(self) -> bool:
        """Return that nobody writes to it."""
        return False


def inspect_bytes(data: bytes, _seed: bytes = b"") -> object:
    """Inspect as ``exeat inspect`` does, but for the threads, the file and torch's own opinion."""
    window = InMemory(data)
    opened = Opened("unknown", window.size, sources={"": window})
    open_file(window, Judge(opened, LIMITS))
    return _told(opened, Measured(digests_of(window), {}))


def _told(opened: Opened, measured: Measured) -> object:
    parts = parts_of(opened)
    if sum(part.bytes for part in parts.parts) != opened.bytes:
        message = f"the parts have {sum(part.bytes for part in parts.parts):,} bytes of {opened.bytes:,}"
        raise AssertionError(message)
    channels = channels_of(opened, parts, LIMITS)
    return document(Path("fuzzed"), opened, parts, channels, measured, 0).to_bytes()


def _memory() -> str | None:
    """Return a folder that lies in memory, where the machine has one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 private folders below it


class Folder:
    """Folders of several files of which one is changed: shards with their index, distributed checkpoints.

    Each process has a place of its own below one that ends with the first.
    """

    def __init__(self) -> None:
        self.files: dict[bytes, tuple[str, str]] = {}
        """Folder and file name by the content of the file."""
        self.folders: dict[str, dict[str, bytes]] = {}
        self.written = ""
        self.owner = 0
        self.base = tempfile.TemporaryDirectory(prefix="exeat-fuzz-", dir=_memory())

    def seeds(self) -> list[bytes]:
        """Return the files of the folders."""
        for path in sorted(corpus().rglob("*")):
            folder = path.parent.name
            if path.is_file() and path.parent.parent.name in ("healthy", "unsafe") and path.stat().st_size <= MAX_SEED:
                self.folders.setdefault(folder, {})[path.name] = path.read_bytes()
                self.files[path.read_bytes()] = folder, path.name
        return sorted(self.files)

    def run(self, data: bytes, seed: bytes) -> object:
        """Inspect the folder of a seed with the data in its place."""
        folder, name = self.files[seed]
        home = Path(self.base.name) / str(os.getpid())
        if (self.owner, self.written) != (os.getpid(), folder):
            home.mkdir(exist_ok=True)
            for path in home.iterdir():
                path.unlink()
            for file, content in self.folders[folder].items():
                (home / file).write_bytes(content)
            self.owner, self.written = os.getpid(), folder
        (home / name).write_bytes(data)
        try:
            with open_path(home, LIMITS) as opened:
                return _told(opened, Measured(None, {}))
        finally:
            (home / name).write_bytes(seed)


def describe_bytes(data: bytes, _seed: bytes = b"") -> object:
    """Describe one file of unknown format."""
    return describe([Given("given", data)])


def report_bytes(data: bytes, _seed: bytes = b"") -> object:
    """Convert one report of unknown format, bound to a checkpoint."""
    kind = recognise(data)
    if kind in SACROML:
        return sacroml.read_all(data, factories.bound(data), digest_of(data))
    return convert(kind, data, factories.bound(data), digest_of(data)) if kind in BY_NAME else kind


def document_bytes(data: bytes, _seed: bytes = b"") -> object:
    """Parse one document of our own schemas."""
    kind = recognise(data)
    return parse_document(data, SCHEMAS[kind]) if kind in CANONICAL and kind in SCHEMAS else kind


@cache
def corpus() -> Path:
    """Return the corpus of unsafe and healthy files; a process of its own writes it, because torch is large."""
    folder = Path(_kept.name)
    command = [sys.executable, "-W", "ignore", "-m", "tests.unit.evidence.corpus.build", str(folder)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True, capture_output=True)
    return folder


_kept = tempfile.TemporaryDirectory(prefix="exeat-corpus-")
"""Lives as long as the process."""


def checkpoints() -> list[bytes]:
    """Return the corpus and the sample checkpoints."""
    found = [path for path in corpus().rglob("*") if path.name != "corpus.json" and "markers" not in path.parts]
    return _small([*found, *(DATA / "checkpoints").iterdir(), DATA / "manifests" / "model.safetensors"])


def headers() -> list[bytes]:
    """Return files of the formats that are headers and tensors, with most kinds of field in them."""
    made = import_module("tests.unit.evidence.inspection.factories_formats")
    node = made.onnx_node(b"Constant", made.field(5, made.field(1, b"value") + made.field(5, made.onnx_tensor())))
    found: list[bytes] = [
        made.safetensors({"__metadata__": {"format": "pt", "note": "{}"}, **made.ONE}),
        made.gguf(
            made.text_pair(b"tokenizer.chat_template", b"{{ messages }}"),
            made.word(b"tokens") + struct.pack("<IIQ", 9, 8, 2) + made.word(b"a") + made.word(b"b"),
            made.word(b"scores") + struct.pack("<IIQ2f", 9, 6, 2, 0.5, 1.5),
            tensors=(("w", (8,), 0, 0), ("q", (32, 2), 2, 32)),
            data=bytes(32 + 36),
        ),
        made.onnx(made.onnx_tensor(raw=made.raw()), nodes=[node], model=made.field(6, b"made by a@b.org")),
        made.onnx(made.onnx_tensor(raw=made.away(location="w.bin", offset="0", length="8"))),
        made.onnx(made.onnx_tensor(b"i", (2,), 7, raw=made.field(7, b"\x01\x02"))),
        made.tokenizer(),
    ]
    kinds = (".safetensors", ".onnx", ".gguf", ".npy", ".npz")
    paths = [path for path in corpus().rglob("*") if path.suffix in kinds and "markers" not in path.parts]
    return [*found, *_small([*paths, DATA / "manifests" / "model.safetensors"])]


def manifests() -> list[bytes]:
    """Return every manifest of the samples and of the demo's data."""
    data = (ROOT / "data" / "checkpoints").rglob("*")
    return _small([*(DATA / "manifests").rglob("*"), *(DATA / "model_signing").iterdir(), *data])


def reports() -> list[bytes]:
    """Return every report of the samples and of the tests' factories."""
    return [
        data for data in [*factories.all_samples().values(), *_small(list(DATA.rglob("report.json")))] if _fits(data)
    ]


def documents() -> list[bytes]:
    """Return the demo's own documents."""
    return _small(list((ROOT / "data").rglob("*.json")))


def _small(paths: list[Path]) -> list[bytes]:
    found = [path.read_bytes() for path in sorted(paths) if path.is_file() and not path.is_symlink()]
    return sorted({data for data in found if _fits(data)})


def _fits(data: bytes) -> bool:
    return 0 < len(data) <= MAX_SEED


_folder = Folder()
TARGETS: tuple[Target, ...] = (
    Target("inspect", checkpoints, inspect_bytes, 40),
    Target("headers", headers, inspect_bytes, 10),
    Target("folder", _folder.seeds, _folder.run, 10),
    Target("describe", manifests, describe_bytes, 20),
    Target("report", reports, report_bytes, 15),
    Target("document", documents, document_bytes, 5),
)
ALLOWED = (BadInput,)
"""What a target may raise."""


def warm(target: Target, seeds: list[bytes]) -> None:
    """Run a target on every seed, so that what it imports on the way is there before time and memory are measured."""
    for seed in seeds:
        with contextlib.suppress(Exception):
            target.run(seed, seed)
