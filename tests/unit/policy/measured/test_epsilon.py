from decimal import Decimal

import pytest

from exeat.policy.epsilon_verdict import EpsilonVerdict
from exeat.policy.measured.epsilon import epsilons
from tests.factories import report_document
from tests.measured_reports import CLAIM, bound, figures, matter_of, scores

D = Decimal
NONE = scores(0.0)


def stated(value, **changes):
    figure = bound(scores(2.5), D("0.001")) | {"value": value}
    params = figure["attack_params"] | {"ceiling": "5.2"}
    return figure | {"attack_params": params} | changes


def of(*indicators, **claim):
    report = report_document(indicators=[*figures(NONE), *indicators])
    return epsilons(matter_of(report, dp=None if claim.get("claimed") is False else CLAIM | claim), "people")


def test_nothing_claimed_and_nothing_shown_is_nothing():
    assert of(claimed=False) is None


def test_a_bound_without_a_claim_forbids_claims():
    found = of(stated("1.2"), claimed=False)
    assert found.verdict is EpsilonVerdict.NOT_CLAIMED
    assert "any claim below ε 1.2 would be false" in found.sentence


@pytest.mark.parametrize(
    ("value", "word"),
    [("2.4", EpsilonVerdict.VIOLATED), ("1.2", EpsilonVerdict.CONSISTENT), ("0", EpsilonVerdict.UNINFORMATIVE)],
)
def test_the_word_for_a_stated_bound(value, word):
    found = of(stated(value))
    assert found.verdict is word
    assert found.bounds[0].value == D(value)
    assert found.bounds[0].ceiling == D("5.2")


def test_a_test_that_could_not_have_shown_it_is_no_evidence():
    found = of(stated("3.3"), epsilon="8")
    assert found.verdict is EpsilonVerdict.UNINFORMATIVE
    assert "no evidence for the claim" in found.sentence


def test_the_ceiling_may_stand_in_the_note_and_a_bound_at_it_is_flagged():
    found = of(stated("3.4899", attack_params={}, bound_note="value = ceiling 3.49 with every guess right"))
    assert found.bounds[0].ceiling == D("3.49")
    assert found.bounds[0].at_ceiling


def test_a_bound_at_a_smaller_delta_is_no_test_of_the_claim():
    found = of(stated("2.4", attack_params={"delta": "0.000001"}))
    assert not found.bounds[0].tests
    assert "below the claim's" in found.bounds[0].note
    assert found.verdict is not EpsilonVerdict.VIOLATED


def test_rates_bound_epsilon_too_and_their_ceiling_is_what_the_counts_allow():
    found = of()
    assert [one.name for one in found.bounds] == ["the rates of LiRA"]
    ceiling = found.bounds[0].ceiling
    assert 3 < ceiling < 6
    perfect = of(*figures(scores(60.0)))
    assert max(one.value for one in perfect.bounds) <= ceiling


def test_the_claim_in_people():
    assert "recognises at most 8 of 100 people" in of().sentence
    assert "could recognise all of 100 people" in of(epsilon="20").sentence


def test_what_cannot_be_recomputed_says_why():
    found = of(noise_multiplier=None)
    assert found.recomputed is None
    assert "noise multiplier" in found.why_not
    assert of().recomputed.tightest == pytest.approx(D("1.94"), abs=D("0.01"))
