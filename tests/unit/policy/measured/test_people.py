from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exeat.policy.measured.people import one_in, recognised, share

D = Decimal
rates = st.integers(0, 10**6).map(lambda n: D(n) / 10**6)


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        ("0.048", "0.04", "0.064", "about 5 (4 to 7)"),
        ("0.5", "0.5", "0.5", "about 50 (50 to 50)"),
        ("0.003", "0.001", "0.0052", "about 3 (1 to 6)"),
        ("0.04", None, None, "about 4"),
    ],
)
def test_a_rate_is_so_many_people(value, low, high, words):
    found = share(D(value), low and D(low), high and D(high))
    assert str(found) == words
    assert found.of == (1000 if value == "0.003" else 100)


@given(ends=st.tuples(rates, rates, rates).map(sorted))
def test_the_interval_never_looks_narrower_than_it_is(ends):
    low, value, high = ends
    found = share(value, low, high)
    assert D(found.low) / found.of <= low
    assert D(found.high) / found.of >= high
    assert found.low <= found.about <= found.high
    assert found.about > 0 or value * found.of < 1


@pytest.mark.parametrize(
    ("fpr", "words"),
    [("0.01", "1 of 100"), ("0.1", "1 of 10"), ("0.001", "1 of 1,000"), ("0.03", "3 of 100"), ("0", "")],
)
def test_false_alarms_in_words(fpr, words):
    assert one_in(D(fpr)) == words


def test_nobody_recognised_is_not_nobody_at_risk():
    said = recognised(D(0), D(0), D("0.0041"), D("0.001"), "people")
    assert "recognised none of those tried; up to 5 cannot be ruled out" in said
    assert "Of 1,000 people" in said
    assert "Guessing would find 1." in said


def test_records_are_not_called_people():
    said = recognised(D("0.05"), D("0.04"), D("0.06"), D("0.01"), "records")
    assert "people" not in said
    assert "Of 100 records that were used" in said
