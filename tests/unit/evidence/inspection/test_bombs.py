"""Small files that ask for much: each is refused in words, within two seconds and without the memory."""

from __future__ import annotations

import resource
import struct

import pytest

from exeat.evidence.inspection import open_checkpoint
from tests.patience import ends
from tests.unit.evidence.corpus.bombs import BOMBS
from tests.unit.evidence.corpus.opcodes import proto


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_a_clear_refusal(tmp_path, name):
    data, code = BOMBS[name]
    path = tmp_path / "bomb"
    path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ends(), open_checkpoint(path) as opened:
        problems = list(opened.problems)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500 * 1024
    assert code in {problem.code for problem in problems if problem.verdict == "unsafe"}
    assert all(problem.sentence and problem.what_to_do for problem in problems)


def test_lists_that_double_at_every_level_are_walked_once(tmp_path):
    path = tmp_path / "file"
    levels = b"".join(b"](h%ch%ceq%c" % (level, level, level + 1) for level in range(100))
    path.write_bytes(proto(2) + b"]q\x00" + levels + b".")
    with ends(), open_checkpoint(path) as opened:
        assert opened.problems == []


def test_an_array_that_says_it_has_a_million_million_elements(tmp_path):
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1048576, 1048576), }".ljust(117) + b"\n"
    path = tmp_path / "array.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + b"\x00" * 16)
    with open_checkpoint(path) as opened:
        assert [problem.code for problem in opened.problems] == ["tensor-bomb"]
