"""What people with a role here could try against each other and against the record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exeat.errors import Incomplete, NotNow, NotPermitted, Stale
from exeat.ledger.statement import Draft
from exeat.review.inputs import Override
from exeat.review.lifecycle import State
from tests import factories
from tests.factories import CUSTODIAN, SASHA, STAN, STELLA, SUBMITTER, entry, numbered
from tests.unit.review.desks import RELEASE, draft, office_in
from tests.unit.review.test_state import fold

OVER_LIMIT = ("0.61", "0.58", "0.64")
OVERRIDE = {"R3": Override("Few people.", "moderate")}


@pytest.fixture
def office(tmp_path):
    with office_in(tmp_path) as open_office:
        yield open_office


def worse_report(office, value="0.95"):
    measured = factories.indicator(value=value, ci_low=value, ci_high=value)
    office.take(factories.report_document(report_id=f"r-{value}", indicators=[measured]))


def test_which_fields_are_sealed_says_nothing_about_the_votes(office):
    office.submitted().seated().reviewed(STELLA)
    short = office.last()
    said = {"votes": {"weights": "reject", "log": "reject"}, "rationale": "No.", "answers": {}}
    office.reviewed(STAN, **said)
    long = next(e for e in office.ledger.case(f"release:{RELEASE}") if e.actor == "stan" and e.kind == short.kind)
    assert set(short.sealed) == set(long.sealed) == {"review", "rationale", "reasons"}
    assert set(short.body) == set(long.body)


def test_a_key_answers_only_the_same_words(office):
    office.submitted().seated()
    now, mine = office.now(), office.opinion()
    first = office.review.record_review(STELLA, RELEASE, mine, **now)
    assert office.review.record_review(STELLA, RELEASE, mine, **now).entry == first.entry
    changed = replace(mine, votes={"weights": "reject", "log": "reject"}, rationale="No.")
    with pytest.raises(Stale, match="with other content"):
        office.review.record_review(STELLA, RELEASE, changed, **now)
    office.review.comment(STELLA, RELEASE, "One.", "reviewers", key="c")
    with pytest.raises(Stale, match="with other content"):
        office.review.comment(STELLA, RELEASE, "Two.", "reviewers", key="c")


def test_an_old_click_to_suspend_does_not_claim_to_have_suspended_again(office):
    office.submitted().seated().reviewed()
    now = office.now()
    office.review.suspend(SASHA, RELEASE, "Stop.", **now)
    assert office.review.suspend(SASHA, RELEASE, "Stop.", **now).sentence.startswith("Suspended")
    for who in (STELLA, STAN):
        office.review.agree_to_lift(who, RELEASE, "Fine.", **office.now())
    with pytest.raises(Stale, match="the release changed since"):
        office.review.suspend(SASHA, RELEASE, "Stop.", **now)


def test_whoever_declared_a_conflict_neither_lifts_nor_promotes(office):
    office.submitted()
    office.review.start_review(SASHA, RELEASE, conflict="financial", **office.now())
    said = office.review.comment(STELLA, RELEASE, "Look.", "reviewers", key="c")
    with pytest.raises(NotPermitted, match="conflict"):
        office.review.promote_comment(SASHA, RELEASE, said.entry.seq, key="p")
    office.seated().reviewed()
    office.review.suspend(STELLA, RELEASE, "Stop.", **office.now())
    with pytest.raises(NotPermitted, match="conflict"):
        office.review.agree_to_lift(SASHA, RELEASE, "Fine.", **office.now())


def test_nothing_is_activated_or_lifted_against_findings_that_nobody_weighed(office):
    office.submitted().seated().reviewed()
    worse_report(office)
    with pytest.raises(NotNow, match="R3 stands against it since"):
        office.review.activate(CUSTODIAN, RELEASE, **office.now())
    office.review.suspend(STELLA, RELEASE, "A new figure.", **office.now())
    with pytest.raises(NotNow, match="R3 stands against it since"):
        office.review.agree_to_lift(STELLA, RELEASE, "Fine.", **office.now())
    assert office.review.case(STELLA, RELEASE).why_not["agree_to_lift"] is not None


def test_what_the_reviewers_overrode_does_not_cover_what_blocks_now(office):
    office.submitted(auc=OVER_LIMIT).seated().reviewed(overrides=OVERRIDE)
    assert office.review.case(CUSTODIAN, RELEASE).why_not["activate"] is None
    stricter = factories.policy_document(version="2")
    for item in stricter["checklist"]:
        item["gate"] = "B"
    office.take(stricter)
    with pytest.raises(NotNow, match="R3"):
        office.review.activate(CUSTODIAN, RELEASE, **office.now())


def test_a_review_says_what_evidence_it_saw(office):
    office.submitted().seated()
    with pytest.raises(Stale, match="evidence changed"):
        office.review.record_review(STELLA, RELEASE, office.opinion(basis=""), **office.now())


def test_a_report_or_policy_between_look_and_write_is_noticed(office, monkeypatch):
    """It comes in after the dossier was read, in the last moment before the transaction."""
    office.submitted().seated().reviewed(STELLA)
    review, now = office.opinion(), office.now()
    keep = office.review.keep_assessment

    def slow(loaded):
        if len(office.ledger.case("checkpoint:onco-v1")) == before:
            worse_report(office)
        return keep(loaded)

    before = len(office.ledger.case("checkpoint:onco-v1"))
    monkeypatch.setattr(office.review, "keep_assessment", slow)
    with pytest.raises(Stale, match="evidence changed"):
        office.review.record_review(STAN, RELEASE, review, **now)
    assert "decision.approved" not in office.kinds()


def test_a_guarded_case_must_be_as_it_was(office):
    def said(number, **guards):
        return Draft(
            kind="x.said", case="x", actor="a", role="system", authenticated="system", key=f"x{number}", guards=guards
        )

    office.ledger.append([said(1, x=0, policy=0)])
    with pytest.raises(Stale, match="it is at version 1, you saw 0"):
        office.ledger.append([said(2, x=0)])
    with pytest.raises(Stale):
        office.ledger.append([said(3, y=2), said(4)])
    assert office.kinds("x") == ["x.said"]
    assert b"guards" not in office.ledger.case("x")[0].line


def test_a_contributor_of_an_earlier_draft_stays_one(office):
    draft(office, contributors=["stella"])
    draft(office, contributors=["stan"])
    assert office.ledger.case(f"release:{RELEASE}")[0].body["contributors"] == ["stella"]
    office.review.submit(SUBMITTER, RELEASE, **office.now())
    for who in (STELLA, STAN):
        with pytest.raises(NotPermitted):
            office.review.start_review(who, RELEASE, conflict="none", **office.now())
    office.seated(SASHA)


def test_the_steward_who_brought_the_proposal_in_does_not_review_it(office):
    office.submitted()
    document = office.evidence.raw(office.review.case(STELLA, RELEASE).state.proposal_sha256)
    again = document.replace(b"onco-v1-t2", b"onco-v1-t2b")
    assert office.evidence.ingest_bytes("again", again, STELLA).accepted
    office.review.submit(SUBMITTER, "onco-v1-t2b", **office.now(release_id="onco-v1-t2b"))
    with pytest.raises(NotPermitted, match="drafted"):
        office.review.start_review(STELLA, "onco-v1-t2b", conflict="none", **office.now(release_id="onco-v1-t2b"))
    office.review.start_review(STAN, "onco-v1-t2b", conflict="none", **office.now(release_id="onco-v1-t2b"))


def test_intake_by_the_system_or_a_custodian_makes_nobody_a_contributor():
    for role in ("system", "custodian", "shell"):
        drafted = replace(entry("release.drafted", actor="someone", **DRAFT), role=role)
        assert fold(numbered(drafted)).involved == {"sam"}


DRAFT = {"body": {"release_id": "r", "checkpoint_id": "c", "submitter": "sam"}, "subject": {"proposal": "sha256:p"}}


@pytest.mark.parametrize("audience", ["reviewers", "everyone"])
def test_a_reviewer_cannot_steer_the_others_by_a_comment_for_everyone(office, audience):
    office.submitted().seated()
    said = office.review.comment(STAN, RELEASE, "I reject this.", audience, key="c")
    assert office.review.case(STELLA, RELEASE).comments == ()
    assert office.review.case(SASHA, RELEASE).comments == ()
    with pytest.raises(NotNow, match="sealed"):
        office.review.promote_comment(STAN, RELEASE, said.entry.seq, key="p")
    office.reviewed()
    assert [one.text for one in office.review.case(SASHA, RELEASE).comments] == ["I reject this."]


def test_leaving_the_seat_does_not_uncover_what_was_said_on_it(office):
    office.submitted().seated()
    office.review.comment(STAN, RELEASE, "I reject this.", "everyone", key="c")
    office.review.start_review(STAN, RELEASE, conflict="co_author", **office.now())
    assert office.review.case(STELLA, RELEASE).comments == ()


def test_the_state_after_all_this_is_as_before(office):
    office.submitted().seated().reviewed()
    assert office.review.case(STELLA, RELEASE).now is State.APPROVED
    with pytest.raises(Incomplete):
        office.review.suspend(STELLA, RELEASE, " ", **office.now())
    assert office.ledger.verify().ok
