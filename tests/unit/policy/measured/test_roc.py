from decimal import Decimal

import pytest

from exeat.policy.measured.roc import MOST, RateLimit, point_at, rocs
from tests.factories import report_document
from tests.measured_reports import LIMITS, PEOPLE, curve, figures, matter_of, scores

D = Decimal
STRONG, WEAK = scores(2.5), scores(0.0, attack="loss", seed=1)


def report(*curves, indicators=None, **changes):
    return report_document(indicators=indicators or figures(STRONG), curves=list(curves), **changes)


def test_without_a_curve_there_is_nothing():
    assert rocs(matter_of(report_document()), "people") is None


def test_the_worst_attack_comes_first_and_other_data_last():
    found = rocs(matter_of(report(curve(WEAK), curve(STRONG, "masked"), curve(STRONG))), "people")
    assert [(one.name, one.curve.regime) for one in found.curves] == [
        ("LiRA", "real"), ("loss", "real"), ("LiRA on masked data", "masked"),
    ]  # fmt: skip


def test_of_two_runs_of_one_attack_the_worse_is_drawn():
    mild = curve(scores(0.5, seed=9))
    two = (report(curve(STRONG)), report(mild, report_id="r-2"))
    found = rocs(matter_of(*two), "people")
    assert [one.curve.points[0].tpr for one in found.curves] == [D(curve(STRONG)["points"][0]["tpr"])]


def test_more_than_four_are_named_not_drawn():
    many = [curve(STRONG) | {"attack": f"attack_{letter}"} for letter in "abcdef"]
    found = rocs(matter_of(report(*many)), "people")
    assert len(found.curves) == MOST
    assert found.more == ("attack e", "attack f")


def test_the_sentence_is_the_figure_of_the_report():
    found = rocs(matter_of(report(curve(STRONG)), data_sources=PEOPLE), "people")
    hits = next(one for one in figures(STRONG) if one.get("fpr") == "0.01" and "subgroup" not in one)
    share = round(100 * float(hits["value"]))
    assert f"would recognise about {share} (" in found.sentence
    assert "Of 100 people whose record was used" in found.sentence


def test_without_the_figure_the_curve_says_it_conservatively():
    found = rocs(matter_of(report(curve(STRONG), indicators=figures(WEAK))), "people")
    point = point_at(found.curves[0].curve, D("0.01"))
    assert point.fpr <= D("0.01")
    assert f"about {round(100 * point.tpr)} (" in found.sentence


def test_too_few_outsiders_are_said_not_guessed():
    few = scores(2.5, n_out=60)
    found = rocs(matter_of(report(curve(few), indicators=figures(few))), "people")
    assert found.sentence.startswith("60 outsiders are too few")
    assert found.gate_from == D(10) / 60


def test_limits_are_steps_and_the_strictest_holds():
    loose = {**LIMITS[1], "id": "loose", "fpr": "0.001", "limit": "0.5"}
    warned = {**LIMITS[1], "id": "warned", "limit": "0.001", "effect": "warn"}
    elsewhere = {**LIMITS[1], "id": "other", "limit": "0.001", "tiers": ["T0"]}
    found = rocs(matter_of(report(curve(STRONG)), thresholds=[*LIMITS, loose, warned, elsewhere]), "people")
    assert found.limits == (
        RateLimit(D("0.001"), D("0.05")), RateLimit(D("0.01"), D("0.05")), RateLimit(D("0.1"), D("0.3")),
    )  # fmt: skip


@pytest.mark.parametrize("fpr", ["0.0001", "0.005", "0.3", "1"])
def test_a_point_never_stands_at_a_higher_rate_than_asked_for(fpr):
    found = rocs(matter_of(report(curve(STRONG))), "people").curves[0].curve
    point = point_at(found, D(fpr))
    assert point.fpr <= D(fpr) or point == found.points[0]


def test_an_attack_without_a_low_threshold_leaves_the_word_to_the_next():
    coarse = curve(STRONG) | {"attack": "gap"}
    coarse["points"] = [
        {"fpr": "0", "tpr": "0", "tpr_low": "0", "tpr_high": "0.9"},
        {"fpr": "0.4", "tpr": "1", "tpr_low": "0.9", "tpr_high": "1"},
    ]
    both = rocs(matter_of(report(coarse, curve(STRONG))), "records")
    assert both.curves[0].name == "gap"
    assert "Of 100 records" in both.sentence
    alone = rocs(matter_of(report(coarse)), "records")
    assert "No attack here has a threshold at which few outsiders are accused" in alone.sentence
