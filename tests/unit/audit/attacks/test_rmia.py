"""RMIA against its definition in the paper, and the choice of its parameter."""

import numpy as np
import pytest

from exeat.audit.attacks import rmia
from exeat.audit.membership import auc
from exeat.audit.signals import shadow_halves

INSIDE = np.array([[True, False], [False, True]])
SEEN = np.log([[0.9, 0.2], [0.4, 0.8]])
ASKED = np.log([0.95, 0.5])


def test_offline_takes_the_average_from_models_without_the_record():
    found = np.exp(rmia.offline(ASKED, SEEN, INSIDE, a=0.3))
    assert found == pytest.approx([0.95 / ((1.3 * 0.4 + 0.7) / 2), 0.5 / ((1.3 * 0.2 + 0.7) / 2)])


def test_online_takes_both_sides_half_each():
    assert np.exp(rmia.online(ASKED, SEEN, INSIDE)) == pytest.approx([0.95 / 0.65, 0.5 / 0.5])


def leaky(seed, n=200, models=6):
    """Log-probabilities of models that are surer of what they saw; the first row is the target's."""
    rng = np.random.default_rng(seed)
    inside = np.concatenate([(np.arange(n) < n // 2)[None], shadow_halves(n, models, seed)])
    logits = rng.normal(1, 2, n) + rng.normal(0, 0.5, inside.shape) + 1.0 * inside
    return -np.log1p(np.exp(-logits)), inside


@pytest.mark.parametrize("gamma", [1.0, 2.0])
def test_the_ratio_orders_records_as_the_paper_s_share_of_population_records_does(gamma):
    signals, inside = leaky(1)
    ratio = rmia.offline(signals[0], signals[1:], inside[1:], 0.3)
    population = ratio[100::2]
    share = (ratio[:, None] - population[None] >= np.log(gamma)).mean(axis=1)
    order = np.argsort(ratio)
    assert (np.diff(share[order]) >= 0).all()
    others = [i for i in range(200) if i < 100 or i % 2]
    assert auc(share[:100], share[others[100:]]) == pytest.approx(auc(ratio[:100], ratio[others[100:]]), abs=0.1)


def test_two_reference_models_find_a_planted_leak():
    areas = []
    for seed in range(20):
        signals, inside = leaky(seed, models=2)
        scores = rmia.offline(signals[0], signals[1:], inside[1:], rmia.USUAL)
        areas.append(auc(scores[:100], scores[100:]))
    assert np.mean(areas) > 0.6


def test_the_parameter_is_chosen_on_reference_models_and_is_among_the_best_for_the_target():
    signals, inside = leaky(3, n=1000, models=8)
    chosen = rmia.chosen_a(signals[1:], inside[1:])
    areas = {}
    for a in rmia.CHOICES:
        scores = rmia.offline(signals[0], signals[1:], inside[1:], a)
        areas[a] = auc(scores[:500], scores[500:])
    assert areas[chosen] > max(areas.values()) - 0.02


def test_too_few_models_take_the_usual_parameter():
    signals, inside = leaky(3, models=2)
    assert rmia.chosen_a(signals[1:], inside[1:]) == rmia.USUAL


def test_a_probability_of_zero_is_no_error():
    seen = np.array([[-1e9, -1.0], [-1e9, -1.0]])
    assert np.isfinite(rmia.offline(np.array([-1e9, -1.0]), seen, INSIDE, 1.0)).all()
