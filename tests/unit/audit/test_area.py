"""The interval of the area: covers what it promises on scores as attacks make them."""

import math

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from exeat.audit.area import area_of, auc, rank_p_value
from exeat.policy.interval import auc_hanley_mcneil

LEVEL = 0.95


def alike(rng, n):
    return rng.normal(size=n), rng.normal(size=n)


def wider(rng, n):
    """As the likelihood ratio spreads members: some far above, some far below."""
    return rng.normal(0.3, 3, size=n), rng.normal(size=n)


def tied(rng, n):
    """As the gap attack: right or wrong, nothing else."""
    return (rng.random(n) < 0.99) * 1.0, (rng.random(n) < 0.9) * 1.0


TRUE = {alike: 0.5, wider: 0.5 * math.erfc(-0.3 / math.sqrt(10) / math.sqrt(2)), tied: 0.5 + 0.09 / 2}


@pytest.mark.parametrize("draw", TRUE)
def test_the_interval_covers_the_true_area(draw):
    rng = np.random.default_rng(3)
    found = [area_of(*draw(rng, 300), LEVEL) for _ in range(600)]
    covered = sum(float(a.interval.low) <= TRUE[draw] <= float(a.interval.high) for a in found)
    assert {a.method for a in found} == {"delong"}
    assert 0.93 <= covered / 600 <= 0.98


@pytest.mark.parametrize(("n_in", "n_out"), [(10, 300), (300, 10), (15, 15), (30, 300)])
@pytest.mark.parametrize(("shift", "spread"), [(0.0, 1.0), (1.0, 1.0), (2.5, 1.0), (3.0, 3.0)])
def test_few_records_on_a_side_are_covered_too(n_in, n_out, shift, spread):
    rng = np.random.default_rng(7)
    true = 0.5 * math.erfc(-shift / math.sqrt(1 + spread**2) / math.sqrt(2))
    drawn = ((rng.normal(shift, spread, n_in), rng.normal(size=n_out)) for _ in range(300))
    found = [area_of(*sides, LEVEL) for sides in drawn]
    assert {a.method for a in found} <= {"newcombe", "hanley_mcneil"}
    assert sum(float(a.interval.low) <= true <= float(a.interval.high) for a in found) >= 0.92 * 300


def test_where_hanley_and_mcneil_claim_too_much_or_say_too_little():
    rng = np.random.default_rng(4)
    drawn = [wider(rng, 300) for _ in range(600)]
    actual = np.std([auc(*sides) for sides in drawn]) * 2 * 1.96
    theirs = [auc_hanley_mcneil(auc(*sides), 300, 300) for sides in drawn]
    assert np.mean([float(ends.high - ends.low) for ends in theirs]) < 0.97 * actual
    sides = tied(rng, 300)
    ours, theirs = area_of(*sides, LEVEL).interval, auc_hanley_mcneil(auc(*sides), 300, 300)
    assert ours.high - ours.low < (theirs.high - theirs.low) / 2


@pytest.mark.parametrize("sides", [([1.0, 2.0, 3.0], [0.0, -1.0]), ([0.0] * 9, [0.0] * 9), ([1.0], [0.0, 2.0])])
def test_scores_without_a_variance_do_not_claim_certainty(sides):
    found = area_of(*(np.array(side) for side in sides), LEVEL)
    assert found.method == "hanley_mcneil"
    assert found.interval.high - found.interval.low > 0.2


def test_the_p_value_is_that_of_the_rank_test_with_ties():
    rng = np.random.default_rng(5)
    for draw in TRUE:
        members, others = draw(rng, 80)
        expected = mannwhitneyu(members, others, alternative="greater", use_continuity=False, method="asymptotic")
        assert rank_p_value(members, others) == pytest.approx(expected.pvalue, rel=1e-9)
    assert rank_p_value(np.zeros(5), np.zeros(5)) == 1.0
