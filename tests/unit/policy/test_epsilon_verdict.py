from decimal import Decimal
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exeat.policy.epsilon_verdict import EpsilonVerdict, LowerBound, compare, most_recognised

D = Decimal


@pytest.mark.parametrize(
    ("claimed", "bounds", "word"),
    [
        ("2", [("2.1", "5")], EpsilonVerdict.VIOLATED),
        ("2", [("2.1", None)], EpsilonVerdict.VIOLATED),
        ("2", [("0", "5"), ("2.1", "5")], EpsilonVerdict.VIOLATED),
        ("2", [("1.5", "5")], EpsilonVerdict.CONSISTENT),
        ("2", [("2", "5")], EpsilonVerdict.CONSISTENT),
        ("2", [("1.5", None)], EpsilonVerdict.CONSISTENT),
        ("2", [("0", "5")], EpsilonVerdict.UNINFORMATIVE),
        ("2", [], EpsilonVerdict.UNINFORMATIVE),
        ("8", [("3.4", "3.5")], EpsilonVerdict.UNINFORMATIVE),
        ("8", [("8", "8")], EpsilonVerdict.UNINFORMATIVE),
        ("8", [("3.4", "3.5"), ("0.1", "9")], EpsilonVerdict.CONSISTENT),
        (None, [("3.4", "9")], EpsilonVerdict.NOT_CLAIMED),
    ],
)
def test_one_word_for_claim_and_bounds(claimed, bounds, word):
    tests = [LowerBound(D(value), None if ceiling is None else D(ceiling)) for value, ceiling in bounds]
    assert compare(None if claimed is None else D(claimed), tests) is word


@given(epsilon=st.floats(0, 20), delta=st.floats(0, 0.01), fpr=st.floats(0.001, 0.5))
def test_what_a_claim_allows_is_a_trade_off(epsilon, delta, fpr):
    most = float(most_recognised(D(repr(epsilon)), D(repr(delta)), D(repr(fpr))))
    assert fpr - 1e-8 <= most <= 1
    assert most <= exp(epsilon) * fpr + delta + 1e-8
    assert exp(epsilon) * (1 - most) + 1e-6 * exp(epsilon) >= 1 - delta - fpr or most == pytest.approx(fpr)


def test_no_privacy_loss_means_guessing_and_a_large_one_promises_nothing():
    assert most_recognised(D(0), D(0), D("0.01")) == D("0.01")
    assert most_recognised(D(1), D(0), D("0.01")) == pytest.approx(D("0.027182818"), abs=D("1e-9"))
    assert most_recognised(D(9), D("0.00001"), D("0.01")) > D("0.9998")
    assert most_recognised(D(10**6), D(0), D("0.01")) == 1
