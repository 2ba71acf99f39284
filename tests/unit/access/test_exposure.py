from __future__ import annotations

from datetime import timedelta

import pytest

from exeat.access.exposure import View
from tests.factories import STELLA, SUBMITTER, indicator, manifest_document, report_document
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
    limits = exposed.exposure.limits(STELLA)
    overview = exposed.exposure.overview(STELLA, View(), limits)
    assert overview[:3] == (2, 1, 1)
    assert overview.sentence == (
        "1 of 2 checkpoints cross a limit at the bad end of an interval; 1 have an indicator that was not measured."
    )


def test_not_measured_and_no_limit_are_verdicts_of_their_own(exposed):
    limits = exposed.exposure.limits(STELLA)
    points = exposed.exposure.points(STELLA, View(), limits)
    verdicts = dict(zip(points["run_family"] + " " + points["indicator_id"], points["verdict"], strict=True))
    assert verdicts["lung mia.lira.auc"] == "fail"
    assert verdicts["lung mia.lira.tpr_at_fpr"] == "not_measured"
    assert verdicts["onco mia.lira.auc"] == "pass"
    assert points["run_family"].iloc[0] == "lung"
    assert set(exposed.exposure.points(STELLA, View(), ())["verdict"]) == {"no_limit", "not_measured"}


def test_subgroups_are_not_drawn_among_whole_populations(exposed):
    points = exposed.exposure.points(STELLA, View(), ())
    assert 0.9 not in set(points["value"])
    assert 0.9 in set(exposed.exposure.checkpoint(STELLA, "lung-v1")["value"])


def test_a_view_narrows_to_a_lineage_and_judges_for_a_tier(exposed):
    limits = tuple(limit for limit in exposed.exposure.limits(STELLA) if limit.tier == "T2")
    assert exposed.exposure.overview(STELLA, View(lineage="onco"), limits)[:2] == (1, 0)
    assert exposed.exposure.overview(STELLA, View(tier="T2"), limits).failing == 1
    assert exposed.exposure.overview(STELLA, View(tier="T5"), limits).failing == 0


def test_months_count_what_was_measured(exposed):
    months = exposed.exposure.months(STELLA, View(), exposed.exposure.limits(STELLA))
    rows = {row["indicator_id"]: row for row in months.to_dict("records")}
    assert (rows["mia.lira.auc"]["n_fail"], rows["mia.lira.auc"]["worst"]) == (1, 0.63)
    assert (rows["mia.lira.tpr_at_fpr"]["n"], rows["mia.lira.tpr_at_fpr"]["n_measured"]) == (1, 0)


def test_evidence_ages(exposed):
    exposed.office.review.submit(SUBMITTER, "onco-v1-t2", **exposed.office.now())
    assert exposed.exposure.aged(STELLA).total == 0
    exposed.office.clock.now += timedelta(days=200)
    aged = exposed.exposure.aged(STELLA)
    assert (aged.total, aged.max_age_days, list(aged.rows["release_id"])) == (1, 180, ["onco-v1-t2"])


def test_lineages(exposed):
    assert exposed.exposure.lineages(STELLA) == ("lung", "onco")
