"""What a killed run left is removed by the next; what a running one holds is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from exeat.audit.engine.results import OLD, PREFIX, results_folder

ROOT = Path(__file__).resolve().parents[4]
HOLDER = """
import sys, time
from pathlib import Path
from exeat.audit.engine.results import results_folder
with results_folder(Path(sys.argv[1])) as results:
    (results / "records.parquet").write_bytes(b"scores")
    print(results, flush=True)
    time.sleep(600)
"""


def aged(path):
    long_ago = time.time() - 10 * OLD
    os.utime(path, (long_ago, long_ago))


def test_the_folder_is_private_and_gone_afterwards(tmp_path):
    with results_folder(tmp_path) as results:
        assert results.stat().st_mode & 0o777 == 0o700
        assert results.name.startswith(PREFIX)
    assert not tmp_path.exists()


def test_only_what_a_killed_run_left_is_removed(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        held = Path(holder.stdout.readline().strip())
        aged(held)
        with results_folder(tmp_path):
            assert held.exists()
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    aged(held)
    (tmp_path / "scores").mkdir()
    with results_folder(tmp_path):
        assert not held.exists()
    assert (tmp_path / "scores").exists()


def test_a_link_among_them_is_not_followed(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    (tmp_path / f"{PREFIX}0").symlink_to(tmp_path / "mine")
    os.utime(tmp_path / f"{PREFIX}0", (1, 1), follow_symlinks=False)
    with results_folder(tmp_path):
        assert (tmp_path / "mine" / "file").exists()


PARENT = """
import sys
from pathlib import Path
from exeat.audit.engine.job import run_job
from exeat.audit.engine.plan import Plan
from exeat.audit.engine.request import Source
folder = Path(sys.argv[1])
run_job(Source(job=folder / "job.py"), (folder / "job.py",), "toy-v1", Plan(), folder=folder / "kept",
        show=lambda line: print(line, flush=True))
"""
STARTS = """
import subprocess, sys, time
sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(sleeper.pid, flush=True)
time.sleep(600)
"""


def test_what_a_job_started_ends_even_when_the_parent_is_killed(tmp_path):
    (tmp_path / "job.py").write_text(STARTS)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    status = Path("/proc") / parent.stdout.readline().decode().strip() / "stat"
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 60
    while status.exists() and status.read_text().split()[2] != "Z":
        assert time.monotonic() < until
        time.sleep(0.05)
