"""A submission is on the record as a whole or not at all, and says nothing of what belongs to somebody else."""

from __future__ import annotations

import io
import json
from threading import Barrier, Thread

import numpy as np
import pytest

from exeat.errors import BadInput, NotFound
from exeat.evidence.statements import CHECKPOINT_REGISTERED, checkpoint_case
from exeat.evidence.submission import Rule
from exeat.model.base import digest_of
from tests.factories import as_bytes, manifest_document
from tests.unit.prepare.conftest import CARD, CKPT, SAM, SUE, fill, sample, started

ID = "sepsis-gru-dp-e30"
SHA = digest_of(sample(CKPT)[1])


def prepared(desk, who, release_id, *more, **answers):
    """A whole draft of this person about the same checkpoint id, with a title of its own."""
    draft_id = started(desk, sample(CARD), sample(CKPT), *more, who=who)
    fill(desk, draft_id, who=who, release_id=release_id)
    desk.prepare.answer(who, draft_id, {"title": f"Model of {who.person_id}"} | answers)
    return draft_id


def submit(desk, draft_id, who):
    return desk.prepare.submit(who, draft_id, seen=desk.prepare.open(who, draft_id).draft.version)


def owners(desk, checkpoint_id=ID):
    return {entry.actor for entry in desk.ledger.case(checkpoint_case(checkpoint_id))}


def test_two_people_who_submit_one_new_checkpoint_at_once_do_not_both_register_it(open_home, monkeypatch):
    desks, gate = [open_home(), open_home()], Barrier(2)
    people = {SAM: "sam-release", SUE: "sue-release"}
    drafts = [prepared(desk, who, name) for desk, (who, name) in zip(desks, people.items(), strict=True)]
    real, outcomes = Rule.guarded, {}

    def at_once(rule, register, statements):
        """Let both pass the rule before either writes."""
        if statements[0].kind == CHECKPOINT_REGISTERED:
            gate.wait(30)
        return real(rule, register, statements)

    monkeypatch.setattr(Rule, "guarded", at_once)

    def go(desk, draft_id, who):
        try:
            submit(desk, draft_id, who)
            outcomes[who.person_id] = "submitted"
        except BadInput as refused:
            outcomes[who.person_id] = str(refused)

    threads = [Thread(target=go, args=one) for one in zip(desks, drafts, people, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (first,) = owners(desks[0])
    other = "sue" if first == "sam" else "sam"
    assert outcomes[first] == "submitted"
    assert "changed since you opened it" in outcomes[other]
    assert desks[0].evidence.manifest_of(ID)[0].title == f"Model of {first}"
    assert desks[0].ledger.case(f"release:{other}-release") == []
    late = dict(zip(people, drafts, strict=True))
    loser = next(who for who in people if who.person_id == other)
    again = desks[0].prepare.open(loser, late[loser])
    assert "belongs to somebody else" in again.missing[0].sentence


def test_one_refused_file_keeps_the_whole_submission_off_the_record(desk):
    size = desk.ledger.size()
    manifest = as_bytes(manifest_document(checkpoint_id=ID))
    result = desk.evidence.submit_bundle([("m.json", manifest), ("x", b"nobody knows this")], SAM)
    assert [record.name for record in result.rejected] == ["x"]
    assert result.accepted == []
    assert desk.ledger.size() == size


def about(checkpoint_id, component, **files):
    return as_bytes(
        {
            "schema": "exeat-binding/1",
            "checkpoint_id": checkpoint_id,
            "component_sha256": [component],
            "files": files,
            "access": "white_box",
            "independent": True,
            "author": "sue",
        }
    )


@pytest.mark.parametrize("known", [False, True])
def test_a_binding_about_the_checkpoint_of_another_lets_no_scores_in(desk, known):
    submit(desk, prepared(desk, SAM, "sam-release"), SAM)
    scores = io.BytesIO()
    np.savez(scores, fpr=np.zeros(5), tpr=np.zeros(5), scores=np.zeros(500))
    sha256 = digest_of(scores.getvalue())
    binding = about(ID, SHA, **{"s.npz": sha256})
    if known:
        assert not desk.evidence.submit_bundle([("b.json", binding)], SAM).rejected
    result = desk.evidence.submit_bundle([("b.json", binding), ("s.npz", scores.getvalue())], SUE)
    assert "s.npz" in [record.name for record in result.rejected]
    assert result.accepted == []
    with pytest.raises(NotFound):
        desk.evidence.raw(sha256)
    mine = desk.evidence.submit_bundle([("b.json", binding), ("s.npz", scores.getvalue())], SAM)
    assert not mine.rejected
    assert desk.evidence.raw(sha256)


def minimised(desk, who, checkpoint_id, release_id):
    draft_id = started(desk, sample(CARD), sample(CKPT), who=who)
    desk.prepare.minimise(who, draft_id, SHA)
    fill(desk, draft_id, who=who, release_id=release_id)
    small = "components[c_lightning.safetensors].sensitivity"
    desk.prepare.answer(who, draft_id, {"checkpoint_id": checkpoint_id, small: 3})
    return draft_id


def test_two_people_may_submit_the_same_minimised_bytes_and_the_same_record(desk):
    submit(desk, minimised(desk, SAM, "sams-secret-model", "r1"), SAM)
    submit(desk, minimised(desk, SUE, "sues-model", "r2"), SUE)
    for checkpoint_id, owner in (("sams-secret-model", "sam"), ("sues-model", "sue")):
        assert owners(desk, checkpoint_id) == {owner}
        kinds = [entry.kind for entry in desk.ledger.case(checkpoint_case(checkpoint_id))]
        assert kinds.count("component.minimised") == 1


def test_a_file_that_only_another_lists_is_not_said_to_be_known(desk):
    submit(desk, minimised(desk, SAM, "sams-secret-model", "r1"), SAM)
    manifest, _ = desk.evidence.manifest_of("sams-secret-model")
    out = next(part.sha256 for part in manifest.components if part.id.endswith(".safetensors"))
    entry = next(e for e in desk.ledger.entries() if e.kind == "component.minimised")
    files = [("o", desk.evidence.raw(out)), ("r", desk.evidence.raw(entry.subject["minimisation"]))]
    result = desk.evidence.submit_bundle(files, SUE)
    assert result.known == []
    assert len(result.rejected) == 2
    assert "secret" not in json.dumps([record.to_dict() for record in result.rejected])
