from __future__ import annotations

import json

import pytest

from exeat.errors import Incomplete, NotFound, NotNow, NotPermitted, Stale
from exeat.review.inputs import Answer, Override
from exeat.review.lifecycle import State
from exeat.review.rules import Action
from tests import factories
from tests.factories import AUDITOR, CUSTODIAN, MEMBER, SASHA, STAN, STELLA, SUBMITTER, TODAY, person
from tests.unit.review.desks import RELEASE, draft, office_in

OVER_LIMIT = ("0.61", "0.58", "0.64")
OVERRIDE = {"R3": Override("Only 12 people, all under agreement.", "moderate")}
DECIDED = ["reviews.opened", "decision.approved"]


@pytest.fixture
def office(tmp_path):
    with office_in(tmp_path) as open_office:
        yield open_office


def case(office, who=STELLA):
    return office.review.case(who, RELEASE)


def test_from_draft_to_active(office):
    office.submitted().seated().reviewed(STELLA)
    done = office.review.record_review(STAN, RELEASE, office.opinion(), **office.now())
    assert done.sentence == "All reviews agree: approved."
    assert done.entry.kind == "decision.approved"
    assert office.kinds()[-2:] == DECIDED
    assert office.review.activate(CUSTODIAN, RELEASE, **office.now()).entry.kind == "release.activated"
    assert case(office).now is State.ACTIVE
    assert office.ledger.verify().ok


def test_the_decision_names_what_it_stands_on(office):
    office.submitted().seated().reviewed()
    entry = office.last()
    assert set(entry.subject) == {"proposal", "manifest", "policy", "assessment"}
    assert entry.body["matrix"][1] == {"component": "log", "tier": "T2", "disposition": "masked", "until": "2027-06-30"}
    assert entry.body["conditions"] == ["Keep the quota."]
    assert [one["reviewer"] for one in entry.body["reviews"]] == ["stella", "stan"]
    kept = json.loads(office.evidence.raw(entry.subject["assessment"]))
    assert {finding["check"]: finding["verdict"] for finding in kept["findings"]} == {"R3": "pass", "T1": "pass"}


def test_submitting_counts_the_findings_for_the_queue(office):
    office.submitted(auc=OVER_LIMIT)
    assert office.last().body["counts"]["n_conditional"] == 1


def test_a_conditional_finding_is_approved_only_with_reason_and_risk(office):
    office.submitted(auc=OVER_LIMIT).seated()
    with pytest.raises(Incomplete, match="R3"):
        office.reviewed(STELLA)
    office.reviewed(STELLA, overrides=OVERRIDE)
    office.reviewed(STAN, overrides={"R3": Override("Agreed.", "high")})
    assert office.last().kind == "decision.approved"
    assert office.last().body["overrides"] == {"R3": "high"}


def test_a_blocking_finding_is_referred_never_approved(office):
    too_open = [
        {"component_id": "weights", "disposition": "allowed"},
        {"component_id": "log", "disposition": "allowed"},
    ]
    office.submitted(components=too_open).seated()
    assert "only the board" in case(office).cannot_approve["log"]
    with pytest.raises(NotPermitted, match="T1"):
        office.reviewed(STELLA, overrides={"T1": Override("I insist.", "low")})
    assert "review.recorded" not in office.kinds()
    office.review.refer(STELLA, RELEASE, "The log is proposed too openly.", **office.now())
    assert case(office).now is State.REFERRED


@pytest.mark.parametrize("who", [SUBMITTER, person(person_id="sam"), person(person_id="carla"), MEMBER, AUDITOR])
def test_the_submitter_contributors_and_others_cannot_review_by_direct_call(office, who):
    office.submitted()
    size = office.ledger.size()
    with pytest.raises(NotPermitted):
        office.review.start_review(who, RELEASE, conflict="none", **office.now())
    with pytest.raises(NotPermitted):
        office.review.record_review(who, RELEASE, office.opinion(), **office.now())
    assert office.ledger.size() == size


def test_a_declared_conflict_is_recorded_and_takes_no_seat(office):
    office.submitted().seated(STELLA)
    done = office.review.start_review(STELLA, RELEASE, conflict="co_author", **office.now())
    assert done.entry.kind == "conflict.declared"
    assert case(office).state.seats == ()
    with pytest.raises(NotPermitted, match="conflict"):
        office.review.start_review(STELLA, RELEASE, conflict="none", **office.now())


def test_blind_until_all_are_in(office):
    office.submitted().seated().reviewed(STELLA, rationale="Secret thoughts.")
    for who in (STAN, SASHA, AUDITOR, SUBMITTER):
        seen = case(office, who)
        assert "Secret thoughts" not in repr((seen.state, seen.reviews, seen.comments, seen.history))
        assert [review.content for review in seen.reviews] == ([] if who is SUBMITTER else [None])
    line = office.last().line.decode()
    assert "approve" not in line
    assert "Secret" not in line
    office.reviewed(STAN)
    assert case(office, STAN).reviews[0].content.rationale == "Secret thoughts."


def test_disagreement_opens_without_a_decision_then_a_revised_review_decides(office):
    office.submitted().seated().reviewed(STELLA)
    done = office.review.record_review(
        STAN,
        RELEASE,
        office.opinion(votes={"weights": "reject", "log": "approve"}, rationale="Too exposed."),
        **office.now(),
    )
    assert "do not agree" in done.sentence
    assert case(office).state.opened
    assert "do not agree" in case(office).turn
    office.reviewed(STELLA, votes={"weights": "reject", "log": "approve"}, rationale="He is right.")
    assert office.last().kind == "decision.approved"
    forms = {cell.component: cell.disposition.value for cell in case(office).decision.matrix}
    assert forms == {"weights": "denied", "log": "masked"}


def test_all_reject(office):
    office.submitted().seated().reviewed(votes={"weights": "reject", "log": "reject"}, rationale="No.")
    assert case(office).now is State.REJECTED


def test_a_double_click_writes_once(office):
    office.submitted()
    now = office.now()
    first = office.review.start_review(STELLA, RELEASE, conflict="none", **now)
    size = office.ledger.size()
    again = office.review.start_review(STELLA, RELEASE, conflict="none", **now)
    assert again.entry.seq == first.entry.seq
    assert office.ledger.size() == size
    office.seated(STAN).reviewed(STELLA)
    now = office.now()
    decided = office.review.record_review(STAN, RELEASE, office.opinion(), **now)
    assert office.review.record_review(STAN, RELEASE, office.opinion(), **now).entry == decided.entry


def test_a_stale_screen_is_refused_with_what_changed(office):
    office.submitted().seated()
    seen = office.version()
    office.review.return_to_submitter(STAN, RELEASE, "Please add a report.", **office.now())
    with pytest.raises(Stale) as caught:
        office.review.record_review(STELLA, RELEASE, office.opinion(), **office.now(seen=seen))
    assert caught.value.newer == ("stan returned it to the submitter.",)
    with pytest.raises(Stale) as caught:
        office.review.withdraw(SUBMITTER, RELEASE, **office.now(seen=seen))
    assert caught.value.newer == ("reviewer 2 returned it to the submitter.",)


def test_what_other_reviewers_do_does_not_spoil_a_half_written_review(office):
    office.submitted().seated()
    seen = office.version()
    office.review.comment(STAN, RELEASE, "Looking at it.", "reviewers", key="c1")
    office.reviewed(STAN)
    office.review.record_review(STELLA, RELEASE, office.opinion(), **office.now(seen=seen))
    assert office.last().kind == "decision.approved"


def test_new_evidence_refuses_the_screen_and_resets_the_votes_it_touches(office):
    office.submitted().seated()
    shown = case(office)
    office.reviewed(STAN)
    office.take(factories.report_document(report_id="r-new", about="weights"))
    with pytest.raises(Stale, match="evidence"):
        office.review.record_review(STELLA, RELEASE, office.opinion(basis=shown.basis), **office.now())
    assert case(office).reviews_in == 0
    assert case(office, STAN).standing == {"log": "approve"}
    assert case(office, STAN).turn == "Waiting for you: the evidence changed, vote again on weights."
    office.reviewed(STELLA)
    assert office.kinds()[-1] == "review.recorded"
    office.reviewed(STAN, votes={"weights": "approve"})
    assert office.kinds()[-2:] == DECIDED


def test_resubmission_starts_a_round_and_untouched_votes_stand(office):
    office.submitted().seated().reviewed(STELLA)
    office.review.return_to_submitter(STAN, RELEASE, "The log by query only.", **office.now())
    form = [{"component_id": "weights", "disposition": "allowed"}, {"component_id": "log", "disposition": "query_only"}]
    draft(office, components=form)
    office.review.submit(SUBMITTER, RELEASE, **office.now())
    again = case(office)
    assert (again.state.round, again.reviews_in, again.standing) == (2, 0, {"weights": "approve"})
    office.seated()
    with pytest.raises(Incomplete, match="log"):
        office.reviewed(STELLA, votes={})
    office.reviewed(STELLA, votes={"log": "approve"}).reviewed(STAN)
    assert office.kinds()[-2:] == DECIDED


def test_suspension_by_one_lifting_by_the_quorum(office):
    office.submitted().seated().reviewed()
    office.review.suspend(person(person_id="carla"), RELEASE, "A patient asked.", **office.now(seen=1))
    assert case(office).now is State.SUSPENDED
    with pytest.raises(NotPermitted):
        office.review.agree_to_lift(person(person_id="carla"), RELEASE, "Fine again.", **office.now())
    assert (
        office.review.agree_to_lift(STELLA, RELEASE, "Checked.", **office.now()).sentence
        == "Your agreement is recorded."
    )
    with pytest.raises(NotNow, match="already"):
        office.review.agree_to_lift(STELLA, RELEASE, "Checked twice.", **office.now())
    done = office.review.agree_to_lift(STAN, RELEASE, "Checked.", **office.now())
    assert done.entry.kind == "suspension.lifted"
    assert case(office).now is State.APPROVED


def test_what_is_over_cannot_be_used_any_more(office):
    office.submitted().seated().reviewed()
    office.clock.pass_days(300)
    assert case(office).now is State.EXPIRED
    for act in (office.review.activate, office.review.suspend, office.review.revoke):
        who, words = (CUSTODIAN, ()) if act == office.review.activate else (STELLA, ("Too late.",))
        with pytest.raises(NotNow, match="expired"):
            act(who, RELEASE, *words, **office.now())


def test_revoked_is_for_good(office):
    office.submitted().seated().reviewed()
    office.review.revoke(STELLA, RELEASE, "Consent withdrawn.", **office.now())
    assert case(office).now is State.REVOKED
    with pytest.raises(NotNow):
        office.review.activate(CUSTODIAN, RELEASE, **office.now())


def test_approving_the_successor_ends_the_former_in_the_same_transaction(office):
    office.submitted().seated().reviewed()
    draft(office, release_id="onco-v2-t2", supersedes_release=RELEASE)
    new = "onco-v2-t2"
    office.review.submit(SUBMITTER, new, **office.now(release_id=new))
    for who in (STELLA, STAN):
        office.review.start_review(who, new, conflict="none", **office.now(release_id=new))
    for who in (STELLA, STAN):
        office.review.record_review(who, new, office.opinion(new), **office.now(release_id=new))
    assert case(office).now is State.SUPERSEDED
    assert office.last().body == {"by": new}
    assert office.review.case(STELLA, new).now is State.APPROVED


def test_a_release_of_another_lineage_is_not_superseded(office):
    office.submitted().seated().reviewed()
    other = factories.manifest_document(checkpoint_id="heart-v1", lineage={"run_family": "heart", "version": "1"})
    new = {"release_id": "heart-t2", "checkpoint_id": "heart-v1", "manifest": other}
    draft(office, auc=None, supersedes_release=RELEASE, **new)
    assert office.review.superseded(office.review.cases.load(STELLA, "heart-t2")) is None


def test_reasons_are_needed_and_sealed(office):
    office.submitted().seated()
    with pytest.raises(Incomplete):
        office.review.return_to_submitter(STELLA, RELEASE, "  ", **office.now())
    office.review.return_to_submitter(STELLA, RELEASE, "Names a patient: Jane.", **office.now())
    assert b"Jane" not in b"".join(office.ledger.export())
    assert case(office, SUBMITTER).state.reason == "Names a patient: Jane."


def test_names_are_sealed_and_registered_once(office):
    office.submitted().seated()
    assert b"Name of" not in b"".join(office.ledger.export())
    (registered,) = office.ledger.case("person:stella")
    assert office.ledger.opened([registered]).popitem()[1] == "Name of stella"
    assert office.kinds("person:stella") == ["person.registered"]


def test_an_erased_rationale_leaves_votes_and_log_intact(office):
    office.submitted().seated().reviewed(STELLA, rationale="Erase me.").reviewed(STAN)
    entry = next(e for e in office.ledger.case(f"release:{RELEASE}") if e.kind == "review.recorded")
    office.ledger.erase(entry.seq, "rationale", CUSTODIAN, "request")
    content = case(office).reviews[0].content
    assert (content.rationale, content.votes["weights"]) == (None, "approve")
    assert office.ledger.verify().ok


def test_views_are_recorded_once_a_day_and_make_nothing_stale(office):
    office.submitted()
    seen = office.version()
    for _ in range(3):
        office.review.view(STELLA, RELEASE)
    office.review.view(STAN, RELEASE)
    assert office.kinds(f"view:{RELEASE}") == ["release.viewed"] * 2
    office.clock.pass_days(1)
    office.review.view(STELLA, RELEASE)
    assert len(office.kinds(f"view:{RELEASE}")) == 3
    assert office.version() == seen
    with pytest.raises(NotPermitted):
        office.review.view(factories.RESEARCHER, RELEASE)


def test_comments_and_their_promotion(office):
    office.submitted().seated()
    office.review.comment(SASHA, RELEASE, "Look at the subgroup.", "reviewers", key="c1")
    again = office.review.comment(SASHA, RELEASE, "Look at the subgroup.", "reviewers", key="c1")
    assert [c.text for c in case(office).comments] == ["Look at the subgroup."]
    assert case(office, SUBMITTER).comments == ()
    with pytest.raises(NotPermitted, match="everyone"):
        office.review.comment(SUBMITTER, RELEASE, "Psst.", "reviewers", key="c2")
    with pytest.raises(NotNow, match="sealed"):
        office.review.promote_comment(STELLA, RELEASE, again.entry.seq, key="p0")
    office.review.promote_comment(SASHA, RELEASE, again.entry.seq, key="p1")
    assert [(c.author, c.audience) for c in case(office, SUBMITTER).comments] == [("a steward", "everyone")]
    with pytest.raises(NotFound):
        office.review.promote_comment(SASHA, RELEASE, 9999, key="p2")
    with pytest.raises(Incomplete):
        office.review.comment(STELLA, RELEASE, "   ", "everyone", key="c3")


@pytest.mark.parametrize("name", ["nothing-here", "../etc", "release:x", "", "x" * 200, "' OR 1=1"])
def test_an_unknown_release_is_not_found(office, name):
    with pytest.raises(NotFound):
        office.review.case(STELLA, name)


def test_why_not_has_a_sentence_for_each_action(office):
    office.submitted()
    view = case(office)
    assert set(view.why_not) == {action.value for action in Action}
    assert view.why_not["start_review"] is None
    assert view.why_not["submit"] == "You are here as steward and may not submit for review. A submitter may."
    assert view.why_not[Action.ACTIVATE].endswith("A custodian may.")


def test_grounds_that_no_longer_hold_stop_the_decision(office):
    """The first reviewer approved a passing figure; by the second review the policy's limit has been lowered."""
    office.submitted().seated().reviewed(STELLA)
    stricter = factories.policy_document(version="2")
    stricter["thresholds"][0]["limit"] = "0.57"
    office.take(stricter)
    office.reviewed(STAN, overrides=OVERRIDE)
    assert office.kinds()[-1] == "review.recorded"
    office.reviewed(STELLA, overrides=OVERRIDE)
    assert office.last().kind == "decision.approved"
    assert case(office).today == TODAY


def test_a_question_answered_no_blocks(office):
    office.submitted().seated()
    with pytest.raises(NotPermitted, match="P3"):
        office.reviewed(STELLA, answers={"P3": Answer("no", "Consent does not cover sharing.")})
