"""Drafts: kept, private, bounded, deletable; two writers lose nothing."""

from __future__ import annotations

import stat
from threading import Thread

import pytest

from exeat.errors import BadInput, NotFound, NotNow, NotPermitted, Tampered
from exeat.model.person import Role
from exeat.prepare.service import PrepareDesk
from exeat.storage.drafts import DraftStore
from tests.factories import NOON, person
from tests.unit.prepare.conftest import ANSWERS, CARD, CKPT, SAM, SUE, sample, started

DRAFT = "0123456789abcdef"
SHA = "sha256:" + "a" * 64


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    if request.param == "folder":
        return DraftStore(tmp_path / "drafts")
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").store.clear()
    return DraftStore("memory://drafts")


def limited(desk, **limits):
    store = DraftStore(desk.settings.effective_drafts_url)
    return PrepareDesk(store, desk.ledger, desk.evidence, desk.review, lambda: NOON, desk.warehouse, **limits)


def names(view):
    return [file.name for file in view.draft.files]


def test_a_version_is_created_once(store):
    assert store.save("sam", DRAFT, 1, b'{"n": 1}')
    assert not store.save("sam", DRAFT, 1, b'{"n": 2}')
    assert store.load("sam", DRAFT) == (1, b'{"n": 1}')
    for version in range(2, 6):
        assert store.save("sam", DRAFT, version, b"{}")
    assert store.load("sam", DRAFT) == (5, b"{}")
    assert not store.save("sam", DRAFT, 2, b"late"), "the name of version 2 is free, its turn is over"
    assert not store.save("sam", DRAFT, 7, b"early")
    assert store.load("sam", DRAFT) == (5, b"{}")
    assert store.ids("sam") == [DRAFT]
    assert store.ids("sue") == []


def test_a_half_written_record_costs_one_change(store):
    store.save("sam", DRAFT, 1, b'{"n": 1}')
    store.save("sam", DRAFT, 2, b'{"n": ')
    assert store.load("sam", DRAFT) == (2, b'{"n": 1}')
    assert store.save("sam", DRAFT, 3, b'{"n": 3}')
    assert store.load("sam", DRAFT) == (3, b'{"n": 3}')


def test_bytes_are_kept_checked_and_deleted_with_the_draft(store):
    sha = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    store.save("sam", DRAFT, 1, b"{}")
    store.put("sam", DRAFT, sha, b"hello")
    assert store.get("sam", DRAFT, sha) == b"hello"
    with store.path("sam", DRAFT, sha) as path:
        assert path.read_bytes() == b"hello"
    store.put("sam", DRAFT, SHA, b"other bytes")
    with pytest.raises(Tampered):
        store.get("sam", DRAFT, SHA)
    with pytest.raises(NotFound):
        store.get("sue", DRAFT, sha)
    store.delete("sam", DRAFT)
    assert store.load("sam", DRAFT) is None
    assert not store.save("sam", DRAFT, 2, b"{}"), "a deleted draft does not come back"
    with pytest.raises(NotFound):
        store.get("sam", DRAFT, sha)


@pytest.mark.parametrize("draft_id", ["", "..", "../../evidence", "0123456789ABCDEF", "0" * 17, "0123456789abcde/"])
def test_an_id_that_is_none_reaches_nothing(store, draft_id):
    store.save("sam", DRAFT, 1, b"{}")
    for act in (
        lambda: store.save("sam", draft_id, 1, b"{}"),
        lambda: store.put("sam", draft_id, SHA, b""),
        lambda: store.delete("sam", draft_id),
    ):
        with pytest.raises(NotFound):
            act()
    assert store.load("sam", draft_id) is None


@pytest.mark.parametrize("sha256", ["", "sha256:..", "sha256:" + "A" * 64, "../x"])
def test_a_digest_that_is_none_reaches_nothing(store, sha256):
    with pytest.raises(NotFound):
        store.get("sam", DRAFT, sha256)


def test_no_name_from_outside_becomes_a_path(tmp_path):
    store = DraftStore(tmp_path / "drafts")
    store.save("../../outside", DRAFT, 1, b"{}")
    assert [path.name for path in tmp_path.iterdir()] == ["drafts"]
    assert stat.S_IMODE((tmp_path / "drafts").stat().st_mode) == 0o700


def test_a_draft_survives_a_restart_and_is_seen_by_another_server(open_home):
    one = open_home()
    draft_id = started(one, sample(CARD))
    one.prepare.answer(SAM, draft_id, {"run_id": "run-7"})
    two = open_home()
    assert two.prepare.open(SAM, draft_id).draft.answers == {"run_id": "run-7"}
    assert [draft.id for draft in two.prepare.drafts(SAM)] == [draft_id]


def test_whoever_writes_at_once_loses_nothing(open_home):
    """Two threads of one server and a second server, as when somebody types on while the page is being drawn."""
    one, two = open_home(), open_home()
    draft_id = started(one)
    fields = [path for path in ANSWERS if "[" not in path]

    def answer(desk, paths):
        for path in paths:
            desk.prepare.answer(SAM, draft_id, {path: ANSWERS[path]})

    threads = [Thread(target=answer, args=(desk, fields[i::3])) for i, desk in enumerate((one, one, two))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    draft = one.prepare.open(SAM, draft_id).draft
    assert set(draft.answers) == set(fields)
    assert draft.version == len(fields) + 1


def test_only_the_owner_knows_of_a_draft(desk):
    draft_id = started(desk, sample(CARD))
    assert desk.prepare.drafts(SUE) == ()
    with pytest.raises(NotFound, match="There is no such draft"):
        desk.prepare.open(SUE, draft_id)


def test_a_record_that_names_another_owner_is_not_opened(desk):
    """Should a record ever lie in the wrong folder, it stays closed."""
    draft = desk.prepare.start(SUE)
    store = DraftStore(desk.settings.effective_drafts_url)
    store.save("sam", draft.id, 1, draft.to_bytes())
    with pytest.raises(NotFound):
        desk.prepare.open(SAM, draft.id)
    assert desk.prepare.drafts(SAM) == ()


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.SUBMITTER, Role.SYSTEM)])
def test_no_other_role_has_drafts(desk, role):
    who = person(person_id="sam", roles=(role,))
    draft_id = started(desk)
    for act in (
        lambda: desk.prepare.drafts(who),
        lambda: desk.prepare.start(who),
        lambda: desk.prepare.open(who, draft_id),
        lambda: desk.prepare.answer(who, draft_id, {"run_id": "x"}),
        lambda: desk.prepare.delete(who, draft_id),
        lambda: desk.prepare.submit(who, draft_id, seen=1),
    ):
        with pytest.raises(NotPermitted, match="may not prepare a release"):
            act()


def test_a_damaged_draft_hides_no_other(desk):
    good, bad = started(desk), started(desk)
    store = DraftStore(desk.settings.effective_drafts_url)
    for version in (2, 3):
        store.save("sam", bad, version, b'{"schema": "exeat-draft/1", "id": 7}')
    assert [draft.id for draft in desk.prepare.drafts(SAM)] == [good]
    with pytest.raises(BadInput):
        desk.prepare.open(SAM, bad)


def test_numbers_and_sizes_have_limits(desk):
    prepare = limited(desk, max_file_bytes=100, max_draft_bytes=150)
    draft_id = started(desk)
    uploads = [("a", b"a" * 90), ("big", b"b" * 101), ("empty", b""), ("c", b"c" * 90), ("d", b"d" * 60)]
    draft = prepare.add_files(SAM, draft_id, uploads)
    assert [file.name for file in draft.files] == ["a", "d"]
    assert [one.name for one in draft.refused] == ["big", "empty", "c"]
    assert all(one.sentence and one.what_to_do for one in draft.refused)
    for _ in range(19):
        desk.prepare.start(SAM)
    with pytest.raises(NotNow, match="20 are the limit"):
        desk.prepare.start(SAM)
    desk.prepare.delete(SAM, draft_id)
    desk.prepare.start(SAM)


def test_a_file_of_the_same_name_is_replaced(desk):
    draft_id = started(desk, ("model.bin", b"one"), ("other", b"two"))
    old = desk.prepare.open(SAM, draft_id).draft.files[0].sha256
    after = desk.prepare.add_files(SAM, draft_id, [("model.bin", b"three")])
    assert sorted(file.name for file in after.files) == ["model.bin", "other"]
    with pytest.raises(NotFound):
        DraftStore(desk.settings.effective_drafts_url).get("sam", draft_id, old)


def test_a_hostile_file_is_named_and_the_others_are_read(desk):
    hostile = [
        ("deep.json", b"[" * 100_000),
        ("\x1b[31mred\n.json", b'{"a": 1}'),
        ("nothing", b"\x00" * 1000),
        ("report.pkl", b"\x80\x04csacroml.attacks\nx\n."),
    ]
    draft_id = started(desk, *hostile, sample(CARD), sample(CKPT))
    view = desk.prepare.open(SAM, draft_id)
    unread = {seen.file.name for seen in view.found.seen if seen.sentence}
    assert {"deep.json", "nothing", "report.pkl"} <= unread
    assert all(name.isprintable() for name in names(view))
    assert view.merged.value("title") == "sepsis-gru-dp-e30"


def test_a_file_can_be_removed_with_what_was_said_about_it(desk):
    draft_id = started(desk, sample(CARD), sample(CKPT))
    sha = desk.prepare.open(SAM, draft_id).draft.files[0].sha256
    desk.prepare.measure(SAM, draft_id, sha, author="Audit group")
    after = desk.prepare.remove_file(SAM, draft_id, sha)
    assert ([file.name for file in after.files], after.measured) == ([CKPT], {})


@pytest.mark.parametrize(
    "answers",
    [
        {"schema": "exeat-policy/1"},
        {"nonsense": 1},
        {"..": 1},
        {"dp.epsilon": "9" * 50_000},
        {"a" * 5000: 1},
    ],
)
def test_an_answer_to_no_field_is_refused(desk, answers):
    draft_id = started(desk)
    with pytest.raises(BadInput):
        desk.prepare.answer(SAM, draft_id, answers)
    assert desk.prepare.open(SAM, draft_id).draft.answers == {}


@pytest.mark.parametrize(
    "wish",
    [
        {"tier": "T9"},
        {"until": "soon"},
        {"recipients": "x" * 301},
        {"release_id": "No Slug"},
        {"forms": {"a": "stolen"}},
        {"named_persons": -1},
        {"unknown": "x"},
    ],
)
def test_a_wish_is_validated_as_strictly_as_a_file(desk, wish):
    draft_id = started(desk)
    with pytest.raises(BadInput):
        desk.prepare.propose(SAM, draft_id, **wish)
    assert desk.prepare.open(SAM, draft_id).draft.version == 1


def test_an_answer_that_does_not_fit_is_said(desk):
    draft_id = started(desk, sample(CARD))
    desk.prepare.answer(SAM, draft_id, {"checkpoint_id": "Not A Slug", "created_at": "yesterday"})
    view = desk.prepare.open(SAM, draft_id)
    assert view.fits["checkpoint_id"].startswith("What is given does not fit")
    assert view.fits["created_at"].startswith("What is given does not fit")
    assert {"checkpoint_id", "created_at"} <= set(view.asked)
