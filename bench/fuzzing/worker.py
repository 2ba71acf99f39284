"""One process that fuzzes: it changes a seed, runs its target, and keeps what crashes, hangs or eats memory.

Time is that of the processor, so that a busy machine does not look like a hang; the parent watches the clock. Memory
is capped by the system and its high-water mark is read after every input.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import resource
import signal
import time
import traceback
import warnings
from typing import TYPE_CHECKING, NamedTuple

from bench.fuzzing.mutate import MAX_BYTES, mutated
from bench.fuzzing.targets import ALLOWED

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

    from bench.fuzzing.targets import Target

SECONDS = 2.0
MEMORY = 2**30
HEAD = 16
"""Bytes of the shared page before the input: inputs done and the length of the present one."""
SHARED = HEAD + MAX_BYTES


class Failure(NamedTuple):
    """An input on which a target did not end well."""

    target: str
    kind: str
    detail: str
    file: str


class Counted(NamedTuple):
    """What one worker did: ``slowest`` in seconds of processor time, ``memory`` in bytes above the start."""

    inputs: int
    failures: list[Failure]
    slowest: float
    memory: int


class Hang(BaseException):
    """The time for one input is over; nothing that catches Exception swallows it."""


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise Hang


def fuzz(target: Target, seeds: list[bytes], count: int, seed: str, keep: Path, shared: mmap.mmap) -> Counted:
    """Run a number of inputs that follow from the seed."""
    warnings.simplefilter("ignore")
    rng = random.Random(seed)  # noqa: S311 repeatable on purpose
    failures: list[Failure] = []
    slowest = 0.0
    before = _peak()
    with _limits():
        for number in range(count):
            origin = rng.choice(seeds)
            data = mutated(origin, seeds, rng)
            _show(shared, number, data)
            start = time.process_time()
            failure = _one(target, data, origin)
            took = time.process_time() - start
            slowest = max(slowest, took)
            failure = failure or _cost(took, _peak() - before)
            if failure:
                failures.append(Failure(target.name, *failure, save(keep, target.name, data)))
                before = max(before, _peak() if failure[0] == "memory" else before)
    return Counted(count, failures, slowest, _peak() - before)


@contextlib.contextmanager
def _limits() -> Iterator[None]:
    size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: PTH123, SIM115 Linux only
    earlier = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + 2 * MEMORY, earlier[1]))
    handler = signal.signal(signal.SIGPROF, _hang)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
        resource.setrlimit(resource.RLIMIT_AS, earlier)


def _one(target: Target, data: bytes, origin: bytes) -> tuple[str, str] | None:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        target.run(data, origin)
    except ALLOWED:
        return None
    except Hang:
        return "hang", f"more than {SECONDS:g} s"
    except Exception as exc:  # noqa: BLE001 this is what the fuzzer looks for
        frames = traceback.extract_tb(exc.__traceback__)
        where = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}"
        return "crash", f"{type(exc).__name__}: {str(exc)[:200]} at {where}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return None


def _cost(took: float, memory: int) -> tuple[str, str] | None:
    if took > SECONDS:
        return "hang", f"{took:.1f} s"
    return ("memory", f"{memory / 2**20:,.0f} MiB") if memory > MEMORY else None


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _show(shared: mmap.mmap, number: int, data: bytes) -> None:
    """Let the parent see which input is running, in case this process dies of it."""
    shared[:HEAD] = number.to_bytes(8, "little") + len(data).to_bytes(8, "little")
    shared[HEAD : HEAD + len(data)] = data


def save(keep: Path, target: str, data: bytes) -> str:
    """Keep an input on disk and return its name."""
    keep.mkdir(parents=True, exist_ok=True)
    path = keep / f"{target}-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return path.name
