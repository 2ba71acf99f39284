from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from exeat.board import rules
from exeat.board.inputs import BoardDecision, Votes
from exeat.board.rules import (
    blocking_overridden,
    check_still_covered,
    matrix_of,
    no_more_open,
    signatures_needed,
)
from exeat.errors import BadInput, Incomplete, NotNow, NotPermitted
from exeat.model.tier import Disposition
from exeat.review.inputs import Answer, Override
from exeat.review.lifecycle import State
from exeat.review.parts import Content
from tests import factories
from tests.factories import CHAIR, UNTIL, assessment, finding
from tests.unit.review.scenes import board, dossier, review, scene, seats, state

BOARD = frozenset({"chair", "m1", "m2", "m3", "m4", "sam", "carla", "stella"})
FORMS = {"weights": Disposition.ALLOWED, "log": Disposition.MASKED}
FOR_ALL = Votes(in_favour=("chair", "m1", "m2"))
AGAINST_ALL = Votes(against=("m1", "m2"), abstained=("chair",))
BLOCKING, CONDITIONAL = finding(check="R1", gate="B"), finding(check="R3", gate="C")
GROUNDS = {"R1": Override("Needed for care.", "high")}


def check_decision(decision, there, members=BOARD):
    rules.check_decision(decision, there, members)


def reason_decision(decision, there):
    return rules.reason_decision(decision, there, BOARD)


def referred(*findings, **changes):
    release = state(State.REFERRED, board=None, **changes)
    return scene(CHAIR, release, dossier(assessment=assessment(*findings)))


def decided(**changes):
    return BoardDecision(
        **(
            {
                "votes": FOR_ALL,
                "outcome": "approve",
                "summary": "Agreed.",
                "basis": dossier().basis,
                "matrix": FORMS,
                "answers": {"P3": Answer("yes")},
            }
            | changes
        )
    )


def rejected(**changes):
    return decided(
        **({"votes": AGAINST_ALL, "outcome": "reject", "reasons": {"m1": "Too exposed.", "m2": "The same."}} | changes)
    )


def test_a_plain_approval_and_a_plain_rejection():
    check_decision(decided(), referred())
    check_decision(rejected(), referred(BLOCKING))
    check_decision(rejected(outcome="defer"), referred(BLOCKING))
    assert reason_decision(decided(), referred()) is None


VOTES = [
    (Votes(in_favour=("chair", "m1")), NotNow, "No quorum: 2"),
    (Votes(in_favour=("chair", "m1"), recused=("m2", "m3")), NotNow, "No quorum"),
    (Votes(in_favour=("m1", "m2", "m3")), Incomplete, "chair"),
    (Votes(in_favour=("chair", "m1", "m1")), BadInput, "twice"),
    (Votes(in_favour=("chair", "m1"), against=("m1",)), BadInput, "twice"),
    (Votes(in_favour=("chair", "m1", "sam")), NotPermitted, "sam has a conflict"),
    (Votes(in_favour=("chair", "m1", "carla")), NotPermitted, "carla has a conflict"),
    (Votes(in_favour=("chair", "m1", "Dr. Maria Example")), BadInput, "person id"),
]


@pytest.mark.parametrize(("votes", "error", "words"), VOTES)
def test_votes_that_do_not_count(votes, error, words):
    with pytest.raises(error, match=words):
        check_decision(decided(votes=votes), referred())
    assert words in reason_decision(decided(votes=votes), referred())


def test_whoever_declared_a_conflict_must_be_recused():
    with pytest.raises(NotPermitted, match="m1"):
        check_decision(decided(), referred(recused={"m1": "co_author"}))


def test_the_recused_leave_the_quorum_and_do_not_count():
    check_decision(decided(votes=Votes(in_favour=("chair", "m1", "m2"), recused=("sam", "m4"))), referred())


MAJORITY = [
    (("chair", "m1"), ("m2",), (), True),
    (("chair", "m1"), ("m2", "m3"), (), False),
    (("chair", "m1"), (), ("m2", "m3"), False),
    (("chair", "m1", "m2"), ("m3",), ("m4",), True),
]


@pytest.mark.parametrize(("in_favour", "against", "abstained", "carries"), MAJORITY)
def test_approving_needs_more_than_half_of_those_present(in_favour, against, abstained, carries):
    votes = Votes(in_favour=in_favour, against=against, abstained=abstained)
    reasons = dict.fromkeys(against, "No.")
    outcome = {True: "approve", False: "reject"}[carries]
    wrong = {True: "defer", False: "approve"}[carries]
    check_decision(decided(votes=votes, reasons=reasons, outcome=outcome), referred())
    with pytest.raises(NotPermitted):
        check_decision(decided(votes=votes, reasons=reasons, outcome=wrong), referred())


def test_dissent_has_its_reason():
    votes = Votes(in_favour=("chair", "m1"), against=("m2",))
    with pytest.raises(Incomplete, match="m2 voted against"):
        check_decision(decided(votes=votes), referred())
    with pytest.raises(BadInput):
        check_decision(decided(reasons={"stranger": "I was not there."}), referred())


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"summary": "  "}, Incomplete),
        ({"outcome": "launch"}, BadInput),
        ({"summary": "x" * 4001}, BadInput),
        ({"conditions": ("c",) * 21}, BadInput),
        ({"outcome": "approve_with_conditions"}, Incomplete),
        ({"matrix": {}}, Incomplete),
        ({"matrix": {"weights": Disposition.ALLOWED}}, Incomplete),
        ({"matrix": {**FORMS, "log": Disposition.ALLOWED}}, NotPermitted),
        ({"matrix": {**FORMS, "optimizer": Disposition.ALLOWED}}, BadInput),
        ({"matrix": dict.fromkeys(FORMS, Disposition.DENIED)}, Incomplete),
        ({"until": date(2026, 1, 1)}, BadInput),
        ({"until": date(2028, 1, 1)}, BadInput),
        ({"answers": {}}, Incomplete),
        ({"overrides": {"R9": Override("Why not.", "low")}}, Incomplete),
    ],
)
def test_decisions_that_may_not_stand(changes, error):
    with pytest.raises(error):
        check_decision(decided(**changes), referred())


def test_conditions_and_an_earlier_end_date():
    earlier = decided(outcome="approve_with_conditions", conditions=("Retest in May.",), until=date(2027, 1, 31))
    check_decision(earlier, referred())
    assert {cell.until for cell in matrix_of(earlier, dossier())} == {date(2027, 1, 31)}
    assert {cell.until for cell in matrix_of(decided(), dossier())} == {UNTIL}


def test_less_leaves_never_more():
    assert no_more_open(Disposition.SANDBOX, Disposition.ALLOWED)
    assert not no_more_open(Disposition.ALLOWED, Disposition.MASKED)
    assert not no_more_open(Disposition.SANDBOX, Disposition.MASKED)  # less leaves, but more is seen
    check_decision(decided(matrix={"weights": Disposition.SANDBOX, "log": Disposition.DENIED}), referred())


def test_overriding_a_blocking_finding_needs_grounds_and_a_second_signature():
    against = referred(BLOCKING)
    with pytest.raises(Incomplete, match="R1"):
        check_decision(decided(), against)
    overriding = decided(overrides=GROUNDS)
    check_decision(overriding, against)
    assert blocking_overridden(overriding, against.dossier) == ["R1"]
    assert signatures_needed(overriding, against.dossier) == 2
    assert signatures_needed(rejected(), against.dossier) == 1


def test_every_approval_needs_a_second_signature():
    against = referred(CONDITIONAL)
    conditional = decided(overrides={"R3": Override("Signed agreement.", "low")})
    check_decision(conditional, against)
    assert signatures_needed(conditional, against.dossier) == 2
    assert signatures_needed(decided(), referred().dossier) == 2


def test_a_blocking_question_left_open_counts_as_blocking():
    opened = decided(answers={}, overrides={"P3": Override("Ethics vote 7/2026.", "low")})
    check_decision(opened, referred())
    assert signatures_needed(opened, dossier()) == 2


def test_answers_of_the_reviewers_count_and_one_no_is_a_no():
    def said(*answers):
        contents = [Content(votes={}, answers={"P3": one}, overrides={}) for one in answers]
        reviews = [review(reviewer=f"r{i}", opened=True, content=one) for i, one in enumerate(contents)]
        return referred(reviews=tuple(reviews))

    check_decision(decided(answers={}), said("yes", "yes"))
    with pytest.raises(Incomplete, match="P3"):
        check_decision(decided(answers={}), said("yes", "no"))


def test_a_co_signature_covers_what_the_board_saw():
    record = board(decision=replace(board().decision, overrides={"R1": "high"}, blocking=("R1",)))
    check_still_covered(record, dossier(assessment=assessment(BLOCKING)))
    with pytest.raises(NotNow, match="R3"):
        check_still_covered(record, dossier(assessment=assessment(BLOCKING, CONDITIONAL)))
    with pytest.raises(NotNow, match="evidence changed"):
        check_still_covered(replace(record, basis="sha256:older"), dossier(assessment=assessment(BLOCKING)))


def test_votes_of_people_who_are_not_on_the_board_are_refused():
    """A chair alone must not make up a quorum."""
    ghosts = decided(votes=Votes(in_favour=("chair", "ghost-1", "ghost-2")))
    with pytest.raises(NotPermitted, match="ghost-1, ghost-2 is not on the board"):
        check_decision(ghosts, referred())
    with pytest.raises(NotNow, match="does not know who is on the board"):
        check_decision(decided(), referred(), None)
    check_decision(decided(votes=Votes(in_favour=("chair", "m1", "m2"), recused=("guest",))), referred())


def test_an_approval_needs_somebody_present_who_can_co_sign():
    small = dossier(policy=factories.policy(approvals={"board_quorum": 1}))
    with pytest.raises(NotNow, match="2 members present"):
        check_decision(
            decided(votes=Votes(in_favour=("chair",))), scene(CHAIR, state(State.REFERRED, board=None), small)
        )


def test_who_reviews_in_this_round_does_not_vote():
    with pytest.raises(NotPermitted, match="m1 has a conflict"):
        check_decision(decided(), referred(seats=seats("m1")))


def test_the_quorum_follows_the_policy():
    strict = dossier(policy=factories.policy(approvals={"board_quorum": 4}))
    with pytest.raises(NotNow, match="4 needed"):
        check_decision(decided(), scene(CHAIR, state(State.REFERRED, board=None), strict))
