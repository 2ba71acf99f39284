"""The bounds against the published closed forms, against an independent reference, and against sampling."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution as pld

from exeat.audit.reconstruction.rero import (
    DpSgd,
    approximate_dp,
    dp_sgd,
    from_profile,
    gaussian,
    pure_dp,
)
from exeat.errors import BadInput
from exeat.model.manifest import DpClaim
from exeat.policy.epsilon import dp_sgd_epsilon

PUBLISHED = [
    (0.1, 0.5, 0.217),
    (0.1, 1.0, 0.389),
    (0.1, 2.0, 0.764),
    (0.1, 3.0, 0.957),
    (0.01, 1.0, 0.092),
    (0.01, 2.0, 0.372),
]


def reference(kappa, mu):
    """Phi(Phi^-1(kappa) + mu) by the standard library, which shares no code with the package's own."""
    normal = NormalDist()
    return normal.cdf(normal.inv_cdf(kappa) + mu)


@pytest.mark.parametrize(("kappa", "mu", "printed"), PUBLISHED)
def test_the_gaussian_closed_form_at_the_published_points(kappa, mu, printed):
    assert gaussian(kappa, mu) == pytest.approx(reference(kappa, mu), abs=1e-12)
    assert round(gaussian(kappa, mu), 3) == printed


@pytest.mark.parametrize(("kappa", "mu", "_printed"), PUBLISHED)
def test_the_accountants_profile_gives_the_closed_form_and_never_less(kappa, mu, _printed):
    found = dp_sgd(kappa, DpSgd(noise_multiplier=1 / mu, sample_rate=1.0, steps=1)).value
    assert reference(kappa, mu) - 1e-12 <= found <= reference(kappa, mu) + 1e-6


def test_steps_add_up_as_gaussian_privacy_says():
    found = dp_sgd(0.01, DpSgd(noise_multiplier=8.0, sample_rate=1.0, steps=64)).value
    assert found == pytest.approx(gaussian(0.01, 1.0), abs=1e-6)


@pytest.mark.parametrize("kappa", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 2.0])
def test_the_profile_of_laplace_noise_gives_the_pure_closed_form(kappa, epsilon):
    """Laplace noise reaches kappa·e^eps as long as that is at most one half."""
    profile = pld.from_laplace_mechanism(1 / epsilon).get_delta_for_epsilon
    found, closed = from_profile(kappa, profile, 5.0), pure_dp(kappa, epsilon)
    if closed <= 0.5:
        assert closed - 1e-9 <= found <= closed + 1e-6
    else:
        assert found <= closed + 1e-6


def test_pure_and_approximate_privacy_are_capped():
    assert pure_dp(0.1, 1.0) == pytest.approx(0.1 * math.e, abs=1e-15)
    assert pure_dp(0.5, 1.0) == 1.0
    assert pure_dp(0.5, 10_000.0) == 1.0
    assert approximate_dp(0.1, 1.0, 1e-3) == pytest.approx(0.1 * math.e + 1e-3, abs=1e-15)
    assert approximate_dp(0.1, 1.0, 0.0) == pure_dp(0.1, 1.0)
    assert approximate_dp(0.1, 0.5, 1.0) == 1.0
    assert pure_dp(0.25, 0.0) == 0.25


def blow_up(kappa, *, noise, rate, steps, samples, seed):
    """Estimate the largest P(E) with Q(E) <= kappa by sampling both: Q without the record, P with it."""
    rng = np.random.default_rng(seed)

    def losses(*, present):
        total = np.zeros(samples)
        for _ in range(steps):
            took = (rng.random(samples) < rate) & present
            seen = took / noise + rng.normal(size=samples)
            total += np.log1p(rate * np.expm1(seen / noise - 1 / (2 * noise**2)))
        return total

    cut = np.quantile(losses(present=False), 1 - kappa)
    return (losses(present=True) > cut).mean()


@pytest.mark.parametrize(("noise", "rate", "steps", "kappa"), [(1.0, 0.1, 20, 0.1), (1.2, 0.3, 5, 0.02)])
def test_the_bound_of_sampled_steps_is_what_sampling_finds(noise, rate, steps, kappa):
    samples = 100_000
    found = dp_sgd(kappa, DpSgd(noise_multiplier=noise, sample_rate=rate, steps=steps)).value
    truth = blow_up(kappa, noise=noise, rate=rate, steps=steps, samples=samples, seed=1)
    error = 5 * math.sqrt(0.25 / samples) + 5 * math.sqrt(kappa / samples) * truth / kappa
    assert truth - error <= found <= truth + error


def test_the_profile_is_tighter_than_one_epsilon_and_delta():
    run = DpSgd(noise_multiplier=1.5, sample_rate=0.05, steps=20)
    epsilon = float(dp_sgd_epsilon(noise_multiplier=1.5, sample_rate=0.05, steps=20, delta=1e-4).tightest)
    assert 0.01 < dp_sgd(0.01, run).value < approximate_dp(0.01, epsilon, 1e-4)


def test_a_run_with_hardly_any_noise_is_bounded_without_a_privacy_loss_distribution():
    found = dp_sgd(0.01, DpSgd(noise_multiplier=0.2, sample_rate=0.5, steps=1000))
    assert found.vacuous
    assert "Rényi" in found.method


def test_the_run_comes_from_the_claim_of_a_manifest():
    whole = {"claimed": True, "noise_multiplier": "1.1", "sample_rate": "0.05", "steps": 40}
    assert DpSgd.from_claim(DpClaim.model_validate(whole)) == DpSgd(noise_multiplier=1.1, sample_rate=0.05, steps=40)
    assert DpSgd.from_claim(DpClaim.model_validate(whole | {"steps": None})) is None


@pytest.mark.parametrize("call", [
    lambda: pure_dp(0.0, 1.0),
    lambda: pure_dp(1.5, 1.0),
    lambda: gaussian(0.1, -1.0),
    lambda: gaussian(0.1, math.nan),
    lambda: approximate_dp(0.1, 1.0, -0.1),
    lambda: DpSgd(noise_multiplier=0.0, sample_rate=0.1, steps=1),
    lambda: DpSgd(noise_multiplier=1.0, sample_rate=0.1, steps=10**9),
])  # fmt: skip
def test_senseless_parameters_are_refused(call):
    with pytest.raises(BadInput) as refused:
        call()
    assert refused.value.what_to_do
