"""exeat audit from the shell: what it writes, how it exits, and that its report stays with its files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from exeat.cli import app
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport
from tests.unit.audit.engine.taking_in import ingest
from tests.unit.audit.engine.toys import JOB, save, toy
from tests.unit.evidence.factories_evidence import as_bytes, manifest

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments):
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A folder in which a job was audited."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "audit_target.py").write_text(JOB.format(root=str(ROOT)))
    weights = save(toy(), folder)
    done = run(
        folder / "audit_target.py", "--checkpoint", weights, "--checkpoint-id", "toy-v1", "-o", folder / "report.json",
        "--seed", 5, "--only-membership",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder, done


def test_the_report_is_bound_to_the_files_and_private(audited):
    folder, _ = audited
    report = parse_document((folder / "report.json").read_bytes(), RiskReport)
    assert report.subject.component_sha256 == (digest_of((folder / "model.safetensors").read_bytes()),)
    assert report.__pydantic_extra__["x_settings"]["code"] == digest_of((folder / "audit_target.py").read_bytes())
    withheld = folder / f"{report.worst_records.withheld_sha256.removeprefix('sha256:')}.withheld.parquet"
    assert withheld.stat().st_mode & 0o777 == 0o600
    assert (folder / "report.json.audit").stat().st_mode & 0o777 == 0o700


def test_people_are_told_what_was_found_and_what_stays_inside(audited):
    _, done = audited
    row = next(line for line in done.stdout.splitlines() if line.startswith("  loss "))
    assert re.fullmatch(r"  loss +0\.\d{4} \[[01]\.\d{4}, [01]\.\d{4}\] .*not measured +not measured *", row)
    reasons = [line for line in done.stdout.splitlines() if "60 non-members cannot resolve" in line]
    assert ["0.01" in line for line in reasons] == [True, True]
    assert "Epsilon, not claimed" in done.stdout
    assert "Next: exeat ingest" in done.stdout
    assert "as sensitive as the data" in done.stderr
    assert "[100 %]" in done.stderr


def test_the_report_stays_with_its_checkpoint(audited, tmp_path):
    """Done means 3: a report cannot be attached to another checkpoint."""
    folder, _ = audited
    weights = (folder / "model.safetensors").read_bytes()
    mine = as_bytes(manifest(checkpoint_id="toy-v1", weights=weights))
    other = as_bytes(manifest(checkpoint_id="toy-v1", weights=weights + b" "))
    report = (folder / "report.json").read_bytes()
    taken, attached = ingest(tmp_path / "mine", mine, report)
    assert (len(taken.accepted), taken.rejected, len(attached)) == (2, [], 1)
    refused, attached = ingest(tmp_path / "other", other, report)
    assert "no manifest of toy-v1 lists" in refused.rejected[0].reason
    assert attached == ()


def test_a_program_with_files_of_records_needs_no_code(tmp_path):
    target = toy()
    sizes = {0: torch.export.Dim("n")}
    program = torch.export.export(target.model, (target.members.x[:2],), dynamic_shapes=(sizes,))
    torch.export.save(program, tmp_path / "m.pt2")
    for name, records in (("in", target.members), ("out", target.non_members)):
        np.savez(tmp_path / f"{name}.npz", x=records.x.numpy(), y=records.y.numpy())
    done = run(
        "--program", tmp_path / "m.pt2", "--members", tmp_path / "in.npz", "--non-members", tmp_path / "out.npz",
        "--checkpoint", tmp_path / "m.pt2", "--checkpoint-id", "toy-v1", "-o", tmp_path / "r.json",
        "--json", "--only-membership",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    report = parse_document(done.stdout.encode(), RiskReport)
    assert report.subject.component_sha256 == (digest_of((tmp_path / "m.pt2").read_bytes()),)
    assert report.to_bytes() == (tmp_path / "r.json").read_bytes()


def test_other_weights_than_the_file_s_are_refused(audited, tmp_path):
    folder, _ = audited
    save(toy(model=toy().model[0]), tmp_path)
    done = run(
        folder / "audit_target.py", "--checkpoint", tmp_path / "model.safetensors", "--checkpoint-id", "toy-v1",
        "-o", tmp_path / "r.json",
    )  # fmt: skip
    assert done.exit_code == 3
    assert "of the model's 4 tensors are not those of the checkpoint" in done.stderr
    assert not (tmp_path / "r.json").exists()


WRONG = {
    "nothing": [],
    "no checkpoint": ["job.py", "--checkpoint-id", "c", "-o", "o.json"],
    "no id": ["job.py", "--checkpoint", "w", "-o", "o.json"],
    "bad id": ["job.py", "--checkpoint", "w", "--checkpoint-id", "Ä", "-o", "o.json"],
    "no output": ["job.py", "--checkpoint", "w", "--checkpoint-id", "c"],
    "both": ["job.py", "--program", "m.pt2", "--checkpoint", "w", "--checkpoint-id", "c", "-o", "o.json"],
    "no records": ["--program", "m.pt2", "--checkpoint", "w", "--checkpoint-id", "c", "-o", "o.json"],
    "no such attack": ["job.py", "--checkpoint", "w", "--checkpoint-id", "c", "-o", "o.json", "--attacks", "moon"],
    "bad delta": ["job.py", "--checkpoint", "w", "--checkpoint-id", "c", "-o", "o.json", "--delta", "x"],
    "report there": ["job.py", "--checkpoint", "w", "--checkpoint-id", "c", "-o", "there"],
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_use_exits_2_and_makes_nothing(tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("kept")
    done = run(*WRONG[what])
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_files_that_are_not_there_exit_3(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("job.py", "--checkpoint", "w", "--checkpoint-id", "c", "-o", "o.json")
    assert done.exit_code == 3
    assert "cannot be read" in done.stderr


def test_help_shows_two_whole_commands():
    shown = run("--help").stdout
    assert shown.count("exeat audit ") >= 2
    assert "--checkpoint" in shown
