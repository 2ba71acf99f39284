from exeat.policy.measured.opinions import opinions
from tests.factories import report_document
from tests.measured_reports import figures, matter_of, scores, second_report, subject

OURS = {"name": "exeat-audit", "version": "0.1"}


def own(shift=2.5, **changes):
    return report_document(indicators=figures(scores(shift), **changes), tool=OURS)


def of(*reports):
    return opinions(matter_of(*reports))


def test_one_tool_alone_is_no_second_opinion():
    assert of(own()) == ()
    assert of(second_report(subject())) == ()


def test_intervals_apart_differ_and_the_reports_say_why():
    found = of(own(), second_report(subject(), shift=0.0))
    assert found[0].differ is True
    assert found[0].our_tool == "exeat-audit 0.1"
    assert found[0].their_tool == "sacroml 2.0.1"
    assert "64 shadow models against 20" in found[0].sentence
    assert "other records (600 members and 1,200 others; 300 and 400)" in found[0].sentence


def test_intervals_that_meet_show_no_difference():
    found = of(own(1.2), second_report(subject(), shift=1.2))
    assert {one.differ for one in found} == {False}
    assert found[0].sentence.startswith("No difference is shown")


def test_only_reasons_that_follow_from_the_reports():
    same = second_report(subject(), shift=0.0, n_in=600, n_out=1200)
    for one in same["indicators"]:
        one["attack_params"] = {"shadow_models": "64"}
    found = of(own(), same)
    assert found[0].sentence == "The two differ: their intervals do not meet. The reports do not say why."


def test_settings_and_methods_that_both_state_are_compared():
    theirs = second_report(subject(), shift=0.0)
    for one in theirs["indicators"]:
        one.update(method="SACRO-ML LiRA", attack_params={"n_shadow_models": "20", "variance": "each", "seed": "9"})
    ours = own(attack_params={"shadow_models": "64", "variance": "fixed", "seed": "1"})
    said = of(ours, theirs)[0].sentence
    assert "variance fixed against each" in said
    assert "“SACRO-ML LiRA”" in said
    assert "seed" not in said


def test_another_attacker_is_named():
    theirs = second_report(subject(), shift=0.0)
    for one in theirs["indicators"]:
        one["adversary"] = {"access": "white_box"}
    assert "another adversary (api conf against white box)" in of(own(), theirs)[0].sentence


def test_without_an_interval_nothing_is_claimed():
    theirs = second_report(subject())
    for one in theirs["indicators"]:
        one.update(ci_low=None, ci_high=None)
    areas = [one for one in of(own(), theirs) if one.area]
    assert [one.differ for one in areas] == [None]
    assert "cannot be said" in areas[0].sentence
    assert "no interval for theirs" in areas[0].sentence


def test_of_several_runs_the_worst_is_shown():
    first, second = second_report(subject(), shift=0.0), second_report(subject(), shift=2.5)
    both = first | {"indicators": [*first["indicators"], *second["indicators"]]}
    found = of(own(), both)
    assert "Of 2 runs of sacroml the worst is shown" in found[0].sentence
    assert all(one.theirs.value == of(own(), second)[0].theirs.value for one in found[:1] if one.area)
