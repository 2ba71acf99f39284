"""Killed half-way, the same command goes on where it stopped and comes to the same figures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from exeat.audit import Recipe, audit
from exeat.audit.engine import stages
from exeat.errors import BadInput
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport
from tests.unit.audit.engine.toys import JOB, network, save, toy

ROOT = Path(__file__).resolve().parents[4]
STOPS_AT = 4
SHADOWS = 6
RECIPE = """
import os, time
from exeat.audit import Recipe
from tests.unit.audit.engine.toys import overfit

HERE = Path(__file__).parent
print("child", os.getpid(), flush=True)

def train(x, y, seed):
    with (HERE / "calls").open("a") as file:
        file.write("trained\\n")
    while len((HERE / "calls").read_text().splitlines()) == {stops} and not (HERE / "go").exists():
        time.sleep(0.02)
    return overfit(x, y, seed)

def recipe():
    return Recipe(build=network, epochs=1, batch_size=8, learning_rate=0.1, train=train)
"""


def wait(until, seconds=120):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


def calls(folder):
    path = folder / "calls"
    return len(path.read_text().splitlines()) if path.exists() else 0


def gone(pid):
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def command(folder, name="r.json"):
    return [
        sys.executable, "-m", "exeat", "audit", str(folder / "job.py"), "--checkpoint",
        str(folder / "model.safetensors"), "--checkpoint-id", "toy-v1", "-o", str(folder / name), "--folder",
        str(folder / "kept"), "--shadows", str(SHADOWS), "--attacks", "loss,lira,rmia", "--only-membership",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_killed_audit_goes_on_where_it_stopped(tmp_path):
    (tmp_path / "job.py").write_text(JOB.format(root=str(ROOT)) + RECIPE.format(stops=STOPS_AT))
    save(toy(), tmp_path)
    with (tmp_path / "err").open("wb") as err:
        first = subprocess.Popen(command(tmp_path), cwd=ROOT, stdout=err, stderr=err)
        wait(lambda: calls(tmp_path) == STOPS_AT)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    child = next(line for line in (tmp_path / "err").read_text().splitlines() if line.startswith("child ")).split()[1]
    wait(lambda: gone(child))
    assert not (tmp_path / "r.json").exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept" / "shadows").glob("shadows-*")}
    assert len(kept) == STOPS_AT - 1

    (tmp_path / "go").touch()
    again = subprocess.run(command(tmp_path), cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert again.returncode == 0, again.stderr
    assert calls(tmp_path) == STOPS_AT + SHADOWS - (STOPS_AT - 1)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept

    resumed = parse_document((tmp_path / "r.json").read_bytes(), RiskReport)
    whole = subprocess.run(
        [part if part != str(tmp_path / "kept") else str(tmp_path / "fresh") for part in command(tmp_path, "w.json")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert whole.returncode == 0, whole.stderr
    assert parse_document((tmp_path / "w.json").read_bytes(), RiskReport).indicators == resumed.indicators


RECIPE_OF_NUMBERS = Recipe(build=network, epochs=2, batch_size=20, learning_rate=0.1)


def quiet(_line):
    pass


USUAL = {"recipe": RECIPE_OF_NUMBERS, "shadows": 4, "attacks": ("loss", "lira"), "say": quiet, "only_membership": True}


def run(folder, *, target=None, **changes):
    return audit(target or toy(), folder=folder, **USUAL | changes)


def test_finished_attacks_are_not_run_again(tmp_path, monkeypatch):
    first = run(tmp_path)
    monkeypatch.setattr(stages.Attacks, "_attack", lambda *_: pytest.fail("it was run again"))
    assert run(tmp_path).indicators == first.indicators


@pytest.mark.parametrize(
    "changes",
    [
        {"target": toy(model=network(5))},
        {"seed": 1},
        {"shadows": 6},
        {"recipe": Recipe(build=network, epochs=3, batch_size=20, learning_rate=0.1)},
    ],
)
def test_other_content_is_not_taken_for_the_same(tmp_path, monkeypatch, changes):
    run(tmp_path)
    ran = []
    attack = stages.Attacks._attack
    monkeypatch.setattr(stages.Attacks, "_attack", lambda self, name: ran.append(name) or attack(self, name))
    run(tmp_path, **changes)
    assert "lira" in ran


def test_a_damaged_file_is_computed_again(tmp_path):
    first = run(tmp_path)
    for path in tmp_path.glob("scores/*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    (piece,) = tmp_path.glob("shadows/shadows-*.safetensors")
    state = load_file(piece)
    save_file({name: tensor * 0 for name, tensor in state.items()}, piece)
    again = run(tmp_path)
    assert again.indicators == first.indicators
    assert "trained again" in again.notes


def test_what_is_kept_is_for_the_owner_alone(tmp_path):
    run(tmp_path / "kept")
    folders = [tmp_path / "kept", *(p for p in (tmp_path / "kept").iterdir() if p.is_dir())]
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    assert len(folders) == 3
    assert all(p.stat().st_mode & 0o777 == 0o600 for p in (tmp_path / "kept").rglob("*.npz"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="cannot be made"):
        run(tmp_path / "file" / "kept")
