from decimal import Decimal

from exeat.policy.measured.pilots import frontier
from tests.factories import report_document
from tests.measured_reports import figures, matter_of, pilot, pilots, scores

D = Decimal


def of(*found, indicators=None, **changes):
    report = report_document(indicators=indicators or figures(scores(2.5)), pilots=list(found))
    return frontier(matter_of(report, **changes), "people")


def test_an_original_alone_is_no_frontier():
    assert of() is None
    assert of(pilots()[0]) is None


def test_the_original_stands_first_and_each_pilot_has_its_place():
    found = of(*reversed(pilots()))
    assert found.points[0].title == "original"
    assert [point.original for point in found.points].count(True) == 1
    assert len(found.points) == 7
    assert found.exposure == "TPR at 1 % FPR"
    assert found.limit == D("0.05")
    within = {point.title: point.within for point in found.points}
    assert within["DP fine-tuning"] is True
    assert within["original"] is False


def test_the_strongest_attack_counts_not_the_mean():
    strong, weak = pilot("noise", "weight_noise", 2.5, 380, seed=3), pilot("noise", "weight_noise", 0.0, 380, seed=4)
    renamed = [i | {"indicator_id": i["indicator_id"].replace("lira", "loss")} for i in weak["indicators"]]
    both = strong | {"indicators": [*renamed, *strong["indicators"]]}
    found = of(pilots()[0], both)
    assert found.points[1].attack == "LiRA"
    assert found.points[1].exposure == of(pilots()[0], strong).points[1].exposure


def test_what_was_not_measured_has_no_place_and_says_why():
    blind = pilot("labels only", "label_only", 0.1, 380, seed=5)
    reason = "labels rank nobody"
    unseen = [
        {key: value for key, value in i.items() if key not in ("value", "ci_low", "ci_high", "p_value", "n_events")}
        | {"status": "not_measured", "reason": reason}
        for i in blind["indicators"]
    ]
    found = of(*pilots()[:3], blind | {"indicators": unseen})
    assert "labels only" not in [point.title for point in found.points]
    assert found.unplaced == (("labels only", reason),)


def test_a_figure_that_the_sample_cannot_resolve_is_not_drawn():
    few = pilot("noise", "weight_noise", 2.5, 380, seed=3)
    rough = [i | {"n_out": 50} if i.get("fpr") else i for i in few["indicators"]]
    found = of(*pilots()[:3], few | {"indicators": rough})
    assert [title for title, _ in found.unplaced] == ["noise"]
    assert "not resolvable" in found.unplaced[0][1]


def test_without_an_original_pilot_the_release_itself_is_placed():
    accuracy = [{"id": "accuracy", "value": "0.95", "unit": "fraction", "split": "test", "n": 400}]
    found = of(*pilots()[1:3], metrics=accuracy)
    assert (found.points[0].title, found.points[0].original) == ("this release", True)
    assert found.points[0].utility_ends is None
    assert found.points[0].exposure_ends is not None


def test_the_best_within_the_limit_is_said_in_people():
    found = of(*pilots())
    assert "6 protections were tried on copies; 2 keep the bad end" in found.sentence
    assert "labels only, at equal utility" in found.sentence
    assert "instead of about 12 of 100" in found.sentence
    calm = of(pilot("original", "original", 0.0, 380, seed=2), pilots()[1], indicators=figures(scores(0.0, seed=2)))
    assert "all keep the bad end of the interval within the limit. So does this release as it is." in calm.sentence
    hard = of(*pilots()[:1], pilots()[4])
    assert "none brings the bad end of the interval within the limit" in hard.sentence
    assert "no limit" in of(*pilots(), thresholds=[]).sentence
