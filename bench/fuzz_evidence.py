"""Fuzz every inspector and reader with changed real files: python bench/fuzz_evidence.py [COUNT] [--jobs N].

No input may crash a reader, take 2 s of processor time or 1 GiB of memory; a refusal (BadInput) and a result are both
fine. Inputs follow from --seed; those that fail are kept in bench/out/fuzz. ``--again FILE`` runs one of them.
"""

from __future__ import annotations

import argparse
import mmap
import multiprocessing
import sys
import time
from collections import Counter
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.fuzzing.targets import TARGETS, Target, warm
from bench.fuzzing.worker import HEAD, SHARED, Counted, Failure, fuzz, save

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

KEEP = Path(__file__).resolve().parent / "out" / "fuzz"
STUCK = 60.0
"""Seconds on the clock after which a worker that shows no progress is ended."""
BATCH = 20_000
"""Inputs of one worker; a fresh one begins with fresh memory."""


class Task(NamedTuple):
    """A batch of inputs for one target."""

    target: Target
    seeds: list[bytes]
    inputs: int
    seed: str


class Running(NamedTuple):
    """A worker and what it shares with us."""

    task: Task
    process: BaseProcess
    shared: mmap.mmap
    seen: list[float]


def tasks(count: int, seed: str, names: list[str], batch: int = BATCH) -> list[Task]:
    """Return the batches, each target by its share of the inputs."""
    chosen = [target for target in TARGETS if not names or target.name in names]
    shares = sum(target.share for target in chosen)
    found = []
    for target in chosen:
        seeds, left = target.seeds(), count * target.share // shares
        warm(target, seeds)
        for number, start in enumerate(range(0, left, batch)):
            found.append(Task(target, seeds, min(batch, left - start), f"{seed}/{target.name}/{number}"))
    return found


def run(todo: list[Task], jobs: int, keep: Path = KEEP) -> list[tuple[Task, Counted]]:
    """Run the batches in at most ``jobs`` processes at a time."""
    context = multiprocessing.get_context("fork")
    waiting, done = list(reversed(todo)), []
    running: dict[Connection, Running] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            task = waiting.pop()
            ours, theirs = context.Pipe(duplex=False)
            shared = mmap.mmap(-1, SHARED)
            process = context.Process(target=_work, args=(task, keep, shared, theirs))
            process.start()
            theirs.close()
            running[ours] = Running(task, process, shared, [0.0, time.monotonic()])
        ended = [line for line in wait(list(running), timeout=5.0) if isinstance(line, Connection)]
        done += [_finish(running.pop(line), line, keep) for line in ended]
        for worker in list(running.values()):
            if _is_stuck(worker):
                worker.process.kill()
    return done


def _work(task: Task, keep: Path, shared: mmap.mmap, line: Connection) -> None:
    line.send(fuzz(task.target, task.seeds, task.inputs, task.seed, keep, shared))
    line.close()


def _finish(worker: Running, line: Connection, keep: Path) -> tuple[Task, Counted]:
    """Return what a worker counted; one that died leaves the input of which it died."""
    try:
        counted = line.recv()
    except EOFError:
        worker.process.join()
        number = int.from_bytes(worker.shared[:8], "little")
        length = int.from_bytes(worker.shared[8:HEAD], "little")
        name = save(keep, worker.task.target.name, worker.shared[HEAD : HEAD + length])
        detail = f"the process ended with {worker.process.exitcode}"
        counted = Counted(number + 1, [Failure(worker.task.target.name, "death", detail, name)], STUCK, 0)
    worker.process.join()
    return worker.task, counted


def _is_stuck(worker: Running) -> bool:
    number = float(int.from_bytes(worker.shared[:8], "little"))
    if number != worker.seen[0]:
        worker.seen[:] = [number, time.monotonic()]
    return time.monotonic() - worker.seen[1] > STUCK


def report(done: list[tuple[Task, Counted]], seconds: float) -> list[Failure]:
    """Print what was run and what failed; return the failures."""
    failures = [failure for _, counted in done for failure in counted.failures]
    for target in dict.fromkeys(task.target.name for task, _ in done):
        rows = [counted for task, counted in done if task.target.name == target]
        inputs, slowest = sum(row.inputs for row in rows), max(row.slowest for row in rows)
        memory = max(row.memory for row in rows) / 2**20
        print(
            f"{target:9} {inputs:>9,} inputs, slowest {slowest:.2f} s, at most {memory:,.0f} MiB more than at the start"
        )
    total = sum(counted.inputs for _, counted in done)
    print(f"{total:,} inputs in {seconds:,.0f} s: {total / max(seconds, 0.001):,.0f} inputs/s")
    for (target, kind, detail), count in Counter(failure[:3] for failure in failures).most_common(40):
        example = next(failure.file for failure in failures if failure[:3] == (target, kind, detail))
        print(f"{kind.upper()} {target}: {detail} ({count:,} inputs, e.g. {example})")
    counts = Counter(failure.kind for failure in failures)
    print("no crash, no hang, no excess of memory" if not failures else f"FAILED: {dict(counts)}")
    return failures


def again(path: Path) -> None:
    """Run one input that failed, with its traceback."""
    target = next(target for target in TARGETS if path.name.startswith(f"{target.name}-"))
    seeds = target.seeds()
    print(target.run(path.read_bytes(), seeds[0]))


def main() -> int:
    """Fuzz and print; return 1 when an input failed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("count", nargs="?", type=int, default=1_000_000)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--seed", default="1")
    arguments.add_argument("--only", action="append", default=[], choices=[target.name for target in TARGETS])
    arguments.add_argument("--again", type=Path)
    given = arguments.parse_args()
    if given.again:
        again(given.again)
        return 0
    todo = tasks(given.count, given.seed, given.only)
    start = time.monotonic()
    done = run(todo, given.jobs)
    return int(bool(report(done, time.monotonic() - start)))


if __name__ == "__main__":
    sys.exit(main())
