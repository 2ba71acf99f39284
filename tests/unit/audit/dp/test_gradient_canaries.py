from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.calibration.dp_sgd import Setting
from exeat.audit.dp import Gaussian, best_bound
from exeat.audit.dp.gradient_canaries import GradientCanaries, flat_weights
from exeat.errors import BadInput

CLAIM = Setting(noise_multiplier=4.0, clip_norm=0.5, sample_rate=0.5, steps=30, learning_rate=0.05)
RUNS = 25


def trained(setting, seed):
    """Linear regression by DP-SGD on 60 people, with 400 gradient canaries on its 600 weights."""
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(60, 600, generator=draw) / 600**0.5
    y = torch.randn(60, generator=draw)
    canaries, weights = GradientCanaries.draw(600, 400, seed), torch.zeros(600)
    before = weights.clone()
    for _ in range(setting.steps):
        batch = torch.rand(60, generator=draw) < setting.sample_rate
        gradients = (x[batch] @ weights - y[batch])[:, None] * x[batch]
        norms = gradients.norm(dim=1, keepdim=True).clamp_min(1e-12)
        total = (gradients * (setting.clip_norm / norms).clamp_max(1)).sum(dim=0)
        total += canaries.sampled_sum(setting.sample_rate, setting.clip_norm, draw)
        total += setting.noise_multiplier * setting.clip_norm * torch.randn(600, generator=draw)
        weights = weights - setting.learning_rate * total
    return canaries.scores(before, weights)


def bounds(setting):
    return np.array([best_bound(trained(setting, seed), delta=setting.delta).bound for seed in range(RUNS)])


def test_correct_noise_keeps_the_claim():
    found = bounds(CLAIM)
    assert (found > CLAIM.epsilon).sum() <= 1
    assert np.median(found) > 0.1


def test_too_little_noise_is_found_out():
    found = bounds(replace(CLAIM, noise_multiplier=0.4))
    assert (found > CLAIM.epsilon).mean() >= 0.8


def test_a_curve_makes_more_of_the_same_guesses():
    scores = trained(CLAIM, 0)
    assert best_bound(scores, delta=1e-5, family=Gaussian()).bound > best_bound(scores, delta=1e-5).bound


def test_only_included_canaries_join_and_only_as_long_as_the_clipping_norm():
    canaries = GradientCanaries.draw(50, 40, 0)
    total = canaries.sampled_sum(1.0, 0.7)
    assert torch.count_nonzero(total) == canaries.inside.sum()
    assert total.abs().max() == pytest.approx(0.7)
    assert len(set(canaries.coordinates.tolist())) == 40
    assert torch.count_nonzero(canaries.sampled_sum(0.0, 0.7)) == 0


def test_weights_come_in_one_order_and_wrong_sizes_are_refused():
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))
    assert torch.equal(flat_weights(model)[:6], model[0].weight.detach().flatten())
    canaries = GradientCanaries.draw(50, 40, 0)
    with pytest.raises(BadInput, match="for 50 weights"):
        canaries.scores(torch.zeros(50), torch.zeros(49))
    with pytest.raises(BadInput, match="do not fit"):
        GradientCanaries.draw(10, 11, 0)
