"""exeat minimise: what it says and how it exits."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from exeat.cli import app
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.minimisation import Minimisation

LIGHTNING = Path(__file__).resolve().parents[2] / "data" / "evidence" / "checkpoints" / "c_lightning.ckpt"


def run(*arguments):
    return CliRunner().invoke(app, ["minimise", *map(str, arguments)])


def test_it_tells_bytes_before_and_after_and_what_was_closed(tmp_path):
    out, report = tmp_path / "o.safetensors", tmp_path / "o.json"
    done = run(LIGHTNING, "-o", out, "--report", report)
    assert done.exit_code == 0, done.output
    size = out.stat().st_size
    assert f"o.safetensors: {size:,} bytes of the 124,364 of c_lightning.ckpt." in done.stdout
    assert "absolute path in hyperparameters" in done.stdout
    assert "member indices in member indices: 898" in done.stdout
    assert "optimizer state, 77,272 bytes: not chosen" in done.stdout
    assert "Channels left: none" in done.stdout
    record = parse_document(report.read_bytes(), Minimisation)
    assert record.output_sha256 == digest_of(out.read_bytes())


def test_json_is_the_record(tmp_path):
    done = run(LIGHTNING, "-o", tmp_path / "o", "--json", "--dtype", "bfloat16", "--keep", "weights")
    record = json.loads(done.stdout)
    assert record["schema"] == "exeat-minimisation/1"
    assert record["change"]["tensors"] == 4


def test_a_change_is_said_loudly(tmp_path):
    done = run(LIGHTNING, "-o", tmp_path / "o", "--dtype", "float16")
    assert "CHANGED: 4 tensors to F16; the largest difference is" in done.stdout


def test_left_channels_come_with_their_remedy(tmp_path):
    done = run(LIGHTNING, "-o", tmp_path / "o", "--keep", "optimizer_state", "--prefix", "optimizer_states.0")
    assert "Channels left:\n  optimizer state in optimizer state" in done.stdout


@pytest.mark.parametrize("what", ["there", "report there", "one file", "no folder", "bad kind", "bad dtype"])
def test_wrong_use_exits_2_and_touches_nothing(tmp_path, what):
    (tmp_path / "there").write_bytes(b"kept")
    out = tmp_path / "o"
    arguments = {
        "there": ["-o", tmp_path / "there"],
        "report there": ["-o", out, "--report", tmp_path / "there"],
        "one file": ["-o", out, "--report", out],
        "no folder": ["-o", tmp_path / "none" / "o"],
        "bad kind": ["-o", out, "--keep", "everything"],
        "bad dtype": ["-o", out, "--dtype", "float8"],
    }[what]
    assert run(LIGHTNING, *arguments).exit_code == 2
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("there", b"kept")]


class Bomb:
    def __reduce__(self):
        return os.system, ("true",)


def test_an_unsafe_source_exits_4_an_unreadable_one_3(tmp_path):
    torch.save({"w": torch.ones(2), "x": Bomb()}, tmp_path / "bomb.pt")
    unsafe = run(tmp_path / "bomb.pt", "-o", tmp_path / "o")
    assert unsafe.exit_code == 4
    assert "system" in unsafe.stderr
    assert run(tmp_path / "missing", "-o", tmp_path / "o").exit_code == 3
    (tmp_path / "text").write_text("no checkpoint")
    assert run(tmp_path / "text", "-o", tmp_path / "o").exit_code in (3, 4)
    assert not (tmp_path / "o").exists()
