from decimal import Decimal

import numpy as np
import pytest

from exeat.audit.membership import Scores, auc, epsilon_lower, indicators_of, quantiles, strongest, threshold_at


def scores(*, shift=0.0, n_in=300, n_out=300, seed=0, groups=None, attack="loss"):
    rng = np.random.default_rng(seed)
    members, others = rng.normal(shift, 1, n_in), rng.normal(0, 1, n_out)
    return Scores(attack, members, others, groups or {})


def by_id(found, suffix, **fields):
    wanted = [i for i in found if i.indicator_id.endswith(suffix)]
    return [i for i in wanted if all(getattr(i, name) == value for name, value in fields.items())]


def test_auc_counts_ties_as_half():
    assert auc(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 0.5
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auc(np.array([0.0]), np.array([1.0, 2.0, 0.0])) == pytest.approx(1 / 6)


@pytest.mark.parametrize("n_out", [99, 100, 199, 245, 850])
def test_no_more_non_members_than_the_rate_allows_pass_the_threshold(n_out):
    others = np.random.default_rng(n_out).normal(size=n_out)
    cut = threshold_at(others, Decimal("0.01"))
    if n_out < 100:
        assert cut is None
    else:
        assert (others > cut).sum() == n_out // 100


def test_ties_at_the_top_never_exceed_the_rate():
    others = np.concatenate([np.full(50, 9.0), np.zeros(150)])
    assert (others > threshold_at(others, Decimal("0.01"))).sum() == 0


def test_an_unresolvable_rate_has_no_value_but_a_reason():
    found = indicators_of(scores(n_out=245))
    (thousandth,) = by_id(found, "tpr_at_fpr", fpr=Decimal("0.001"))
    assert (thousandth.status, thousandth.value) == ("not_measured", None)
    assert "245 non-members" in thousandth.reason
    (hundredth,) = by_id(found, "tpr_at_fpr", fpr=Decimal("0.01"), subgroup=None)
    assert hundredth.ci_low <= hundredth.value <= hundredth.ci_high


def test_what_cannot_be_resolved_still_says_what_the_sample_bounds():
    found = indicators_of(scores(shift=5.0, n_in=898, n_out=899))
    (thousandth,) = by_id(found, "tpr_at_fpr", fpr=Decimal("0.001"))
    assert (thousandth.status, thousandth.value) == ("not_measured", None)
    assert "of 898 members" in thousandth.bound_note
    assert "at a false-positive rate of 0.0041 or less" in thousandth.bound_note


def test_each_attack_gives_its_advantage_and_the_members_it_can_name():
    found = indicators_of(scores(shift=5.0))
    (gain,), (count,) = by_id(found, "mia.adv"), by_id(found, "mia.loss.vulnerable_records")
    assert gain.ci_low > Decimal("0.9")
    assert count.value > 280
    assert [one.method for one in (gain, count)] == ["loss threshold (Yeom et al. 2018)"] * 2


def test_a_p_value_below_what_is_written_says_so():
    (area,) = by_id(indicators_of(scores(shift=5.0)), "auc")
    assert area.p_value == Decimal("1e-9")
    assert "it is smaller" in area.bound_note
    assert "it is smaller" not in by_id(indicators_of(scores()), "auc")[0].bound_note


def test_subgroups_below_ten_are_left_out():
    groups = {"large": np.arange(300) < 150, "small": np.arange(300) < 9}
    found = indicators_of(scores(groups=groups))
    assert {i.subgroup for i in found} == {None, "large"}


def test_the_interval_of_guessing_covers_one_half_for_most_seeds():
    areas = [by_id(indicators_of(scores(seed=seed)), "auc")[0] for seed in range(200)]
    covered = sum(i.ci_low <= Decimal("0.5") <= i.ci_high for i in areas)
    assert covered >= 180


def test_a_planted_leak_is_found_and_significant():
    (area,) = by_id(indicators_of(scores(shift=1.0)), "auc")
    assert area.ci_low > Decimal("0.6")
    assert area.p_value < Decimal("0.001")
    assert strongest([scores(), scores(shift=1.0, attack="lira")]).attack == "lira"


def gaussian_mechanism(*, epsilon, n, seed):
    """Scores of an attacker who faces exactly epsilon-DP randomised response."""
    rng = np.random.default_rng(seed)
    keep = np.exp(epsilon) / (1 + np.exp(epsilon))
    return Scores("loss", rng.random(n) + (rng.random(n) < keep), rng.random(n) + (rng.random(n) >= keep))


def test_the_lower_bound_of_epsilon_holds_and_is_not_idle():
    bounds = [epsilon_lower(gaussian_mechanism(epsilon=2.0, n=4000, seed=s), Decimal(0), seed=s) for s in range(40)]
    assert sum(b.value > 2 for b in bounds) <= 2
    assert np.median([float(b.value) for b in bounds]) > 1.3


def test_a_bound_that_says_nothing_says_so():
    bound = epsilon_lower(scores(), Decimal("0.001"))
    assert bound.value == 0
    assert "uninformative" in bound.bound_note


def test_only_quantiles_of_the_scores_leave():
    assert set(quantiles(scores())) == {"q50", "q90", "q99", "q99.9"}


def test_a_subgroup_s_rate_says_what_the_threshold_does_within_the_subgroup():
    values = scores()
    cut = threshold_at(values.non_members, 0.01)
    groups = {"women": np.arange(300) < 150, "men": np.arange(300) >= 150}
    outside = {"women": values.non_members > cut - 1, "men": np.arange(300) < 9}
    rows = indicators_of(Scores("loss", values.members, values.non_members, groups, {}, outside))
    notes = {one.subgroup: one.bound_note for one in rows if one.fpr == Decimal("0.01")}
    assert f"3 of the {outside['women'].sum()} non-members in the subgroup exceed it" in notes["women"]
    assert "not known" in notes["men"]
    assert "not of this subgroup" not in notes[None]


def test_a_rate_that_ties_hide_is_not_measured_by_whoever_asks():
    """As rounded confidences tie: 60 of 200 non-members have the highest score, and most members."""
    tied = Scores("loss", np.array([0.0] * 150 + [-1.0] * 50), np.array([0.0] * 60 + [-1.0] * 140))
    rates = {str(one.fpr): one for one in by_id(indicators_of(tied), "tpr_at_fpr")}
    assert rates["0.1"].status == rates["0.01"].status == "not_measured"
    assert rates["0.1"].value is None
    assert "60 of 200 non-members share the highest score" in rates["0.1"].reason
