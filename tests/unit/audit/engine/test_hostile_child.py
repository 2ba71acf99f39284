"""A child that floods, nests, stays or lies about numbers: the parent neither hangs nor falls."""

from __future__ import annotations

from pathlib import Path

import pytest

from exeat.audit.engine.job import estimate_job, run_job
from exeat.audit.engine.plan import Plan
from exeat.audit.engine.request import Source
from exeat.errors import BadInput

STAYS = """
import os, time
from pathlib import Path
if os.fork() == 0:
    os.setsid()
    gone = Path(__file__).with_name("gone")
    for _ in range(3000):
        if gone.exists():
            break
        time.sleep(0.02)
    Path(__file__).with_name("left").touch()
    os._exit(0)
raise SystemExit(5)
"""
NESTED = """
import os
from pathlib import Path
for folder in Path(__file__).parent.glob("kept/.results-*"):
    (folder / "refused.json").write_text("[" * 60_000)
os._exit(3)
"""
ESTIMATES = {
    "a word": '"soon"',
    "nothing": "",
    "nested": "[" * 60_000,
    "without its parts": '{"seconds": 1.0}',
    "infinite": '{"training_seconds": null, "shadows_seconds": 0.0, "attacks_seconds": {}, "regimes": [],'
    ' "seconds": 1e999, "units": null}',
    "a terminal's language": '{"training_seconds": null, "shadows_seconds": 0.0, "attacks_seconds": {},'
    ' "regimes": ["\\u001b[2J"], "seconds": 1.0, "units": null}',
}


def run(folder, code, show=lambda _line: None):
    (folder / "job.py").write_text(code)
    (folder / "weights").write_bytes(b"weights")
    source = Source(job=folder / "job.py")
    return run_job(source, (folder / "weights",), "toy-v1", Plan(), folder=folder / "kept", show=show)


def test_what_stays_behind_with_the_output_open_does_not_hold_up_the_parent(tmp_path):
    try:
        with pytest.raises(BadInput, match="ended the process itself"):
            run(tmp_path, STAYS)
        assert not (tmp_path / "left").exists()
    finally:
        (tmp_path / "gone").touch()


def test_nobody_reading_any_more_does_not_stop_the_child(tmp_path):
    def closed(_line):
        raise BrokenPipeError

    code = "for i in range(5_000):\n    print('x' * 100, i)\nPath = __import__('pathlib').Path\n"
    code += "Path(__file__).with_name('end').touch()\nraise SystemExit(5)"
    with pytest.raises(BadInput, match="ended the process itself"):
        run(tmp_path, code, closed)
    assert (tmp_path / "end").exists()


def test_a_refusal_nested_without_end_is_a_failure_with_a_sentence(tmp_path):
    with pytest.raises(BadInput, match="failed: it printed nothing"):
        run(tmp_path, NESTED)


@pytest.mark.parametrize("how", ESTIMATES)
def test_an_estimate_that_is_none_is_refused(tmp_path, how):
    (tmp_path / "answer").write_text(ESTIMATES[how])
    job = tmp_path / "job.py"
    job.write_text(
        "import os, gc\nfrom pathlib import Path\nfrom exeat.audit.engine import child\n"
        "import sys\nframe = sys._getframe()\n"
        "while 'request' not in frame.f_locals:\n    frame = frame.f_back\n"
        "results = frame.f_locals['request'].results\n"
        "(results / 'estimate.json').write_text(Path(__file__).with_name('answer').read_text())\nos._exit(0)\n"
    )
    with pytest.raises(BadInput, match="no readable estimate"):
        estimate_job(Source(job=job), Plan(), show=lambda _line: None)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux lists open files there")
def test_the_parent_leaves_no_file_open(tmp_path):
    before = open_files()
    for _ in range(2):
        with pytest.raises(BadInput):
            run(tmp_path, "raise SystemExit(5)")
    assert open_files() <= before
