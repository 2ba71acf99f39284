"""From a checkpoint and a model card to a submitted release, and never twice."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from exeat.errors import BadInput, ExeatError, Incomplete, NotFound, NotNow, NotPermitted, Stale
from exeat.evidence.submission import Rule
from exeat.model.base import digest_of
from exeat.policy.record import as_record
from exeat.review.lifecycle import State
from tests.factories import as_bytes, manifest_document, policy_document
from tests.unit.prepare.conftest import ANSWERS, CARD, CKPT, SAM, STELLA, SUE, fill, sample, started


def submit(desk, draft_id, who=SAM):
    return desk.prepare.submit(who, draft_id, seen=desk.prepare.open(who, draft_id).draft.version)


def kinds(desk):
    return [entry.kind for entry in desk.ledger.entries()]


def test_checkpoint_and_card_become_a_submitted_release(desk, ready):
    view = desk.prepare.open(SAM, ready)
    assert view.missing == ()
    assert view.why_not_submit is None
    done = submit(desk, ready)
    case = desk.review.case(SAM, view.release_id)
    assert done.entry.kind == "release.submitted"
    assert done.entry.case == f"release:{view.release_id}"
    assert case.now is State.SUBMITTED
    assert case.manifest.title == "sepsis-gru-dp-e30"
    assert [part.path for part in case.manifest.components] == [CKPT]
    assert desk.evidence.raw(digest_of(sample(CKPT)[1])) == sample(CKPT)[1]
    assert view.release_id in set(desk.review.queue(STELLA).rows["release_id"])


def test_the_preview_is_what_reviewers_see(desk, ready):
    before = desk.prepare.open(SAM, ready)
    submit(desk, ready)
    after = desk.review.case(STELLA, before.release_id)
    assert as_record(before.preview.assessment) == as_record(after.assessment)
    assert len(before.preview.assessment.findings) > 20
    assert [outcome.assessment.findings for outcome in before.preview.tiers] == [
        outcome.assessment.findings for outcome in after.dossier.what_if()
    ]


def test_the_manifest_says_where_each_field_comes_from(desk, ready):
    submit(desk, ready)
    manifest, _ = desk.evidence.manifest_of("sepsis-gru-dp-e30")
    origin = manifest.__pydantic_extra__["x_origin"]
    assert origin["title"].startswith("README.md, ")
    assert origin["run_id"] == "typed by the submitter"
    assert origin[f"components[{CKPT}].sha256"].startswith(f"{CKPT}, the file itself")


def test_submitting_again_writes_nothing_and_gives_the_same_entry(desk, ready):
    seen = desk.prepare.open(SAM, ready).draft.version
    first = desk.prepare.submit(SAM, ready, seen=seen)
    size = desk.ledger.size()
    second = desk.prepare.submit(SAM, ready, seen=seen)
    assert (second.entry.seq, desk.ledger.size()) == (first.entry.seq, size)
    assert kinds(desk).count("release.submitted") == 1


def test_two_servers_submit_at_once_and_one_release_comes_of_it(open_home):
    one, two = open_home(), open_home()
    draft_id = started(one, sample(CARD), sample(CKPT))
    fill(one, draft_id)
    seen = one.prepare.open(SAM, draft_id).draft.version
    gate, outcomes = Barrier(2), []

    def go(desk):
        gate.wait()
        try:
            outcomes.append(desk.prepare.submit(SAM, draft_id, seen=seen).entry.seq)
        except Stale as refused:
            outcomes.append(refused)

    threads = [Thread(target=go, args=(desk,)) for desk in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(set(entries)) == 1, outcomes
    assert kinds(one).count("release.submitted") == 1
    assert kinds(one).count("release.drafted") == 1


def test_a_lost_answer_is_found_again(desk, ready, monkeypatch):
    """The process ends between the submission on the ledger and the note in the draft."""
    kept = desk.prepare._edit
    monkeypatch.setattr(desk.prepare, "_edit", lambda *_: (_ for _ in ()).throw(OSError("power cut")))
    with pytest.raises(OSError, match="power cut"):
        submit(desk, ready)
    monkeypatch.setattr(desk.prepare, "_edit", kept)
    size = desk.ledger.size()
    assert desk.prepare.open(SAM, ready).draft.sent is None
    done = submit(desk, ready)
    assert desk.ledger.size() == size
    assert desk.prepare.open(SAM, ready).draft.sent.seq == done.entry.seq


def test_an_old_screen_is_refused(desk, ready):
    seen = desk.prepare.open(SAM, ready).draft.version
    desk.prepare.propose(SAM, ready, recipients="Somebody else")
    with pytest.raises(Stale):
        desk.prepare.submit(SAM, ready, seen=seen)
    assert "release.drafted" not in kinds(desk)


def test_nothing_is_written_while_something_is_missing(desk, ready):
    desk.prepare.take_back(SAM, ready, "run_id")
    view = desk.prepare.open(SAM, ready)
    assert [(one.step, one.path) for one in view.missing] == [("manifest", "run_id")]
    assert view.why_not_submit.startswith("One thing is missing: Which training run made it?")
    size = desk.ledger.size()
    with pytest.raises(Incomplete):
        submit(desk, ready)
    assert desk.ledger.size() == size


def test_a_submitted_draft_does_not_change(desk, ready):
    submit(desk, ready)
    for change in (
        lambda: desk.prepare.answer(SAM, ready, {"run_id": "other"}),
        lambda: desk.prepare.propose(SAM, ready, recipients="x"),
        lambda: desk.prepare.add_files(SAM, ready, [("a", b"b")]),
    ):
        with pytest.raises(NotNow):
            change()
    desk.prepare.delete(SAM, ready)
    assert desk.prepare.drafts(SAM) == ()
    assert desk.review.case(SAM, "sepsis-gru-dp-e30-t3").now is State.SUBMITTED


def test_a_second_release_gets_an_id_of_its_own(desk, ready):
    submit(desk, ready)
    again = started(desk, sample(CARD), sample(CKPT))
    fill(desk, again)
    assert desk.prepare.open(SAM, again).release_id == "sepsis-gru-dp-e30-t3-2"
    submit(desk, again)
    assert desk.review.case(SAM, "sepsis-gru-dp-e30-t3-2").now is State.SUBMITTED


def test_the_checkpoint_of_another_submitter_cannot_be_taken(desk, ready):
    submit(desk, ready)
    theirs = started(desk, sample(CARD), sample(CKPT), who=SUE)
    fill(desk, theirs, who=SUE)
    view = desk.prepare.open(SUE, theirs)
    assert "belongs to somebody else" in view.missing[0].sentence
    with pytest.raises(Incomplete):
        submit(desk, theirs, who=SUE)


def test_intake_itself_refuses_it_too(desk, ready):
    """Not only the page: the rule stands where the statements are written."""
    submit(desk, ready)
    manifest = as_bytes(manifest_document(checkpoint_id="sepsis-gru-dp-e30"))
    result = desk.evidence.submit_bundle([("m.json", manifest)], SUE)
    assert [record.reason for record in result.rejected] == [
        "The checkpoint sepsis-gru-dp-e30 was registered by somebody else."
    ]


@pytest.mark.parametrize(
    "data",
    [
        as_bytes(policy_document()),
        b'{"schema":"exeat-access-event/1","source":"x"}\n',
        b"PAR1 not really parquet PAR1",
    ],
)
def test_a_submission_brings_in_no_rules_and_no_access_log(desk, data):
    size = desk.ledger.size()
    result = desk.evidence.submit_bundle([("file", data)], SAM)
    assert [record.reason for record in result.rejected] == ["This is not part of a release."]
    assert desk.ledger.size() == size
    assert list(desk.settings.home.glob("access/**/*.parquet")) == []


@pytest.mark.parametrize("who", [STELLA])
def test_only_submitters_submit(desk, who):
    with pytest.raises(NotPermitted):
        desk.evidence.submit_bundle([("m.json", as_bytes(manifest_document()))], who)


def test_a_proposal_in_the_name_of_another_is_refused(desk):
    class Draft:
        kind, body = "release.drafted", {"submitter": "sue"}

    with pytest.raises(BadInput, match="another submitter"):
        Rule("sam").check(None, [Draft()])


def test_a_taken_release_id_is_said_before_submitting(desk, ready):
    submit(desk, ready)
    again = started(desk, sample(CARD), sample(CKPT), who=SUE)
    fill(desk, again, who=SUE, release_id="sepsis-gru-dp-e30-t3")
    desk.prepare.answer(SUE, again, {"checkpoint_id": "another"})
    sentences = [one.sentence for one in desk.prepare.open(SUE, again).missing]
    assert sentences == ["The release id sepsis-gru-dp-e30-t3 is taken. Choose another."]


def test_a_returned_release_is_prepared_again_under_its_id(desk, ready):
    submit(desk, ready)
    case = desk.review.case(STELLA, "sepsis-gru-dp-e30-t3")
    desk.review.start_review(STELLA, case.release_id, conflict="none", seen=case.version, key="k")
    case = desk.review.case(STELLA, case.release_id)
    desk.review.return_to_submitter(STELLA, case.release_id, "Say more.", seen=case.version, key="r")
    again = started(desk, sample(CARD), sample(CKPT))
    fill(desk, again, release_id=case.release_id, recipients="A smaller group")
    submit(desk, again)
    after = desk.review.case(STELLA, case.release_id)
    assert (after.now, after.state.round, after.proposal.recipients) == (State.SUBMITTED, 2, "A smaller group")


def test_another_persons_draft_is_not_there(desk, ready):
    for who in (SUE, STELLA):
        for act in (
            lambda w=who: desk.prepare.open(w, ready),
            lambda w=who: desk.prepare.answer(w, ready, {"run_id": "x"}),
            lambda w=who: desk.prepare.submit(w, ready, seen=1),
            lambda w=who: desk.prepare.delete(w, ready),
        ):
            with pytest.raises(NotFound if who is SUE else NotPermitted):
                act()
    assert desk.prepare.open(SAM, ready).draft.answers["run_id"] == ANSWERS["run_id"]


def test_every_refusal_says_what_to_do(desk, ready):
    for act in (lambda: desk.prepare.open(SUE, ready), lambda: desk.prepare.start(STELLA)):
        with pytest.raises(ExeatError) as refused:
            act()
        assert refused.value.what_to_do
