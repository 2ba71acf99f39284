"""What files say together, what they disagree about, and reports bound by the answers of the page."""

from __future__ import annotations

import json

import pytest

from exeat.errors import ExeatError
from exeat.model.base import digest_of
from exeat.model.tier import Access
from tests.factories import as_bytes, component, manifest_document, report_document
from tests.unit.prepare.conftest import CARD, CKPT, SAM, SAMPLES, fill, sample, started

SACRO = ("report.json", (SAMPLES / "sacroml_lira" / "report.json").read_bytes())
RISK = ("risk.json", (SAMPLES / "reports" / "privacyguard" / "lira_analysis_node_output.json").read_bytes())
WEIGHTS = ("weights.bin", b"weights")


def manifest(**changes):
    parts = [component(sha256=digest_of(WEIGHTS[1]), path="weights.bin", bytes=len(WEIGHTS[1]))]
    return "m.json", as_bytes(manifest_document(components=parts, **changes))


def own_report(**changes):
    subject = {"checkpoint_id": "onco-v1", "component_sha256": [digest_of(WEIGHTS[1])]}
    return "r.json", as_bytes(report_document(**({"subject": subject} | changes)))


def steps(view):
    return [(one.step, one.path.rpartition(":")[2]) for one in view.missing]


def said(desk, draft_id, sha256, **changes):
    desk.prepare.measure(SAM, draft_id, sha256, **({"access": "white_box", "independent": False} | changes))


def test_our_own_manifest_leaves_only_the_proposal_open(desk):
    view = desk.prepare.open(SAM, started(desk, manifest(), WEIGHTS))
    assert {step for step, _ in steps(view)} == {"leaves"}
    assert view.described.manifest.checkpoint_id == "onco-v1"
    assert view.forms == {"weights": "allowed"}


def test_files_that_disagree_are_shown_and_a_person_settles_it(desk):
    card = b"---\nlicense: x\nmodel-index:\n- name: another title\n---\n# Card\n"
    draft_id = started(desk, manifest(), WEIGHTS, ("card.md", card))
    view = desk.prepare.open(SAM, draft_id)
    assert ("manifest", "title") in steps(view)
    assert {fact.origin.file for fact in view.merged.unsettled[0].facts} == {"m.json", "card.md"}
    desk.prepare.answer(SAM, draft_id, {"title": "another title"})
    after = desk.prepare.open(SAM, draft_id)
    assert [found.path for found in after.merged.contradictions if found.settled] == ["title"]
    assert "title" not in after.asked
    assert after.merged.value("title") == "another title"


def test_entries_of_a_list_are_added_filled_and_taken_back(desk):
    draft_id = started(desk, sample(CARD), sample(CKPT))
    desk.prepare.answer(SAM, draft_id, {"safeguards[noise]": {}})
    view = desk.prepare.open(SAM, draft_id)
    assert view.entries("safeguards") == ("noise",)
    assert {"safeguards", "safeguards[noise].kind", "safeguards[noise].stage"} <= set(view.asked)
    desk.prepare.answer(SAM, draft_id, {"safeguards[noise].kind": "dp_sgd", "safeguards[noise].stage": "training"})
    assert desk.prepare.open(SAM, draft_id).merged.document()["safeguards"] == [
        {"id": "noise", "kind": "dp_sgd", "stage": "training"}
    ]
    desk.prepare.take_back(SAM, draft_id, "safeguards[noise]")
    assert desk.prepare.open(SAM, draft_id).draft.answers == {}


def test_saying_none_asks_why(desk):
    draft_id = started(desk, sample(CARD), sample(CKPT))
    desk.prepare.answer(SAM, draft_id, {"safeguards": []})
    assert "no_safeguards_reason" in desk.prepare.open(SAM, draft_id).asked


def test_a_report_that_names_no_model_is_asked_for_and_bound(desk):
    draft_id = started(desk, sample(CARD), sample(CKPT), SACRO)
    fill(desk, draft_id)
    view = desk.prepare.open(SAM, draft_id)
    assert [file.name for file in view.unbound] == ["report.json"]
    assert [field for step, field in steps(view) if step == "reports"] == ["access", "independent", "author"]
    said(desk, draft_id, digest_of(SACRO[1]), author="Audit group", component_sha256=[digest_of(sample(CKPT)[1])])
    view = desk.prepare.open(SAM, draft_id)
    assert view.missing == ()
    assert {bound.report.tool.name for bound in view.tied.reports} == {"sacroml"}
    assert view.tied.bindings[0].access is Access.WHITE_BOX
    findings = {finding.check: finding for finding in view.preview.assessment.findings}
    assert findings["R1"].readings or findings["R3"].readings
    before = view.preview.assessment
    desk.prepare.submit(SAM, draft_id, seen=view.draft.version)
    case = desk.review.case(SAM, view.release_id)
    assert {bound.sha256 for bound in case.reports} == {bound.sha256 for bound in view.tied.reports}
    assert case.assessment.findings == before.findings


def test_what_a_report_leaves_out_is_asked_and_taken_from_the_answer(desk):
    draft_id = started(desk, manifest(), WEIGHTS, RISK)
    said(desk, draft_id, digest_of(RISK[1]), author="Audit group")
    desk.prepare.propose(SAM, draft_id, forms={"weights": "sandbox"}, tier="T3")
    (file, error), *others = desk.prepare.open(SAM, draft_id).tied.refused
    assert (file.name, others) == ("risk.json", [])
    assert "when it was measured" in str(error)
    said(desk, draft_id, digest_of(RISK[1]), measured_at="2026-11-02T08:00:00Z")
    view = desk.prepare.open(SAM, draft_id)
    assert view.tied.refused == ()
    assert len(view.tied.reports) == 1


def test_an_uploaded_binding_is_used_as_it_is(desk):
    binding = {
        "schema": "exeat-binding/1",
        "checkpoint_id": "onco-v1",
        "component_sha256": [digest_of(WEIGHTS[1])],
        "files": {"report.json": digest_of(SACRO[1])},
        "access": "api_conf",
        "independent": True,
        "author": "Audit group",
    }
    view = desk.prepare.open(SAM, started(desk, manifest(), WEIGHTS, SACRO, ("binding.json", as_bytes(binding))))
    assert view.unbound == ()
    assert view.tied.bindings == ()
    assert {file.name for file in view.tied.used} == {"report.json", "binding.json"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subject": {"checkpoint_id": "other", "component_sha256": [digest_of(b"weights")]}}, "the checkpoint other"),
        ({"subject": {"checkpoint_id": "onco-v1", "component_sha256": [digest_of(b"x")]}}, "not in this draft"),
        ({"indicators": []}, "not valid"),
    ],
)
def test_a_report_about_something_else_is_named_and_not_used(desk, changes, words):
    view = desk.prepare.open(SAM, started(desk, manifest(), WEIGHTS, own_report(**changes)))
    assert [words in str(error) for _, error in view.tied.refused] == [True]
    assert view.tied.reports == ()


def test_a_good_report_of_our_own_format_is_used(desk):
    view = desk.prepare.open(SAM, started(desk, manifest(), WEIGHTS, own_report()))
    assert [bound.sha256 for bound in view.tied.reports] == [digest_of(own_report()[1])]


def test_earlier_reports_of_the_same_files_count_in_the_preview(desk):
    first = started(desk, manifest(), WEIGHTS, own_report())
    fill(desk, first)
    view = desk.prepare.open(SAM, first)
    assert view.missing == ()
    desk.prepare.submit(SAM, first, seen=view.draft.version)
    second = started(desk, manifest(title="Another title"), WEIGHTS)
    fill(desk, second)
    assert len(desk.prepare.open(SAM, second).preview.assessment.report_sha256s) == 1


def test_the_answers_stay_with_their_origin_in_the_manifest(desk):
    draft_id = started(desk, manifest(), WEIGHTS)
    desk.prepare.answer(SAM, draft_id, {"limitations": "Few patients over 90."})
    document = json.loads(desk.prepare.open(SAM, draft_id).described.data)
    assert document["limitations"] == "Few patients over 90."
    assert document["x_origin"]["limitations"] == "typed by the submitter"
    assert document["x_origin"]["title"].startswith("m.json, ")


def test_a_file_outside_the_limits_of_a_document_does_not_stop_the_rest(desk):
    huge = ("big.json", b'{"a": "' + b"x" * (9 * 2**20) + b'"}')
    view = desk.prepare.open(SAM, started(desk, manifest(), WEIGHTS, huge))
    assert [seen.file.name for seen in view.found.seen if seen.sentence] == ["big.json"]
    assert view.described is not None


@pytest.mark.parametrize("damage", [None, b"other bytes"])
def test_damaged_uploads_leave_the_draft_usable_and_are_never_submitted(open_home, damage):
    before = open_home()
    draft_id = started(before, manifest(), WEIGHTS, own_report())
    fill(before, draft_id)
    desk = open_home()
    for path in (desk.settings.home / "drafts").rglob("*.bin"):
        if path.read_bytes() in (WEIGHTS[1], own_report()[1]):
            path.write_bytes(damage) if damage else path.unlink()
    view = desk.prepare.open(SAM, draft_id)
    size = desk.ledger.size()
    with pytest.raises(ExeatError):
        desk.prepare.submit(SAM, draft_id, seen=view.draft.version)
    assert desk.ledger.size() == size
    desk.prepare.add_files(SAM, draft_id, [WEIGHTS, own_report()])
    after = desk.prepare.open(SAM, draft_id)
    assert after.missing == ()
    desk.prepare.submit(SAM, draft_id, seen=after.draft.version)
