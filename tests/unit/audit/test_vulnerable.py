"""Advantage with a threshold that is not chosen on the records that count; members named at a controlled error."""

from decimal import Decimal

import numpy as np
import pytest
from scipy.stats import false_discovery_control, ks_2samp, norm

from exeat.audit.scores import Scores
from exeat.audit.vulnerable import advantage, named, p_values, vulnerable


def scores(rng, *, shift=0.0, n_in=400, n_out=400, share=1.0):
    members = rng.normal(size=n_in) + shift * (rng.random(n_in) < share)
    return Scores("lira", members, rng.normal(size=n_out))


def test_guessing_has_no_advantage_and_its_interval_covers_zero():
    rng = np.random.default_rng(1)
    found = [advantage(scores(rng)) for _ in range(200)]
    assert sum(one.ci_low == 0 for one in found) >= 190
    assert np.mean([float(one.value) for one in found]) < 0.025
    chosen_in_sample = [_best_in_sample(scores(rng)) for _ in range(50)]
    assert np.mean(chosen_in_sample) > 0.035


def _best_in_sample(values):
    return ks_2samp(values.non_members, values.members, alternative="greater").statistic


def test_the_interval_covers_the_advantage_of_the_chosen_threshold():
    rng = np.random.default_rng(2)
    best = 2 * norm.cdf(0.5) - 1
    found = [advantage(scores(rng, shift=1.0)) for _ in range(200)]
    assert sum(float(one.ci_low) <= best <= float(one.ci_high) for one in found) >= 186
    assert all(one.ci_low <= one.value <= one.ci_high for one in found)
    assert {(one.ci_method, one.unit, one.n_in) for one in found} == {("newcombe", "fraction", 200)}


def test_an_advantage_below_zero_is_zero_and_says_so():
    rng = np.random.default_rng(3)
    found = advantage(scores(rng, shift=-1.0))
    assert found.value == 0
    assert "no better than guessing" in found.bound_note


def test_perfect_separation_is_one_with_an_interval_below_it():
    values = Scores("loss", np.arange(40.0) + 100, np.arange(40.0))
    found = advantage(values)
    assert (found.value, found.ci_high) == (1, 1)
    assert found.ci_low < Decimal("0.9")


def test_too_few_records_have_no_advantage():
    found = advantage(scores(np.random.default_rng(4), n_out=18))
    assert (found.status, found.value) == ("not_measured", None)
    assert "10 on each side" in found.reason


def test_wrongly_named_members_stay_within_the_promised_share():
    """Half of the members are like non-members: on average at most a tenth of those named may be among them."""
    rng, wrong = np.random.default_rng(5), []
    for _ in range(200):
        members = np.concatenate([rng.normal(size=100), rng.normal(4, 1, size=100)])
        values = Scores("lira", members, rng.normal(size=400))
        count = named(p_values(values), 0.1)
        chosen = np.argsort(p_values(values), kind="stable")[:count]
        wrong.append((chosen < 100).mean() if count else 0.0)
        assert vulnerable(values).value == count
    assert 0.02 < np.mean(wrong) <= 0.1


def test_members_like_everybody_else_are_hardly_ever_named():
    rng = np.random.default_rng(6)
    assert sum(vulnerable(scores(rng)).value > 0 for _ in range(100)) <= 20


def test_the_procedure_is_that_of_benjamini_and_hochberg():
    rng = np.random.default_rng(7)
    for _ in range(20):
        p = np.minimum(rng.random(50), rng.random(50) ** 3)
        assert named(p, 0.1) == (false_discovery_control(p) <= 0.1).sum()


def test_what_the_non_members_cannot_resolve_is_said():
    values = Scores("lira", np.arange(500.0) + 1000, np.arange(8.0))
    found = vulnerable(values)
    assert found.status == "not_measured"
    assert "nobody could be named" in found.reason
    found = vulnerable(Scores("lira", np.arange(500.0) + 1000, np.arange(99.0)))
    assert (found.value, found.unit) == (500, "records")
    assert "fewer than 50 members" in found.bound_note


@pytest.mark.parametrize(("standing_out", "expected"), [(49, 0), (50, 50)])
def test_the_stated_resolution_is_exact(standing_out, expected):
    members = np.concatenate([np.full(standing_out, 10.0), np.full(500 - standing_out, -1.0)])
    assert vulnerable(Scores("lira", members, np.arange(99.0) / 100)).value == expected
