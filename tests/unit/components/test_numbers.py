from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from components.numbers import axis_unit, counted, day, days, figure, interval, listed, scale, shown_unit, size


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Decimal("0.048"), "fraction", "4.8 %"),
        (Decimal(0), "fraction", "0 %"),
        (None, "fraction", "not measured"),
        (Decimal("3.14159"), "bits", "3.14 bits"),
        (8, "epsilon", "8"),
        (12345.6, "records", "12,346 records"),
        (Decimal("0.000012"), "fraction", "0.0012 %"),
    ],
)
def test_figure(value, unit, text):
    assert figure(value, unit) == text


def test_interval():
    assert interval(Decimal("0.035"), Decimal("0.064")) == "[3.5 %, 6.4 %]"
    assert interval(1, 2, "bits") == "[1 bits, 2 bits]"
    assert interval(None, Decimal(1)) == ""


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [
        ("0.01996", "0.01004", "fraction", "[1.99 %, 1.01 %]"),
        ("0.3", "0.30000", "fraction", "[30 %, 30 %]"),
        ("0", "1", "fraction", "[0 %, 100 %]"),
        ("0.59999", "0.60001", "", "[0.599, 0.601]"),
        ("-0.01004", "12345.6", "bits", "[-0.0101 bits, 12,346 bits]"),
    ],
)
def test_intervals_are_rounded_outward(low, high, unit, text):
    assert interval(Decimal(low), Decimal(high), unit) == text
    assert interval(float(low), float(high), unit) == text


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        ("0.01004", "0.01", "1.004 %"),
        ("0.0100004", "0.01", "1.00004 %"),
        ("0.01", "0.010", "1 %"),
        ("0.009996", "0.01", "0.9996 %"),
        ("0.05", "0.01", "5 %"),
    ],
)
def test_a_value_never_looks_as_if_it_lay_on_its_limit(value, limit, text):
    assert figure(Decimal(value), "fraction", limit=Decimal(limit)) == text


@pytest.mark.parametrize(("count", "text"), [(38_000, "38 kB"), (0, "0 B"), (999, "999 B"), (2_500_000, "2.5 MB")])
def test_size(count, text):
    assert size(count) == text


def test_words():
    assert day(date(2027, 5, 1)) == "2027-05-01"
    assert day(None) == "—"
    assert (days(1), days(9.7), days(None)) == ("1 day", "9 days", "—")
    assert (counted(1, "finding"), counted(2, "finding"), counted(2, "is", "are")) == (
        "1 finding",
        "2 findings",
        "2 are",
    )
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("none", "a", "a, b and c")


def test_an_area_under_a_curve_is_no_percentage():
    assert shown_unit("mia.lira.auc", "fraction") == ""
    assert shown_unit("mia.lira.tpr_at_fpr", "fraction") == "fraction"
    assert shown_unit("struct.dof", "flag") == ""
    assert [(axis_unit(unit), scale(unit)) for unit in ("fraction", "difference", "", "bits")] == [
        ("%", 100),
        ("points", 100),
        ("", 1),
        ("bits", 1),
    ]
