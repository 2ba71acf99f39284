import os
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch
from safetensors.torch import load_file

from exeat.audit.pilots.copies import file_sha256
from exeat.audit.pilots.finetune import DpFinetune
from exeat.audit.pilots.outputs import LabelOnly, Rounding
from exeat.audit.pilots.protection import Protection, state_digest
from exeat.audit.pilots.study import study, trainings
from exeat.audit.pilots.surrogate import Surrogate
from exeat.audit.pilots.synthetic import Synthetic
from exeat.audit.pilots.weights import Pruning, Quantisation, WeightNoise
from exeat.errors import BadInput, Tampered
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport
from tests.unit.audit.pilots.scene import DATE, Net, case, recipe

SIX = (
    WeightNoise(scale=0.5), Pruning(), Rounding(), LabelOnly(), DpFinetune(start="fresh", epochs=8), Synthetic(),
)  # fmt: skip


def run(tmp_path, protections, name="pilots", **settings):
    target, how, path = case(tmp_path / "checkpoint", epochs=60)
    given = {"seed": 5, "shadows": 4, "originals": [path], "date": DATE, **settings}
    return study(target, how, protections, folder=tmp_path / name, **given)


@pytest.fixture(scope="module")
def six(tmp_path_factory):
    home = tmp_path_factory.mktemp("six")
    return home, run(home, SIX)


def pilots(report):
    return {pilot.pilot_id: pilot for pilot in report.pilots}


def test_there_is_one_pilot_per_protection_and_the_original(six):
    _, report = six
    assert list(pilots(report)) == [
        "original", "weight-noise-scale-0.5", "pruning", "rounding", "label-only",
        "dp-finetune-epochs-8-start-fresh", "synthetic",
    ]  # fmt: skip
    assert parse_document(report.to_bytes(), RiskReport) == report
    for pilot in report.pilots:
        accuracy = pilot.utility[0]
        assert accuracy.ci_low <= accuracy.value <= accuracy.ci_high
        assert any(i.indicator_id.endswith(".auc") and i.ci_low is not None for i in pilot.indicators)
        assert any(i.fpr is not None and float(i.fpr) == 0.01 for i in pilot.indicators)


def test_the_report_s_own_indicators_are_about_the_checkpoint_alone(six):
    home, report = six
    assert report.indicators == report.pilots[0].indicators
    assert report.subject.component_sha256 == (file_sha256(home / "checkpoint" / "model.safetensors"),)


def test_copies_are_files_of_their_own_that_the_same_class_loads(six):
    home, report = six
    for name, pilot in pilots(report).items():
        path = home / "pilots" / f"{name}.safetensors"
        assert path.exists() == (pilot.copy_sha256 is not None)
        if pilot.kind in ("weight_noise", "pruning", "dp_finetune"):
            assert pilot.copy_sha256 == file_sha256(path) not in report.subject.component_sha256
            Net().load_state_dict(load_file(path))
    assert pilots(report)["rounding"].copy_sha256 is None
    assert set(load_file(home / "pilots" / "synthetic.safetensors")) == {"x", "y"}
    assert not (home / "pilots" / "shadows").exists()


def test_two_runs_with_one_seed_are_the_same_byte_for_byte(six, tmp_path):
    _, report = six
    assert run(tmp_path, SIX).to_bytes() == report.to_bytes()
    assert run(tmp_path, SIX[:2], name="other", seed=6).pilots[1].copy_sha256 != report.pilots[1].copy_sha256


def test_the_list_s_order_changes_nothing_of_a_pilot(six, tmp_path):
    _, report = six
    again = run(tmp_path, (SIX[3], SIX[1], SIX[0]))
    for pilot in again.pilots:
        assert pilot == pilots(report)[pilot.pilot_id]


def test_a_protection_that_breaks_the_copy_is_kept_as_failed_and_the_rest_goes_on(tmp_path):
    report = run(tmp_path, (WeightNoise(scale=1e39), Quantisation()))
    broken, fine = report.pilots[1:]
    assert broken.copy_sha256 is None
    assert [i.status for i in broken.indicators] == ["failed"]
    assert "not finite" in broken.indicators[0].reason
    assert (broken.utility[0].id, broken.utility[0].value) == ("answered", 0)
    assert fine.indicators[0].status == "measured"


def test_a_student_is_tested_on_what_it_did_not_learn_from(tmp_path):
    report = run(tmp_path, (Surrogate(width=4, epochs=60),))
    student = report.pilots[1]
    assert student.approximation.id == "agreement"
    assert student.approximation.n == 60
    assert {i.n_out for i in student.indicators} == {60}
    assert student.limits
    assert student.copy_sha256


def test_a_read_only_original_is_enough(tmp_path):
    target, how, path = case(tmp_path / "checkpoint", epochs=5)
    path.chmod(0o400)
    path.parent.chmod(0o500)
    before = (file_sha256(path), path.stat().st_mtime_ns, state_digest(target.model))
    study(target, how, [Pruning()], seed=1, folder=tmp_path / "p", shadows=2, originals=[path])
    assert (file_sha256(path), path.stat().st_mtime_ns, state_digest(target.model)) == before
    path.parent.chmod(0o700)


def test_an_original_that_changes_meanwhile_is_an_alarm(tmp_path):
    target, how, path = case(tmp_path / "checkpoint", epochs=5)

    def meddle(stage):
        if stage == "pilot pruning":
            path.write_bytes(b"other")

    with pytest.raises(Tampered, match=r"model\.safetensors changed"):
        study(target, how, [Pruning()], seed=1, folder=tmp_path / "p", shadows=2, originals=[path], progress=meddle)


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace(Protection):
    """What a careless protection would do."""

    kind: ClassVar = "pruning"
    title: ClassVar = "in place"

    def protect(self, model, data, seed):
        with torch.no_grad():
            model.first.weight.zero_()
        return model


def test_a_protection_that_changes_the_model_itself_is_an_alarm(tmp_path):
    with pytest.raises(Tampered, match="in memory"):
        run(tmp_path, [InPlace()])


def test_a_report_is_bound_to_the_files_that_were_copied(tmp_path):
    target, how, path = case(tmp_path / "checkpoint", epochs=5)
    other = replace(target, component_sha256=("sha256:" + "0" * 64,))
    with pytest.raises(BadInput, match="none of the files"):
        study(other, how, [Pruning()], seed=1, folder=tmp_path / "p", shadows=2, originals=[path])
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("protections", "said"), [((), "No protection was named"), ((Pruning(), Pruning()), "pruning is named twice")]
)
def test_a_list_that_makes_no_sense_is_refused(tmp_path, protections, said):
    with pytest.raises(BadInput, match=said):
        run(tmp_path, protections)


def test_one_shadow_is_not_enough(tmp_path):
    with pytest.raises(BadInput, match="at least 2"):
        run(tmp_path, [Pruning()], shadows=1)


def test_a_copy_that_is_gone_is_made_again(tmp_path):
    first = run(tmp_path, [Pruning(), Rounding()])
    copied = tmp_path / "pilots" / "pruning.safetensors"
    copied.write_bytes(b"half")
    stages = []
    again = run(tmp_path, [Pruning(), Rounding()], progress=stages.append)
    assert again.to_bytes() == first.to_bytes()
    assert stages == ["4 shadow models", "pilot pruning"]
    assert file_sha256(copied) == first.pilots[1].copy_sha256


KILLED = """
import sys
from pathlib import Path
from exeat.audit.pilots.study import study
from exeat.audit.pilots.weights import Pruning, WeightNoise
from tests.unit.audit.pilots.scene import DATE, case
home = Path(sys.argv[1])
target, how, path = case(home / "checkpoint", epochs=60)
def stage(name):
    print(name, flush=True)
    if name == "pilot weight-noise" and sys.argv[2] == "wait":
        sys.stdin.read()
report = study(target, how, [Pruning(), WeightNoise()], seed=5, folder=home / "pilots", shadows=4, originals=[path],
               date=DATE, progress=stage)
Path(home / "report.json").write_bytes(report.to_bytes())
"""


def child(home, wait):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(home), wait],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


@pytest.mark.slow
def test_a_study_that_is_killed_leaves_the_original_alone_and_goes_on(tmp_path):
    with child(tmp_path, "wait") as first:
        stages = [first.stdout.readline().strip() for _ in range(4)]
        first.kill()
    assert stages[-1] == "pilot weight-noise"
    path = tmp_path / "checkpoint" / "model.safetensors"
    before = file_sha256(path)
    assert not (tmp_path / "report.json").exists()
    with child(tmp_path, "on") as second:
        said, _ = second.communicate()
    assert second.returncode == 0
    assert said.split("\n")[:-1] == ["4 shadow models", "pilot weight-noise"]
    assert file_sha256(path) == before
    whole = run(tmp_path / "whole", [Pruning(), WeightNoise()])
    assert (tmp_path / "report.json").read_bytes() == whole.to_bytes()


def test_the_cost_is_told_in_trainings():
    costs = dict(trainings([Pruning(), DpFinetune(epochs=20), Synthetic()], recipe(epochs=40), 16))
    assert costs == {"shadow models": 16, "pruning": 0, "dp-finetune": 17, "synthetic": 1}
