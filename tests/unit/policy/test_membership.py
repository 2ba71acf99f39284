from datetime import UTC, datetime
from decimal import Decimal

import pytest

from exeat.model.tier import Tier
from exeat.policy.finding import Barrier, Verdict
from tests.unit.policy.factories_policy import (
    assessed,
    changed_policy,
    finding,
    indicator,
    manifest,
    passing_indicators,
    proposal,
    report,
    rerun,
    simple,
)


def replacing(*changed, drop=()):
    """The passing report with indicators of the same id, fpr and subgroup replaced."""
    keys = {(i["indicator_id"], i.get("fpr"), i.get("subgroup")) for i in changed}
    kept = [i for i in passing_indicators() if (i["indicator_id"], i.get("fpr"), i.get("subgroup")) not in keys]
    return report(indicators=[*(i for i in kept if i["indicator_id"] not in drop), *changed])


def resized(item, n_in, n_out):
    """The figure from fewer records; how many it found is what the rate says."""
    return {k: v for k, v in item.items() if k != "n_events"} | {"n_in": n_in, "n_out": n_out}


def tpr(**changes):
    return indicator(**changes)


def test_the_headline_says_value_interval_and_limit():
    bad = tpr(value="0.048", ci_low="0.0349", ci_high="0.0640", n_events=960)
    found = finding("R3", reports=(replacing(bad),))
    assert found.verdict is Verdict.FAIL
    assert found.barrier is Barrier.CONDITIONAL
    assert found.headline == "TPR at 1 % FPR is 4.8 % [3.49 %, 6.4 %]; the limit is 2 %."


def test_the_bad_end_decides_even_when_the_value_is_within():
    wide = tpr(value="0.015", ci_low="0.005", ci_high="0.021")
    found = finding("R3", reports=(replacing(wide),))
    assert found.verdict is Verdict.FAIL
    assert found.headline == "TPR at 1 % FPR is 1.5 % [0.5 %, 2.1 %]; the interval reaches across the limit of 2 %."


def test_a_rate_without_interval_is_no_measurement():
    found = finding("R3", reports=(replacing(tpr(ci_low=None, ci_high=None, ci_level=None)),))
    assert found.verdict is Verdict.NOT_MEASURED
    assert "without its interval" in found.headline


def test_a_bad_rate_without_interval_still_fails():
    bare = tpr(value="0.5", ci_low=None, ci_high=None, ci_level=None)
    assert finding("R3", reports=(replacing(bare),)).verdict is Verdict.FAIL


def test_a_weak_attack_that_finds_nothing_does_not_average_a_strong_one_away():
    strong = tpr(value="0.05", ci_low="0.04", ci_high="0.06")
    weak = [tpr(indicator_id=f"mia.loss{i}.tpr_at_fpr", value="0", ci_low="0", ci_high="0.001") for i in range(9)]
    found = finding("R3", reports=(report(indicators=[*passing_indicators(), strong, *weak]),))
    assert found.verdict is Verdict.FAIL
    assert found.readings[0].value == Decimal("0.05")


def test_899_non_members_resolve_nothing_at_a_thousandth_of_a_percent():
    tiny = tpr(fpr="0.00001", value="0.0457", ci_low="0.033", ci_high="0.061", n_in=898, n_out=899, n_events=41)
    found = finding("R3", reports=(report(indicators=[*passing_indicators(), tiny]),))
    reading = next(r for r in found.readings if r.fpr == Decimal("0.00001"))
    assert (reading.value, reading.ci_low, reading.ci_high, reading.in_people) == (None, None, None, "")
    assert reading.status == "not_measured"
    assert reading.reason == "not resolvable with n = 899 non-members (needs 1,000,000)"


def test_899_non_members_at_one_in_a_thousand_are_not_measured_and_block():
    small = [resized(i, 898, 899) for i in passing_indicators()]
    found = finding("R2", reports=(report(indicators=small),))
    assert found.verdict is Verdict.NOT_MEASURED
    assert found.barrier is Barrier.BLOCKING
    assert "not resolvable with n = 899 non-members (needs 10,000)" in found.headline
    assert finding("R3", reports=(report(indicators=small),)).verdict is Verdict.NOT_MEASURED


def test_the_policy_says_what_must_be_resolved():
    small = [resized(i, 898, 1200) for i in passing_indicators()]
    modest = changed_policy(resolution__required_fpr=["0.01"])
    for check in ("R1", "R2", "R3"):
        assert finding(check, reports=(report(indicators=small),), under=modest).verdict is Verdict.PASS


def test_zero_fpr_is_never_resolved():
    found = finding("R3", reports=(report(indicators=[*passing_indicators(), tpr(fpr="0")]),))
    assert any("no number of non-members" in r.reason for r in found.readings)


def test_percent_is_not_compared_with_a_fraction():
    odd = simple("mia.lira.auc", "51", "50", "52", unit="percent")
    found = finding("R3", reports=(replacing(odd),))
    assert found.verdict is Verdict.NOT_MEASURED
    assert any("limit is in fraction" in r.reason for r in found.readings)


@pytest.mark.parametrize("name", ["mia.loss.tpr_at_fpr", "mia.shokri.tpr_at_fpr"])
def test_only_a_strong_attack_answers_r1(name):
    weak = [i | {"indicator_id": name} if i["indicator_id"].endswith("fpr") else i for i in passing_indicators()]
    assert finding("R1", reports=(report(indicators=weak),)).verdict is Verdict.NOT_MEASURED


def test_without_reports_nothing_about_membership_passes():
    done = {f.check: f for f in assessed(reports=()).findings}
    for check in ("R1", "R2", "R3", "R4", "R5", "R7", "R8", "R10", "R11", "R12", "M5"):
        assert done[check].verdict is Verdict.NOT_MEASURED, check


def weaker(access):
    return [i | {"adversary": {"access": access}} for i in passing_indicators()]


@pytest.mark.parametrize("access", ["api_label", "api_conf"])
def test_an_attacker_weaker_than_the_receiver_fails(access):
    found = finding("R10", reports=(report(indicators=weaker(access)),))
    assert found.verdict is Verdict.FAIL
    assert found.barrier is Barrier.BLOCKING
    assert found.components == ("weights",)
    assert "white-box" in found.headline


def test_queries_need_no_more_than_a_querying_attacker():
    asked = proposal(components__0__disposition="query_only")
    found = finding("R10", reports=(report(indicators=weaker("api_conf")),), proposed=asked)
    assert found.verdict is Verdict.PASS


def test_a_strong_auc_does_not_excuse_a_weak_rate():
    mixed = [i | {"adversary": {"access": "api_conf" if i.get("fpr") else "white_box"}} for i in passing_indicators()]
    assert finding("R10", reports=(report(indicators=mixed),)).verdict is Verdict.FAIL


def test_a_strong_rerun_makes_up_for_a_weak_first_run():
    both = (report(indicators=weaker("api_conf")), report(report_id="rr-2"))
    assert finding("R10", reports=both).verdict is Verdict.PASS


def test_a_report_about_other_bytes_is_ignored_and_said_so():
    foreign = report(report_id="foreign", subject__component_sha256=["sha256:" + "9" * 64])
    done = assessed(reports=(foreign,))
    found = next(f for f in done.findings if f.check == "R11")
    assert found.verdict is Verdict.NOT_MEASURED
    assert "1 report about other files ignored (foreign)" in found.headline
    assert done.report_sha256s == ()


def test_a_report_about_another_checkpoint_is_ignored_even_with_our_digest():
    foreign = report(subject__checkpoint_id="someone-else")
    assert finding("R3", reports=(foreign,)).verdict is Verdict.NOT_MEASURED


def test_a_report_about_the_config_says_nothing_about_the_weights():
    only_config = report(subject__component_sha256=["sha256:" + "b" * 64])
    for check in ("R1", "R2", "R3", "R5", "R10"):
        assert finding(check, reports=(only_config,)).verdict is Verdict.NOT_MEASURED, check


@pytest.mark.parametrize(
    ("date", "verdict"),
    [
        ("2026-05-05T00:00:00Z", Verdict.PASS),
        ("2026-05-04T00:00:00Z", Verdict.FAIL),
        ("2027-05-04T00:00:00Z", Verdict.FAIL),
    ],
)
def test_a_report_must_be_young_enough_and_not_from_the_future(date, verdict):
    assert finding("R11", reports=(report(date=date),)).verdict is verdict


def test_one_old_report_is_not_hidden_by_a_new_one():
    assert finding("R11", reports=(report(date="2025-01-01T00:00:00Z"), rerun())).verdict is Verdict.FAIL


def test_a_superseding_report_replaces_the_old_one_of_the_same_tool():
    newer = report(report_id="rr-2", supersedes="rr-1")
    found = finding("R11", reports=(report(date="2025-01-01T00:00:00Z"), newer))
    assert found.verdict is Verdict.PASS
    assert "1 report superseded (rr-1)" in found.headline


@pytest.mark.parametrize(
    "changes",
    [
        {"tool__name": "other"},
        {"date": "2026-09-01T00:00:00Z"},
        {"subject__component_sha256": ["sha256:" + "b" * 64]},
        {"independent": False},
    ],
)
def test_a_bad_independent_report_cannot_be_silenced(changes):
    bad = report(independent=True, indicators=[tpr(value="0.5", ci_low="0.4", ci_high="0.6")])
    silencer = report(
        **({"report_id": "rr-2", "supersedes": "rr-1", "independent": True, "date": "2026-10-02T00:00:00Z"} | changes)
    )
    assert finding("R3", reports=(bad, silencer)).verdict is Verdict.FAIL


def test_the_worst_subgroup_counts_and_small_ones_are_hidden():
    small = simple("mia.lira.auc", "0.9", "0.8", "1", subgroup="one village", n_in=9, n_out=500)
    found = finding("R5", reports=(report(indicators=[*passing_indicators(), small]),))
    assert found.verdict is Verdict.PASS
    assert "1 subgroup under n = 10 not shown." in found.headline
    assert "one village" not in {r.subgroup for r in found.readings}
    worse = simple("mia.lira.auc", "0.7", "0.6", "0.8", subgroup="under 40", n_in=400, n_out=500)
    failing = finding("R5", reports=(report(indicators=[*passing_indicators(), worse]),))
    assert failing.verdict is Verdict.FAIL
    assert failing.headline.startswith("Subgroup under 40: AUC is 0.7 [0.6, 0.8]; the limit is 0.65.")


def test_only_small_subgroups_are_not_measured():
    few = [i | ({"n_in": 5} if i.get("subgroup") else {}) for i in passing_indicators()]
    assert finding("R5", reports=(report(indicators=few),)).verdict is Verdict.NOT_MEASURED


def test_subgroups_without_the_worst_record_are_not_enough():
    assert finding("R5", reports=(report(worst_records=None),)).verdict is Verdict.NOT_MEASURED


def test_significance_is_corrected_for_the_number_of_tests():
    one = replacing(simple("mia.lira.auc", "0.51", "0.505", "0.515", p_value="0.03"))
    assert finding("R4", reports=(one,)).verdict is Verdict.WARN
    two = report(indicators=[*passing_indicators(), simple("mia.rmia.auc", "0.51", "0.5", "0.52", p_value="0.03")])
    assert finding("R4", reports=(two,)).verdict is Verdict.PASS


GENERATOR = {"model__task": "text generation"}
EXPOSURE = simple("mem.canary.exposure", "3", "2", "5", unit="bits")
EXTRACTED = simple("mem.extract.rate", "0", "0", "0.0005")


@pytest.mark.parametrize(
    ("model", "extra", "verdict"),
    [
        ({}, [], Verdict.NOT_APPLICABLE),
        (GENERATOR, [], Verdict.NOT_MEASURED),
        (GENERATOR, [EXPOSURE], Verdict.NOT_MEASURED),
        (GENERATOR, [EXPOSURE, EXTRACTED], Verdict.PASS),
        (GENERATOR, [EXPOSURE | {"ci_high": "11"}, EXTRACTED], Verdict.FAIL),
        (GENERATOR, [EXPOSURE | {"ci_high": "11"}], Verdict.FAIL),
        ({}, [EXPOSURE | {"ci_high": "11"}], Verdict.FAIL),
        (GENERATOR, [{k: v for k, v in EXPOSURE.items() if not k.startswith("ci_")}, EXTRACTED], Verdict.WARN),
    ],
)
def test_memorization(model, extra, verdict):
    found = finding("R6", of=manifest(**model), reports=(report(indicators=[*passing_indicators(), *extra]),))
    assert found.verdict is verdict, found.headline


def test_reconstruction_is_judged_against_the_trivial_predictor():
    better = simple("recon.error", "0.9", "0.8", "1.0", unit="mse", direction="lower_is_worse", baseline_value="1.0")
    assert finding("R7", reports=(replacing(better),)).verdict is Verdict.FAIL
    no_base = {k: v for k, v in better.items() if k != "baseline_value"}
    assert finding("R7", reports=(replacing(no_base),)).verdict is Verdict.NOT_MEASURED


def test_a_report_may_say_that_an_attack_does_not_apply():
    said = indicator(
        indicator_id="attr.adv_over_imputation",
        status="not_applicable",
        reason="no sensitive input",
        value=None,
        fpr=None,
    )
    found = finding("R8", reports=(replacing(said),))
    assert found.verdict is Verdict.WARN
    assert "no sensitive input" in found.headline


def attribute(name, **changes):
    return simple(
        "attr.adv_over_imputation", "0.01", "0.0", "0.02", **({"attack_params": {"attribute": name}} | changes)
    )


def test_each_stated_attribute_needs_a_figure():
    gave_up = {"status": "not_applicable", "reason": "no time", "value": None, "ci_low": None, "ci_high": None}
    unsaid = indicator(**(attribute("income") | gave_up | {"fpr": None}))
    kept = [i for i in passing_indicators() if not i["indicator_id"].startswith("attr.")]
    found = finding("R8", reports=(report(indicators=[*kept, attribute("age"), unsaid]),))
    assert found.verdict is Verdict.NOT_MEASURED
    assert "income" in found.headline
    assert "age" not in found.headline
    both = report(indicators=[*kept, attribute("age"), attribute("income")])
    assert finding("R8", reports=(both,)).verdict is Verdict.PASS


def test_a_rerun_that_disagrees_is_a_contradiction():
    other = rerun(indicators=[tpr(value="0.03", ci_low="0.025", ci_high="0.035")])
    found = finding("R12", reports=(report(), other))
    assert found.verdict is Verdict.FAIL
    assert "mia.lira.tpr_at_fpr" in found.headline


@pytest.mark.parametrize(("changes", "verdict"), [({"rerun_of": None}, Verdict.WARN), ({"seed": None}, Verdict.WARN)])
def test_a_rerun_names_what_it_repeats_and_its_seed(changes, verdict):
    assert finding("R12", reports=(report(), rerun(**changes))).verdict is verdict


def test_a_limit_holds_at_its_tiers_only():
    at_t0 = [{**t.model_dump(mode="json", exclude_none=True), "tiers": ["T0"]} for t in changed_policy().thresholds]
    lax = changed_policy(thresholds=at_t0)
    assert finding("R3", under=lax, tier=Tier.T3).verdict is Verdict.NOT_MEASURED


def test_dates_of_reports_are_utc():
    assert report().report.date == datetime(2026, 10, 1, tzinfo=UTC)
