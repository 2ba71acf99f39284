"""The claims of bench/bench_calibration.py on fewer seeds; each can fail, and what must fail does."""

from decimal import Decimal

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from bench.calibration import classifiers, language, mechanism, untrained
from exeat.audit.canaries import exposures, uniform_ranks
from exeat.audit.dp import CanaryScores, best_bound, dp_indicators, judge
from exeat.audit.membership import number
from exeat.model.manifest import DpClaim
from exeat.policy.epsilon_verdict import EpsilonVerdict

DELTA = 1e-5


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def correct():
    return list(classifiers.runs(classifiers.spare_inputs(), 25))


@pytest.fixture(scope="module")
def broken():
    return list(classifiers.runs(classifiers.spare_inputs().unclipped(), 25))


@pytest.fixture(scope="module")
def claim():
    return classifiers.spare_inputs().setting.epsilon


@pytest.mark.parametrize("signal", ["loss", "label only"])
def test_the_interval_of_an_untrained_model_covers_chance(signal):
    found = untrained.coverage(signal, 100, 400)
    assert found.covered >= 0.93 * found.seeds
    assert found.significant <= 0.07 * found.seeds


def test_the_bound_stays_below_the_epsilon_of_correct_training_and_sees_something(correct, claim):
    bounds = [run.bound for run in classifiers.one_run_bounds(correct, DELTA)]
    rates = classifiers.rate_bounds(correct, DELTA)
    assert sum(b > claim for b in bounds) <= 1
    assert sum(b > claim for b in rates) <= 1
    assert np.median(bounds) > 0.2


def test_training_that_forgot_to_clip_is_found_out(broken, claim):
    found = classifiers.one_run_bounds(broken, DELTA)
    assert sum(run.bound > claim for run in found) >= 0.8 * len(found)
    words = [judge(claim, run.bound, run.ceiling).word for run in found]
    assert words.count(EpsilonVerdict.VIOLATED) >= 0.8 * len(words)


def test_the_report_of_one_broken_run_says_so(broken, claim):
    setting = classifiers.spare_inputs().setting
    stated = DpClaim(
        claimed=True, epsilon=number(claim), delta=Decimal("1e-5"), noise_multiplier=number(setting.noise_multiplier),
        sample_rate=number(setting.sample_rate), steps=setting.steps, sampling="poisson", neighbouring="add_remove",
    )  # fmt: skip
    *accounted, plain, curve = dp_indicators(stated, canaries=broken[0].scores)
    assert float(accounted[0].value) == pytest.approx(claim, abs=1e-6)
    assert plain.attack_params["verdict"] == curve.attack_params["verdict"] == "violated"
    assert plain.value < curve.value


def test_both_trainings_learn_what_they_are_for(correct, broken):
    assert np.mean([run.accuracy for run in correct]) > 0.75
    assert np.mean([run.accuracy for run in broken]) > 0.75


def test_the_bound_against_the_worst_mechanism_fails_as_rarely_as_it_says():
    both = np.array(list(mechanism.response_bounds(300, epsilon=1.0, canaries=200)))
    assert ((both > 1.0).mean(axis=0) <= 0.05).all()
    assert (np.median(both, axis=0) > 0.5).all()


def test_at_half_the_confidence_it_would_fail_more_often():
    """The check above is no idle one: the same bounds at 50 % confidence break it."""
    rng, above = np.random.default_rng(0), 0
    for _ in range(300):
        inside = rng.random(200) < 0.5
        told = inside ^ (rng.random(200) < 1 / (1 + np.e))
        found = CanaryScores(told + rng.random(200) / 2, inside, "response")
        above += best_bound(found, delta=0, level=0.5).bound > 1.0
    assert above > 0.1 * 300


def test_exposure_of_never_inserted_canaries_follows_its_null():
    found = language.scored(40)
    never, planted = (found.never, found.never_references), (found.inserted, found.inserted_references)
    assert kstest(uniform_ranks(*never), "uniform").pvalue > 0.01
    assert kstest(uniform_ranks(*planted), "uniform").pvalue < 1e-6
    assert np.median(exposures(*never)) < 2 < np.median(exposures(*planted))
