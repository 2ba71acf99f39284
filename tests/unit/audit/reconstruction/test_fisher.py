"""Cramér and Rao against optimal estimators that are simulated, and against formulas worked out by hand."""

import math

import numpy as np
import pytest
import torch

from exeat.audit.reconstruction.fisher import information, leakage, with_prior
from exeat.audit.reconstruction.gradients import frozen, record_gradient
from exeat.errors import BadInput


def network(seed=0, width=12):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Tanh(), torch.nn.Linear(width, 3))


def test_a_linear_release_has_the_information_of_its_matrix():
    matrix = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    found = information(lambda z: matrix @ z, torch.zeros(2), 0.5)
    assert torch.allclose(found, matrix.T @ matrix / 0.25)
    bounds = leakage(found)
    assert bounds.mse_bound == pytest.approx(2 / (7 / 0.25))
    exact = np.trace(np.linalg.inv(found.numpy())) / 2
    assert bounds.unbiased_mse == pytest.approx(exact)
    assert bounds.variance_bound <= bounds.mse_bound <= bounds.unbiased_mse


def test_the_optimal_unbiased_estimator_reaches_the_bound_and_none_goes_below():
    """Least squares on a linear release is unbiased and best; its error is trace(I^-1)/d."""
    generator = torch.Generator().manual_seed(1)
    matrix = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    truth, noise, trials = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64), 0.7, 20_000
    seen = matrix @ truth + noise * torch.randn(trials, 6, generator=generator, dtype=torch.float64)
    errors = (seen @ torch.linalg.pinv(matrix).T - truth).square().mean(dim=1)
    bounds = leakage(information(lambda z: matrix @ z, truth, noise))
    spread = 5 * float(errors.std()) / math.sqrt(trials)
    assert abs(float(errors.mean()) - bounds.unbiased_mse) <= spread
    assert float(errors.mean()) > bounds.mse_bound - spread
    top = torch.linalg.eigh(matrix.T @ matrix).eigenvectors[:, -1]
    along = (seen @ torch.linalg.pinv(matrix).T - truth) @ top
    assert float(along.var()) == pytest.approx(bounds.variance_bound, rel=0.05)


def test_an_unbiased_estimator_of_a_real_noisy_gradient_does_not_beat_the_bound():
    """One Gauss-Newton step from the truth is the locally best unbiased estimator; small noise keeps it so."""
    model, noise, trials = frozen(network()), 1e-4, 4000
    one = record_gradient(model, clip_norm=0.5)
    x, y = torch.tensor([0.5, -0.2, 1.0, 0.1], dtype=torch.float64), torch.tensor(1)
    bounds = leakage(information(lambda z: one(z, y), x, noise))
    jacobian = torch.func.jacrev(one)(x, y)
    generator = torch.Generator().manual_seed(2)
    noises = noise * torch.randn(trials, len(jacobian), generator=generator, dtype=torch.float64)
    errors = (noises @ torch.linalg.pinv(jacobian).T).square().mean(dim=1)
    assert float(errors.mean()) > bounds.mse_bound
    assert float(errors.mean()) == pytest.approx(bounds.unbiased_mse, rel=0.1)


def test_information_grows_as_noise_falls_and_clipping_bounds_it():
    model, y = frozen(network()), torch.tensor(0)
    x = torch.tensor([1.0, 2.0, -1.0, 0.5], dtype=torch.float64)
    plain, clipped = record_gradient(model), record_gradient(model, clip_norm=0.01)
    loud = leakage(information(lambda z: plain(z, y), x, 1.0))
    quiet = leakage(information(lambda z: plain(z, y), x, 0.1))
    assert quiet.eta == pytest.approx(10 * loud.eta)
    assert leakage(information(lambda z: clipped(z, y), x, 1.0)).eta < loud.eta


def test_an_attacker_with_a_prior_beats_the_unbiased_bound_and_not_the_other():
    """One coordinate, prior and noise normal: the posterior mean has error 1/(1/s^2 + 1), as van Trees says."""
    noise, trials = 2.0, 200_000
    generator = torch.Generator().manual_seed(3)
    truth = torch.randn(trials, generator=generator, dtype=torch.float64)
    seen = truth + noise * torch.randn(trials, generator=generator, dtype=torch.float64)
    error = float((seen / (1 + noise**2) - truth).square().mean())
    bounds = leakage(information(lambda z: z, torch.zeros(1), noise))
    assert error < bounds.mse_bound
    assert error == pytest.approx(with_prior(bounds.trace, 1.0, 1), rel=0.02)


def test_what_no_release_tells_cannot_be_estimated():
    bounds = leakage(information(lambda z: z[:1] * 2, torch.zeros(2), 1.0))
    assert bounds.unbiased_mse == math.inf
    assert bounds.mse_bound == pytest.approx(2 / 4)
    nothing = leakage(information(lambda z: z * 0, torch.zeros(2), 1.0))
    assert nothing.mse_bound == nothing.variance_bound == math.inf


def test_without_noise_there_is_no_bound():
    with pytest.raises(BadInput, match="Without noise"):
        information(lambda z: z, torch.zeros(2), 0.0)
    with pytest.raises(BadInput, match="numbers"):
        information(lambda z: z.repeat(5000), torch.zeros(5000), 1.0)
    with pytest.raises(BadInput):
        with_prior(1.0, 0.0, 2)
