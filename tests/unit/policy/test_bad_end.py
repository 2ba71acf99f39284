"""The producer of a figure decides neither which end is bad nor how sure it is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from exeat.model.risk_report import Indicator
from exeat.policy.finding import Verdict
from tests.unit.policy.factories_policy import changed_policy, finding, indicator, passing_indicators, report, simple


def with_first(*changed):
    """The passing report with its rate at 1 % and its area replaced where the ids are the same."""
    keys = {(i["indicator_id"], i.get("fpr"), i.get("subgroup")) for i in changed}
    kept = [i for i in passing_indicators() if (i["indicator_id"], i.get("fpr"), i.get("subgroup")) not in keys]
    return report(indicators=[*kept, *changed])


def r3(*changed, **parts):
    return finding("R3", reports=(with_first(*changed),), **parts)


def test_the_policy_says_which_end_is_bad():
    found = r3(indicator(value="0.5", ci_low="0.49", ci_high="0.51", direction="lower_is_worse"))
    assert found.verdict is Verdict.NOT_MEASURED
    reading = next(r for r in found.readings if r.value == Decimal("0.5"))
    assert (reading.verdict, reading.reason) == (
        Verdict.NOT_MEASURED,
        "the report says that lower is worse, the policy that higher is",
    )


def test_reconstruction_is_worse_when_the_error_is_low():
    up = simple("recon.error", "0.1", "0.05", "0.2", unit="mse", baseline_value="1.0")
    assert finding("R7", reports=(with_first(up),)).verdict is Verdict.NOT_MEASURED
    down = up | {"direction": "lower_is_worse"}
    assert finding("R7", reports=(with_first(down),)).verdict is Verdict.FAIL


def test_an_interval_that_ends_at_zero_does_not_hold_half():
    with pytest.raises(ValidationError, match="outside its own interval"):
        Indicator.model_validate(indicator(value="0.5", ci_low="0", ci_high="0"), strict=False)


@pytest.mark.parametrize(("level", "verdict"), [("0.01", "not_measured"), ("0.94", "not_measured"), ("0.95", "pass")])
def test_an_interval_at_a_low_level_is_no_measurement(level, verdict):
    found = r3(indicator(value="0.015", ci_low="0.0149", ci_high="0.0173", ci_level=level))
    assert found.verdict == verdict


def test_a_level_that_is_not_stated_is_no_level():
    assert r3(indicator(ci_level=None)).verdict is Verdict.NOT_MEASURED


def test_the_policy_may_ask_for_another_level():
    strict = changed_policy(resolution__min_ci_level="0.99")
    assert r3(indicator(), under=strict).verdict is Verdict.NOT_MEASURED


def test_a_bad_figure_fails_at_any_level():
    assert r3(indicator(value="0.5", ci_low="0.4", ci_high="0.6", ci_level="0.01")).verdict is Verdict.FAIL


def test_counts_widen_an_interval_that_is_too_narrow():
    # 0 of 5: the exact interval ends at 0.52.
    found = r3(indicator(value="0", ci_low="0", ci_high="0.0001", n_in=5))
    assert found.verdict is Verdict.FAIL
    assert found.readings[0].ci_high == pytest.approx(Decimal("0.5218"), abs=Decimal("0.0001"))


def test_without_the_successes_the_counts_that_round_to_the_value_are_taken():
    found = r3(indicator(value="0", ci_low="0", ci_high="0.0001", n_in=5, n_events=None))
    assert found.verdict is Verdict.FAIL


def test_a_rate_of_nobody_is_not_measured():
    assert r3(indicator(n_in=None)).verdict is Verdict.NOT_MEASURED


@pytest.mark.parametrize("events", [0, 198, 202, 20_001])
def test_a_rate_that_its_own_counts_contradict_is_refused(events):
    with pytest.raises(ValidationError, match="contradicts its counts"):
        Indicator.model_validate(indicator(n_events=events), strict=False)


@pytest.mark.parametrize("events", [199, 200, 201])
def test_a_rate_may_be_rounded_by_one_member(events):
    assert Indicator.model_validate(indicator(n_events=events), strict=False).n_events == events


@pytest.mark.parametrize(("low", "high", "verdict"), [("0.03", "0.07", "fail"), ("0.47", "0.53", "pass")])
def test_an_attack_that_is_always_wrong_is_a_good_attack(low, high, verdict):
    value = str((Decimal(low) + Decimal(high)) / 2)
    assert r3(simple("mia.lira.auc", value, low, high)).verdict == verdict


def test_a_wrong_way_round_area_without_interval_fails_too():
    assert r3(simple("mia.lira.auc", "0.05", None, None)).verdict is Verdict.FAIL


RATE_01 = indicator(fpr="0.001", value="0.001", ci_low="0.0006", ci_high="0.0016")


def test_a_strong_attack_is_needed_at_each_required_rate():
    gave_up = {"status": "not_measured", "reason": "later"}
    bare = {k: v for k, v in RATE_01.items() if k not in {"value", "ci_low", "ci_high", "n_events"}} | gave_up
    kept = [i for i in passing_indicators() if i.get("fpr") != "0.001"]
    patchwork = report(indicators=[*kept, RATE_01 | {"indicator_id": "mia.loss.tpr_at_fpr"}, bare])
    found = finding("R1", reports=(patchwork,))
    assert found.verdict is Verdict.NOT_MEASURED
    assert "0.1 % FPR" in found.headline


@pytest.mark.parametrize("regime", ["synthetic", "masked", "shifted"])
@pytest.mark.parametrize("check", ["R1", "R2", "R3"])
def test_figures_about_other_data_do_not_answer(check, regime):
    other = [i | {"regime": regime} for i in passing_indicators()]
    assert finding(check, reports=(report(indicators=other),)).verdict is Verdict.NOT_MEASURED


def test_a_bad_figure_about_other_data_fails_all_the_same():
    assert r3(indicator(value="0.5", ci_low="0.4", ci_high="0.6", regime="shifted")).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"indicator_id": "mia.lira.online.tpr_at_fpr"}, "not_measured"),
        ({"indicator_id": "mia.lira.recall"}, "not_measured"),
        ({"fpr": "0.0009"}, "fail"),
        ({"fpr": "0.05"}, "fail"),
        ({"fpr": "0.9"}, "not_measured"),
        ({"unit": "percent", "n_events": None}, "not_measured"),
    ],
)
def test_a_figure_that_the_policy_does_not_know_is_not_passed_over(change, verdict):
    odd = indicator(**({"value": "0.6", "ci_low": "0.59", "ci_high": "0.61"} | change))
    found = finding("R3", reports=(report(indicators=[*passing_indicators(), odd]),))
    assert found.verdict == verdict, found.headline


def test_a_subgroup_that_was_not_measured_keeps_the_gate_shut():
    gave_up = indicator(
        status="not_measured", reason="time ran out", value=None, ci_low=None, ci_high=None, subgroup="women"
    )
    found = finding("R5", reports=(report(indicators=[*passing_indicators(), gave_up]),))
    assert found.verdict is Verdict.NOT_MEASURED
    assert "women" in found.headline


def test_junk_does_not_dilute_the_correction():
    significant = simple("mia.lira.auc", "0.51", "0.505", "0.515", p_value="0.03")
    junk = [
        *(simple("mia.lira.auc", "0.5", "0.4", "0.55", p_value="0.9", subgroup=f"g{i}") for i in range(40)),
        *(indicator(fpr=f"0.0{i}", p_value="0.9") for i in range(20, 40)),
        *(simple(f"mia.junk{i}.fdif01", "0", "0", "0", unit="difference", p_value="0.9") for i in range(40)),
    ]
    found = finding("R4", reports=(with_first(significant, *junk),))
    assert found.verdict is Verdict.WARN
    assert "1 attack is 0.03" in found.headline
