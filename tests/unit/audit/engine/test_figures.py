"""What ties hide is not measured; regimes are labelled; the worst subgroup is named."""

from __future__ import annotations

import numpy as np

from exeat.audit.engine.figures import figures_of, worst_subgroup
from exeat.audit.regimes import Regime
from exeat.audit.scores import Scores
from tests.unit.audit.engine.toys import toy


def scores(values_in, values_out, **fields):
    return Scores("loss", np.asarray(values_in, dtype=float), np.asarray(values_out, dtype=float), **fields)


def rates(found, **fields):
    those = [one for one in found if one.indicator_id.endswith("tpr_at_fpr")]
    return {str(one.fpr): one for one in those if one.subgroup == fields.get("subgroup")}


def test_a_shared_highest_score_is_no_zero():
    """Of 200 non-members 40 have the score 1, as most members: 'nobody is recognised' would be an accident of ties."""
    found = rates(figures_of(scores([1] * 150 + [0] * 50, [1] * 40 + [0] * 160)))
    assert found["0.1"].status == found["0.01"].status == "not_measured"
    assert found["0.1"].value is None
    assert "40 of 200 non-members share the highest score" in found["0.1"].reason
    assert "0.2000" in found["0.1"].reason


def test_an_attack_without_a_threshold_says_nothing_about_subgroups():
    members, others = np.full(200, 1.0), np.array([1.0] * 150 + [0.0] * 50)
    found = figures_of(scores(members, others, groups={"all": np.ones(200, dtype=bool)}))
    assert [one.status for one in found if one.fpr is not None and one.subgroup is None] == ["not_measured"] * 3
    assert [one for one in found if one.subgroup is not None] == []


def test_a_real_zero_stays():
    found = rates(figures_of(scores(np.arange(200) * 0.001, np.arange(200.0))))
    assert found["0.01"].value == 0
    assert found["0.01"].status == "measured"


def test_one_tie_below_the_top_takes_nothing_back():
    found = rates(figures_of(scores([3.0] * 20 + [0.0] * 180, [2.0] * 60 + [0.0] * 140)))
    assert float(found["0.1"].value) == 0.1


def test_figures_of_a_regime_say_so_and_are_those_that_are_compared():
    target = toy()
    regime = Regime("masked", "half", target.members, target.non_members)
    values = scores(np.arange(60), np.arange(60) - 5.0)
    assert {one.regime for one in figures_of(values, regime)} == {"masked"}
    assert all(one.attack_params["regime_detail"] == "half" for one in figures_of(values, regime))
    assert {one.indicator_id.rpartition(".")[2] for one in figures_of(values, regime)} == {"auc", "tpr_at_fpr"}


def test_the_worst_subgroup_is_named_beside_everybody():
    members = np.concatenate([np.full(30, 9.0), np.random.default_rng(0).normal(0, 1, 270)])
    others = np.random.default_rng(1).normal(0, 1, 300)
    groups = {"rare": np.arange(300) < 30, "common": np.arange(300) >= 30}
    (line,) = worst_subgroup(figures_of(scores(members, others, groups=groups)))
    assert "Most recognised subgroup: rare, 1.000" in line
    assert "of 30 members" in line
    assert "The highest of 2 rates of subgroups, so in part by chance." in line
    assert worst_subgroup(figures_of(scores(members, others))) == []
