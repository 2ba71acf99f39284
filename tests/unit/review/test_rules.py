from __future__ import annotations

import pytest

from exeat.errors import NotNow, NotPermitted
from exeat.model.person import Role
from exeat.review.lifecycle import State
from exeat.review.rules import Action, check, check_can_read, reason
from exeat.review.turns import turn_sentence
from tests import factories
from tests.factories import AUDITOR, CHAIR, CUSTODIAN, MEMBER, RESEARCHER, SASHA, STAN, STELLA, SUBMITTER, person
from tests.unit.review.scenes import board, dossier, paused, review, scene, seats, state


def refused(action, there):
    with pytest.raises((NotPermitted, NotNow)) as caught:
        check(action, there)
    assert caught.value.what_to_do
    return caught.value.headline


def test_submitters_read_their_own_releases_only():
    check_can_read(scene(SUBMITTER))
    check_can_read(scene(person(person_id="carla", roles=(Role.SUBMITTER,))))
    for stranger in (person(person_id="other", roles=(Role.SUBMITTER,)), RESEARCHER):
        with pytest.raises(NotPermitted):
            check_can_read(scene(stranger))
    for reader in (STELLA, CHAIR, MEMBER, CUSTODIAN, AUDITOR):
        check_can_read(scene(reader))


def test_there_are_as_many_seats_as_the_policy_needs():
    full = state(seats=seats("stella", "stan"))
    assert refused(Action.START_REVIEW, scene(SASHA, full)) == "All 2 seats are taken."
    assert reason(Action.START_REVIEW, scene(SASHA, state(seats=seats("stella")))) is None


def test_a_seat_without_a_review_lapses_and_one_with_a_review_does_not():
    late = state(seats=seats("stella", "stan", days_ago=21))
    assert reason(Action.START_REVIEW, scene(SASHA, late)) is None
    assert refused(Action.RECORD_REVIEW, scene(STAN, late)) == "You have no seat in this review."
    wrote = state(seats=seats("stella", "stan", days_ago=21), reviews=(review(reviewer="stan"),))
    assert reason(Action.RECORD_REVIEW, scene(STELLA, wrote)) is not None
    assert "in and stays sealed" in refused(Action.RECORD_REVIEW, scene(STAN, wrote))


def test_a_declared_conflict_is_for_good():
    aside = state(recused={"stan": "financial"})
    for action in (Action.START_REVIEW, Action.REFER, Action.DECLARE_CONFLICT):
        assert "declared a conflict" in refused(action, scene(STAN, aside))
    assert "declared a conflict" in refused(
        Action.DECIDE, scene(CHAIR, state(State.REFERRED, recused={"chair": "institution"}))
    )


def test_one_review_each_while_blind():
    done = state(seats=seats("stella", "stan"), reviews=(review(reviewer="stan"),))
    assert refused(Action.RECORD_REVIEW, scene(STAN, done)) == "Your review is in and stays sealed until all are in."
    assert reason(Action.RECORD_REVIEW, scene(STELLA, done)) is None


def test_changed_evidence_asks_for_the_review_again():
    old = review(reviewer="stan", bases={"weights": "before", "log": "before"})
    again = scene(STAN, state(seats=seats("stella", "stan"), reviews=(old,)))
    assert reason(Action.RECORD_REVIEW, again) is None
    assert turn_sentence(again) == "Waiting for you: the evidence changed, vote again on weights, log."


def test_once_open_only_those_who_wrote_blind_may_revise():
    both = (review(reviewer="stan", opened=True), review(reviewer="stella", opened=True))
    opened = state(seats=seats("stella", "stan", "sasha"), reviews=both, opened=True)
    assert reason(Action.RECORD_REVIEW, scene(STELLA, opened)) is None
    assert "no longer possible" in refused(Action.START_REVIEW, scene(person(person_id="new"), opened)) + reason(
        Action.START_REVIEW, scene(person(person_id="new"), opened)
    )
    assert refused(Action.RECORD_REVIEW, scene(SASHA, opened)) == "The reviews of this round are open."


def test_only_a_seated_reviewer_returns_it():
    assert "seat" in refused(Action.RETURN, scene(SASHA, state(seats=seats("stella"))))


def test_an_end_date_in_the_past_cannot_be_submitted():
    past = dossier(proposal=factories.proposal(until=factories.TODAY.isoformat()))
    assert "has passed" in refused(Action.SUBMIT, scene(SUBMITTER, state(State.DRAFT), past))


def test_each_steward_agrees_once_to_lift():
    assert reason(Action.AGREE_TO_LIFT, scene(STAN, state(State.SUSPENDED, suspension=paused("stella")))) is None
    said = refused(Action.AGREE_TO_LIFT, scene(STAN, state(State.SUSPENDED, suspension=paused("stan"))))
    assert said == "You agreed already; 1 of 2 did."


def test_nobody_co_signs_twice_or_while_recused_or_without_need():
    waiting = state(State.REFERRED, board=board(signed=("member",)))
    assert "signed this decision already" in refused(Action.COSIGN, scene(MEMBER, waiting))
    assert "not present" in refused(Action.COSIGN, scene(person(person_id="m3", roles=(Role.BOARD_MEMBER,)), waiting))
    assert "no decision" in refused(Action.COSIGN, scene(MEMBER, state(State.REFERRED, board=None)))


TURNS = [
    (SUBMITTER, state(State.DRAFT), "Waiting for you: submit it for review."),
    (STELLA, state(State.DRAFT), "Waiting for the submitter to submit it."),
    (STELLA, state(State.SUBMITTED), "Waiting for reviewers: 2 of 2 seats free. You may take one."),
    (STELLA, state(seats=seats("stella")), "Waiting for you: your review is the first of two."),
    (
        STELLA,
        state(seats=seats("stella", "stan"), reviews=(review(reviewer="stan"),)),
        "Waiting for you: your review is the second of two.",
    ),
    (
        STAN,
        state(seats=seats("stella", "stan"), reviews=(review(reviewer="stan"),)),
        "Your review is in. Waiting for one more review; all stay sealed until then.",
    ),
    (SUBMITTER, state(seats=seats("stella", "stan")), "Waiting for the reviewers: 0 of 2 reviews in."),
    (SUBMITTER, state(State.RETURNED), "Waiting for you: answer the reviewers and submit it again."),
    (CHAIR, state(State.REFERRED, board=None), "Waiting for you: record the board's decision."),
    (MEMBER, state(State.REFERRED, board=None), "Waiting for the board."),
    (MEMBER, state(State.REFERRED), "Waiting for you: the board's approval needs a second signature."),
    (CUSTODIAN, state(State.APPROVED), "Waiting for you: activate it, or leave it until the agreement is in place."),
    (STELLA, state(State.SUSPENDED), "Waiting for you and others: 0 of 2 agreed to lift the suspension."),
    (STELLA, state(State.ACTIVE), "In force until 2027-06-30. Nobody needs to act."),
    (STELLA, state(State.EXPIRED), "It has expired. Nobody needs to act."),
]


@pytest.mark.parametrize(("who", "release", "sentence"), TURNS, ids=lambda value: getattr(value, "person_id", ""))
def test_whose_turn_it_is(who, release, sentence):
    assert turn_sentence(scene(who, release)) == sentence


@pytest.mark.parametrize("now", State)
def test_every_state_has_a_sentence_for_everybody(now):
    for who in (SUBMITTER, STELLA, CHAIR, MEMBER, CUSTODIAN, AUDITOR):
        assert turn_sentence(scene(who, state(now))).endswith(".")
