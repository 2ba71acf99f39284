import numpy as np
import pytest

from exeat.audit.dp.guesses import CanaryScores, Try, best_bound, correct_guesses, default_tries
from exeat.audit.dp.tradeoff import Gaussian
from exeat.errors import BadInput


def coins(m, seed=0):
    return np.random.default_rng(seed).random(m) < 0.5


def separated(m=200, *, shift=1e6, seed=0):
    inside = coins(m, seed)
    return CanaryScores(shift * inside + np.random.default_rng(seed + 1).normal(size=m), inside, "made up")


def test_the_highest_are_guessed_in_and_the_lowest_out():
    inside = np.tile([True, False], 10)
    found = CanaryScores(np.arange(20.0), inside, "rank")
    assert correct_guesses(found, Try(1, 0)) == 0  # the last canary is out
    assert correct_guesses(found, Try(2, 0)) == 1
    assert correct_guesses(found, Try(0, 1)) == 0
    assert correct_guesses(found, Try(10, 10)) == 10


def test_equal_scores_say_nothing_even_when_the_included_come_first():
    inside = np.arange(100) < 50
    found = CanaryScores(np.zeros(100), inside, "constant")
    rights = [correct_guesses(found, Try(25, 25), seed=seed) for seed in range(200)]
    assert abs(np.mean(rights) - 25) < 1.5


def test_scores_of_both_sides_are_the_same_canaries():
    found = separated(shift=2)
    sides = CanaryScores.of(found.scores[found.inside], found.scores[~found.inside], "made up")
    assert best_bound(sides, delta=1e-6) == best_bound(found, delta=1e-6)


def test_a_perfect_attack_reaches_the_ceiling_and_says_so():
    run = best_bound(separated(), delta=1e-6)
    assert run.at_ceiling
    assert run.bound == pytest.approx(run.ceiling)
    assert (run.guesses, run.correct, run.canaries) == (160, 160, 200)


def test_a_larger_list_of_tries_costs_confidence():
    found = separated(shift=2)
    one = best_bound(found, delta=1e-6, tries=[Try(50, 50)])
    many = best_bound(found, delta=1e-6, tries=[Try(50, 50)] * 20)
    assert (one.tries, many.tries) == (1, 20)
    assert many.bound < one.bound
    assert many.ceiling < one.ceiling


def test_the_best_of_many_tries_still_holds():
    """Randomised response at epsilon 1: the score tells the coin with probability e/(1 + e)."""
    rng, exceeded = np.random.default_rng(0), 0
    for seed in range(300):
        inside = coins(100, seed)
        told = np.where(rng.random(100) < np.e / (1 + np.e), inside, ~inside)
        run = best_bound(CanaryScores(told + 0.01 * rng.random(100), inside, "response"), delta=0, seed=seed)
        exceeded += run.bound > 1
    assert exceeded <= 0.05 * 300


def test_a_curve_is_named_with_its_assumption():
    run = best_bound(separated(shift=2), delta=1e-6, family=Gaussian())
    assert run.method == "f-dp"
    assert "Gaussian" in run.assumption
    assert run.bound > best_bound(separated(shift=2), delta=1e-6).bound


def test_tries_are_distinct_and_fit():
    assert default_tries(1000) == (Try(25, 25), Try(50, 50), Try(125, 125), Try(250, 250), Try(400, 400))
    assert len(default_tries(20)) == len(set(default_tries(20)))
    assert all(one.guesses <= 21 for one in default_tries(21))


@pytest.mark.parametrize(("scores", "inside", "sentence"), [
    (np.zeros(10), coins(10), "too few"),
    (np.zeros(30), coins(40), "do not fit"),
    (np.full(40, np.nan), coins(40), "no finite score"),
    (np.zeros(100), np.ones(100, dtype=bool), "fair coin"),
])  # fmt: skip
def test_what_no_fair_coin_gives_is_refused(scores, inside, sentence):
    with pytest.raises(BadInput, match=sentence):
        CanaryScores(scores, inside, "x")


def test_impossible_tries_are_refused():
    with pytest.raises(BadInput, match="not possible"):
        correct_guesses(separated(), Try(150, 51))
    with pytest.raises(BadInput, match="No number of guesses"):
        best_bound(separated(), delta=0, tries=[])
