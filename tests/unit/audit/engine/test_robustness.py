"""Which results depend on the records: the interval of the difference decides, never the point."""

from __future__ import annotations

import numpy as np
import pytest

from exeat.audit.engine.robustness import MARGIN, differences, paired_error, placements, sentences
from exeat.audit.membership import auc
from exeat.audit.scores import Scores


def scored(seed, *, shift=1.0, noise=0.0, n=400, attack="loss"):
    """The same people's scores each time, but for the noise."""
    rng, own = np.random.default_rng(0), np.random.default_rng(seed)
    members, others = rng.normal(shift, 1, n), rng.normal(0, 1, n)
    return Scores(attack, members + own.normal(0, noise, n), others + own.normal(0, noise, n))


def only(real, there):
    (found,) = differences([real], [("masked", "half", [there])])
    return found


def test_placements_average_to_the_area():
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.5, 1, 80).round(1), rng.normal(0, 1, 60).round(1)
    assert placements(a, b).mean() == pytest.approx(auc(a, b))
    assert placements(-b, -a).mean() == pytest.approx(auc(a, b))


def test_the_same_scores_differ_by_nothing():
    found = only(scored(1), scored(1))
    assert (found.low, found.high) == (0, 0)
    assert found.word == "holds"


@pytest.mark.parametrize("members", [0.0, 1.0])
def test_scores_without_a_variance_do_not_claim_certainty(members):
    """All records tied, or twelve members above twelve others: neither shows that a result holds elsewhere."""
    real = Scores("loss", np.full(12, members), np.zeros(12))
    found = only(real, Scores("loss", np.full(12, members + 5), np.full(12, 5.0)))
    assert found.real == found.there
    assert found.low < -MARGIN
    assert found.high > MARGIN
    assert found.word == "cannot be told"


def test_an_attack_that_breaks_down_depends_on_the_records():
    found = only(scored(1), scored(2, noise=4.0))
    assert found.low > 0
    assert found.word == "depends"
    assert "depend on the exact records: loss +0." in sentences([found])[0]


def test_too_few_people_tell_nothing():
    found = only(scored(1, n=20), scored(2, noise=1.0, n=20))
    assert found.word == "cannot be told"
    assert max(-found.low, found.high) > MARGIN


def test_the_level_is_shared_over_all_comparisons():
    real = [scored(1), scored(1, attack="lira")]
    both = [scored(2, noise=1.0), scored(2, noise=1.0, attack="lira")]
    alone = only(real[0], both[0])
    together = differences(real, [("masked", "half", both)])
    assert len(together) == 2
    assert together[0].high - together[0].low > alone.high - alone.low


def test_the_paired_error_covers_the_truth():
    """Both sets of scores have the same true area, so 95 % intervals must cover a difference of 0."""
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        base_in, base_out = rng.normal(1, 1, 100), rng.normal(0, 1, 100)
        pair = [Scores("loss", base_in + rng.normal(0, 0.7, 100), base_out + rng.normal(0, 0.7, 100)) for _ in range(2)]
        gap = auc(pair[0].members, pair[0].non_members) - auc(pair[1].members, pair[1].non_members)
        covered += abs(gap) <= 1.96 * paired_error(*pair)
    assert 180 <= covered <= 198
