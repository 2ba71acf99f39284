"""DP-SGD: clipping per record, noise of the stated spread, and the same path stacked and alone."""

import numpy as np
import pytest
import torch
from torch import nn

from exeat.audit.shadows import train_shadows
from exeat.audit.shadows.alone import train_alone
from exeat.audit.shadows.chain import Chain, links_of
from exeat.audit.shadows.order import generator_of, poisson
from exeat.audit.shadows.private import add_noise, clipped_sums
from exeat.audit.shadows.weights import Together, fresh, model_seeds, stacked, state_of
from exeat.audit.target import Recipe
from exeat.errors import BadInput

N, WIDTH = 40, 5


def mlp():
    return nn.Sequential(nn.Linear(WIDTH, 8), nn.Tanh(), nn.Linear(8, 2))


class Branched(nn.Module):
    """No chain: what a layer answers is used twice."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(WIDTH, 2), nn.Linear(2, 2)

    def forward(self, x):
        hidden = torch.tanh(self.first(x))
        return hidden + self.second(hidden)


def data():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(N, WIDTH, generator=generator), torch.randint(0, 2, (N,), generator=generator)


def recipe(**changes):
    usual = {"build": mlp, "epochs": 2, "batch_size": 8, "learning_rate": 0.1, "noise_multiplier": 1.0}
    return Recipe(**usual | {"clip_norm": 0.5} | changes)


@pytest.mark.parametrize("build", [mlp, Branched, lambda: nn.Linear(WIDTH, 2)])
def test_together_and_alone_take_the_same_noisy_steps(build):
    x, y = data()
    given = recipe(build=build)
    inside = np.stack([np.arange(N) < 20, np.arange(N) >= 19])
    stack = train_shadows(given, x, y, inside, seed=2)
    assert stack.reason == ""
    for i, seed in enumerate(model_seeds(2, range(2))):
        rows = torch.from_numpy(np.flatnonzero(inside[i]))
        for name, expected in train_alone(given, (x, y), rows, seed, lambda _: None).items():
            assert torch.allclose(stack.state[name][i], expected, atol=1e-5), name


def forms(count):
    """The same models traced, and as a chain."""
    states = stacked([state_of(fresh(mlp, s)) for s in range(count)])
    return Together(mlp(), states), Chain(links_of(mlp()), states)


@pytest.mark.parametrize("models", forms(3))
def test_no_record_moves_the_sum_by_more_than_the_clip(models):
    x, y = data()
    for record in range(5):
        one = (x[record] * 100).expand(3, 1, WIDTH), y[record].expand(3, 1)
        sums = clipped_sums(models, models.inputs_of(one[0][:, 0])[:, None], one[1], torch.ones(3, 1), clip=0.25)
        norms = torch.stack([g.flatten(1).square().sum(1) for g in sums]).sum(0).sqrt()
        assert (norms <= 0.25 + 1e-6).all()
        assert (norms > 0.2).all()


@pytest.mark.parametrize("models", forms(1))
def test_a_clip_beyond_every_gradient_leaves_the_plain_gradient(models):
    x, y = data()
    sums = clipped_sums(models, models.inputs_of(x)[None], y[None], torch.full((1, N), 1 / N), clip=1e6)
    plain = fresh(mlp, 0)
    nn.functional.cross_entropy(plain(x), y).backward()
    for name, parameter in plain.named_parameters():
        assert torch.allclose(models.named(sums)[name][0], parameter.grad, atol=1e-6)


def test_noise_has_the_stated_spread():
    sums = {"w": torch.zeros(2, 200, 200)}
    add_noise(sums, 3.0, [10, 20], [generator_of(1), generator_of(2)])
    assert float(sums["w"][0].std()) == pytest.approx(0.3, rel=0.02)
    assert float(sums["w"][1].std()) == pytest.approx(0.15, rel=0.02)
    assert float((sums["w"][0] * sums["w"][1]).mean()) == pytest.approx(0, abs=0.001)


def test_each_record_comes_with_the_stated_probability_and_some_batches_are_empty():
    rows, draws = [torch.arange(10), torch.arange(10, 30)], [generator_of(5), generator_of(6)]
    batches = [poisson(rows, 0.1, [1, 2], draws) for _ in range(2000)]
    counts = np.array([[(b.weights[m] > 0).sum().item() for m in range(2)] for b in batches])
    assert counts.mean(axis=0) == pytest.approx([1.0, 2.0], rel=0.1)
    assert (counts == 0).any(axis=0).all()
    assert all((b.rows[1][b.weights[1] > 0] >= 10).all() for b in batches)


def test_batch_normalisation_has_no_record_s_own_gradient():
    x, y = data()
    build = nn.Sequential(nn.Linear(WIDTH, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
    with pytest.raises(BadInput, match="mixes the records"):
        train_shadows(recipe(build=lambda: build), x, y, np.stack([np.arange(N) < 20]), seed=1)
