"""Intake as a whole: any order, nothing taken in twice, what does not fit is refused with a next step."""

from __future__ import annotations

import random
import re

import pytest

from exeat.errors import NotFound, NotNow, NotPermitted, Stale, Tampered
from exeat.evidence.statements import Author, release_case
from exeat.model.manifest import Manifest
from exeat.model.person import SYSTEM, Role
from exeat.model.release import Proposal
from exeat.policy.adoption import load_default
from tests.factories import CUSTODIAN, RESEARCHER, STELLA, SUBMITTER, person
from tests.unit.evidence.factories_evidence import as_bytes, binding, manifest, proposal, report, sha

MANIFEST = as_bytes(manifest())
REPORT = as_bytes(report())
PROPOSAL = as_bytes(proposal(manifest_sha256=sha(MANIFEST)))
OTHER_POLICY = load_default() + b"\n# a comment\n"


def reasons(result):
    return [record.reason for record in result.rejected]


def test_a_folder_comes_in_whatever_the_order_of_its_files(ready):
    result = ready.ingest(a=PROPOSAL, b=REPORT, c=MANIFEST, d=OTHER_POLICY)
    assert [item.name for item in result.accepted] == ["inbox/d", "inbox/c", "inbox/b", "inbox/a"]
    assert ready.kinds()[2:] == ["policy.proposed", "checkpoint.registered", "report.attached", "release.drafted"]
    assert result.rejected == []
    assert ready.ledger.verify().ok


def test_the_bytes_are_kept_exactly(home):
    home.ingest(m=MANIFEST)
    assert home.desk.raw(sha(MANIFEST)) == MANIFEST
    assert home.desk.manifest(sha(MANIFEST)).checkpoint_id == "onco-v1"
    assert isinstance(home.desk.document(sha(MANIFEST), "exeat-manifest/1"), Manifest)
    with pytest.raises(NotFound):
        home.desk.raw(sha("nothing"))


def test_a_second_ingest_changes_nothing(ready):
    files = {"a": PROPOSAL, "b": REPORT, "c": MANIFEST, "d": load_default(), "e": b"junk"}
    ready.ingest(**files)
    size, rejects = ready.ledger.size(), ready.objects.rejects()
    again = ready.ingest()
    assert again.counts == {"accepted": 0, "known": 4, "rejected": 1, "skipped": 0}
    assert (ready.ledger.size(), ready.objects.rejects()) == (size, rejects)


def test_one_known_file_in_a_long_ledger_is_found_by_its_case(home, monkeypatch):
    monkeypatch.setattr("exeat.evidence.register.ENTRIES_PER_FILE", 0)
    home.ingest(a=REPORT, b=MANIFEST, w=b"weights")
    again = home.ingest(c=as_bytes(report(report_id="r-2")))
    assert again.counts == {"accepted": 1, "known": 3, "rejected": 0, "skipped": 0}


def test_statements_carry_ids_and_digests_and_no_text(ready):
    ready.ingest(a=PROPOSAL, b=REPORT, c=MANIFEST, w=b"weights")
    said = {entry.kind: entry for entry in ready.ledger.entries()}
    assert said["checkpoint.registered"].subject == {"manifest": sha(MANIFEST)}
    assert said["checkpoint.registered"].case == "checkpoint:onco-v1"
    assert said["report.attached"].subject == {"report": sha(REPORT), "manifest": sha(MANIFEST)}
    assert said["report.attached"].body == {
        "report_id": "r-1",
        "checkpoint_id": "onco-v1",
        "producer": "simple-attack",
    }
    assert said["release.drafted"].body == {
        "release_id": "onco-v1-t2",
        "checkpoint_id": "onco-v1",
        "submitter": "sam",
        "contributors": [],
    }
    assert said["release.drafted"].subject["policy"] == sha(load_default())
    assert said["component.received"].subject == {"component": sha("weights"), "manifest": sha(MANIFEST)}
    assert (said["policy.adopted"].actor, said["policy.adopted"].role) == ("system", "system")
    everything = b"".join(entry.line for entry in ready.ledger.entries())
    for text in (b"Tumour", b"Model group", b"Audit group", b"Partner", b"inbox"):
        assert text not in everything


def test_a_report_needs_its_checkpoint(home):
    result = home.ingest(r=REPORT)
    assert "onco-v1, which is not registered" in reasons(result)[0]
    assert "Ingest its manifest" in result.rejected[0].what_to_do
    assert home.ingest(m=MANIFEST).counts["accepted"] == 2
    assert home.desk.rejects(STELLA) == []
    (settled,) = home.desk.rejects(STELLA, settled=True)
    assert settled.settled


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": "other weights"},
        {"subject": {"checkpoint_id": "onco-v1", "component_sha256": [sha("weights"), sha("x")]}},
        {
            "subject": {
                "checkpoint_id": "onco-v1",
                "component_sha256": [sha("weights")],
                "manifest_sha256": sha("another manifest"),
            }
        },
    ],
)
def test_a_report_on_other_files_is_not_attached(home, changes):
    result = home.ingest(m=MANIFEST, r=as_bytes(report(**changes)))
    assert "no manifest of onco-v1 lists" in reasons(result)[0]
    assert home.desk.reports_for("onco-v1") == ()


def test_a_report_id_is_used_once(home):
    result = home.ingest(m=MANIFEST, a=REPORT, b=as_bytes(report(author="Somebody else")))
    assert "has the report_id r-1" in reasons(result)[0]


def test_a_manifest_with_other_bytes_is_a_new_version_and_both_stay(home):
    second = as_bytes(manifest(title="Corrected"))
    home.ingest(a=MANIFEST)
    result = home.ingest(b=second)
    assert result.accepted[0].note == "a new version of a registered manifest"
    assert home.desk.manifest_of("onco-v1")[1] == sha(second)
    assert home.desk.raw(sha(MANIFEST)) == MANIFEST
    assert list(home.ledger.entries())[-1].subject == {"manifest": sha(second), "former": sha(MANIFEST)}


def test_reports_do_not_follow_to_changed_weights(home):
    home.ingest(m=MANIFEST, r=REPORT)
    assert [bound.sha256 for bound in home.desk.reports_for("onco-v1")] == [sha(REPORT)]
    home.ingest(n=as_bytes(manifest(weights="new weights")))
    assert home.desk.reports_for("onco-v1") == ()
    assert [bound.sha256 for bound in home.desk.reports_for("onco-v1", sha(MANIFEST))] == [sha(REPORT)]
    assert home.desk.reports_for("nobody") == ()


def test_a_proposal_needs_its_manifest_its_components_and_a_policy(home):
    unknown = as_bytes(proposal(manifest_sha256=sha("x")))
    strange = as_bytes(
        proposal(
            release_id="r-2",
            manifest_sha256=sha(MANIFEST),
            components=[{"component_id": "optimizer", "disposition": "allowed"}],
        )
    )
    result = home.ingest(m=MANIFEST, a=unknown, b=strange, c=PROPOSAL)
    by_name = {record.name: record for record in result.rejected}
    assert "that is not registered" in by_name["inbox/a"].reason
    assert by_name["inbox/b"].place == "$.components[0].component_id"
    assert "No policy" in by_name["inbox/c"].reason


def test_a_draft_may_change_until_it_is_submitted(ready):
    ready.ingest(m=MANIFEST, a=PROPOSAL)
    changed = ready.ingest(b=as_bytes(proposal(manifest_sha256=sha(MANIFEST), until="2027-01-31")))
    assert changed.counts["accepted"] == 1
    other = ready.ingest(c=as_bytes(proposal(manifest_sha256=sha(MANIFEST), submitter="eve")))
    assert "belongs to another submitter" in reasons(other)[0]
    say(ready, "release.submitted")
    late = ready.ingest(d=as_bytes(proposal(manifest_sha256=sha(MANIFEST), until="2027-02-28")))
    assert "no longer a draft" in reasons(late)[-1]
    say(ready, "release.returned")
    say(ready, "comment.recorded")
    assert [item.name for item in ready.ingest().accepted] == ["inbox/d"]


def say(home, kind):
    draft = Author.of(SYSTEM).says(kind, release_case("onco-v1-t2"), subject={}, body={}, key=f"test-{kind}")
    home.ledger.append([draft])


def test_taking_files_in_never_changes_the_rules(ready):
    ready.desk.ingest_bytes("attachments/notes.txt", OTHER_POLICY, STELLA)
    assert ready.desk.policy()[1] == sha(load_default())
    assert [(s.state, s.proposed_by) for s in ready.desk.policies(STELLA)] == [
        ("proposed", STELLA.person_id),
        ("in force", "system"),
    ]


def test_a_second_person_puts_a_policy_into_force_and_back(ready):
    ready.desk.ingest_bytes("p", OTHER_POLICY, STELLA)
    with pytest.raises(NotPermitted, match="second person"):
        ready.desk.adopt_policy(STELLA, sha(OTHER_POLICY), seen=1)
    ready.desk.adopt_policy(CUSTODIAN, sha(OTHER_POLICY), seen=1)
    assert ready.desk.policy()[1] == sha(OTHER_POLICY)
    with pytest.raises(Stale):
        ready.desk.adopt_policy(CUSTODIAN, sha(load_default()), seen=1)
    ready.desk.adopt_policy(STELLA, sha(load_default()), seen=2)
    assert ready.desk.policy()[1] == sha(load_default())


def test_a_policy_waits_for_its_day_and_for_the_right_role(ready):
    future = load_default() + b"\n"
    future = re.sub(rb"valid_from = .*", b'valid_from = "2031-01-01"', future, count=1)
    ready.desk.ingest_bytes("p", future, SYSTEM)
    with pytest.raises(NotNow, match="2031-01-01"):
        ready.desk.adopt_policy(CUSTODIAN, sha(future), seen=1)
    with pytest.raises(NotPermitted):
        ready.desk.adopt_policy(SUBMITTER, sha(future), seen=1)
    with pytest.raises(NotFound):
        ready.desk.adopt_policy(CUSTODIAN, sha("nothing"), seen=1)


def test_without_a_policy_there_is_a_sentence(home):
    with pytest.raises(NotFound, match="No policy"):
        home.desk.policy()


@pytest.mark.parametrize("who", [STELLA, CUSTODIAN, SYSTEM])
def test_stewards_custodians_and_operators_ingest(home, who):
    assert home.desk.ingest_bytes("m", MANIFEST, who).counts["accepted"] == 1


@pytest.mark.parametrize(
    "who", [SUBMITTER, RESEARCHER, person(roles=(Role.AUDITOR,)), person(roles=(Role.BOARD_CHAIR,)), person(roles=())]
)
def test_nobody_else_does(home, who):
    for attempt in (lambda: home.desk.ingest_bytes("m", MANIFEST, who), lambda: home.desk.ingest([home.inbox], who)):
        with pytest.raises(NotPermitted):
            attempt()
    assert home.kinds() == []


def test_rejects_are_read_by_those_who_read_evidence(home):
    home.ingest(x=b"junk")
    assert [record.name for record in home.desk.rejects(STELLA)] == ["inbox/x"]
    with pytest.raises(NotPermitted):
        home.desk.rejects(RESEARCHER)


def test_changed_evidence_is_noticed(home, tmp_path):
    home.ingest(m=MANIFEST)
    hexes = sha(MANIFEST).removeprefix("sha256:")
    path = tmp_path / "evidence" / "sha256" / hexes[:2] / hexes
    path.write_bytes(MANIFEST.replace(b"Tumour", b"Tumor "))
    with pytest.raises(Tampered):
        home.desk.raw(sha(MANIFEST))


def test_a_document_of_another_kind_is_not_returned(home):
    home.ingest(m=MANIFEST)
    home.desk.manifest(sha(MANIFEST))
    with pytest.raises(Exception, match="exeat-release/1 is not valid"):
        home.desk.document(sha(MANIFEST), Proposal)


def test_files_of_a_checkpoint_are_kept_when_a_manifest_lists_them(home):
    weights, log = b"PK\x03\x04 model", b"step,loss\n1,0.3\n"
    listing = manifest(weights=weights)
    listing["components"].append(listing["components"][0] | {"id": "log", "kind": "diagnostic_log", "sha256": sha(log)})
    result = home.ingest(m=as_bytes(listing), w=weights, log=log, stray=b"\x80\x04pickle")
    notes = {item.name: item.note for item in result.accepted[1:]}
    assert notes.keys() == {"inbox/w", "inbox/log"}
    assert notes["inbox/w"].startswith("component weights; inspected: unsafe. The zip archive has no directory")
    assert notes["inbox/log"] == "component log"
    assert "no registered manifest lists it" in reasons(result)[0]
    assert "exeat inspect" in result.rejected[0].what_to_do


def test_a_file_that_two_checkpoints_share_is_recorded_for_both(home):
    home.ingest(a=MANIFEST, w=b"weights")
    result = home.ingest(b=as_bytes(manifest(checkpoint_id="onco-v2")))
    assert [item.name for item in result.accepted] == ["inbox/b", "inbox/w"]
    cases = [entry.case for entry in home.ledger.entries() if entry.kind == "component.received"]
    assert cases == ["checkpoint:onco-v1", "checkpoint:onco-v2"]
    assert home.ingest().counts["known"] == 3


def test_a_checkpoint_file_may_come_long_after_its_manifest(home):
    home.ingest(m=MANIFEST)
    (home.inbox / "m").unlink()
    assert home.ingest(w=b"weights").accepted[0].subject_id == "onco-v1"


def test_a_large_checkpoint_file_stays_outside(home):
    home.desk._keep_bytes = 3
    result = home.ingest(m=MANIFEST, w=b"weights")
    assert "keeps checkpoint files up to 3" in reasons(result)[0]


def test_shuffled_batches_say_the_same(tmp_path_factory, ready):
    checkpoints = [as_bytes(manifest(checkpoint_id=f"c-{i}", weights=str(i))) for i in range(40)]
    reports = [as_bytes(report(checkpoint_id=f"c-{i}", weights=str(i))) for i in range(40)]
    files = checkpoints + reports
    random.Random(7).shuffle(files)  # noqa: S311 it must repeat
    result = ready.ingest(**{f"f{i}": data for i, data in enumerate(files)})
    assert result.counts == {"accepted": 80, "known": 0, "rejected": 0, "skipped": 0}
    assert ready.kinds()[2:] == ["checkpoint.registered"] * 40 + ["report.attached"] * 40


def test_progress_counts_every_file(home):
    seen = []
    home.drop(m=MANIFEST, r=REPORT, x=b"junk")
    home.desk.ingest([home.inbox], SYSTEM, lambda done, total: seen.append((done, total)))
    assert seen == [(step, 6) for step in range(1, 7)]
    seen.clear()
    home.desk.ingest([home.inbox], SYSTEM, lambda done, total: seen.append((done, total)))
    assert (seen[0], seen[-1]) == ((1, 6), (6, 6))


def test_a_binding_alone_is_kept_and_says_nothing_yet(home):
    result = home.ingest(m=MANIFEST, b=as_bytes(binding(files={"report.json": sha("x")})))
    assert result.counts["accepted"] == 2
    assert home.kinds() == ["checkpoint.registered", "files.bound"]
