import math

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import norm

from exeat.audit.dp import one_run
from exeat.audit.dp.tradeoff import (
    Gaussian,
    PureCurve,
    SampledGaussian,
    claim_refuted,
    epsilon_bound,
    gaussian_epsilon,
    impossible,
    profile_inverse,
    sampled_profile,
    weakest_refuted,
)
from exeat.errors import BadInput
from exeat.policy.epsilon import dp_sgd_epsilon


def gaussian_rights(rng, *, mu, m, guesses, runs):
    """Right guesses of the best auditor against m independent Gaussian coins, abstaining where it is least sure."""
    inside = rng.random((runs, m)) < 0.5
    seen = mu * (inside - 0.5) + rng.normal(size=(runs, m))
    sure = np.argsort(-np.abs(seen), axis=1)[:, :guesses]
    right = np.take_along_axis((seen > 0) == inside, sure, axis=1)
    return right.sum(axis=1)


def largest_tail(epsilon, delta, m, k, c):
    """The same maximum by a general solver: all p with these inequalities, which (epsilon, delta) makes linear."""
    cost = np.zeros(k + 1)
    cost[c:] = -1
    rows, limits = [], []
    for i in range(1, k + 1):
        right = np.array([n / m if n >= i else 0 for n in range(k + 1)])
        wrong = np.array([(k - n) / m if n >= i - 1 else 0 for n in range(k + 1)])
        rows += [right - math.exp(epsilon) * wrong, right - math.exp(-epsilon) * wrong]
        limits += [delta, 1 - math.exp(-epsilon) * (1 - delta)]
    found = linprog(cost, A_ub=rows, b_ub=limits, A_eq=[np.ones(k + 1)], b_eq=[1.0], bounds=(0, 1))
    return -found.fun


@pytest.mark.parametrize(("epsilon", "delta", "m", "k", "c"), [
    (1.0, 0.0, 20, 20, 17), (0.5, 0.01, 30, 12, 11), (2.0, 1e-3, 15, 15, 15), (0.0, 0.0, 10, 8, 7),
])  # fmt: skip
def test_the_recursion_finds_the_maximum_of_a_linear_program(epsilon, delta, m, k, c):
    largest = largest_tail(epsilon, delta, m, k, c)
    inverse = profile_inverse(np.array([epsilon]), np.array([delta]))
    counts = {"canaries": m, "guesses": k, "correct": c}
    assert 0 < largest < 1
    assert not impossible(inverse, tail=largest * 0.999, **counts)
    assert impossible(inverse, tail=min(largest * 1.001, 1.0), **counts)


def test_the_bound_holds_for_the_gaussian_mechanism_and_beats_the_one_that_knows_no_curve():
    mu, m, guesses, delta = 1.0, 400, 100, 1e-5
    rights = gaussian_rights(np.random.default_rng(0), mu=mu, m=m, guesses=guesses, runs=1000)
    counts = {"delta": delta, "canaries": m, "guesses": guesses}
    curve = {v: epsilon_bound(Gaussian(), **counts, correct=int(v)) for v in np.unique(rights)}
    plain = {v: one_run.epsilon_bound(**counts, correct=int(v)) for v in np.unique(rights)}
    truth = gaussian_epsilon(mu, delta)
    assert np.mean([curve[v] > truth for v in rights]) <= 0.06
    assert np.median([curve[v] for v in rights]) > 1.4 * np.median([plain[v] for v in rights])


def test_the_curve_of_epsilon_and_delta_agrees_with_the_binomial_bound():
    counts = {"canaries": 200, "guesses": 80, "correct": 74}
    bound = one_run.epsilon_bound(delta=1e-5, **counts)
    assert epsilon_bound(PureCurve(), delta=1e-5, **counts) == pytest.approx(bound, rel=0.05)


def test_gaussian_epsilon_inverts_the_closed_form():
    for mu in (0.3, 1.0, 4.0):
        epsilon = gaussian_epsilon(mu, 1e-5)
        delta = norm.cdf(mu / 2 - epsilon / mu) - math.exp(epsilon) * norm.cdf(-mu / 2 - epsilon / mu)
        assert delta == pytest.approx(1e-5, rel=1e-4)
    assert gaussian_epsilon(0, 1e-5) == 0
    assert gaussian_epsilon(1, 0) == math.inf


def test_inverses_lie_below_the_diagonal_and_invert_their_curve():
    for inverse in (Gaussian().inverse(1.2, 0), PureCurve().inverse(1.2, 0.01), SampledGaussian(0.2, 20).inverse(1, 0)):
        values = [inverse(y) for y in np.linspace(0.01, 0.99, 25)]
        assert values == sorted(values)
        assert all(0 <= x <= y for x, y in zip(values, np.linspace(0.01, 0.99, 25), strict=True))
    assert Gaussian().inverse(1.2, 0)(norm.cdf(1.2 - 0.3)) == pytest.approx(norm.cdf(-0.3))


def test_sampled_curve_is_that_of_the_accountant():
    accounted = dp_sgd_epsilon(noise_multiplier=1.0, sample_rate=0.1, steps=50, delta=1e-5).pld
    assert SampledGaussian(0.1, 50).epsilon(1.0 - 1e-9, 1e-5) == pytest.approx(float(accounted), rel=1e-6)
    epsilons, deltas = sampled_profile(1.0, 0.1, 50)
    assert float(np.interp(float(accounted), epsilons, deltas)) == pytest.approx(1e-5, rel=0.2)


def test_more_right_guesses_refute_more_noise():
    family, counts = SampledGaussian(0.2, 20), {"delta": 1e-5, "canaries": 200, "guesses": 60}
    refuted = [weakest_refuted(family, **counts, correct=v) for v in (30, 50, 58, 60)]
    assert 0 == refuted[0] < refuted[1] < refuted[2] < refuted[3]
    assert family.epsilon(0, 1e-5) == 0


def test_a_claim_by_several_pairs_is_refuted_where_one_of_them_is():
    counts = {"canaries": 200, "guesses": 100, "correct": 95}
    assert claim_refuted([(1.0, 1e-5)], **counts)
    assert claim_refuted([(6.0, 1e-5), (1.0, 1e-5)], **counts)
    assert not claim_refuted([(6.0, 1e-5)], **counts)
    with pytest.raises(BadInput, match="no \\(epsilon, delta\\) pair"):
        claim_refuted([], **counts)
