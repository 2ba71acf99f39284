from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from tests.factories import STELLA, SUBMITTER, indicator, manifest_document, policy_document, report_document
from tests.unit.review.desks import draft

GAP = {
    "indicator_id": "mia.lira.tpr_at_fpr",
    "status": "not_measured",
    "reason": "Not resolvable with 455 non-members.",
    "unit": "fraction",
    "fpr": "0.00001",
    "method": "LiRA",
    "adversary": {"access": "white_box"},
}


@pytest.fixture
def exposed(views):
    """Two lineages: onco near its limit, lung over it and with a gap."""
    draft(views.office)
    views.office.take(manifest_document(checkpoint_id="lung-v1", lineage={"run_family": "lung", "version": "1"}))
    subject = report_document()["subject"] | {"checkpoint_id": "lung-v1"}
    over = indicator(value="0.58", ci_low="0.55", ci_high="0.63")
    small = indicator(value="0.9", ci_low="0.8", ci_high="0.95", subgroup="few", n_in=3)
    views.office.take(report_document(report_id="r-lung", subject=subject, indicators=[over, GAP, small]))
    return views


def test_the_bad_end_of_the_interval_decides(exposed):
    overview = exposed.exposure.overview(STELLA)
    assert overview[:3] == (2, 1, 1)
    assert overview.sentence == (
        "1 of 2 checkpoints cross a limit at the bad end of an interval; 1 have an indicator that was not measured."
    )


def test_not_measured_and_no_limit_are_verdicts_of_their_own(exposed):
    points = exposed.exposure.points(STELLA)
    verdicts = dict(zip(points["run_family"] + " " + points["indicator_id"], points["verdict"], strict=True))
    assert verdicts["lung mia.lira.auc"] == "fail"
    assert verdicts["lung mia.lira.tpr_at_fpr"] == "not_measured"
    assert verdicts["onco mia.lira.auc"] == "pass"
    assert points["run_family"].iloc[0] == "lung"


def test_subgroups_are_not_drawn_among_whole_populations(exposed):
    points = exposed.exposure.points(STELLA)
    assert 0.9 not in set(points["value"])
    assert 0.9 in set(exposed.exposure.checkpoint(STELLA, "lung-v1")["value"])


def test_each_checkpoint_is_drawn_by_its_worst_figure_of_a_kind_and_other_data_stand_apart(exposed):
    attacks = [indicator(indicator_id=f"mia.a{n}.auc", value=f"0.6{n}", ci_high=f"0.7{n}") for n in range(5)]
    masked = [indicator(indicator_id="mia.a1.auc", value="0.8", ci_low="0.79", ci_high="0.9", regime="masked")]
    rate = indicator(indicator_id="mia.a1.tpr_at_fpr", fpr="0.00001", value="0.031", ci_low="0.02", ci_high="0.05")
    exposed.office.take(report_document(report_id="r-many", indicators=[*attacks, *masked, rate | {"n_out": 899}]))
    drawn = exposed.exposure.points(STELLA, "onco").set_index("family")
    assert drawn.index.is_unique
    assert drawn.loc["membership, AUC", "bad_end"] == pytest.approx(0.74)
    assert drawn.loc["membership, AUC (masked data)", "bad_end"] == pytest.approx(0.9)
    months = exposed.exposure.months(STELLA, "onco").set_index("family")
    assert months.loc["membership, AUC", "worst"] == pytest.approx(0.74)


def test_a_lineage_narrows(exposed):
    assert exposed.exposure.overview(STELLA, "onco")[:2] == (1, 0)
    assert set(exposed.exposure.points(STELLA, "onco")["run_family"]) == {"onco"}


def test_the_limits_are_those_of_the_intended_tier(exposed):
    strict = {"id": "t0", "check": "R3", "indicator": "mia.*.auc", "limit": "0.51", "unit": "fraction", "tiers": ["T0"]}
    exposed.office.take(policy_document(version="2", thresholds=[strict]))
    assert set(exposed.exposure.points(STELLA)["verdict"]) == {"no_limit", "not_measured"}
    exposed.office.take(manifest_document(intended_tier="T0"))
    verdicts = exposed.exposure.points(STELLA, "onco")["verdict"]
    assert set(verdicts) == {"fail"}


def test_a_rate_that_the_sample_cannot_resolve_has_no_value(exposed):
    rate = indicator(indicator_id="mia.lira.tpr_at_fpr", fpr="0.00001", value="0.031", ci_low="0.02", ci_high="0.05")
    exposed.office.take(report_document(report_id="r-rate", indicators=[rate | {"n_out": 899}]))
    row = exposed.exposure.points(STELLA, "onco").set_index("report_id").loc["r-rate"]
    assert (row["status"], row["verdict"]) == ("not_measured", "not_measured")
    assert "not resolvable with n = 899" in row["reason"]
    assert all(pd.isna(row[name]) for name in ("value", "ci_low", "ci_high", "bad_end"))


def test_months_count_what_was_measured(exposed):
    months = exposed.exposure.months(STELLA)
    rows = {row["family"]: row for row in months.to_dict("records")}
    assert (rows["membership, AUC"]["n_fail"], rows["membership, AUC"]["worst"]) == (1, 0.63)
    assert (rows["membership, TPR at 0.001 % FPR"]["n"], rows["membership, TPR at 0.001 % FPR"]["n_measured"]) == (1, 0)


def test_months_take_each_checkpoint_by_its_worst_and_the_limit_that_fails(exposed):
    mild = [indicator(indicator_id=f"mia.a{n}.auc", value="0.41", ci_low="0.4", ci_high="0.42") for n in range(9)]
    exposed.office.take(report_document(report_id="r-mild", indicators=mild))
    near = {"id": "near", "check": "R3", "indicator": "mia.*.auc", "limit": "0.5", "unit": "fraction", "effect": "warn"}
    fails = near | {"id": "fails", "limit": "0.62", "effect": "fail"}
    exposed.office.take(policy_document(version="2", thresholds=[near, fails]))
    row = exposed.exposure.months(STELLA).set_index("family").loc["membership, AUC"]
    assert row["n_checkpoints"] == 2
    assert row["middle"] == pytest.approx((0.55 + 0.58) / 2)
    assert row["max_value"] == 0.62
    assert row["n_fail"] == 1


def test_the_bad_end_is_never_better_than_the_value(exposed):
    points = exposed.exposure.points(STELLA)
    measured = points[points["status"] == "measured"]
    assert (measured["bad_end"] >= measured["value"]).all()


def test_evidence_ages(exposed):
    exposed.office.review.submit(SUBMITTER, "onco-v1-t2", **exposed.office.now())
    assert exposed.exposure.aged(STELLA).total == 0
    exposed.office.clock.now += timedelta(days=200)
    aged = exposed.exposure.aged(STELLA)
    assert (aged.total, aged.max_age_days, list(aged.rows["release_id"])) == (1, 180, ["onco-v1-t2"])
    exposed.office.review.refer(STELLA, "onco-v1-t2", "Too old.", **exposed.office.now())
    assert list(exposed.exposure.aged(STELLA).rows["state"]) == ["referred"]


def test_lineages(exposed):
    assert exposed.exposure.lineages(STELLA) == ("lung", "onco")
