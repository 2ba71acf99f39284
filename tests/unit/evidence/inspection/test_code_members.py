"""Code beside the weights of an archive is refused: torch.package, AOTInductor and Python itself run it."""

from __future__ import annotations

import pytest

from exeat.evidence.inspection import open_checkpoint
from tests.unit.evidence.corpus.zips import GOOD, checkpoint, pack


def codes(tmp_path, *members, data=None):
    path = tmp_path / "file"
    path.write_bytes(data or pack(checkpoint(GOOD, *members)))
    with open_checkpoint(path) as opened:
        return {problem.code for problem in opened.problems}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("archive/pkg/mod.py", b"x = 1\n"),
        ("archive/pkg/__init__.py", b""),
        ("archive/PKG/MOD.PY", b"x = 1\n"),
        ("__main__.py", b"x = 1\n"),
        ("archive/.data/extern_modules", b"os\n"),
        ("archive/.data/python_version", b"3.11.7"),
        ("archive/archive_format", b"pt2"),
        ("archive/data/aotinductor/model/notes.txt", b"x"),
        ("archive/data/aotinductor/model/w.so", b"\x7fELF" + b"\x00" * 60),
        ("archive/extra/library", b"\x7fELF" + b"\x00" * 60),
        ("archive/extra/install", b"#!/bin/sh\ntrue\n"),
        ("archive/CODE/x.txt", b"x"),
    ],
)
def test_code_in_a_checkpoint_is_refused(tmp_path, name, content):
    assert "code-member" in codes(tmp_path, (name, content))


def test_code_in_any_other_archive_is_refused(tmp_path):
    assert "code-member" in codes(tmp_path, data=pack([("x/mod.py", b"x = 1\n")]))


def test_a_note_beside_the_weights_passes(tmp_path):
    assert codes(tmp_path, ("archive/NOTES.txt", b"trained on Tuesday\n")) == set()
