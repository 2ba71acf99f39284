"""Texts in numpy files are searched like all others, and an array has exactly the bytes that its header says."""

from __future__ import annotations

import numpy as np
import pytest

from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.channels import channels_of
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.parts import parts_of
from exeat.model.inspection import Channel

ADDRESS = "jane.doe@hospital.org"


def seen(path):
    with open_checkpoint(path) as opened:
        codes = {problem.code for problem in opened.problems}
        return codes, {one.channel for one in channels_of(opened, parts_of(opened), DEFAULT)}


@pytest.mark.parametrize("kind", ["U30", ">U30", "S30", "V30"])
@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_texts_of_arrays_are_searched(tmp_path, kind, save):
    path = tmp_path / ("file.npy" if save is np.save else "file.npz")
    values = np.array([ADDRESS.encode()] * 5, "S30").view("V30") if kind == "V30" else np.array([ADDRESS] * 5, kind)
    save(path, values)
    assert seen(path) == (set(), {Channel.EMAIL})


@pytest.mark.parametrize("kind", ["U3", "S3", "V3", "M8[s]", "m8[ns]", "M8[25us]", "c16", "U0"])
def test_plain_arrays_pass_and_bytes_after_them_do_not(tmp_path, kind):
    path = tmp_path / "file.npy"
    np.save(path, np.ones(4, dtype=kind) if kind[0] != "M" else np.array([1, 2], kind))
    assert seen(path) == (set(), set())
    path.write_bytes(path.read_bytes() + ADDRESS.encode())
    assert seen(path)[0] == {"npy-size"}
