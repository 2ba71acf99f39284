import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from exeat.errors import BadInput
from exeat.policy.interval import auc_hanley_mcneil, auc_newcombe, clopper_pearson, fpr_upper_bound


@pytest.mark.parametrize(("k", "n"), [(43, 898), (1, 10), (5, 5), (0, 899), (899, 1798)])
def test_exact_interval_equals_the_beta_quantiles(k, n):
    low, high = clopper_pearson(k, n)
    assert float(low) == pytest.approx(0 if k == 0 else beta.ppf(0.025, k, n - k + 1), abs=2e-9)
    assert float(high) == pytest.approx(1 if k == n else beta.ppf(0.975, k + 1, n - k), abs=2e-9)


@given(n=st.integers(1, 3_000), share=st.floats(0, 1), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_the_ends_are_the_rates_at_which_the_count_becomes_surprising(n, share, level):
    k = round(share * n)
    low, high = (float(end) for end in clopper_pearson(k, n, level))
    assert low <= k / n <= high
    assert k == 0 or binom.sf(k - 1, n, low) <= (1 - level) / 2 + 1e-6
    assert k == n or binom.cdf(k, n, high) <= (1 - level) / 2 + 1e-6


def test_no_false_positive_among_899_leaves_room_for_0_41_percent():
    assert fpr_upper_bound(0, 899) == pytest.approx(Decimal("0.0041"), abs=Decimal("0.00001"))
    assert fpr_upper_bound(8, 899) == pytest.approx(Decimal("0.0175"), abs=Decimal("0.0001"))


@pytest.mark.parametrize(("k", "n"), [(-1, 10), (11, 10), (0, 0), (1, -5)])
def test_impossible_counts_are_refused(k, n):
    with pytest.raises(BadInput):
        clopper_pearson(k, n)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95])
def test_a_level_is_a_fraction(level):
    with pytest.raises(BadInput, match="confidence level"):
        clopper_pearson(1, 10, level)


def test_hanley_mcneil_on_a_worked_example():
    # AUC 0.8, 50 and 50: q1 = 2/3, q2 = 32/45; variance = (0.16 + 49 (q1 − 0.64) + 49 (q2 − 0.64)) / 2500.
    low, high = auc_hanley_mcneil("0.8", 50, 50)
    error = ((0.16 + 49 * (2 / 3 - 0.64) + 49 * (32 / 45 - 0.64)) / 2500) ** 0.5
    assert float(low) == pytest.approx(0.8 - 1.959964 * error, abs=1e-6)
    assert float(high) == pytest.approx(0.8 + 1.959964 * error, abs=1e-6)


@pytest.mark.parametrize("auc", [0, 1])
def test_a_perfect_area_is_still_uncertain(auc):
    low, high = auc_hanley_mcneil(auc, 20, 30)
    assert high - low > Decimal("0.1")
    assert low <= auc <= high


@pytest.mark.parametrize(("auc", "n_in", "n_out"), [(1.2, 5, 5), (0.5, 0, 5), (0.5, 5, 0)])
def test_impossible_areas_are_refused(auc, n_in, n_out):
    with pytest.raises(BadInput):
        auc_hanley_mcneil(auc, n_in, n_out)


@pytest.mark.parametrize(("n_in", "n_out"), [(20, 20), (10, 200), (300, 300)])
def test_the_score_interval_excludes_chance_exactly_when_the_rank_test_does(n_in, n_out):
    spread = ((n_in + n_out + 1) / (12 * n_in * n_out)) ** 0.5
    for z in (-1.97, -1.95, 1.95, 1.97):
        low, high = auc_newcombe(0.5 + z * spread, n_in, n_out)
        assert (low <= Decimal("0.5") <= high) == (abs(z) < 1.96)


@pytest.mark.parametrize("auc", ["0", "0.03", "0.5", "0.9", "1"])
def test_the_score_interval_holds_its_area_and_is_mirrored(auc):
    low, high = auc_newcombe(auc, 25, 40)
    assert 0 <= low <= Decimal(auc) <= high <= 1
    assert 0 < high - low < Decimal("0.5")
    mirrored = auc_newcombe(1 - Decimal(auc), 40, 25)
    assert float(1 - mirrored.high) == pytest.approx(float(low), abs=2e-9)


def test_the_score_interval_covers_chance_with_few_records():
    draw, covered, hanley = random.Random(0), 0, 0  # noqa: S311 a test's draws repeat
    for _ in range(1500):
        members, others = ([draw.gauss(0, 1) for _ in range(20)] for _ in range(2))
        area = sum(a > b for a in members for b in others) / 400
        covered += _covers(auc_newcombe(area, 20, 20))
        hanley += _covers(auc_hanley_mcneil(area, 20, 20))
    assert covered >= 0.93 * 1500
    assert covered > hanley


def _covers(interval):
    return interval.low <= Decimal("0.5") <= interval.high
