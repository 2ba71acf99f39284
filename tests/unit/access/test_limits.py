from __future__ import annotations

import pytest

from exeat.access.limits import band, limit_for, limits_for, matches, parameters
from exeat.access.words import family_words, indicator_words
from exeat.model.tier import Tier
from tests.factories import policy


def threshold(**changes):
    return {"id": "t", "check": "R3", "indicator": "mia.*.auc", "limit": "0.60", "unit": "fraction"} | changes


@pytest.mark.parametrize(
    ("pattern", "indicator", "expected"),
    [
        ("mia.lira.auc", "mia.lira.auc", True),
        ("mia.*.auc", "mia.lira.auc", True),
        ("mia.*.auc", "mia.auc", False),
        ("mia.*.auc", "mia.a.b.auc", False),
        ("mia.*", "mia.lira.auc", True),
        ("mia.*", "mem.canary", False),
        ("mia.auc", "miaxauc", False),
        ("*", "anything.at.all", True),
    ],
)
def test_patterns(pattern, indicator, expected):
    assert matches(pattern, indicator) is expected


def test_the_strictest_limit_that_applies_is_taken():
    rules = policy(
        thresholds=[
            threshold(),
            threshold(id="t0", limit="0.55", tiers=["T0"]),
            threshold(id="w", limit="0.52", effect="warn"),
        ]
    )
    assert limit_for(rules, "mia.lira.auc", None, Tier.T0)[3:] == (0.55, 0.52)
    assert limit_for(rules, "mia.lira.auc", None, Tier.T2)[3:] == (0.60, 0.52)
    assert limit_for(rules, "mia.lira.auc", None, Tier.T0, falling=True)[3:] == (0.60, 0.52)
    assert limit_for(rules, "mem.canary", None, Tier.T0).strictest is None


def test_a_limit_at_one_rate_is_no_limit_at_another():
    rules = policy(thresholds=[threshold(indicator="mia.*.tpr_at_fpr", fpr="0.01", limit="0.02")])
    assert limit_for(rules, "mia.lira.tpr_at_fpr", 0.01, Tier.T2).fail == 0.02
    assert limit_for(rules, "mia.lira.tpr_at_fpr", 0.001, Tier.T2).fail is None
    assert limit_for(rules, "mia.lira.tpr_at_fpr", None, Tier.T2).fail is None


@pytest.mark.parametrize(
    ("status", "value", "limit", "falling", "expected"),
    [
        ("measured", 0.5, 0.6, False, "near its limit"),
        ("measured", 0.4, 0.6, False, "within its limit"),
        ("measured", 0.6, 0.6, False, "near its limit"),
        ("measured", 0.61, 0.6, False, "above its limit"),
        ("measured", 0.3, 0.4, True, "below its limit"),
        ("measured", 0.9, 0.4, True, "within its limit"),
        ("measured", 0.45, 0.4, True, "near its limit"),
        ("measured", 0.5, None, False, "measured, no limit set"),
        ("not_measured", None, 0.6, False, "not measured"),
        ("failed", None, 0.6, False, "not measured"),
        ("not_applicable", None, None, False, "not applicable"),
    ],
)
def test_bands(status, value, limit, falling, expected):
    assert band(status, value, limit, lower_is_worse=falling) == expected


def test_limits_become_a_table_that_is_never_empty():
    sql, values = parameters(())
    assert (sql.count("?"), len(values)) == (5, 5)
    limits = limits_for(policy(), [("mia.lira.auc", None, False), ("mem.canary", None, False)])
    assert {limit.indicator_id for limit in limits} == {"mia.lira.auc"}
    assert len(limits) == len(Tier)


def test_indicators_as_people_say_them():
    assert indicator_words("mia.lira.tpr_at_fpr", 0.01) == "membership, LiRA, true positives at 1 % false alarms"
    assert family_words("mia.lira.tpr_at_fpr", 1e-5) == "membership, true positives at 0.001 % false alarms"
    assert indicator_words("x_own.thing") == "own, thing"
    assert indicator_words("dp.epsilon", float("nan")) == "differential privacy, ε"
