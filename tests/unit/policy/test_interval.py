from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from exeat.errors import BadInput
from exeat.policy.interval import auc_hanley_mcneil, clopper_pearson, fpr_upper_bound


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
