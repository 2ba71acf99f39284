from __future__ import annotations

import pytest

from exeat.errors import BadInput, Incomplete, NotPermitted
from exeat.policy.finding import Verdict
from exeat.review.approval import check_grounds, check_review, reason_approve
from exeat.review.inputs import Answer, Override, ReviewInput
from tests import factories
from tests.factories import assessment, finding
from tests.unit.review.scenes import dossier

BOTH = {"weights": "approve", "log": "approve"}
YES = {"P3": Answer("yes")}
BLOCKING = finding(check="R1", gate="B")
CONDITIONAL = finding(check="R3", gate="C")
ADVISORY = finding(check="R4", gate="A")


def whole(*findings, **changes):
    return dossier(assessment=assessment(*findings), **changes)


def review(**changes):
    return ReviewInput(**({"votes": BOTH, "basis": "", "answers": YES} | changes))


def test_agreeing_is_one_click():
    check_review(review(), whole(ADVISORY, finding(verdict=Verdict.WARN), finding(gate="B", verdict=Verdict.PASS)))


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.NOT_MEASURED])
def test_a_blocking_finding_is_never_approved_by_reviewers(verdict):
    blocked = whole(finding(check="R1", gate="B", verdict=verdict))
    for overrides in ({}, {"R1": Override("I know better.", "low")}):
        with pytest.raises(NotPermitted, match="only the board") as caught:
            check_review(review(overrides=overrides), blocked)
        assert "Refer" in caught.value.what_to_do
    assert "only the board" in reason_approve(blocked, ["weights"])


def test_a_blocking_finding_does_not_stop_other_votes():
    check_review(ReviewInput(votes=dict.fromkeys(BOTH, "reject"), basis="", rationale="Unsafe."), whole(BLOCKING))


def test_a_finding_about_one_component_bars_that_component():
    blocked = whole(finding(check="R1", gate="B", components=("weights",)))
    assert reason_approve(blocked, ["weights"]) is not None
    assert reason_approve(blocked, ["log"]) is None
    check_review(review(votes={"weights": "reject", "log": "approve"}, rationale="Weights leak."), blocked)


@pytest.mark.parametrize("overrides", [{}, {"R3": Override("  ", "low")}])
def test_a_conditional_finding_needs_a_reason(overrides):
    with pytest.raises(Incomplete, match="R3"):
        check_review(review(overrides=overrides), whole(CONDITIONAL))


def test_a_conditional_finding_needs_a_residual_risk_class():
    with pytest.raises(BadInput, match="R3"):
        check_review(review(overrides={"R3": Override("Small group.", "none at all")}), whole(CONDITIONAL))


def test_a_conditional_finding_is_overridden_with_both():
    check_review(review(overrides={"R3": Override("Small group, signed agreement.", "moderate")}), whole(CONDITIONAL))


def test_an_override_of_what_passes_is_refused():
    with pytest.raises(Incomplete, match="R9 needs no override"):
        check_review(review(overrides={"R9": Override("Why not.", "low")}), whole())


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({}, Incomplete),
        ({"P3": Answer("no", "No consent.")}, NotPermitted),
        ({"P3": Answer("no")}, Incomplete),
        ({"P3": Answer("not_applicable")}, Incomplete),
        ({"P3": Answer("perhaps", "?")}, BadInput),
    ],
)
def test_a_blocking_question_must_be_answered_well(answers, error):
    with pytest.raises(error):
        check_review(review(answers=answers), whole())


def test_not_applicable_with_a_reason_and_open_advice_are_fine():
    check_review(review(answers={"P3": Answer("not_applicable", "Synthetic data only.")}), whole())


def test_a_conditional_question_answered_no_needs_an_override():
    rules = factories.policy(checklist=[factories.check_item(item_id="D9", gate="C")])
    asked = dossier(assessment=assessment(rules=rules))
    said = {"D9": Answer("no", "One record was withdrawn.")}
    with pytest.raises(Incomplete, match="D9"):
        check_review(review(answers=said), asked)
    check_review(review(answers=said, overrides={"D9": Override("It is not in the training set.", "low")}), asked)


def test_not_approving_needs_words_but_no_answers():
    with pytest.raises(Incomplete, match="why"):
        check_review(review(votes={"weights": "reject", "log": "reject"}, answers={}), whole())
    check_review(review(votes={"weights": "request_changes", "log": "reject"}, answers={}, rationale="No."), whole())


@pytest.mark.parametrize(
    ("votes", "error"),
    [
        ({"weights": "approve"}, Incomplete),
        ({**BOTH, "optimizer": "approve"}, BadInput),
        ({**BOTH, "log": "whatever"}, BadInput),
    ],
)
def test_each_component_gets_one_known_vote(votes, error):
    with pytest.raises(error):
        check_review(review(votes=votes, rationale="x"), whole())


def test_a_component_that_the_manifest_lacks_cannot_be_approved():
    assert "no component" in reason_approve(whole(bases={"log": "b"}), ["weights"])


def test_what_the_policy_leaves_to_the_board():
    approvals = {"reviewers": 2, "board_required": [{"tier": "T2", "kind": "weights"}]}
    strict = dossier(policy=factories.policy(approvals=approvals))
    assert "to the board" in reason_approve(strict, ["weights"])
    assert reason_approve(strict, ["log"]) is None


def test_the_board_may_override_what_blocks():
    against = assessment(BLOCKING, CONDITIONAL)
    grounds = {"R1": Override("Needed for care.", "high"), "R3": Override("Signed agreement.", "low")}
    check_grounds(against, ["weights"], YES, grounds, board=True)
    with pytest.raises(Incomplete, match="R1"):
        check_grounds(against, ["weights"], YES, {"R3": grounds["R3"]}, board=True)
    with pytest.raises(Incomplete, match="P3"):
        check_grounds(against, ["weights"], {}, grounds, board=True)
    check_grounds(against, ["weights"], {}, {**grounds, "P3": Override("Ethics vote 7/2026.", "low")}, board=True)
