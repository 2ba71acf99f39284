"""The submitter's page by role: what it asks, saves, refuses and says, without a browser."""

from __future__ import annotations

import pytest

from exeat.model.base import digest_of
from exeat.model.person import SYSTEM
from tests.factories import as_bytes, component, manifest_document
from tests.pages.conftest import PEOPLE, opened, person

PREPARE = "pages/submit/prepare.py"
WEIGHTS = b"weights of the sample"
WISH = {
    "tier": "T2",
    "recipients": "Partner hospitals",
    "purpose": "External validation of the classifier at two partner hospitals.",
    "until": "2027-06-30",
}


def words(app):
    """Everything said on the page, without the escapes."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "error", "success", "warning")
    texts = [element.value for kind in kinds for element in getattr(app, kind)]
    return "\n".join(texts).replace("\\", "").replace("\u2060", "")


def draft_of(home, *, complete=True, name="sam", **changes):
    """A draft with our own manifest and its model file, as uploads leave it."""
    parts = [component(sha256=digest_of(WEIGHTS), path="weights.bin", bytes=len(WEIGHTS))]
    document = manifest_document(**({"checkpoint_id": "new-v1", "components": parts} | changes))
    with opened(home) as desk:
        draft = desk.prepare.start(person(name))
        files = [("manifest.json", as_bytes(document)), ("weights.bin", WEIGHTS)]
        desk.prepare.add_files(person(name), draft.id, files)
        if complete:
            desk.prepare.propose(person(name), draft.id, **WISH)
    return draft.id


def key(app, draft, name):
    name_of_turn = f"draft-turn:{draft}"
    turn = app.session_state[name_of_turn] if name_of_turn in app.session_state else 0  # noqa: SIM401 it has no get
    return f"draft:{draft}:{turn}:{name}"


def change(app, draft, name, value):
    app.get_by_key(key(app, draft, name)).set_value(value).run()
    assert not app.exception


def press(app, name):
    app.button(key=name).click().run()
    assert not app.exception


def answers(home, draft):
    with opened(home) as desk:
        return desk.prepare.open(person("sam"), draft).draft.answers


@pytest.mark.parametrize("name", sorted(set(PEOPLE) - {"sam"}))
def test_nobody_else_has_the_page(sign_in, home, name):
    app = sign_in(name)
    assert "Submit" not in [element.value for element in app.sidebar.caption]
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        sign_in(name, PREPARE, draft="0123456789abcdef")


def test_the_list_says_what_waits_and_starts_a_draft(sign_in, home):
    app = sign_in("sam", PREPARE)
    assert "You have no draft." in words(app)
    press(app, "draft-new")
    with opened(home) as desk:
        (draft,) = desk.prepare.drafts(person("sam"))
    app = sign_in("sam", PREPARE, draft=draft.id)
    assert "Nothing is uploaded yet." in words(app)
    assert "1 draft waits for you; 0 are submitted." in words(sign_in("sam", PREPARE))


def test_a_draft_is_deleted_after_it_was_named(sign_in, home):
    draft = draft_of(home)
    app = sign_in("sam", PREPARE)
    press(app, f"delete:{draft}")
    assert "You delete the draft “Tumour classifier” with 2 files." in words(app)
    press(app, f"delete:{draft}:yes")
    assert "You have no draft." in words(app)


@pytest.mark.parametrize("draft", ["0123456789abcdef", "../../etc/passwd", "<script>", "x" * 500])
def test_an_address_that_leads_to_no_draft_says_so(sign_in, draft):
    app = sign_in("sam", PREPARE, draft=draft)
    assert not app.exception
    assert "There is no such draft." in words(app)


def test_the_page_reads_top_to_bottom(sign_in, home):
    app = sign_in("sam", PREPARE, draft=draft_of(home))
    headers = [element.value for element in app.header]
    assert [h[0] for h in headers if h[0].isdigit()] == list("12345")
    assert words(app).startswith("Tumour classifier")
    assert "Nothing is missing." in words(app)
    assert "Can leave to T2" in words(app) or "Cannot leave to T2" in words(app)


def test_what_is_missing_stands_at_the_top_and_at_the_button(sign_in, home):
    draft = draft_of(home, complete=False, run_id=None)
    app = sign_in("sam", PREPARE, draft=draft)
    assert "things are missing" in words(app)
    assert "Which training run made it?" in words(app)
    assert app.button(key=f"submit:{draft}").disabled


def test_what_is_typed_is_saved_at_once_and_shows_the_findings(sign_in, home):
    draft = draft_of(home, run_id=None)
    app = sign_in("sam", PREPARE, draft=draft)
    assert "The findings appear here once the description is complete: 1 answer is missing." in words(app)
    change(app, draft, "run_id", "run-9")
    assert answers(home, draft) == {"run_id": "run-9"}
    assert "Findings" in [element.value for element in app.header]
    change(app, draft, "run_id", "")
    assert answers(home, draft) == {}


def test_what_does_not_fit_is_said_beside_the_field(sign_in, home):
    draft = draft_of(home, retention={})
    app = sign_in("sam", PREPARE, draft=draft)
    change(app, draft, "retention.retain_until", "30.06.2029")
    assert "“30.06.2029” is no date. Write year, month and day" in words(app)
    assert answers(home, draft) == {}
    change(app, draft, "retention.retain_until", "2029-06-30")
    assert answers(home, draft) == {"retention.retain_until": "2029-06-30"}
    assert "is no date" not in words(app)


def test_the_answer_none_and_entries_of_a_list(sign_in, home):
    draft = draft_of(home, seeds=None)
    app = sign_in("sam", PREPARE, draft=draft)
    app.checkbox(key=key(app, draft, "seeds:new:none")).check().run()
    assert answers(home, draft) == {"seeds": []}
    app.checkbox(key=key(app, draft, "seeds:new:none")).uncheck().run()
    change(app, draft, "seeds:new", "init")
    assert answers(home, draft) == {"seeds[init]": {}}
    press(app, key(app, draft, "seeds:new") + ":drop:init")
    assert answers(home, draft) == {}


def test_files_that_disagree_wait_for_a_choice(sign_in, home):
    draft = draft_of(home)
    with opened(home) as desk:
        card = b"---\nlicense: x\nmodel-index:\n- name: Another *title*\n---\n# Card\n"
        desk.prepare.add_files(person("sam"), draft, [("card.md", card)])
    app = sign_in("sam", PREPARE, draft=draft)
    assert "The files disagree about Title: which is right?" in words(app)
    change(app, draft, "which:title", "Another *title*")
    assert answers(home, draft) == {"title": "Another *title*"}
    assert words(app).startswith("Another *title*")


def test_every_other_field_can_be_added(sign_in, home):
    draft = draft_of(home)
    app = sign_in("sam", PREPARE, draft=draft)
    change(app, draft, "one-more", "retention.revocation_procedure")
    change(app, draft, "retention.revocation_procedure", "The office deletes all copies within a week.")
    assert list(answers(home, draft)) == ["retention.revocation_procedure"]


def test_submitting_names_the_release_and_answers_with_its_entry(sign_in, home):
    draft = draft_of(home)
    app = sign_in("sam", PREPARE, draft=draft)
    press(app, f"submit:{draft}")
    assert "You submit “Tumour classifier” as the release new-v1-t2." in words(app)
    press(app, f"submit:{draft}:yes")
    with opened(home) as desk:
        (entry,) = [e for e in desk.ledger.case("release:new-v1-t2") if e.kind == "release.submitted"]
    assert f"Submitted as new-v1-t2, ledger entry {entry.seq:,}." in words(app)
    assert "Waiting for the reviewers: 0 of 2 reviews in." in words(app)
    assert "5 Submit" not in words(app)
    assert "new-v1-t2" in words(sign_in("stella", "pages/review/release.py", release="new-v1-t2"))


def test_a_screen_from_before_a_change_does_not_submit(sign_in, home):
    draft = draft_of(home)
    app = sign_in("sam", PREPARE, draft=draft)
    press(app, f"submit:{draft}")
    with opened(home) as desk:
        desk.prepare.propose(person("sam"), draft, recipients="Somebody else")
        size = desk.ledger.size()
    app.button(key=f"submit:{draft}:yes").click().run()
    assert "This draft changed since you opened it." in words(app)
    with opened(home) as desk:
        assert desk.ledger.size() == size


def test_a_form_beyond_the_policy_says_so(sign_in, home):
    draft = draft_of(home, complete=False)
    app = sign_in("sam", PREPARE, draft=draft)
    change(app, draft, "wish:tier", "T1")
    options = app.selectbox(key=key(app, draft, "form:weights")).options
    assert "allowed (more than the policy gives T1)" in options
    assert "stays inside" in options
    assert "The policy gives T1 (registered): weights denied." in words(app)


def test_many_files_are_answered_together(sign_in, home):
    names = [f"shard-{i}" for i in range(30)]
    parts = [component(component_id=n, sha256=digest_of(n.encode()), sensitivity=None) for n in names]
    draft = draft_of(home, complete=False, components=parts)
    app = sign_in("sam", PREPARE, draft=draft)
    change(app, draft, "wish:tier", "T2")
    change(app, draft, "all:sensitivity", 2)
    assert answers(home, draft) == {f"components[{name}].sensitivity": 2 for name in names}
    change(app, draft, "form:shard-0", "query_only")
    with opened(home) as desk:
        view = desk.prepare.open(person("sam"), draft)
    assert set(view.forms) == set(names)
    assert {form.value for form in view.forms.values()} == {"query_only"}
    change(app, draft, "one-more", "components[shard-3].sensitivity")
    change(app, draft, "components[shard-3].sensitivity", 4)
    assert answers(home, draft)["components[shard-3].sensitivity"] == 4


def test_hostile_names_and_titles_are_shown_as_they_are(sign_in, home):
    draft = draft_of(home, title="<script>alert(1)</script> :material/home: **bold**")
    with opened(home) as desk:
        desk.prepare.add_files(person("sam"), draft, [("![x](http://evil/) <b>.json", b"[" * 50_000)])
    app = sign_in("sam", PREPARE, draft=draft)
    assert not app.exception
    said = words(app)
    assert "<script>alert(1)</script> :material/home: **bold**" in said
    assert "![x](http://evil/) <b>.json** is not used." in said.replace("\\", "")


def test_a_person_who_lost_the_role_meanwhile_saves_nothing(sign_in, home):
    draft = draft_of(home)
    app = sign_in("sam", PREPARE, draft=draft)
    app.user = {**app.user, "groups": ["researcher"]}
    app.get_by_key(key(app, draft, "wish:recipients")).set_value("Everybody").run()
    with opened(home) as desk:
        assert desk.prepare.open(person("sam"), draft).draft.wish.recipients == WISH["recipients"]


def test_system_has_no_drafts(home):
    with opened(home) as desk, pytest.raises(Exception, match="may not prepare a release"):
        desk.prepare.start(SYSTEM)
