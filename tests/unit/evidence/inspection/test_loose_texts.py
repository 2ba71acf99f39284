"""Texts that a pickle pushes and no value holds leave with the file, so they are searched like all others."""

from __future__ import annotations

import io
import struct

import pytest
import torch

from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.channels import channels_of
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.parts import parts_of
from exeat.model.inspection import Channel
from tests.unit.evidence.corpus.containers import long_magic
from tests.unit.evidence.corpus.opcodes import Call, Glob, emit, proto, stream
from tests.unit.evidence.corpus.zips import checkpoint, pack

SECRET = "jane.doe@hospital.org, NHS number 943 476 5919, /home/jsmith/patients.csv"
SEEN = {Channel.EMAIL, Channel.NHS_NUMBER, Channel.ABSOLUTE_PATH, Channel.TRAILING_BYTES}


def channels(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    with open_checkpoint(path) as opened:
        assert [one for one in opened.problems if one.verdict == "unsafe"] == []
        return {one.channel for one in channels_of(opened, parts_of(opened), DEFAULT)}


def text(value=SECRET):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


LATIN = emit(Call(Glob("_codecs", "encode"), (SECRET, "latin1")), 2)
LOCATION = emit(("storage", Glob("torch", "FloatStorage"), "0", SECRET, 0), 2) + b"Q"
PICKLES = {
    "popped": text() + b"0}.",
    "popped with its mark": b"(" + text() + b"1}.",
    "popped bytes": LATIN + b"0}.",
    "left on the stack": text() + b"}.",
    "overwritten": b"}" + text("k") + text() + b"s" + text("k") + b"Ns.",
    "overwritten in one step": b"}(" + text("k") + text() + text("k") + b"Nu.",
    "in a tuple that is a key": b"}" + text() + b"K\x01\x86Ns.",
    "in an object that is a key": b"}" + emit(Call(Glob("torch", "device"), (SECRET,)), 2) + b"Ns.",
}


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("whole", [proto(2), b""])
def test_a_text_in_no_value_is_searched(tmp_path, name, whole):
    assert channels(tmp_path, whole + PICKLES[name]) >= SEEN
    assert channels(tmp_path, pack(checkpoint(whole + PICKLES[name]))) >= SEEN


def test_a_text_as_the_device_of_a_storage_is_searched(tmp_path):
    data = proto(2) + b"}" + text("s") + LOCATION + b"s."
    assert channels(tmp_path, pack(checkpoint(data, ("archive/data/0", b"")))) >= SEEN


@pytest.mark.parametrize("pickle", ["system", "version"])
def test_the_small_pickles_of_the_old_format_are_searched(tmp_path, pickle):
    system = {"protocol_version": 1001, "little_endian": True, **({"note": SECRET} if pickle == "system" else {})}
    version = proto(2) + (text() + b"0" if pickle == "version" else b"") + emit(1001, 2) + b"."
    data = long_magic() + version + stream(system, 2) + stream({}, 2) + stream([], 2)
    assert channels(tmp_path, data) >= SEEN


@pytest.mark.parametrize("new", [True, False])
def test_what_torch_writes_has_none(tmp_path, new):
    value = {
        "w": torch.ones(2),
        "raw": b"abcdefgh",
        "tuple": ("first", {"second": "third"}),
        "device": torch.device("cpu"),
    }
    out = io.BytesIO()
    torch.save(value, out, _use_new_zipfile_serialization=new)
    path = tmp_path / "file"
    path.write_bytes(out.getvalue())
    with open_checkpoint(path) as opened:
        assert parts_of(opened).survey.loose == 0
