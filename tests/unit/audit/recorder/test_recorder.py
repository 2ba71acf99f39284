"""A recorded run from the first line to the command line's assessment."""

import copy
import json
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from typer.testing import CliRunner

from exeat.audit.canaries import canary_records
from exeat.audit.recorder import Recorder, read_lines
from exeat.cli import app
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.manifest import Manifest
from exeat.model.risk_report import RiskReport
from tests.unit.audit.recorder.runs import ABOUT, blobs, halves, network, one_epoch, recorded_run, unlimited
from tests.unit.audit.recorder.test_privacy import private_run


def complete(**more):
    """Everything that only people know, with dates that today needs."""
    soon = datetime.now(UTC).date() + timedelta(days=300)
    governance = {
        "approval_ref": "A-1", "pia_ref": "P-1", "pia_status": "signed_validation", "pia_review_due": soon,
        "dpo_opinion": "favourable", "monitoring": "Access is checked daily.",
    }  # fmt: skip
    retention = {"retain_until": soon, "revocation_procedure": "Write to the custodian."}
    return copy.deepcopy(ABOUT) | {"governance": governance, "retention": retention} | more


def report_of(recorded):
    return parse_document(recorded.written.report.read_bytes(), RiskReport)


def assess(recorded):
    paths = ["--manifest", str(recorded.written.manifest), "--report", str(recorded.written.report)]
    done = CliRunner().invoke(app, ["assess", *paths, "--tier", "T2", "--json"])
    return {found["check"]: found for found in json.loads(done.stdout)["findings"]}


FROM_THE_MANIFEST = ("P4", "D1", "D2", "D4", "M1", "M3", "M4", "M5", "R11", "S4", "T1", "T4", "G1", "G3", "G4")
"""Items whose answer stands in the manifest: what the loop knows, with what people were asked for by name."""


def test_the_manifest_passes_assess_with_nothing_missing(tmp_path):
    recorded, _ = recorded_run(tmp_path / "run", about=complete())
    assert recorded.written.gaps == ()
    findings = assess(recorded)
    assert {name: findings[name]["verdict"] for name in FROM_THE_MANIFEST} == dict.fromkeys(FROM_THE_MANIFEST, "pass")
    left = {name for name, found in findings.items() if found["verdict"] in {"fail", "not_measured"}}
    assert left <= {"R1", "R2", "R3", "R5", "R7", "R8", "R12"}, "what only an audit can measure"


@pytest.mark.filterwarnings("ignore")
def test_the_manifest_of_a_private_run_passes_assess_as_well(tmp_path):
    dp = {"tuning_accounted": True, "trust_model": "central"}
    recorder, _ = private_run(tmp_path / "run", about=complete(dp=dp))
    findings = assess(recorder.finish())
    asked = (*FROM_THE_MANIFEST, "E1", "E2", "E3", "S2")
    assert {name: findings[name]["verdict"] for name in asked} == dict.fromkeys(asked, "pass")
    assert findings["E4"]["verdict"] == "warn", "a loss attack that shows nothing is no evidence for the claim"


def test_recording_changes_no_weight(tmp_path):
    _, recorded = recorded_run(tmp_path / "run")
    train, _ = halves()
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(6):
        one_epoch(model, optimizer, train)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), recorded.parameters(), strict=True))


def test_the_manifest_holds_what_the_loop_knew(tmp_path):
    recorded, model = recorded_run(tmp_path / "run", about=complete(), total_epochs=9, seeds=("data-split",))
    manifest = parse_document(recorded.written.manifest.read_bytes(), Manifest)
    assert (manifest.epoch, manifest.global_step, manifest.total_epochs) == (6, 18, 9)
    assert manifest.hyperparameters | {"optimizer": "Adam", "learning_rate": "0.02"} == manifest.hyperparameters
    assert [(seed.name, seed.value, seed.released) for seed in manifest.seeds] == [
        ("torch", None, False), ("data-split", None, False)]  # fmt: skip
    assert manifest.model.n_parameters == sum(p.numel() for p in model.parameters())
    assert manifest.model.family == "multilayer perceptron"
    assert [source.n_records for source in manifest.data_sources] == [120, 120]
    assert manifest.training.framework_version == torch.__version__
    for component in manifest.components:
        data = (tmp_path / "run" / "checkpoint" / component.path).read_bytes()
        assert (component.sha256, component.bytes) == (digest_of(data), len(data))
    model.eval()
    (x, y) = halves()[1]
    with torch.no_grad():
        hits = int((model(x).argmax(1) == y).sum())
    test = next(metric for metric in manifest.metrics if metric.split == "test")
    assert float(test.value) == pytest.approx(hits / 120, abs=1e-9)
    assert test.ci_low < test.value < test.ci_high


def test_without_answers_there_is_a_draft_and_a_list_of_questions(tmp_path):
    recorded, _ = recorded_run(tmp_path / "run")
    assert recorded.written.manifest is None
    assert json.loads(recorded.written.draft.read_bytes())["epoch"] == 6
    paths = {gap.path for gap in recorded.written.gaps}
    assert {"purpose", "governance.approval_ref", "data_sources[ward-v1-train].n_units"} <= paths
    assert not any(path.startswith(("components", "metrics", "epoch", "hyperparameters", "model.n_")) for path in paths)
    assert all(path in (tmp_path / "run" / "missing.md").read_text() for path in paths)
    described = CliRunner().invoke(app, ["describe", str(recorded.written.draft), "--json"])
    assert described.exit_code == 1


def test_what_is_missing_is_known_before_training(tmp_path):
    train, test = halves()
    model = network()
    recorder = Recorder(tmp_path / "run", model, checkpoint_id="ward-v1", train=train, test=test)
    before = {gap.path for gap in recorder.missing()}
    recorder.epoch()
    assert before == {gap.path for gap in recorder.finish().written.gaps}


def test_the_trace_is_the_same_in_parquet_and_in_the_report(tmp_path):
    recorded, _ = recorded_run(tmp_path / "run")
    report = report_of(recorded)
    rows = pq.read_table(recorded.written.trace).to_pylist()
    assert report.trace.parquet_sha256 == digest_of(recorded.written.trace.read_bytes())
    assert [one.epoch for one in report.trace.epochs] == [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    for one, row in zip(report.trace.epochs, rows, strict=True):
        for name in ("train_loss", "test_loss", "test_accuracy", "mia_auc", "mia_auc_high", "gradient_norm_q50"):
            assert float(getattr(one, name)) == pytest.approx(row[name], abs=1e-8)
        assert row["loss_gap"] == pytest.approx(row["test_loss"] - row["train_loss"])
        assert one.weights_sha256 == row["weights_sha256"]
    ids = {one.indicator_id for one in report.indicators}
    assert ids == {"mia.loss.auc", "mia.loss.tpr_at_fpr", "gen.gap"}
    auc = next(one for one in report.indicators if one.indicator_id == "mia.loss.auc")
    assert float(auc.value) == pytest.approx(rows[-1]["mia_auc"], abs=1e-6)


def test_learning_by_heart_shows_in_attack_and_canaries_and_no_document_holds_a_canary(tmp_path):
    x, y = blobs(640, features=24)
    train, test = (x[:120], y[:120]), (x[120:240], y[120:240])
    canaries = canary_records(x[240:], y[240:], 200, seed=3, n_classes=2)
    put_in = canaries.included()
    data = (torch.cat([train[0], put_in.x]), torch.cat([train[1], put_in.y]))
    model = network(width=128, features=24)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    options = {"train": train, "test": test, "canaries": canaries, "gradient_sample": 20}
    recorder = Recorder(tmp_path / "run", model, optimizer, checkpoint_id="a", **options)
    unlimited(recorder)
    for _ in range(22):
        one_epoch(model, optimizer, data)
        recorder.epoch()
    recorded = recorder.finish()
    first, last = recorder._journal.rows[0], recorder._journal.rows[-1]
    assert first["canary_exposure"] < 2
    assert last["canary_exposure"] > 3
    assert last["canary_exposure_low"] <= last["canary_exposure"] <= last["canary_exposure_high"]
    assert last["mia_auc"] > max(0.75, first["mia_auc"])
    report = report_of(recorded)
    assert report.trace.n_canaries == int(canaries.inside.sum())
    found = next(one for one in report.indicators if one.indicator_id == "mem.canary.exposure")
    assert float(found.value) == pytest.approx(last["canary_exposure"], abs=1e-6)
    bounds = [one for one in report.indicators if one.indicator_id == "dp.epsilon_lower"]
    assert len(bounds) == 2  # binomial, and by the trade-off curve; together they hold at 95 %
    assert all(1 < float(one.value) <= float(one.attack_params["ceiling"]) for one in bounds)
    values = {f"{value:.5f}" for value in canaries.records.x.flatten().tolist() if abs(value) > 0.01}
    texts = "".join(p.read_text() for p in (tmp_path / "run").rglob("*") if p.suffix in {".json", ".jsonl", ".md"})
    assert not any(value in texts for value in values)


def longest_list(value):
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max([len(value) if isinstance(value, list) else 0, *map(longest_list, children)])


def test_no_document_has_a_row_per_record(tmp_path):
    recorded, _ = recorded_run(tmp_path / "run", about=complete())
    for path in (recorded.written.report, recorded.written.manifest, tmp_path / "run" / "recorder.json"):
        assert longest_list(json.loads(path.read_bytes())) < 20
    assert pq.read_table(recorded.written.trace).num_rows == 6
    assert set(load_file(tmp_path / "run" / "checkpoint" / "model.safetensors")) == set(network().state_dict())


def test_with_no_time_at_all_the_last_epoch_is_still_measured(tmp_path):
    recorded, _ = recorded_run(tmp_path / "run", everything=False, share=1e-9)
    rows = pq.read_table(recorded.written.trace).to_pylist()
    assert [row["train_loss"] is not None for row in rows] == [False] * 5 + [True]
    assert rows[0]["note"].startswith("not measured")
    assert "1 of 6 epochs were measured" in report_of(recorded).notes
    assert "nothing to choose" in recorded.recommendation.sentence


def test_losses_of_batches_are_averaged_where_they_are_given(tmp_path):
    recorded_run(tmp_path / "run", epochs=2)
    assert all(row["running_loss"] > 0 for row in read_lines(tmp_path / "run"))


def test_a_model_without_classes_and_without_optimizer(tmp_path):
    train, test = ((x, x[:, 1] * 2) for x, _ in halves())
    model = network(outputs=1)
    recorder = Recorder(tmp_path / "run", model, checkpoint_id="a", train=train, test=test)
    recorder.step(cross_entropy(torch.zeros(1, 2), torch.tensor([0])))
    recorder.epoch()
    recorded = recorder.finish()
    draft = json.loads(recorded.written.draft.read_bytes())
    assert draft["global_step"] == 1
    assert [(one["id"], one["unit"]) for one in draft["metrics"]] == [("train-loss", "loss"), ("test-loss", "loss")]
    gap = next(one for one in report_of(recorded).indicators if one.indicator_id == "gen.gap")
    assert gap.status == "not_measured"
    assert "does not classify" in gap.reason
