"""The likelihood-ratio attack by hand on numbers whose ratio is known."""

import numpy as np
import pytest
from scipy.stats import norm

from exeat.audit.attacks import lira
from exeat.audit.signals import shadow_halves
from exeat.errors import BadInput

INSIDE = np.array([[True, False], [False, True], [True, False], [False, True]])
SEEN = np.array([[4.0, 0.0], [1.0, 5.0], [6.0, 2.0], [3.0, 9.0]])
ASKED = np.array([5.0, 1.0])


def test_offline_counts_deviations_above_the_models_that_left_the_record_out():
    own = lira.offline(ASKED, SEEN, INSIDE, own_spread=True)
    assert own == pytest.approx([(5 - 2) / np.sqrt(2), 0.0])
    assert lira.offline(ASKED, SEEN, INSIDE) == pytest.approx([3 / np.sqrt(2), 0.0])


def test_online_is_the_log_ratio_of_two_gaussians():
    found = lira.online(ASKED, SEEN, INSIDE, own_spread=True)
    expected = norm.logpdf(5, 5, np.sqrt(2)) - norm.logpdf(5, 2, np.sqrt(2))
    assert found[0] == pytest.approx(expected)
    assert found[1] == pytest.approx(norm.logpdf(1, 7, np.sqrt(8)) - norm.logpdf(1, 1, np.sqrt(2)))


def test_extreme_records_keep_an_order_that_a_probability_would_lose():
    asked = np.array([50.0, 60.0])
    found = lira.offline(asked, np.repeat([[0.0], [0.0], [1.0], [1.0]], 2, axis=1), INSIDE)
    assert norm.cdf(found).tolist() == [1.0, 1.0]
    assert found[1] > found[0]


def test_a_few_answers_of_great_confidence_set_no_spread_when_they_are_cut():
    rng = np.random.default_rng(4)
    inside = np.arange(32)[:, None] % 2 == np.arange(400) % 2
    seen = rng.normal(0, 1, (32, 400)) + 2 * inside
    seen[:, :8] *= 40  # the models are sure of these records, by chance more or less so
    asked = rng.normal(0, 1, 400) + np.where(np.arange(400) < 200, 2, 0)
    plain = lira.offline(asked, seen, inside)[8:]
    cut = lira.offline(lira.bounded(asked), lira.bounded(seen), inside)[8:]
    assert np.abs(lira.bounded(seen)).max() == pytest.approx(np.log(0.995 / 0.005))
    assert plain[:192].mean() < 0.5
    assert cut[:192].mean() > 1


def test_models_that_agree_by_chance_give_no_endless_score():
    seen = SEEN.copy()
    seen[[1, 3], 0] = 2.0
    assert np.abs(lira.offline(ASKED, seen, INSIDE, own_spread=True)).max() < 100


def test_a_record_with_too_few_models_is_refused():
    with pytest.raises(BadInput, match="left out by fewer than 1"):
        lira.offline(ASKED, SEEN[:1], INSIDE[:1])
    with pytest.raises(BadInput, match="trained into fewer than 2"):
        lira.online(ASKED, SEEN[:2], INSIDE[:2], own_spread=True)
    assert np.isfinite(lira.online(ASKED, SEEN[:2], INSIDE[:2])).all()


def test_members_and_others_score_alike_on_a_target_that_learned_nothing():
    """The halves of the shadow models know nothing of who is a member: no attack may favour one side."""
    rng = np.random.default_rng(0)
    leads = []
    for seed in range(60):
        inside = shadow_halves(100, 8, seed)
        seen, asked = rng.normal(size=(8, 100)) + inside, rng.normal(size=100)
        for attack in (lira.offline, lira.online):
            values = attack(asked, seen, inside)
            leads.append(np.mean(values[:50, None] > values[None, 50:]))
    assert np.mean(leads) == pytest.approx(0.5, abs=0.02)
