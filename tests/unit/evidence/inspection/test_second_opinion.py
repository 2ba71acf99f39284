"""Torch in a process that owns nothing: what it sees, what it may not do, and what its silence means."""

from __future__ import annotations

import collections
import hashlib
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from exeat.errors import BadInput
from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.second_opinion import Answer, SecondOpinion, opinion, tensor_digests
from exeat.evidence.inspection.symbols import Global
from exeat.evidence.inspection.window import Window
from tests.patience import HANG


@pytest.fixture(scope="module")
def child():
    with SecondOpinion() as child:
        yield child


@pytest.fixture
def saved(tmp_path):
    """Save a value and return its path."""

    def save(value, **options):
        path = tmp_path / "file"
        torch.save(value, path, **options)
        return path

    return save


def judged(path, child):
    with open_checkpoint(path) as opened:
        assert opened.problems == []
        return opinion(opened, opened.sources[""], child)


def test_torch_agrees_with_a_plain_checkpoint(child, saved):
    path = saved({"w": torch.ones(3), "lr": 0.1})
    assert child.ask(path, "torch-zip") == Answer([])
    assert judged(path, child) is None


def test_torch_reads_every_pickle_of_the_old_format(child, saved):
    path = saved({"w": torch.ones(3)}, _use_new_zipfile_serialization=False)
    assert child.ask(path, "torch-legacy") == Answer([])
    assert judged(path, child) is None
    path = saved({"at": collections.deque([1])}, _use_new_zipfile_serialization=False)
    assert child.ask(path, "torch-legacy").said == ["collections.deque"]


def test_numpy_is_no_disagreement(child, saved):
    path = saved({"loss": np.float64(0.5), "scale": np.arange(3.0)})
    assert "numpy.dtype" in child.ask(path, "torch-zip").said
    assert judged(path, child) is None


def test_a_name_that_only_torch_sees_is_a_disagreement(child, saved):
    path = saved({"at": collections.deque([1])})
    with open_checkpoint(path) as opened:
        opened.problems.clear()
        opened.globals.clear()
        problem = opinion(opened, opened.sources[""], child)
    assert problem.verdict == "unsafe"
    assert "collections.deque" in problem.sentence


def test_a_name_that_we_vouch_for_but_did_not_see_is_a_disagreement(child, saved):
    path = saved({"loss": np.float64(0.5)})
    with open_checkpoint(path) as opened:
        del opened.globals[Global("numpy", "dtype")]
        assert "numpy.dtype" in opinion(opened, opened.sources[""], child).sentence


def test_what_torch_cannot_read_is_unsafe_however_plain_it_looks(child, saved):
    problem = judged(saved({"w": torch.ones(3)}, pickle_protocol=4), child)
    assert (problem.code, problem.verdict) == ("second-opinion", "unsafe")
    assert "Unsupported operand" in problem.sentence


def test_a_child_that_was_killed_is_no_agreement_and_the_next_question_gets_another(child, saved):
    path = saved({"w": torch.ones(3)})
    assert child.ask(path, "torch-zip") == Answer([])
    first = child.process.pid
    os.kill(first, signal.SIGSTOP)
    os.kill(first, signal.SIGKILL)
    with Window(path) as window:
        answers = [child.ask_about(window, "torch-zip") for _ in range(2)]
    assert answers[-1] == Answer([])
    assert child.process.pid != first


def test_a_child_that_hangs_is_ended_in_time(saved):
    path = saved({"w": torch.ones(3)})
    with SecondOpinion(DEFAULT._replace(child_seconds=1)) as child:
        assert child.ask(path, "torch-zip") == Answer([])
        os.kill(child.process.pid, signal.SIGSTOP)
        began, hung = time.monotonic(), child.process
        with open_checkpoint(path) as opened:
            problem = opinion(opened, opened.sources[""], child)
        assert time.monotonic() - began < HANG
        assert (problem.code, problem.verdict) == ("no-second-opinion", "unsafe")
        assert "within 1 seconds" in problem.sentence
        assert hung.returncode == -signal.SIGKILL


def test_a_child_without_memory_says_so_and_goes_on(saved):
    """One number that is shown as a gigabyte of them."""
    path = saved({"w": torch.ones(1).expand(2**14, 2**14)})
    with SecondOpinion(DEFAULT._replace(child_bytes=2**28)) as small:
        answer = small.ask(path, "torch-zip", about="digests")
        assert answer.said is None
        assert "memory" in answer.refused or "alloc" in answer.refused
        assert small.ask(saved({"w": torch.ones(3)}), "torch-zip") == Answer([])


def test_the_child_owns_nothing(child):
    """Its own session, no standard input, an empty folder, none of our variables, no file that it may write."""
    pid = child.process.pid
    assert os.getsid(pid) == pid != os.getsid(0)
    proc = Path("/proc") / str(pid)
    assert {(proc / "fd" / str(number)).readlink() for number in range(3)} == {Path("/dev/null")}
    assert list((proc / "cwd").readlink().iterdir()) == []
    names = {row.split(b"=")[0] for row in (proc / "environ").read_bytes().split(b"\0") if row}
    assert not names & {b"EXEAT_HOME", b"PYTEST_CURRENT_TEST", b"USER", b"LD_PRELOAD"}
    rows = (proc / "limits").read_text().splitlines()
    assert [row.split()[3] for row in rows if row.startswith("Max file size")] == ["0"]
    assert [row.split()[4] for row in rows if row.startswith("Max core file size")] == ["0"]


def test_closing_ends_the_child(saved):
    with SecondOpinion() as child:
        child.ask(saved({}), "torch-zip")
        process = child.process
    assert process.poll() is not None


def test_digests_are_those_of_our_own_reading(saved):
    weight = torch.arange(12.0).reshape(3, 4)
    value = {"model": {"w": weight, "t": weight.t(), "step": weight[:, ::2]}, "list": [torch.ones(2, dtype=torch.int8)]}
    path = saved(value)
    with open_checkpoint(path) as opened:
        ours = {ref.name: hashlib.sha256(opened.bytes_of(ref)).hexdigest() for ref in opened.tensors}
    assert set(ours) == {"model.w", "model.t", "model.step", "list.0"}
    assert tensor_digests(path) == ours


def test_no_digest_of_a_file_that_did_not_pass(saved):
    with pytest.raises(BadInput, match="deque"):
        tensor_digests(saved({"at": collections.deque([1])}))
