"""kill -9 during 1,000 appends by 4 processes: what was acknowledged is there, without gap or fork."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.storage.ledgers import make_draft, open_ledger

ROOT = Path(__file__).resolve().parents[2]
WORKERS, APPENDS = 4, 250


def start(url, worker, folder):
    """A worker whose acknowledgements go straight into a file."""
    with (folder / f"{worker}.acks").open("wb") as acks, (folder / f"{worker}.err").open("wb") as err:
        command = [sys.executable, "-m", "tests.storage.append_many", url, worker, str(APPENDS)]
        return subprocess.Popen(command, cwd=ROOT, stdout=acks, stderr=err)


def acknowledged(folder):
    """seq -> key of every whole line that a worker wrote."""
    lines = [line for path in sorted(folder.glob("*.acks")) for line in path.read_text().split("\n")[:-1]]
    return {int(seq): key for seq, key in (line.split(" ") for line in lines)}


def kill_midway(processes, folder, rng):
    """SIGKILL each process at a random moment between a quarter and three quarters of the work."""
    marks = sorted(rng.randint(WORKERS * APPENDS // 4, WORKERS * APPENDS * 3 // 4) for _ in processes)
    deadline = time.monotonic() + 120
    for mark, process in zip(marks, processes, strict=True):
        while len(acknowledged(folder)) < mark and process.poll() is None and time.monotonic() < deadline:
            time.sleep(rng.random() / 200)
        process.send_signal(signal.SIGKILL)
    return [process.wait() for process in processes]


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_acknowledged(url, tmp_path):
    open_ledger(url).close()
    seed = int.from_bytes(os.urandom(4))
    processes = [start(url, f"w{number}", tmp_path) for number in range(WORKERS)]
    dice = random.Random(seed)  # noqa: S311 a test may repeat its dice
    codes = kill_midway(processes, tmp_path, dice)
    errors = "".join(path.read_text() for path in tmp_path.glob("*.err"))
    assert -signal.SIGKILL in codes, f"nothing was killed (seed {seed}): {errors}"
    check(url, acknowledged(tmp_path), f"seed {seed}, exit codes {codes}, {errors}")


def check(url, acks, told):
    ledger = open_ledger(url)
    report = ledger.verify()
    assert report.ok, (report.problems, told)
    entries = list(ledger.entries())
    assert [entry.seq for entry in entries] == list(range(len(entries))), told
    stored = {entry.seq: entry for entry in entries}
    keys = {seq: b'"key":"%s"' % key.encode() for seq, key in acks.items()}
    assert [seq for seq, key in keys.items() if seq not in stored or key not in stored[seq].line] == [], told
    assert 100 < len(acks) <= len(entries) - 1 <= len(acks) + WORKERS, told
    assert len(ledger.opened(entries)) == len(entries) - 1
    assert ledger.append([make_draft(key="after", case="release:after")])[0].seq == len(entries)
    ledger.close()


@pytest.mark.slow
def test_four_processes_finish_their_thousand_appends(url, tmp_path):
    processes = [start(url, f"w{number}", tmp_path) for number in range(WORKERS)]
    assert [process.wait(timeout=240) for process in processes] == [0] * WORKERS, "".join(
        path.read_text() for path in tmp_path.glob("*.err")
    )
    acks = acknowledged(tmp_path)
    assert len(acks) == WORKERS * APPENDS
    check(url, acks, "nobody was killed")
