from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from exeat.board.inputs import BoardDecision, Votes
from exeat.board.item import worst_readings
from exeat.errors import Incomplete, NotNow, NotPermitted, Stale
from exeat.model.person import Role
from exeat.model.tier import Disposition, Tier
from exeat.policy.finding import Reading, Verdict
from exeat.review.inputs import Answer, Override
from exeat.review.lifecycle import State
from tests import factories
from tests.factories import AUDITOR, CHAIR, MEMBER, STAN, STELLA, SUBMITTER, person
from tests.unit.review.desks import RELEASE, office_in

TOO_OPEN = [{"component_id": "weights", "disposition": "allowed"}, {"component_id": "log", "disposition": "allowed"}]
OVERRIDE = {"T1": Override("The sponsor needs the log; it holds no records.", "high")}
VOTES = Votes(in_favour=("chair", "member", "m3"), recused=("sam",))


@pytest.fixture
def office(tmp_path):
    with office_in(tmp_path) as open_office:
        yield open_office


@pytest.fixture
def referred(office):
    office.submitted(components=TOO_OPEN)
    office.review.refer(STELLA, RELEASE, "Blocked by the matrix.", **office.now())
    return office


def decision(**changes):
    forms = {"weights": Disposition.ALLOWED, "log": Disposition.ALLOWED}
    plain = {"votes": VOTES, "outcome": "approve", "summary": "Discussed at length.", "matrix": forms, "basis": ""}
    return BoardDecision(**(plain | {"answers": {"P3": Answer("yes")}, "overrides": OVERRIDE} | changes))


def decide(office, said=None, who=CHAIR, *, basis=None, **seen):
    said = replace(said or decision(), basis=office.basis() if basis is None else basis)
    return office.board.decide(who, RELEASE, said, **(seen or office.now()))


def cosign(office, who=MEMBER, **seen):
    return office.board.cosign(who, RELEASE, basis=office.basis(), **(seen or office.now()))


def now(office):
    return office.review.case(STELLA, RELEASE).now


def test_an_override_takes_effect_with_the_second_signature(referred):
    done = decide(referred, decision())
    assert done.sentence == "Recorded: approved. It takes effect when another member who voted co-signs."
    assert now(referred) is State.REFERRED
    with pytest.raises(NotPermitted, match="signed this decision already"):
        cosign(referred, CHAIR)
    assert cosign(referred).sentence == "Signed: the decision takes effect."
    assert now(referred) is State.APPROVED
    assert referred.ledger.verify().ok


def test_the_record_of_the_decision(referred):
    secret = decision(
        reasons={"member": "Jane Doe would agree."},
        conditions=("Retest after the merge with Jane's data.",),
        outcome="approve_with_conditions",
    )
    decide(referred, secret)
    body = referred.last().body
    assert body["basis"] == referred.basis()
    assert body["votes"] == {"for": ["chair", "member", "m3"], "against": [], "abstained": [], "recused": ["sam"]}
    assert (body["overrides"], body["blocking"], body["signatures"]) == ({"T1": "high"}, ["T1"], 2)
    assert b"Jane" not in b"".join(referred.ledger.export())
    board = referred.review.case(CHAIR, RELEASE).state.board
    assert board.summary == "Discussed at length."
    assert board.decision.conditions[-1] == "Retest after the merge with Jane's data."


def test_new_findings_after_the_decision_stop_the_co_signature(referred):
    decide(referred, decision())
    measured = factories.indicator(value="0.70", ci_low="0.66", ci_high="0.74")
    referred.take(factories.report_document(report_id="r-new", indicators=[measured]))
    with pytest.raises(NotNow, match="R3 came up"):
        cosign(referred)
    again = decision(overrides={**OVERRIDE, "R3": Override("Signed agreement.", "moderate")})
    decide(referred, again)
    cosign(referred)
    assert now(referred) is State.APPROVED


def test_without_a_blocking_finding_too_a_second_member_signs(office):
    office.submitted()
    office.review.refer(STELLA, RELEASE, "A question of principle.", **office.now())
    forms = {"weights": Disposition.SANDBOX, "log": Disposition.DENIED}
    decide(office, decision(matrix=forms, overrides={}))
    assert now(office) is State.REFERRED
    with pytest.raises(NotPermitted, match="not present"):
        cosign(office, person(person_id="m4", roles=(Role.BOARD_MEMBER,)))
    cosign(office)
    assert now(office) is State.APPROVED
    assert [cell.disposition for cell in office.review.case(STELLA, RELEASE).decision.matrix] == list(forms.values())


@pytest.mark.parametrize(("outcome", "state"), [("reject", State.REJECTED), ("defer", State.RETURNED)])
def test_rejected_and_deferred(referred, outcome, state):
    votes = Votes(against=("chair", "member"), abstained=("m3",))
    said = decision(votes=votes, outcome=outcome, reasons={"chair": "No.", "member": "No."}, overrides={}, answers={})
    decide(referred, said)
    assert now(referred) is state


def test_the_answers_of_the_reviewers_are_taken_over(office):
    office.submitted().seated().reviewed(STELLA)
    split = {"votes": {"weights": "approve", "log": "reject"}, "rationale": "The log is not needed."}
    office.reviewed(STAN, **split)
    office.review.refer(STELLA, RELEASE, "We do not agree.", **office.now())
    item = office.board.item(CHAIR, RELEASE)
    assert item.answered == {"P3": Answer("yes", "as the reviewers answered")}
    assert item.opinions == {"weights": {"approve": 2}, "log": {"approve": 1, "reject": 1}}
    forms = {"weights": Disposition.ALLOWED, "log": Disposition.DENIED}
    decide(office, decision(answers={}, overrides={}, matrix=forms))
    cosign(office)
    assert now(office) is State.APPROVED


def test_only_a_chair_decides_and_an_invalid_decision_writes_nothing(referred):
    size = referred.ledger.size()
    for who in (MEMBER, STELLA, SUBMITTER, AUDITOR, person(person_id="sam", roles=(Role.BOARD_CHAIR,))):
        with pytest.raises(NotPermitted):
            decide(referred, decision(), who)
    with pytest.raises(Incomplete, match="T1"):
        decide(referred, decision(overrides={}))
    assert referred.ledger.size() == size


def test_a_stale_item_and_a_double_click(referred):
    seen = referred.now()
    first = decide(referred, **seen)
    assert decide(referred, **seen).entry == first.entry
    with pytest.raises(Stale):
        decide(referred, seen=seen["seen"], key="another")


def test_the_item_shows_no_names_and_compares_the_tiers(referred):
    referred.review.comment(STAN, RELEASE, "Stan thinks so.", "reviewers", key="c")
    item = referred.board.item(MEMBER, RELEASE)
    for name in ("stella", "stan", "sam", "carla"):
        assert name not in repr(item)
    assert [one.tier for one in item.what_if if one.asked] == [Tier.T2]
    assert {one.tier: one.leaves for one in item.what_if}[Tier.T0] is False
    assert item.gates[0].check == "T1"
    assert item.readings[0].indicator_id == "mia.lira.auc"
    assert item.days == 219
    assert item.quorum == 3
    assert "chair may" in item.why_not_decide.lower()


def test_the_docket_lists_what_is_referred_and_what_the_policy_sends(referred):
    strict = factories.policy_document(version="3")
    strict["approvals"]["board_required"] = [{"tier": "T2", "kind": "weights"}]
    referred.take(strict)
    other = referred.take(factories.manifest_document(title="Another"))
    for release_id, tier in (("second", "T2"), ("third", "T1")):
        referred.take(factories.proposal_document(manifest_sha256=other, release_id=release_id, tier=tier))
        referred.review.submit(SUBMITTER, release_id, **referred.now(release_id=release_id))
    rows = referred.board.docket(MEMBER)
    assert list(zip(rows["release_id"], rows["lane"], strict=True)) == [
        (RELEASE, "referred"),
        ("second", "required by policy"),
    ]
    for who in (STELLA, SUBMITTER):
        with pytest.raises(NotPermitted):
            referred.board.docket(who)
        with pytest.raises(NotPermitted):
            referred.board.item(who, RELEASE)


def test_a_decision_on_evidence_that_nobody_saw_is_refused(referred):
    for seen in ("", "sha256:older"):
        with pytest.raises(Stale, match="evidence changed"):
            decide(referred, basis=seen)
    decide(referred)
    with pytest.raises(Stale, match="evidence changed"):
        referred.board.cosign(MEMBER, RELEASE, basis="", **referred.now())


def test_a_worse_figure_of_an_overridden_check_stops_the_co_signature(office):
    """The board weighed 0.61; the name of the check is the same when somebody measures 0.95."""
    office.submitted(auc=("0.61", "0.58", "0.64"))
    office.review.refer(STELLA, RELEASE, "Over the limit.", **office.now())
    forms = {"weights": Disposition.ALLOWED, "log": Disposition.MASKED}
    decide(office, decision(matrix=forms, overrides={"R3": Override("Few people.", "moderate")}))
    measured = factories.indicator(value="0.95", ci_low="0.93", ci_high="0.97")
    office.take(factories.report_document(report_id="r-new", indicators=[measured]))
    with pytest.raises(NotNow, match="evidence changed since the board decided"):
        cosign(office)


def test_the_same_key_for_another_decision_is_refused(referred):
    seen = referred.now()
    decide(referred, **seen)
    votes = Votes(against=("chair", "member"), abstained=("m3",))
    other = decision(votes=votes, outcome="reject", reasons={"chair": "No.", "member": "No."}, overrides={})
    with pytest.raises(Stale, match="with other content"):
        decide(referred, other, **seen)


def test_whoever_reviews_in_this_round_neither_decides_nor_signs(office):
    both = person(person_id="m1", roles=(Role.STEWARD, Role.BOARD_CHAIR))
    office.submitted(components=TOO_OPEN).seated(both)
    office.review.refer(STELLA, RELEASE, "Blocked by the matrix.", **office.now())
    with pytest.raises(NotPermitted, match="You review this release"):
        decide(office, decision(votes=Votes(in_favour=("m1", "member", "m3"))), both)
    with pytest.raises(NotPermitted, match="m1 has a conflict"):
        decide(office, decision(votes=Votes(in_favour=("chair", "m1", "m3"))))


def test_the_board_sees_the_worst_figure_of_each_kind_not_one_kind_three_times():
    rate = {"status": "measured", "verdict": Verdict.FAIL, "value": Decimal("0.2"), "fpr": Decimal("0.01")}
    rates = tuple(
        Reading(indicator_id=f"mia.{attack}.tpr_at_fpr", label=attack, in_people="20 people.", **rate)
        for attack in ("rmia", "lira", "loss")
    )
    area = Reading(indicator_id="mia.rmia.auc", label="area", status="measured", verdict=Verdict.WARN, value=Decimal(1))
    seen = worst_readings(factories.assessment(replace(factories.finding(), readings=(area, *rates))), 10)
    assert [one.label for one in seen] == ["rmia", "area"]
