"""Ratio of one inspection to one SHA-256 pass over the same checkpoint, and the memory that it takes.

python bench/bench_inspect.py [BYTES] [ROUNDS] [FOLDER]: a torch checkpoint of 4 GB with weights and Adam moments, that
lies in FOLDER (default: a temporary one). Each round runs floor and inspection in turn, in a process of its own, once
the file is in the cache of the system; reading, hashing and asking torch's scanner are all inside the figure.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.unit.evidence.corpus.opcodes import STOP, Call, Glob, emit, proto

SIZE, ROUNDS = 4 * 10**9, 5
TARGET, MEMORY_TARGET = 1.25, 400 * 10**6
TENSOR = 2**26
"""Elements of one tensor."""
PROTOCOL = 2
CHUNK = 2**24
FALSE = b"\x89"
ONE_ROUND = """
import hashlib, json, resource, sys, time
from pathlib import Path
from exeat.evidence.inspection import inspect
path = Path(sys.argv[1])
start = time.perf_counter()
with path.open("rb") as file:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
floor = time.perf_counter() - start
start = time.perf_counter()
found = inspect(path)
took = time.perf_counter() - start
assert found.verdict.value == "clean", found.findings
assert found.sha256 == "sha256:" + digest
assert any("scanner, in a process" in line for line in found.looked_at), found.looked_at
ours, torchs = (resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"floor": floor, "took": took, "memory": ours, "torch": torchs}))
"""


class Round(NamedTuple):
    """Seconds of the floor and of the inspection; bytes of its process and of the process with torch."""

    floor: float
    took: float
    memory: int
    torch: int

    @property
    def ratio(self) -> float:
        """Return what the inspection costs in passes of SHA-256."""
        return self.took / self.floor


def tensor(key: str, elements: int) -> bytes:
    """Return the opcodes of a tensor of floats in the storage of that key."""
    storage = emit(("storage", Glob("torch", "FloatStorage"), key, "cpu", elements), PROTOCOL) + b"Q"
    rest = emit(0, PROTOCOL) + emit((elements,), PROTOCOL) + emit((1,), PROTOCOL) + FALSE
    hooks = emit(Call(Glob("collections", "OrderedDict")), PROTOCOL)
    return emit(Glob("torch._utils", "_rebuild_tensor_v2"), PROTOCOL) + b"(" + storage + rest + hooks + b"tR"


def pickle_of(sizes: list[int]) -> bytes:
    """Return a pickle of weights (the first third of the tensors) and Adam moments."""
    weights, moments, third = b"", b"", max(1, len(sizes) // 3)
    for key, elements in enumerate(sizes):
        made = emit(f"layer{key}.weight" if key < third else f"exp_avg.{key}", PROTOCOL) + tensor(str(key), elements)
        weights, moments = (weights + made, moments) if key < third else (weights, moments + made)
    whole = emit("state_dict", PROTOCOL) + b"}(" + weights + b"u" + emit("optimizer", PROTOCOL) + b"}(" + moments + b"u"
    plain = b"".join(emit(value, PROTOCOL) for value in ("epochs", 30, "hidden", (64, 64)))
    return proto(PROTOCOL) + b"}(" + whole + emit("hyper_parameters", PROTOCOL) + b"}(" + plain + b"uu" + STOP


def write_checkpoint(path: Path, size: int) -> None:
    """Write what torch.save writes, without torch and without holding it in memory."""
    sizes = [TENSOR] * max(1, round(size / 4 / TENSOR)) if size > 4 * TENSOR else [size // 4]
    block = os.urandom(CHUNK)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("big/data.pkl", pickle_of(sizes))
        archive.writestr("big/byteorder", b"little")
        for key, elements in enumerate(sizes):
            with archive.open(f"big/data/{key}", "w", force_zip64=True) as member:
                for start in range(0, elements * 4, CHUNK):
                    member.write(block[: elements * 4 - start])
        archive.writestr("big/version", b"3\n")


def measure(path: Path) -> Round:
    """Run floor and inspection once in a fresh process."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    run = subprocess.run(
        [sys.executable, "-c", ONE_ROUND, str(path)], env=environment, check=True, stdout=subprocess.PIPE
    )
    return Round(**json.loads(run.stdout))


def main() -> int:
    """Print each round and the medians; return 1 when a target is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("size", nargs="?", type=int, default=SIZE)
    arguments.add_argument("rounds", nargs="?", type=int, default=ROUNDS)
    arguments.add_argument("folder", nargs="?", default=None)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        free = shutil.disk_usage(folder).free
        if free < given.size * 1.1:
            print(f"{free:,} bytes are free in {folder}; give a folder with {given.size * 1.1:,.0f}")
            return 1
        path = Path(folder) / "big.ckpt"
        write_checkpoint(path, given.size)
        print(f"a torch checkpoint of {path.stat().st_size:,} bytes")
        measure(path)  # fills the cache of the system
        rounds = [measure(path) for _ in range(given.rounds)]
    return report(rounds)


def report(rounds: list[Round]) -> int:
    """Print the figures."""
    for number, each in enumerate(rounds):
        print(f"round {number + 1}: SHA-256 {each.floor:.2f} s, inspection {each.took:.2f} s, ratio {each.ratio:.2f}")
    ratio = median(each.ratio for each in rounds)
    memory, torch = max(each.memory for each in rounds), max(each.torch for each in rounds)
    print(f"inspection / SHA-256: median {ratio:.2f} (target at most {TARGET})")
    print(f"resident memory at most {memory / 10**6:.0f} MB (target below {MEMORY_TARGET / 10**6:.0f} MB)")
    print(f"the process with torch beside it: {torch / 10**6:.0f} MB")
    return int(ratio > TARGET or memory >= MEMORY_TARGET)


if __name__ == "__main__":
    sys.exit(main())
