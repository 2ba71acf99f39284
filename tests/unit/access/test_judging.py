from __future__ import annotations

import itertools

import pytest

from exeat.access.judging import Judge, band, indicator_of
from exeat.model.tier import Tier
from exeat.policy.finding import Verdict
from exeat.policy.reading import judge, unresolved
from exeat.storage.warehouse_rows import measurement_rows
from tests.factories import indicator, policy, report

LIMITS = [
    {"id": "a", "check": "R3", "indicator": "mia.*.auc", "limit": "0.60", "unit": "fraction"},
    {"id": "w", "check": "R3", "indicator": "mia.*.auc", "limit": "0.55", "unit": "fraction", "effect": "warn"},
    {
        "id": "t",
        "check": "R3",
        "indicator": "mia.*",
        "fpr": "0.01",
        "limit": "0.02",
        "unit": "fraction",
        "tiers": ["T2"],
    },
    {"id": "r", "check": "R7", "indicator": "recon.error", "limit": "0.9", "unit": "ratio_to_baseline"},
    {"id": "p", "check": "R4", "indicator": "*", "limit": "0.05", "unit": "p_value", "effect": "warn"},
    {"id": "x", "check": "M2", "indicator": "struct.*", "limit": "0", "unit": "flag"},
]
GAP = {"status": "not_measured", "value": None, "ci_low": None, "ci_high": None, "reason": "No shadow models."}
FIGURES = [
    indicator(),
    indicator(value="0.61", ci_low="0.58", ci_high="0.64"),
    indicator(ci_low=None, ci_high=None),
    indicator(indicator_id="mia.lira.tpr_at_fpr", fpr="0.01", n_out=1000, value="0.03", ci_low="0.02", ci_high="0.04"),
    indicator(indicator_id="mia.lira.tpr_at_fpr", fpr="0.001", n_out=899, value="0.03", ci_low="0.02", ci_high="0.04"),
    indicator(indicator_id="mem.canary.exposure", unit="bits", value="3", ci_low="2", ci_high="4"),
    indicator(indicator_id="recon.error", unit="mse", direction="lower_is_worse", value="1", ci_low="0.8", ci_high="2",
              baseline_value="1"),
    indicator(indicator_id="struct.dof", unit="flag", value="1", ci_low=None, ci_high=None),
    indicator(**GAP),
    indicator(**(GAP | {"status": "not_applicable"})),
]  # fmt: skip


def stored(document):
    """Return the figure as the warehouse keeps it, and as the report says it."""
    made = report(indicators=[document])
    return next(measurement_rows(made, "sha256:r", 0)), made.indicators[0]


@pytest.mark.parametrize(("document", "tier"), list(itertools.product(FIGURES, (Tier.T0, Tier.T2))))
def test_a_stored_figure_is_judged_as_the_assessment_judges_it(document, tier):
    rules = policy(thresholds=LIMITS)
    row, original = stored(document)
    expected = judge(original, [one for one in rules.thresholds if tier in one.tiers and one.unit != "p_value"], rules)
    found = Judge(rules).judge(row, tier)
    measured_without_limit = expected.verdict is Verdict.NOT_APPLICABLE and original.status == "measured"
    assert found.verdict == ("no_limit" if measured_without_limit else expected.verdict)
    assert found.limit == (None if expected.limit is None else float(expected.limit))
    assert found.why == expected.reason
    assert found.resolved is (original.status != "measured" or not unresolved(original, rules))


OWN = [
    {"id": "all", "check": "R3", "indicator": "mia.*", "limit": "0.60", "unit": "fraction"},
    {"id": "group", "check": "R5", "indicator": "mia.*", "limit": "0.70", "unit": "fraction"},
    {"id": "delta", "check": "S6", "indicator": "mia.*", "limit": "0.52", "unit": "fraction"},
    {"id": "any", "check": "R8", "indicator": "attr.*", "limit": "0.60", "unit": "fraction"},
]


@pytest.mark.parametrize(
    ("changes", "limit", "verdict"),
    [
        ({}, 0.60, "fail"),
        ({"subgroup": "age over 90"}, 0.70, "pass"),
        ({"indicator_id": "mia.delta.auc"}, 0.52, "fail"),
        ({"indicator_id": "mia.delta.auc", "subgroup": "age over 90"}, 0.52, "fail"),
        ({"indicator_id": "mia.record.max"}, 0.70, "pass"),
        ({"indicator_id": "attr.auc", "subgroup": "age over 90"}, 0.60, "fail"),
    ],
)
def test_each_figure_is_judged_by_the_limits_of_the_check_that_reads_it(changes, limit, verdict):
    figure, _ = stored(indicator(value="0.62", ci_low="0.58", ci_high="0.66", **changes))
    found = Judge(policy(thresholds=OWN)).judge(figure, Tier.T2)
    assert (found.limit, found.verdict) == (limit, verdict)


def test_what_the_limits_may_ask_of_a_figure_survives_the_warehouse():
    row, original = stored(indicator(n_in=100, n_events=55, ci_level="0.95", subgroup="age over 90"))
    kept = indicator_of(row)
    for name in ("n_in", "n_out", "n_events", "ci_level", "subgroup", "baseline_value"):
        assert getattr(kept, name) == getattr(original, name), name


def test_every_verdict_occurs_among_these_figures():
    rules = policy(thresholds=LIMITS)
    found = {Judge(rules).judge(stored(document)[0], Tier.T2).verdict for document in FIGURES}
    assert found == {"fail", "warn", "not_measured", "not_applicable", "no_limit"}


def test_without_a_tier_no_limit_applies():
    assert Judge(policy()).judge(stored(indicator())[0], None).verdict == "no_limit"


def test_figures_in_words():
    found = Judge(policy()).judge(stored(FIGURES[3])[0], Tier.T2)
    assert (found.label, found.family) == ("membership, LiRA, TPR at 1 % FPR", "membership, TPR at 1 % FPR")


def test_a_group_does_not_lend_its_words_to_everybody():
    judge, whole = Judge(policy()), stored(FIGURES[3])[0]
    part = whole | {"subgroup": "age >= 70"}
    words = [judge.judge(row, Tier.T2).label for row in (part, whole)]
    assert "overall threshold" in words[0]
    assert "overall threshold" not in words[1]


def test_decimals_survive_the_way_through_the_warehouse():
    row, original = stored(indicator(value="0.1", ci_low="0.07", ci_high="0.30", n_out=899))
    assert indicator_of(row).value == original.value
    assert indicator_of(row).ci_high == original.ci_high


@pytest.mark.parametrize(
    ("verdict", "bad_end", "limit", "falling", "expected"),
    [
        ("fail", 0.7, 0.6, False, "beyond its limit"),
        ("warn", 0.5, 0.6, False, "near its limit"),
        ("pass", 0.5, 0.6, False, "near its limit"),
        ("pass", 0.4, 0.6, False, "within its limit"),
        ("pass", 0.45, 0.4, True, "near its limit"),
        ("pass", 0.9, 0.4, True, "within its limit"),
        ("no_limit", 0.5, None, False, "measured, no limit set"),
        ("not_measured", None, 0.6, False, "not measured"),
        ("not_applicable", None, None, False, "not applicable"),
    ],
)
def test_bands(verdict, bad_end, limit, falling, expected):
    assert band(verdict, bad_end, limit, lower_is_worse=falling) == expected
