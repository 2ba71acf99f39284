from dataclasses import replace
from decimal import Decimal

import pytest

from exeat.policy.epsilon import recompute
from exeat.policy.finding import Barrier, Verdict
from exeat.policy.lower_bounds import lower_bounds
from tests.unit.policy.factories_policy import (
    changed_policy,
    finding,
    indicator,
    manifest,
    matter,
    proposal,
    report,
    simple,
)

# q = 0.0356, 1,680 steps, noise 3, delta 1e-5: the accountants say 2.02 (PLD) and 2.23 (RDP).
CLAIM = {
    "claimed": True,
    "epsilon": "2.1",
    "delta": "0.00001",
    "mechanism": "DP-SGD",
    "accountant": "prv",
    "accountant_version": "1",
    "unit": "person",
    "neighbouring": "add_remove",
    "sampling": "poisson",
    "sample_rate": "0.0356",
    "noise_multiplier": "3.0",
    "clip_norm": "1.0",
    "steps": 1680,
    "tuning_accounted": True,
}
P, F, N, W, X = Verdict.PASS, Verdict.FAIL, Verdict.NOT_MEASURED, Verdict.WARN, Verdict.NOT_APPLICABLE


def claiming(**changes):
    return manifest(dp={k: v for k, v in (CLAIM | changes).items() if v is not None})


@pytest.mark.parametrize("check", ["E1", "E2", "E3", "E4"])
def test_without_a_claim_nothing_is_asked(check):
    assert finding(check).verdict is X
    assert finding(check, of=manifest(dp={"claimed": False})).verdict is X


def test_dp_sgd_without_its_parameters_is_not_measured():
    listed = manifest(safeguards=[{"id": "dp", "kind": "dp_sgd", "stage": "training"}])
    assert finding("E1", of=listed).verdict is N


@pytest.mark.parametrize(
    ("check", "verdict", "changes"),
    [
        ("E1", P, {}),
        ("E1", F, {"unit": None}),
        ("E1", F, {"epsilon": None}),
        ("E1", F, {"accountant_version": None}),
        ("E2", P, {}),
        ("E2", F, {"epsilon": "1.0"}),
        ("E2", F, {"noise_multiplier": "1.0"}),
        ("E2", F, {"steps": 100_000}),
        ("E2", W, {"epsilon": "8"}),
        ("E2", N, {"noise_multiplier": None}),
        ("E2", N, {"epsilon": None}),
        ("E2", F, {"noise_multiplier": "0"}),
        ("E2", F, {"steps": 10**12}),
        ("E3", P, {}),
        ("E3", F, {"delta": "0.0001"}),
        ("E3", F, {"sampling": "shuffle"}),
        ("E3", W, {"sampling": "fixed"}),
        ("E3", N, {"sampling": None}),
        ("E3", F, {"tuning_accounted": False}),
        ("E3", N, {"tuning_accounted": None}),
        ("E4", W, {}),
        ("E4", N, {"delta": None}),
    ],
)
def test_one_change_in_the_claim(check, verdict, changes):
    found = finding(check, of=claiming(**changes))
    assert found.verdict is verdict, found.headline


def test_an_unsupported_claim_names_both_figures_and_blocks():
    found = finding("E2", of=claiming(epsilon="1.0"))
    assert found.barrier is Barrier.BLOCKING
    assert found.headline.startswith("Claimed ε 1, recomputed 2.02:")


def test_the_tolerance_of_the_policy_is_one_percent():
    recomputed = recompute(claiming().dp).tightest
    assert finding("E2", of=claiming(epsilon=str(recomputed * Decimal("0.991")))).verdict is P
    assert finding("E2", of=claiming(epsilon=str(recomputed * Decimal("0.989")))).verdict is F


def test_a_report_with_another_epsilon_contradicts_the_claim():
    other = report(indicators=[simple("dp.epsilon", "5", None, None, unit="epsilon")])
    assert finding("E2", of=claiming(), reports=(other,)).verdict is W


@pytest.mark.parametrize("accountant", ["pld", "rdp"])
def test_a_report_by_either_accountant_does_not_contradict_it(accountant):
    claim = claiming()
    value = str(getattr(recompute(claim.dp), accountant))
    other = report(indicators=[simple("dp.epsilon", value, None, None, unit="epsilon")])
    assert finding("E2", of=claim, reports=(other,)).verdict is P


def test_more_records_per_person_than_one_raise_a_doubt():
    twice = claiming().model_copy(
        update={"data_sources": manifest(data_sources__0__max_records_per_unit=4).data_sources}
    )
    assert finding("E3", of=twice).verdict is W


def attack(hits, fpr="0.01"):
    rate = Decimal(hits) / 20_000
    return indicator(value=str(rate), ci_low="0", ci_high="1", n_events=hits, fpr=fpr)


def test_an_attack_above_the_claim_breaks_it():
    # 60 % at 1 % FPR: ln(0.59 / 0.0115) is about 3.9.
    found = finding("E4", of=claiming(), reports=(report(indicators=[attack(12_000)]),))
    assert found.verdict is F
    assert found.barrier is Barrier.BLOCKING
    assert "the implementation breaks its claim" in found.headline


def test_a_bound_from_counts_uses_exact_ends_on_both_rates():
    rows = [attack(41, fpr="0.00001") | {"n_in": 898, "n_out": 899, "value": "0.0457"}]
    about = replace(
        matter(reports=(report(indicators=rows),)), policy=changed_policy(resolution__required_fpr=["0.00001"])
    )
    (bound,) = lower_bounds(about, Decimal("0.00001"))
    # Clopper-Pearson 41/898: low 0.0330; 0/899: high 0.00409; ln(0.0330/0.00409) = 2.087.
    assert float(bound.epsilon) == pytest.approx(2.087, abs=0.005)


def test_many_attacks_share_the_error_so_that_luck_is_no_violation():
    one = finding("E4", of=claiming(epsilon="2.6"), reports=(report(indicators=[attack(3_000)]),))
    many = [attack(3_000), *(attack(100) | {"indicator_id": f"mia.x{i}.tpr_at_fpr"} for i in range(99))]
    all_of_them = finding("E4", of=claiming(epsilon="2.6"), reports=(report(indicators=many),))
    assert one.headline != all_of_them.headline
    shown = [float(f.headline.split("at least ")[1].split(",")[0]) for f in (one, all_of_them)]
    assert shown[0] > shown[1] > 0


def test_a_report_s_own_lower_bound_counts():
    stated = report(indicators=[simple("dp.epsilon_lower", "9", None, None, unit="epsilon")])
    assert finding("E4", of=claiming(), reports=(stated,)).verdict is F


def test_no_attack_no_bound():
    assert finding("E4", of=claiming(), reports=()).verdict is N


def test_nothing_to_attack_when_only_the_configuration_leaves():
    only_config = proposal(components=[{"component_id": "config", "disposition": "allowed"}])
    assert finding("E4", of=claiming(), proposed=only_config).verdict is X
    assert finding("E2", of=claiming(epsilon="1.0"), proposed=only_config).verdict is F


@pytest.mark.parametrize(
    "change",
    [
        {"subgroup": "women", "n_in": 300, "value": "0.9", "n_events": 270},
        {"indicator_id": "mia.delta.tpr_at_fpr", "value": "0.9", "n_events": 18_000},
        {"indicator_id": "mia.record.tpr_at_fpr", "value": "0.9", "n_events": 18_000},
    ],
)
def test_what_is_no_test_of_the_claim_does_not_break_it(change):
    rows = [attack(200), attack(200) | change]
    assert finding("E4", of=claiming(), reports=(report(indicators=rows),)).verdict is not F


def test_rates_that_nobody_asked_for_do_not_dilute_the_bound():
    junk = [attack(100, fpr=f"0.{i}") for i in range(20, 80)]
    plain = finding("E4", of=claiming(epsilon="2.6"), reports=(report(indicators=[attack(3_000)]),))
    diluted = finding("E4", of=claiming(epsilon="2.6"), reports=(report(indicators=[attack(3_000), *junk]),))
    assert diluted.headline == plain.headline


def bound_of(value, **params):
    return simple("dp.epsilon_lower", value, None, None, unit="epsilon", attack_params=params)


def e4(*indicators, **claim):
    return finding("E4", of=claiming(**claim), reports=(report(indicators=list(indicators)),))


def test_a_bound_at_a_smaller_delta_does_not_break_the_claim():
    small = bound_of("9", delta="0.000001", ceiling="12")
    assert e4(small).verdict is N
    assert "below the claim's" in e4(small).headline
    assert e4(small, attack(200)).verdict is W
    assert e4(bound_of("9", delta="0.0001", ceiling="12")).verdict is F
    assert e4(bound_of("9", delta="0.00001", ceiling="12")).verdict is F


def test_a_test_that_cannot_reach_the_claim_is_no_evidence_for_it():
    weak = e4(bound_of("3.4", delta="0.00001", ceiling="3.5"), epsilon="8")
    assert weak.verdict is W
    assert "uninformative, these tests can show 3.5 at most" in weak.headline
    assert weak.barrier is Barrier.NONE
    strong = e4(bound_of("3.4", delta="0.00001", ceiling="9.5"), epsilon="8")
    assert strong.verdict is P
    assert "consistent" in strong.headline


def test_attacks_that_show_nothing_are_no_evidence_either():
    found = e4(attack(200))
    assert found.verdict is W
    assert "uninformative, the attacks that could contradict the claim show nothing" in found.headline


def test_rates_at_one_percent_cannot_reach_a_claim_of_eight():
    found = e4(attack(12_000), epsilon="8")
    assert found.verdict is W
    assert "can show 4.4" in found.headline
    assert e4(attack(12_000), epsilon="4.2").verdict is P


def test_attacks_on_other_data_are_tries_too():
    plain, shared = (lower_bounds(matter(reports=(report(indicators=rows),)), Decimal("0.00001")) for rows in (
        [attack(3_000)], [attack(3_000), *(attack(100) | {"regime": kind} for kind in ("masked", "shifted"))],
    ))  # fmt: skip
    assert shared[0].epsilon < plain[0].epsilon
    assert shared[0].ceiling < plain[0].ceiling
