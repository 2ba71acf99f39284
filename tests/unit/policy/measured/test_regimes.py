from exeat.policy.measured.regimes import regimes
from tests.factories import report_document
from tests.measured_reports import figures, matter_of, scores

STRONG, NONE = scores(2.5), scores(0.0, seed=2)
LABELS = {"access": "api_label", "knowledge": ["the record and its label"]}


def whole(of, **changes):
    return [one for one in figures(of, **changes) if "subgroup" not in one]


def of(*parts, **changes):
    return regimes(matter_of(report_document(indicators=[one for part in parts for one in part]), **changes))


def test_one_kind_of_data_and_one_attacker_are_nothing_to_compare():
    assert of(whole(STRONG)) is None


def test_what_shows_on_real_data_only_depends_on_them():
    found = of(whole(STRONG), whole(NONE, regime="synthetic"))
    assert [(cell.regime, cell.over) for cell in found.cells] == [("real", True), ("synthetic", False)]
    assert "The real data decide it" in found.sentence


def test_what_is_the_same_everywhere_holds_across():
    found = of(whole(STRONG), whole(STRONG, regime="masked"), whole(STRONG, regime="shifted"))
    assert [cell.regime for cell in found.cells] == ["real", "masked", "shifted"]
    assert "beyond the limit on real, masked and shifted data alike: the result holds across them" in found.sentence
    calm = of(whole(NONE), whole(NONE, regime="masked"))
    assert "within the limit on real and masked data alike" in calm.sentence


def test_without_a_limit_guessing_is_the_measure():
    found = of(whole(STRONG), whole(NONE, regime="synthetic"), thresholds=[])
    assert found.limit is None
    assert [cell.over for cell in found.cells] == [True, False]
    assert "better than guessing on real data and not on synthetic data" in found.sentence


def test_more_access_that_finds_less_is_a_weak_attack():
    labels = whole(STRONG, adversary=LABELS)
    found = of(whole(NONE), labels)
    assert "No attacker with more access recognised more" in found.sentence
    assert "only shows a weaker attack" in found.sentence
    other = of(whole(STRONG), whole(NONE, adversary=LABELS))
    assert "recognises clearly more than whoever sees labels only" in other.sentence


def test_attackers_that_saw_different_data_are_not_compared():
    found = of(whole(STRONG), whole(NONE, regime="masked", adversary=LABELS))
    assert "cannot be compared" in found.sentence


def test_real_data_alone_leave_other_data_open():
    found = of(whole(STRONG), whole(NONE, adversary=LABELS))
    assert "Measured on real data only: whether it holds on other data is not known." in found.sentence


def test_whoever_has_more_can_run_the_attacks_of_those_who_have_less():
    gradient = [
        one | {"indicator_id": one["indicator_id"].replace("lira", "gradient"), "adversary": {"access": "white_box"}}
        for one in [*whole(NONE), *whole(NONE, regime="masked")]
    ]
    found = of(whole(STRONG), whole(STRONG, regime="masked"), gradient)
    assert "For an attacker who has the weights it is beyond the limit on real and masked data alike" in found.sentence


def area(of, *, interval=True, **changes):
    found = [one for one in whole(of, **changes) if one["indicator_id"].endswith(".auc")]
    return found if interval else [{k: v for k, v in one.items() if not k.startswith("ci_")} for one in found]


def test_what_has_no_interval_is_not_called_alike():
    found = of(area(STRONG), area(NONE, regime="masked", interval=False))
    assert [cell.over for cell in found.cells] == [True, None]
    assert "holds across" not in found.sentence
    assert "on real data. On masked data the figures have no interval" in found.sentence


def test_without_any_interval_nothing_is_known():
    found = of(area(STRONG, interval=False), area(NONE, regime="masked", interval=False))
    assert "not known on any of the data" in found.sentence


def test_the_real_data_do_not_decide_what_is_not_known_elsewhere():
    found = of(area(STRONG), area(NONE, regime="masked"), area(NONE, regime="shifted", interval=False), thresholds=[])
    assert "The real data decide it" not in found.sentence
    assert "better than guessing on real data and not on masked data. On shifted data" in found.sentence
