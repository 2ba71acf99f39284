import pytest
import torch
from torch.nn.functional import cross_entropy

from exeat.audit.pilots.finetune import Clipping, DpFinetune, _clipped_sum, usual_delta
from exeat.audit.pilots.protection import ProtectionFailed, Trainable, state_digest
from exeat.errors import BadInput
from exeat.policy.epsilon import dp_sgd_epsilon
from tests.unit.audit.pilots.scene import Net, recipe, records, trained

DATA = records(0, 60)
GIVEN = Trainable(DATA.x, DATA.y, recipe())


def net(seed=0):
    torch.manual_seed(seed)
    return Net().eval()


def slow_sum(model, x, y, clip_norm):
    """One backward pass per record, cut and added up: what the fast way must equal."""
    total = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    for one, label in zip(x, y, strict=True):
        model.zero_grad()
        cross_entropy(model(one[None]), label[None]).backward()
        norm = torch.sqrt(sum(p.grad.square().sum() for p in model.parameters()))
        for name, parameter in model.named_parameters():
            total[name] += parameter.grad * min(1.0, clip_norm / norm.item())
    return total


@pytest.mark.parametrize("clip_norm", [0.05, 0.5, 100.0])
def test_each_record_is_cut_on_its_own(clip_norm):
    model = net()
    fast = _clipped_sum(model, dict(model.named_parameters()), DATA.x, DATA.y, clip_norm)
    for name, expected in slow_sum(model, DATA.x, DATA.y, clip_norm).items():
        assert torch.allclose(fast[name], expected, atol=1e-4)


def test_one_record_moves_the_sum_by_at_most_the_norm():
    model = net()
    parameters = dict(model.named_parameters())
    with_it = _clipped_sum(model, parameters, DATA.x * 50, DATA.y, 0.3)
    without = _clipped_sum(model, parameters, DATA.x[1:] * 50, DATA.y[1:], 0.3)
    moved = torch.sqrt(sum((with_it[n] - without[n]).square().sum() for n in with_it))
    assert moved.item() <= 0.3 + 1e-4


def test_an_empty_poisson_batch_still_gets_its_noise():
    model = net()
    none = _clipped_sum(model, dict(model.named_parameters()), DATA.x[:0], DATA.y[:0], 1.0)
    assert all(g.abs().sum() == 0 for g in none.values())
    rare = DpFinetune(rate=1e-4, epochs=1, noise_multiplier=1.0)
    short = Trainable(DATA.x, DATA.y, recipe())
    object.__setattr__(rare, "rate", 0.01)
    assert state_digest(rare.protect(model, short, 3)) != state_digest(model)


def test_the_noise_has_the_spread_that_epsilon_assumes():
    """At a rate of learning of one and without momentum's memory a single step shows the noise itself."""
    flat = Trainable(torch.zeros(50, 6), torch.zeros(50, dtype=torch.long), recipe())
    once = DpFinetune(rate=1.0, epochs=1, learning_rate=1.0, clip_norm=0.5, noise_multiplier=4.0)
    model = net()
    moved = [once.protect(model, flat, seed).first.weight - model.first.weight for seed in range(12)]
    expected = 4.0 * 0.5 / 50
    assert torch.stack(moved).std().item() == pytest.approx(expected, rel=0.1)


def test_epsilon_is_the_accountant_s_and_says_what_it_covers():
    how = DpFinetune(noise_multiplier=1.2, rate=0.25, epochs=10)
    facts = how.facts(GIVEN)
    again = dp_sgd_epsilon(noise_multiplier=1.2, sample_rate=0.25, steps=40, delta=0.01)
    assert facts["epsilon"] == f"{again.tightest:f}"
    assert (facts["steps"], facts["delta"]) == ("40", "0.01")
    assert "not the original training" in facts["epsilon_covers"]
    assert DpFinetune(start="fresh").facts(GIVEN)["epsilon_covers"] == "all its training"
    assert "no guarantee for records that the original saw" in how.limits


@pytest.mark.parametrize(("n", "delta"), [(60, 1e-2), (100, 1e-3), (211, 1e-3), (999, 1e-3), (1000, 1e-4)])
def test_delta_is_below_one_in_n(n, delta):
    assert usual_delta(n) == pytest.approx(delta)
    assert usual_delta(n) < 1 / n


def test_a_fresh_start_learns_and_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    copied = Clipping(start="fresh", epochs=20).protect(trained(DATA), GIVEN, 5)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert (copied(DATA.x).argmax(dim=1) == DATA.y).float().mean() > 0.6


def test_a_model_that_mixes_records_fails_with_a_reason():
    class Mixing(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.last = torch.nn.Linear(6, 2)

        def forward(self, x):
            return self.last(x) if x.sum() > 0 else self.last(-x)

    with pytest.raises(ProtectionFailed, match="no gradient per record"):
        Clipping(epochs=1).protect(Mixing(), GIVEN, 0)


@pytest.mark.parametrize("wrong", [{"clip_norm": 0.0}, {"epochs": 0}, {"rate": 1.5}, {"noise_multiplier": 0.0}])
def test_training_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(BadInput):
        DpFinetune(**wrong)
