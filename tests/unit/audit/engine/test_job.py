"""The parent trusts nothing that comes out of the child: crashes, lies and silence each get a sentence."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from exeat.audit.engine.job import _checked, run_job, visible
from exeat.audit.engine.plan import Plan
from exeat.audit.engine.request import REPORT, TABLE, Request, Source
from exeat.audit.engine.run import conduct
from exeat.errors import BadInput
from tests.unit.audit.engine.toys import toy

PLAN = Plan(only_membership=True)
STRANGE = """
import os
from pathlib import Path
for folder in Path(__file__).parent.glob("kept/.results-*"):
    (folder / "refused.json").write_text("[1]")
os._exit(3)
"""
ENDS = {
    "raises": ("print('so far'); 1 / 0", "failed: ZeroDivisionError: division by zero"),
    "is no Python": ("def target(:", "is not Python"),
    "defines nothing": ("x = 1", "defines no function target()"),
    "returns something else": ("def target():\n    return 3", "returned int, not exeat.audit.Target"),
    "exits": ("import sys; sys.exit(0)", "ended the process itself"),
    "exits hard": ("import os; os._exit(0)", "ended the process before the audit was finished"),
    "is killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9 (SIGKILL)"),
    "reads its input": ("def target():\n    return input()", "EOFError"),
    "refuses in a strange way": (
        STRANGE,
        "failed: it printed nothing",
    ),
}


def run(folder, code, show=lambda _line: None, plan=None):
    (folder / "job.py").write_text(code)
    (folder / "weights").write_bytes(b"weights")
    source = Source(job=folder / "job.py")
    return run_job(source, (folder / "weights",), "toy-v1", plan or Plan(), folder=folder / "kept", show=show)


@pytest.mark.parametrize("how", ENDS)
def test_a_job_that_does_not_end_well_gets_a_sentence(tmp_path, how):
    code, sentence = ENDS[how]
    with pytest.raises(BadInput) as caught:
        run(tmp_path, code)
    assert sentence in caught.value.headline
    assert caught.value.what_to_do
    assert not (tmp_path / "kept").exists()


def test_output_comes_through_without_control_characters_and_settings_stay_outside(tmp_path, monkeypatch):
    monkeypatch.setenv("EXEAT_LEDGER_KEY", "secret")
    code = (
        "import os\nprint('\\x1b[31mred\\x07')\nprint(sorted(n for n in os.environ if n.startswith('EXEAT')))\n"
        "print(os.environ['OMP_NUM_THREADS'])\nraise SystemExit(5)"
    )
    lines = []
    with pytest.raises(BadInput):
        run(tmp_path, code, lines.append, Plan(threads=3))
    assert lines[:3] == ["[31mred", "[]", "3"]


def test_a_line_without_end_is_passed_on_in_pieces(tmp_path):
    lines = []
    with pytest.raises(BadInput):
        run(
            tmp_path,
            "import sys\nsys.stdout.write('x' * 1_000_000)\nsys.stdout.flush()\nraise SystemExit(5)",
            lines.append,
        )
    assert sum(map(len, lines)) == 1_000_000
    assert max(map(len, lines)) <= 2**16


def test_what_the_job_started_ends_with_it(tmp_path):
    code = (
        "import subprocess, sys, os\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], stdout=subprocess.DEVNULL,"
        " stderr=subprocess.DEVNULL)\nprint(p.pid, flush=True)\nos._exit(1)"
    )
    lines = []
    with pytest.raises(BadInput):
        run(tmp_path, code, lines.append)
    assert ends(Path("/proc") / lines[0] / "stat")


def ends(status, seconds=60):
    """Whether the process is gone, or is a zombie that nobody has asked for, within the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if status.read_text().split()[2] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def outcome():
    return conduct(toy(), None, PLAN, code="sha256:" + "b" * 64, say=lambda _line: None)


def left(folder, outcome, **changes):
    """A results folder as an honest child leaves it, with changes."""
    folder.mkdir(exist_ok=True)
    request = Request(
        source=Source(job=folder / "job.py"), code_sha256="sha256:" + "b" * 64, files=(),
        file_sha256=("sha256:" + "a" * 64,), checkpoint_id="toy-v1", plan=PLAN, folder=folder, results=folder,
    )  # fmt: skip
    document = json.loads(outcome.report.to_bytes()) | changes
    (folder / REPORT).write_text(json.dumps(document))
    (folder / TABLE).write_bytes(outcome.table)
    return request


def test_an_honest_report_passes(tmp_path, outcome):
    result = _checked(left(tmp_path, outcome))
    assert result.report.subject.checkpoint_id == "toy-v1"
    assert result.table == outcome.table


LIES = {
    "another checkpoint": (
        {"subject": {"checkpoint_id": "other", "component_sha256": ["sha256:" + "a" * 64]}},
        "about",
    ),
    "other files": ({"subject": {"checkpoint_id": "toy-v1", "component_sha256": ["sha256:" + "c" * 64]}}, "about"),
    "one file more": (
        {"subject": {"checkpoint_id": "toy-v1", "component_sha256": ["sha256:" + "a" * 64, "sha256:" + "c" * 64]}},
        "about another checkpoint",
    ),
    "another seed": ({"seed": 9}, "other settings"),
    "another tool": ({"tool": {"name": "trust-me", "version": "1"}}, "not one of this tool"),
    "no settings": ({"x_settings": None}, "other settings"),
    "a percentage": ({"indicators": []}, "not valid"),
    "no document": ({"schema": "exeat-manifest/1"}, "not valid"),
    "a file that is not there": (
        {"worst_records": {"withheld_sha256": "sha256:" + "d" * 64}},
        "names a file of single records",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_child_that_lies_is_refused(tmp_path, outcome, lie):
    changes, sentence = LIES[lie]
    with pytest.raises(BadInput, match=sentence):
        _checked(left(tmp_path, outcome, **changes))


def test_a_link_or_a_pipe_is_no_report(tmp_path, outcome):
    request = left(tmp_path / "a", outcome)
    honest = (tmp_path / "a" / REPORT).rename(tmp_path / "elsewhere.json")
    (tmp_path / "a" / REPORT).symlink_to(honest)
    with pytest.raises(BadInput, match="no readable report"):
        _checked(request)
    (tmp_path / "a" / REPORT).unlink()
    os.mkfifo(tmp_path / "a" / REPORT)
    with pytest.raises(BadInput, match="no readable report"):
        _checked(request)


def test_a_request_comes_back_from_its_line(tmp_path):
    request = Request(
        source=Source(program=tmp_path / "m.pt2", members=(tmp_path / "a.npz",), non_members=(tmp_path / "b.npz",)),
        code_sha256="sha256:x", files=(tmp_path / "m.pt2",), file_sha256=("sha256:x",), checkpoint_id="c", plan=Plan(),
        folder=tmp_path, results=tmp_path,
    )  # fmt: skip
    assert Request.of_line(request.to_line()) == request
    assert Request.of_line(replace(request, checkpoint_id="d").to_line()) != request


def test_control_characters_do_not_pass():
    assert visible("a\x1b[2J\tb\nc\x00\u202e") == "a[2J\tb\nc"
