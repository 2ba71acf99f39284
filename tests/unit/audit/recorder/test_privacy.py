"""What is read from Opacus while it trains, against what its engine and the policy's accountants say."""

import json

import pytest
import torch
from opacus import PrivacyEngine
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from exeat.audit.recorder import Recorder
from exeat.audit.recorder.privacy import spent
from exeat.audit.recorder.recommend import Recommendation
from exeat.policy.epsilon import dp_sgd_epsilon
from tests.unit.audit.recorder.runs import halves, network, unlimited

pytestmark = pytest.mark.filterwarnings("ignore")


def private_run(folder, *, epochs=3, noise=1.2, poisson=True, steps_before=0, **options):
    train, test = halves()
    engine = PrivacyEngine(accountant="rdp")
    model = network()
    loader = DataLoader(TensorDataset(*train), batch_size=24, shuffle=not poisson)
    model, optimizer, loader = engine.make_private(
        module=model, optimizer=torch.optim.SGD(model.parameters(), lr=0.1), data_loader=loader,
        noise_multiplier=noise, max_grad_norm=0.7, poisson_sampling=poisson,
    )  # fmt: skip
    recorder = Recorder(
        folder, model, optimizer, **{"checkpoint_id": "p-1", "train": loader, "test": test, "delta": 1e-4} | options
    )
    unlimited(recorder)
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            (cross_entropy(model(x), y) if len(x) else model(x).sum()).backward()
            optimizer.step()
        recorder.epoch()
    return recorder, engine


def test_the_claim_is_what_the_engine_did(tmp_path):
    recorder, engine = private_run(tmp_path / "run")
    claim = recorder._privacy.claim(1e-4)
    assert float(claim["epsilon"]) == pytest.approx(engine.get_epsilon(1e-4), rel=1e-6)
    expected = {
        "claimed": True, "delta": "0.000100000", "unit": "record", "neighbouring": "add_remove", "sampling": "poisson",
        "sample_rate": "0.200000000", "noise_multiplier": "1.200000000", "clip_norm": "0.700000000", "steps": 15,
        "accountant": "Rényi DP (Opacus)", "accountant_version": "1.6.0",
    }  # fmt: skip
    assert {name: claim[name] for name in expected} == expected
    assert recorder._privacy.safeguard()["kind"] == "dp_sgd"
    policy = dp_sgd_epsilon(noise_multiplier=1.2, sample_rate=0.2, steps=15, delta=1e-4)
    assert float(policy.tightest) <= float(claim["epsilon"]) <= float(policy.loosest) * 1.02


def test_epsilon_grows_over_the_trace(tmp_path):
    recorder, engine = private_run(tmp_path / "run", epochs=4)
    rows = recorder._journal.rows
    assert [row["epsilon"] for row in rows] == sorted(row["epsilon"] for row in rows)
    assert rows[0]["epsilon"] > 0
    assert rows[-1]["epsilon"] == pytest.approx(engine.get_epsilon(1e-4), rel=1e-6)
    assert [row["step"] for row in rows] == [5, 10, 15, 20]


def test_several_phases_are_added():
    one = spent(((1.0, 0.1, 30),), 1e-5)
    assert spent(((1.0, 0.1, 10), (1.0, 0.1, 20)), 1e-5) == pytest.approx(one)
    assert spent(((1.0, 0.1, 10), (2.0, 0.1, 20)), 1e-5) < one


def test_without_delta_epsilon_is_asked_for_and_not_made_up(tmp_path):
    recorder, _ = private_run(tmp_path / "run", delta=None)
    assert recorder._journal.rows[-1]["epsilon"] is None
    assert "epsilon" not in recorder._privacy.claim(None)
    assert {"dp.delta", "dp.tuning_accounted"} <= {gap.path for gap in recorder.missing()}


def test_shuffled_batches_are_no_poisson_samples(tmp_path):
    recorder, _ = private_run(tmp_path / "run", poisson=False)
    assert recorder._privacy.claim(1e-4)["sampling"] == "shuffle"


def test_clipping_without_noise_is_no_claim(tmp_path):
    recorder, _ = private_run(tmp_path / "run", noise=0.0)
    claim = recorder._privacy.claim(1e-4)
    assert claim["claimed"] is False
    assert "epsilon" not in claim
    assert "no protection" in claim["statement"]
    assert recorder._privacy.safeguard()["kind"] == "gradient_clip"


def test_the_report_of_a_private_run_is_about_plain_weights(tmp_path):
    recorder, _ = private_run(tmp_path / "run")
    recorded = recorder.finish()
    assert recorded.written.draft is not None
    names = set(torch.nn.Sequential(*network()).state_dict())
    from safetensors.torch import load_file  # noqa: PLC0415

    assert set(load_file(tmp_path / "run" / "checkpoint" / "model.safetensors")) == names


def test_a_choice_by_training_losses_is_said_not_to_be_covered(tmp_path, monkeypatch):
    recorder, _ = private_run(tmp_path / "run", keep="all")
    advice = Recommendation(2, "made up for the test")
    monkeypatch.setattr("exeat.audit.recorder.recorder.recommend", lambda looks, margin: advice)
    recorded = recorder.finish(select="recommended")
    claim = json.loads(recorded.written.draft.read_bytes())["dp"]
    assert recorded.epoch == 2
    assert "epsilon does not cover that choice" in claim["statement"]
