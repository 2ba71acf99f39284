"""The submitter sees what the files contain as reviewers will, and attaches the weights alone in one step."""

from __future__ import annotations

import pytest

from exeat.errors import ExeatError
from exeat.evidence.inspecting import Inspector
from exeat.model.base import digest_of
from exeat.model.inspection import Channel
from exeat.model.tier import Disposition
from exeat.prepare.contents import reason_not_minimised
from exeat.prepare.suggestions import channels_from
from tests.unit.prepare.conftest import ANSWERS, CARD, CKPT, SAM, SUE, fill, sample, started

SHA = digest_of(sample(CKPT)[1])
SMALL = "c_lightning.safetensors"


def test_the_leaks_of_the_checkpoint_are_seen_before_submitting(desk):
    view = desk.prepare.open(SAM, started(desk, sample(CARD), sample(CKPT)))
    found = {one.channel for one in view.contents.inspections[CKPT].channels}
    assert reason_not_minimised(view.contents.inspections[CKPT]) is None
    assert {Channel.ABSOLUTE_PATH, Channel.MEMBER_INDICES, Channel.OPTIMIZER_STATE} <= found


def test_the_minimised_file_takes_the_place_of_the_checkpoint(desk):
    draft_id = started(desk, sample(CARD), sample(CKPT))
    desk.prepare.choose_forms(SAM, draft_id, {CKPT: Disposition.SANDBOX})
    desk.prepare.minimise(SAM, draft_id, SHA)
    view = desk.prepare.open(SAM, draft_id)
    assert {name: form.value for name, form in view.forms.items()} == {CKPT: "denied", SMALL: "sandbox"}
    assert view.contents.inspections[SMALL].channels == ()
    assert view.contents.minimisations[SMALL].proof.identical > 0
    assert [seen.file.name for seen in view.found.seen if seen.sentence] == []
    assert view.merged.unsettled == ()


def test_the_minimised_release_reaches_the_reviewers_with_its_record(desk):
    draft_id = started(desk, sample(CARD), sample(CKPT))
    desk.prepare.choose_forms(SAM, draft_id, {CKPT: Disposition.SANDBOX})
    desk.prepare.minimise(SAM, draft_id, SHA)
    fill(desk, draft_id, forms={CKPT: "denied", SMALL: "sandbox"})
    desk.prepare.answer(SAM, draft_id, {f"components[{SMALL}].sensitivity": ANSWERS[f"components[{CKPT}].sensitivity"]})
    before = desk.prepare.open(SAM, draft_id)
    assert before.missing == ()
    done = desk.prepare.submit(SAM, draft_id, seen=before.draft.version)
    case = desk.review.case(SAM, before.release_id)
    assert done.entry.case == f"release:{before.release_id}"
    assert [part.component_id for part in case.proposal.components] == [SMALL]
    assert case.contents.minimisations[SMALL].source_sha256 == SHA
    assert case.assessment.findings == before.preview.assessment.findings


def test_the_channels_found_become_entries_whose_judgement_stays_open(desk):
    draft_id = started(desk, sample(CARD), sample(CKPT))
    entries = channels_from(desk.prepare.open(SAM, draft_id).contents)
    assert f"leakage_channels[member indices in {CKPT}]" in entries
    desk.prepare.answer(SAM, draft_id, entries)
    view = desk.prepare.open(SAM, draft_id)
    assert set(view.entries("leakage_channels")) == {path.partition("[")[2].removesuffix("]") for path in entries}
    assert {f"{path}.assessed" for path in entries} <= {gap.path for gap in view.merged.gaps}
    desk.prepare.answer(SAM, draft_id, {f"{path}.assessed": True for path in entries})
    listed = desk.prepare.open(SAM, draft_id).merged.document()["leakage_channels"]
    assert {part["component_id"] for part in listed} == {CKPT}
    assert all(part["assessed"] is True and part["mitigation"] for part in listed)


def test_a_record_that_the_files_do_not_bear_out_is_named_and_not_submitted(desk):
    draft_id = started(desk, sample(CARD), sample(CKPT))
    desk.prepare.minimise(SAM, draft_id, SHA)
    view = desk.prepare.open(SAM, draft_id)
    assert view.contents.checked == {SMALL: "both"}
    record = view.contents.minimisations[SMALL]
    forged = record.model_copy(update={"kept_sha256": "sha256:" + "0" * 64})
    desk.prepare.add_files(SAM, draft_id, [(f"{SMALL}.minimisation.json", forged.to_bytes())])
    after = desk.prepare.open(SAM, draft_id)
    assert after.contents.minimisations == {}
    assert [(file.name, "other tensors" in str(error)) for file, error in after.tied.refused] == [
        (f"{SMALL}.minimisation.json", True)
    ]


@pytest.mark.parametrize("name", [CARD, "gone"])
def test_what_is_no_checkpoint_is_not_minimised(desk, name):
    draft_id = started(desk, sample(CARD))
    sha = digest_of(sample(CARD)[1]) if name == CARD else "sha256:" + "0" * 64
    with pytest.raises(ExeatError) as refused:
        desk.prepare.minimise(SAM, draft_id, sha)
    assert refused.value.what_to_do
    assert len(desk.prepare.open(SAM, draft_id).draft.files) == 1


def test_an_unsafe_file_is_said_to_be_unsafe_and_runs_nothing(desk, tmp_path):
    mark = tmp_path / "ran"
    evil = b"cposix\nsystem\n(Vtouch " + str(mark).encode() + b"\ntR."
    draft_id = started(desk, ("model.pt", evil), sample(CARD))
    desk.prepare.answer(
        SAM,
        draft_id,
        {"components[model.pt].sha256": digest_of(evil), "components[model.pt].kind": "weights"},
    )
    view = desk.prepare.open(SAM, draft_id)
    assert view.contents.inspections["model.pt"].verdict.value == "unsafe"
    assert reason_not_minimised(view.contents.inspections["model.pt"])
    with pytest.raises(ExeatError):
        desk.prepare.minimise(SAM, draft_id, digest_of(evil))
    assert not mark.exists()


def test_the_name_that_one_person_gave_a_file_reaches_nobody_else(desk):
    data = sample(CKPT)[1]
    theirs = desk.prepare.open(SAM, started(desk, ("project-zeus.ckpt", data)))
    mine = desk.prepare.open(SUE, started(desk, ("mine.ckpt", data), who=SUE))
    assert [one.file for one in theirs.contents.inspections.values()] == ["project-zeus.ckpt"]
    assert [one.file for one in mine.contents.inspections.values()] == ["mine.ckpt"]


def test_a_look_that_failed_is_tried_again(desk, monkeypatch):
    draft_id = started(desk, sample(CKPT))

    def fails(*_):
        raise OSError("no room for a temporary file")

    with monkeypatch.context() as broken:
        broken.setattr(Inspector, "look", fails)
        assert desk.prepare.open(SAM, draft_id).contents.inspections == {}
    assert set(desk.prepare.open(SAM, draft_id).contents.inspections) == {CKPT}


def test_a_minimised_file_replaces_nothing_that_was_uploaded(desk):
    others = {name: name.encode() * 40 for name in (SMALL, "c_lightning.min.safetensors.minimisation.json")}
    draft_id = started(desk, sample(CKPT), *others.items())
    after = {file.name: file.sha256 for file in desk.prepare.minimise(SAM, draft_id, SHA).files}
    assert {name: after[name] for name in others} == {name: digest_of(data) for name, data in others.items()}
    new = set(after) - set(others) - {CKPT}
    assert new == {"c_lightning.min-2.safetensors", "c_lightning.min-2.safetensors.minimisation.json"}
    again = desk.prepare.minimise(SAM, draft_id, SHA)
    assert {file.name: file.sha256 for file in again.files} == after


@pytest.mark.parametrize("name", ["/", ".", "..", "a/..", "../../up.ckpt"])
def test_a_file_of_any_name_is_minimised(desk, name):
    draft_id = started(desk, (name, sample(CKPT)[1]))
    files = [file.name for file in desk.prepare.minimise(SAM, draft_id, SHA).files]
    assert len(files) == 3
    assert all(one == name or (one[0] not in "/." and ".." not in one) for one in files)
