"""The curve of a report: few points, each over many people, never falling, with an exact band."""

from decimal import Decimal

import numpy as np
import pytest

from exeat.audit.roc import curve_of
from exeat.audit.scores import Scores
from exeat.errors import BadInput
from exeat.policy.interval import clopper_pearson


def scores(*, n_in=900, n_out=899, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return Scores("lira", rng.normal(shift, 1, n_in), rng.normal(0, 1, n_out))


def people(curve):
    return [round(float(p.tpr) * curve.n_in) + round(float(p.fpr) * curve.n_out) for p in curve.points]


@pytest.mark.parametrize("n_out", [12, 100, 899, 20_000])
def test_points_are_few_and_apart_by_ten_people(n_out):
    curve = curve_of(scores(n_out=n_out))
    assert 2 <= len(curve.points) <= 200
    assert (curve.points[0].fpr, curve.points[0].tpr) == (0, 0)
    assert (curve.points[-1].fpr, curve.points[-1].tpr) == (1, 1)
    assert min(np.diff(people(curve))) >= 10


def test_each_point_is_a_threshold_that_the_scores_have():
    values = scores()
    curve = curve_of(values)
    assert (curve.attack, curve.resolution) == ("lira", Decimal("0.001112347"))
    by_count = {int((values.non_members >= cut).sum()): cut for cut in np.sort(values.non_members)[::-1]}
    for point in curve.points[1:-1]:
        false, hits = round(float(point.fpr) * 899), round(float(point.tpr) * 900)
        most = (values.members >= by_count[false]).sum() if false else 0
        least = (values.members > by_count[false + 1]).sum()
        assert most <= hits <= least
        low, high = clopper_pearson(hits, 900)
        assert abs(point.tpr_low - low) < Decimal("1e-8")
        assert abs(point.tpr_high - high) < Decimal("1e-8")


def test_low_rates_are_drawn_as_finely_as_high_ones():
    rates = [float(p.fpr) for p in curve_of(scores(n_out=20_000, n_in=20_000)).points]
    assert sum(0.001 <= r < 0.01 for r in rates) > 25
    assert sum(0.1 <= r < 1 for r in rates) > 25


def test_the_point_before_the_first_false_positive_counts_its_members():
    first = curve_of(scores(shift=4.0)).points[1]
    assert first.fpr == 0
    assert first.tpr > Decimal("0.5")


def test_ties_leave_only_the_ends():
    tied = Scores("label_gap", np.ones(50), np.ones(50))
    assert [(p.fpr, p.tpr) for p in curve_of(tied).points] == [(0, 0), (1, 1)]


def test_fewer_than_ten_records_make_no_curve():
    with pytest.raises(BadInput, match="single people"):
        curve_of(scores(n_in=4, n_out=5))
