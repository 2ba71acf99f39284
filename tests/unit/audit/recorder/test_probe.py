"""The probe sees what plain torch sees, and leaves no trace of having looked."""

import copy

import numpy as np
import pytest
import torch
from opacus import PrivacyEngine
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from exeat.audit.recorder.data import Sample
from exeat.audit.recorder.probe import Probe, summary
from exeat.errors import BadInput
from tests.unit.audit.recorder.runs import blobs, network


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.LSTM(8, 6, batch_first=True)
        self.norm = nn.BatchNorm1d(6)
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        return self.out(self.norm(self.cells(x)[0][:, -1]))


class Named(nn.Module):
    """Takes its inputs by name and answers with an object, as language models do."""

    def __init__(self):
        super().__init__()
        self.net = network()

    def forward(self, values, mask):
        return type("Output", (), {"logits": self.net(values * mask)})()


class Branching(nn.Module):
    """Asks for a value in its forward pass, which cannot be vectorised."""

    def __init__(self):
        super().__init__()
        self.net = network()

    def forward(self, x):
        return self.net(x) if float(x.sum().detach()) < 1e9 else x


def plain_norms(model, x, y):
    model = copy.deepcopy(model).eval()
    norms = []
    for one, label in zip(x, y, strict=True):
        model.zero_grad()
        cross_entropy(model(one[None]), label[None]).backward()
        norms.append(torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item())
    return np.array(norms)


def test_losses_and_answers_are_those_of_the_model_in_eval_mode():
    model, (x, y) = network(), blobs()
    model.train()
    seen = Probe(model).answers(Sample(x, y))
    model.eval()
    with torch.no_grad():
        logits = model(x)
    assert np.allclose(seen.losses, cross_entropy(logits, y, reduction="none").numpy(), atol=1e-6)
    assert (seen.right == (logits.argmax(1) == y).numpy()).all()


@pytest.mark.parametrize("make", [network, Recurrent])
def test_gradient_norms_are_those_of_one_backward_pass_per_record(make):
    torch.manual_seed(1)
    model = make()
    x, y = blobs(30)
    x = x if make is network else x[:, None, :].expand(-1, 4, -1).clone()
    model.train()
    expected = plain_norms(model, x, y)
    found = Probe(model).gradients(Sample(x, y))
    assert found.q50 == pytest.approx(np.median(expected), rel=1e-4)
    assert found.n == 30


def test_a_model_that_cannot_be_vectorised_is_taken_record_by_record():
    model, (x, y) = Branching(), blobs(100)
    found = Probe(model).gradients(Sample(x, y))
    assert found.n == 64
    assert found.q50 == pytest.approx(np.median(plain_norms(model, x[:64], y[:64])), rel=1e-4)
    assert all(p.grad is None for p in model.parameters())


def test_looking_changes_nothing():
    torch.manual_seed(1)
    model, (x, y) = Recurrent(), blobs()
    x = x[:, None, :].expand(-1, 3, -1)
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    calls = []
    model.out.register_forward_hook(lambda *_: calls.append(1))
    probe = Probe(model)
    probe.answers(Sample(x, y))
    probe.gradients(Sample(x, y))
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert model.training
    assert model.norm.training
    assert torch.equal(torch.get_rng_state(), state)
    assert calls == []


def test_it_sees_weights_that_were_loaded_later():
    model, (x, y) = network(), blobs()
    probe = Probe(model)
    probe.answers(Sample(x, y))
    other = network(seed=5)
    model.load_state_dict(other.state_dict(), assign=True)
    assert np.allclose(probe.answers(Sample(x, y)).losses, Probe(other).answers(Sample(x, y)).losses)


def test_inputs_by_name_and_answers_with_logits():
    model, (x, y) = Named(), blobs(20)
    sample = Sample({"values": x, "mask": torch.ones_like(x)}, y)
    assert np.allclose(Probe(model).answers(sample).losses, Probe(model.net).answers(Sample(x, y)).losses)
    assert Probe(model).gradients(sample).q50 == pytest.approx(Probe(model.net).gradients(Sample(x, y)).q50, rel=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_the_hooks_of_opacus_are_left_alone():
    x, y = blobs(64)
    plain = network()
    model, optimizer, loader = private(plain, x, y)
    probe = Probe(model)
    expected = plain_norms(plain, x, y)
    assert probe.gradients(Sample(x, y)).q50 == pytest.approx(np.median(expected), rel=1e-4)
    for one, label in loader:
        optimizer.zero_grad()
        cross_entropy(model(one), label).backward()
        optimizer.step()
    assert np.isfinite(probe.answers(Sample(x, y)).losses).all()


def private(plain, x, y):
    module = copy.deepcopy(plain)
    return PrivacyEngine(accountant="rdp").make_private(
        module=module, optimizer=torch.optim.SGD(module.parameters(), lr=0.1),
        data_loader=DataLoader(TensorDataset(x, y), batch_size=16), noise_multiplier=1.0, max_grad_norm=1.0,
    )  # fmt: skip


def test_real_targets_have_a_squared_error_and_no_right_answers():
    model, (x, _) = network(outputs=1), blobs()
    target = x[:, 1]
    seen = Probe(model).answers(Sample(x, target))
    model.eval()
    with torch.no_grad():
        assert np.allclose(seen.losses, ((model(x)[:, 0] - target) ** 2).numpy(), atol=1e-6)
    assert seen.right is None


def test_a_loss_of_ones_own_is_taken_and_checked():
    model, (x, y) = network(), blobs()
    twice = Probe(model, lambda out, at: 2 * cross_entropy(out, at, reduction="none")).answers(Sample(x, y)).losses
    assert np.allclose(twice, 2 * Probe(model).answers(Sample(x, y)).losses)
    with pytest.raises(BadInput, match="losses for"):
        Probe(model, lambda out, at: cross_entropy(out, at)[None]).answers(Sample(x, y))


def test_what_is_no_loss_is_refused():
    model, (x, y) = network(), blobs()
    with pytest.raises(BadInput, match="record_loss"):
        Probe(model).answers(Sample(x, y[:, None].expand(-1, 5)))
    with pytest.raises(BadInput, match="not a finite"):
        Probe(model).answers(Sample(x * torch.inf, y))


def test_outlying_gradients_are_counted_by_the_robust_z():
    rng = np.random.default_rng(0)
    norms = np.exp(rng.normal(size=400))
    assert summary(norms).outlying <= 3
    norms[:7] = np.exp(9.0)
    assert summary(norms).outlying == 7
    assert summary(np.ones(50)).outlying == 0


def test_a_quantile_needs_ten_records_beyond_it():
    assert summary(np.arange(1.0, 100)).q90 is None
    assert summary(np.arange(1.0, 101)).q90 is not None
    assert summary(np.arange(1.0, 1000)).q99 is None
    assert summary(np.arange(1.0, 1001)).q99 is not None
