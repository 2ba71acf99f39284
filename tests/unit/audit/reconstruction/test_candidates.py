"""The best attack on noisy gradients of real models never beats the bound, and reaches it where it is tight."""

import pytest
import torch

from exeat.audit.reconstruction.candidates import pick, signals
from exeat.audit.reconstruction.rero import DpSgd, dp_sgd, gaussian
from exeat.errors import BadInput
from exeat.policy.interval import clopper_pearson

CLIP = 1.0


def records(seed, n, width=6):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, width, generator=generator), torch.randint(0, 2, (n,), generator=generator)


def trained(seed, x, y):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(x.shape[1], 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


def full_norm(added):
    """Scale every signal to the clipping norm: the most that clipping allows."""
    return CLIP * added / added.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("k", [2, 10, 50])
@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("clipped", [True, False])
def test_the_likeliest_candidate_of_one_noisy_gradient_is_right_no_oftener_than_the_bound(k, noise, clipped):
    x, y = records(1, 80)
    added = signals(trained(1, x, y), x[:k], y[:k], CLIP)
    assert float(added.norm(dim=1).max()) <= CLIP + 1e-9
    found = pick(
        added if clipped else full_norm(added), noise=noise * CLIP, sample_rate=1.0, steps=1, trials=4000, seed=2
    )
    interval = clopper_pearson(found.hits, found.trials, 0.9999)
    assert float(interval.low) <= gaussian(1 / k, 1 / noise)
    assert float(interval.high) >= 1 / k - 0.02


@pytest.mark.parametrize(("noise", "rate", "steps"), [(1.0, 0.2, 10), (0.8, 0.5, 4)])
def test_sampled_steps_keep_the_bound_as_well(noise, rate, steps):
    x, y = records(3, 80)
    added = full_norm(signals(trained(3, x, y), x[:10], y[:10], CLIP))
    found = pick(added, noise=noise * CLIP, sample_rate=rate, steps=steps, trials=4000, seed=4)
    bound = dp_sgd(1 / 10, DpSgd(noise_multiplier=noise, sample_rate=rate, steps=steps)).value
    interval = clopper_pearson(found.hits, found.trials, 0.9999)
    assert float(interval.low) <= bound
    assert found.hits / found.trials > 0.1


def test_two_opposite_gradients_reach_the_bound_exactly():
    """A linear model at zero gives one person opposite gradients under the two labels: the theorem's worst case."""
    model = torch.nn.Linear(5, 2)
    with torch.no_grad():
        model.weight.zero_()
        model.bias.zero_()
    person = torch.randn(1, 5, generator=torch.Generator().manual_seed(5))
    added = signals(model, person.repeat(2, 1), torch.tensor([0, 1]), clip_norm=0.1)
    assert torch.allclose(added[0], -added[1])
    assert float(added[0].norm()) == pytest.approx(0.1)
    for mu in (0.5, 1.0, 2.0):
        found = pick(added, noise=0.1 / mu, sample_rate=1.0, steps=1, trials=20_000, seed=6)
        interval = clopper_pearson(found.hits, found.trials, 0.9999)
        assert float(interval.low) <= gaussian(0.5, mu) <= float(interval.high)


def test_without_any_signal_it_is_a_guess():
    found = pick(torch.zeros(4, 7), noise=1.0, sample_rate=1.0, steps=3, trials=4000, seed=7)
    interval = clopper_pearson(found.hits, found.trials, 0.9999)
    assert float(interval.low) <= 0.25 <= float(interval.high)


def test_one_candidate_is_no_choice():
    with pytest.raises(BadInput):
        pick(torch.ones(1, 3), noise=1.0, sample_rate=1.0, steps=1, trials=1, seed=0)
