import math

import numpy as np
import pytest
from scipy.stats import binom

from exeat.audit.dp.one_run import epsilon_bound, epsilon_ceiling, largest_refuted, p_value
from exeat.errors import BadInput


@pytest.mark.parametrize(("guesses", "published"), [(100, 3.49), (1000, 5.81), (5000, 7.42)])
def test_the_ceiling_is_the_published_one(guesses, published):
    ceiling = epsilon_ceiling(delta=0, canaries=guesses, guesses=guesses)
    assert ceiling == pytest.approx(published, abs=0.005)
    rate = 0.05 ** (1 / guesses)
    assert ceiling == pytest.approx(math.log(rate / (1 - rate)), abs=1e-6)


def test_without_delta_the_p_value_is_a_binomial_tail():
    for epsilon, guesses, correct in ((0.0, 50, 31), (1.0, 400, 320), (3.0, 100, 100), (2.0, 10, 0)):
        accuracy = 1 / (1 + math.exp(-epsilon))
        mine = p_value(epsilon, delta=0, canaries=500, guesses=guesses, correct=correct)
        assert mine == pytest.approx(binom.sf(correct - 1, guesses, accuracy), rel=1e-9)


def test_delta_adds_the_steepest_step_of_the_tail():
    m, guesses, correct, epsilon, delta = 300, 60, 55, 1.0, 1e-4
    rate = 1 / (1 + math.exp(-epsilon))

    def tail(v):
        return binom.sf(v - 1, guesses, rate)

    steepest = max((tail(correct - i) - tail(correct)) / i for i in range(1, correct + 1))
    expected = tail(correct) + 2 * m * delta * steepest
    assert p_value(epsilon, delta=delta, canaries=m, guesses=guesses, correct=correct) == pytest.approx(expected)


def leaky_guesses(rng, *, m, epsilon, delta, runs):
    """Right guesses against the worst (epsilon, delta)-DP mechanism: with delta a canary's coin is told outright."""
    told = rng.random((runs, m)) < delta
    right = rng.random((runs, m)) < 1 / (1 + math.exp(-epsilon))
    return (told | right).sum(axis=1)


@pytest.mark.parametrize("delta", [0.0, 1e-3])
def test_the_bound_holds_against_the_mechanism_that_uses_everything_it_may(delta):
    rng = np.random.default_rng(1)
    rights = leaky_guesses(rng, m=200, epsilon=1.0, delta=delta, runs=1000)
    worth = {v: epsilon_bound(delta=delta, canaries=200, guesses=200, correct=int(v)) for v in np.unique(rights)}
    bounds = np.array([worth[v] for v in rights])
    assert (bounds > 1.0).mean() <= 0.065
    assert np.median(bounds) > 0.55
    if delta == 0:
        assert (bounds > 1.0).mean() > 0.01  # a bound that never fails is no 95 % bound of this mechanism


def test_more_delta_or_abstaining_never_raises_the_bound():
    plain = epsilon_bound(delta=0, canaries=100, guesses=100, correct=95)
    assert epsilon_bound(delta=1e-3, canaries=100, guesses=100, correct=95) < plain
    assert epsilon_bound(delta=1e-3, canaries=5000, guesses=100, correct=95) < epsilon_bound(
        delta=1e-3, canaries=100, guesses=100, correct=95
    )


def test_guessing_gives_nothing():
    assert epsilon_bound(delta=1e-5, canaries=100, guesses=100, correct=50) == 0
    assert epsilon_bound(delta=1e-5, canaries=100, guesses=100, correct=0) == 0


def test_bisection_stays_on_the_refuted_side():
    found = largest_refuted(lambda e: e < math.pi)
    assert math.pi - 1e-8 < found < math.pi
    assert largest_refuted(lambda _: True, most=8) <= 16


@pytest.mark.parametrize(
    ("guesses", "correct", "delta"), [(10, 11, 0), (101, 5, 0), (0, 0, 0), (5, -1, 0), (5, 5, 1.0)]
)
def test_impossible_counts_are_refused(guesses, correct, delta):
    with pytest.raises(BadInput, match=r"not possible|below 1"):
        p_value(1.0, delta=delta, canaries=100, guesses=guesses, correct=correct)
