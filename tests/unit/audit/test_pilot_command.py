"""``exeat pilot`` as a person types it; the job's code runs in a real child process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exeat.audit.pilots.copies import file_sha256
from exeat.cli import app
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.manifest import Safeguard
from exeat.model.risk_report import RiskReport
from tests.unit.audit.pilots.scene import case

ROOT = Path(__file__).resolve().parents[3]
JOB = f"""
import os, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from dataclasses import replace
from safetensors.torch import load_file
from exeat.audit import Target
from tests.unit.audit.pilots.scene import Net, recipe as usual, records

HERE = Path(__file__).parent
WEIGHTS = HERE / "checkpoint" / "model.safetensors"
(HERE / "ran-in").write_text(str(os.getpid()))

def target():
    model = Net()
    model.load_state_dict(load_file(WEIGHTS))
    return Target(model, records(1, 120), records(2, 120), "net-v1", ())

def recipe():
    return usual(epochs=10)
"""
TRIED = ("pruning", "weight_noise:scale=1e39", "label_only")


def typed(*words):
    return CliRunner().invoke(app, ["pilot", *map(str, words)])


def asked(home, *more, job="job.py", output="pilots.json", folder="pilots"):
    return typed(
        home / job, "--checkpoint", home / "checkpoint" / "model.safetensors", "--checkpoint-id", "net-v1",
        "--protections", ",".join(TRIED), "--folder", home / folder, "-o", home / output, "--seed", "3",
        "--shadows", "4", "--date", "2026-06-01T09:00:00Z", *more,
    )  # fmt: skip


def made(home, code=JOB):
    case(home / "checkpoint", epochs=10)
    (home / "job.py").write_text(code)
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return made(tmp_path_factory.mktemp("pilot"))


@pytest.fixture(scope="module")
def done(home):
    before = file_sha256(home / "checkpoint" / "model.safetensors")
    result = asked(home, "--json")
    assert result.exit_code == 0, result.output
    assert file_sha256(home / "checkpoint" / "model.safetensors") == before
    return json.loads(result.stdout)


def test_a_study_gives_a_report_about_the_checkpoint_and_entries_for_its_manifest(home, done):
    data = (home / "pilots.json").read_bytes()
    report = parse_document(data, RiskReport)
    assert done["report_sha256"] == digest_of(data)
    assert done["original_sha256"] == list(report.subject.component_sha256)
    assert [p["pilot"] for p in done["pilots"]] == ["original", "pruning", "weight-noise-scale-1e39", "label-only"]
    assert [p["worked"] for p in done["pilots"]] == [True, True, False, True]
    assert "not finite" in done["pilots"][2]["reason"]
    cited = {entry["pilot"]: entry["safeguards"][0] for entry in done["manifest_entries"]}
    assert set(cited) == {"pruning", "label-only"}
    guard = Safeguard.model_validate_json(json.dumps(cited["pruning"]))
    assert (guard.piloted_on, guard.evidence_sha256) == ("net-v1", digest_of(data))


def test_the_job_s_code_runs_in_another_process(home, done):
    import os  # noqa: PLC0415 for this comparison

    assert (home / "ran-in").read_text() != str(os.getpid())


def test_each_copy_lies_beside_a_report_of_its_own(home, done):
    own = parse_document((home / "pilots" / "pruning.report.json").read_bytes(), RiskReport)
    assert own.subject.component_sha256 == (file_sha256(home / "pilots" / "pruning.safetensors"),)


@pytest.mark.slow
def test_the_same_seed_and_date_give_the_same_bytes_and_copies_can_be_cleared(home, done):
    again = asked(home, output="again.json", folder="other")
    assert again.exit_code == 0, again.output
    assert (home / "again.json").read_bytes() == (home / "pilots.json").read_bytes()
    assert "FAILED: after the protection" in again.stdout
    assert "Accuracy 0." in again.stdout
    kept = typed("--folder", home / "other", "--keep", "pruning", "--json")
    assert json.loads(kept.stdout)["removed"]
    assert {p.name for p in (home / "other").iterdir()} == {
        "exeat-pilots.json", "pruning.json", "pruning.report.json", "pruning.safetensors",
    }  # fmt: skip
    gone = typed("--folder", home / "other", "--discard")
    assert "The checkpoint itself was never touched" in gone.stdout
    assert not (home / "other").exists()


def test_the_cost_is_told_without_trying_anything(home):
    result = typed(
        home / "job.py", "--checkpoint", home / "checkpoint" / "model.safetensors", "--checkpoint-id", "net-v1",
        "--protections", "dp_finetune:epochs=5,synthetic", "--folder", home / "never", "--estimate", "--json",
    )  # fmt: skip
    assert json.loads(result.stdout) == {
        "trainings": {"shadow models": 16, "dp-finetune-epochs-5": 17, "synthetic": 1},
        "in_all": 34,
    }
    assert not (home / "never").exists()


HOSTILE = {
    "writes to the checkpoint at its end": (
        f"{JOB}\nimport atexit\natexit.register(WEIGHTS.write_bytes, b'x')",
        5,
        "changed",
    ),
    "writes to the checkpoint and fails": (f"{JOB}\nWEIGHTS.write_bytes(b'x')\n1 / 0", 5, "changed"),
    "has no recipe": (JOB.split("def recipe", maxsplit=1)[0], 3, "defines no recipe()"),
    "has other weights": (JOB.replace("model.load_state_dict", "str"), 3, "are not those of the checkpoint"),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", HOSTILE)
def test_a_job_that_cannot_be_trusted_leaves_no_report(tmp_path, how):
    code, exit_code, said = HOSTILE[how]
    result = asked(made(tmp_path, code))
    assert (result.exit_code, said in result.stderr) == (exit_code, True), result.output
    assert not (tmp_path / "pilots.json").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--protections", "prunning"], 3, "There is no protection 'prunning'"),
        (["--date", "yesterday"], 3, "is no moment"),
        (["--date", "2026-06-01"], 3, "has no zone"),
        (["--checkpoint-id", "Net V1"], 2, "is no id"),
        (["--keep", "pruned"], 2, "no pilot 'pruned' to keep"),
        (["--keep", "pruning", "--discard"], 2, "exclude each other"),
        (["--folder", "{home}/checkpoint/pilots"], 3, "not apart from the folder"),
        (["--folder", "{home}/mine"], 3, "already holds thesis.tex"),
        (["-o", "{home}/job.py"], 2, "There is a job.py already"),
    ],
)
def test_wrong_usage_gets_a_sentence_before_anything_is_written(home, words, code, said):
    (home / "mine").mkdir(exist_ok=True)
    (home / "mine" / "thesis.tex").write_text("mine")
    result = asked(home, *(word.format(home=home) for word in words), output="unwritten.json", folder="unmade")
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert not (home / "unwritten.json").exists()
    assert not (home / "unmade").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["job.py"], "Copies need --folder"),
        (["--folder", "x"], "Give a job file, or --keep or --discard"),
        (["job.py", "--folder", "x"], "need --checkpoint and --checkpoint-id"),
        (["job.py", "--folder", "x", "--checkpoint", "w", "--checkpoint-id", "a"], "needs --output"),
    ],
)
def test_what_is_missing_is_said(words, said):
    result = typed(*words)
    assert (result.exit_code, said in result.stderr) == (2, True), result.output


def test_only_a_folder_of_pilots_can_be_cleared(home):
    result = typed("--folder", home / "checkpoint", "--discard")
    assert result.exit_code == 1
    assert "is not a folder of pilots" in result.stderr
    assert (home / "checkpoint" / "model.safetensors").exists()
