"""Bad input of every kind: no traceback, each in the rejects with a reason, nothing else lost, nothing executed."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from exeat.model.person import SYSTEM
from tests.unit.evidence.factories_evidence import as_bytes, binding, event, manifest, proposal, report, sha
from tests.unit.evidence.malformed import GOOD_MANIFEST, GOOD_REPORT, SACROML, corpus, foreign, huge

ALL = corpus()
TRACE = Path("/tmp/exeat-was-here")


def test_there_are_at_least_three_hundred_and_all_differ():
    assert len(ALL) >= 300
    assert len({one.name for one in ALL}) == len(ALL)


def test_every_one_is_rejected_with_a_reason_and_nothing_else_is_lost(ready):
    """All together in one folder, between good documents."""
    binds = as_bytes(binding(files={f"{one.name}.json": sha(one.data) for one in foreign()}))
    bad = {one.name: one.data for one in ALL}
    result = ready.ingest(**bad, aaa=GOOD_MANIFEST, bbb=GOOD_REPORT, ccc=binds, zzz=as_bytes(event()))
    assert [item.name for item in result.accepted] == ["inbox/aaa", "inbox/ccc", "inbox/bbb", "inbox/zzz"]
    reasons = {}
    for record in result.rejected:
        reasons.setdefault(record.name.removeprefix("inbox/"), []).append(record)
    assert set(reasons) == set(bad)
    for one in ALL:
        for record in reasons[one.name]:
            assert record.reason.endswith("."), record
            assert record.what_to_do, record
            assert "Traceback" not in record.reason
        assert any(one.words in record.reason + record.place for record in reasons[one.name]), reasons[one.name]
    assert len(ready.desk.rejects(SYSTEM)) == len(result.rejected)
    assert ready.ledger.verify().ok
    assert not TRACE.exists()


def test_ingesting_them_again_adds_nothing(ready):
    ready.ingest(**{one.name: one.data for one in ALL[::7]})
    before = ready.objects.rejects()
    ready.ingest()
    assert ready.objects.rejects() == before


@pytest.mark.parametrize("one", ALL[::9], ids=lambda one: one.name)
def test_alone_and_uploaded_they_end_the_same(ready, one):
    result = ready.desk.ingest_bytes(one.name, one.data, SYSTEM)
    assert result.rejected
    assert result.accepted == []


@pytest.mark.slow
def test_a_hundred_megabytes_are_refused_and_only_their_head_is_kept(ready):
    for one in huge():
        path = ready.inbox / one.name
        path.write_bytes(one.data)
        result = ready.desk.ingest([path], SYSTEM)
        path.unlink()
        assert one.words in result.rejected[0].reason
        assert result.rejected[0].bytes > 99_000_000
        assert len(ready.objects.reject_bytes(result.rejected[0].id)) <= 8 * 2**20 + 1
        assert result.accepted == []


# -- markup is inert text: accepted byte for byte, or refused by the field's own rule ------------------------------

MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) and plenty of text to be long enough",
    "![x](http://evil.example/x.png) and plenty of text to be long enough",
    "{{7*7}} ${jndi:ldap://x} {% raw %} and plenty of text to be long",
    "'; DROP TABLE statement; -- and plenty of text to be long enough",
    "=HYPERLINK(1) :material/home: $\\frac{1}{2}$ :red[x] and more text",
    "\u202egnp.exe \u200b\ufeff \U0001f5c2 and plenty of text to be long enough",
]


def text_places(document, path=()):
    """Every place of a document that holds text."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if isinstance(value, str):
            yield (*path, key)
        elif isinstance(value, dict | list):
            yield from text_places(value, (*path, key))


def with_text(document, path, text):
    changed = copy.deepcopy(document)
    part = changed
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = text
    return changed


def marked():
    documents = {
        "manifest": manifest(),
        "report": report(),
        "proposal": proposal(manifest_sha256=sha(GOOD_MANIFEST)),
    }
    for name, document in documents.items():
        for path in text_places(document):
            yield name, document, path


@pytest.mark.parametrize("name", ["manifest", "report", "proposal"])
def test_markup_is_kept_as_text_or_refused(ready, name):
    ready.desk.ingest_bytes("good", GOOD_MANIFEST, SYSTEM)
    for _, document, path in (place for place in marked() if place[0] == name):
        for text in MARKUP:
            data = as_bytes(with_text(document, path, text))
            result = ready.desk.ingest_bytes("marked", data, SYSTEM)
            assert len(result.rejected) + len(result.accepted) == 1
            if result.accepted:
                assert ready.desk.raw(sha(data)) == data
    lines = b"".join(entry.line for entry in ready.ledger.entries())
    for text in MARKUP:
        assert text.encode() not in lines


def test_which_fields_take_markup_as_text(ready):
    """A guard for the pages: these fields arrive with any characters and must be shown as plain text."""
    ready.desk.ingest_bytes("good", GOOD_MANIFEST, SYSTEM)
    taken = set()
    for name, document, path in marked():
        data = as_bytes(with_text(document, path, MARKUP[0] * 2))
        if not ready.desk.ingest_bytes("marked", data, SYSTEM).rejected:
            taken.add(f"{name}:{path[0]}")
    assert {"manifest:title", "manifest:purpose", "manifest:out_of_scope", "manifest:components"} <= taken
    assert not {f"manifest:{name}" for name in ("checkpoint_id", "run_id", "created_at", "intended_tier")} & taken


def test_file_names_with_markup_are_shown_as_text(ready):
    name = "<script>alert(1)<>\x1b[31m\n.json"
    (ready.inbox / name).write_bytes(b"junk")
    (record,) = ready.ingest().rejected
    assert record.name == "inbox/<script>alert(1)<>\\x1b[31m\\x0a.json"


def test_a_truncated_sacroml_report_is_not_silently_shorter(ready):
    """Every prefix is refused, not only the sampled ones."""
    for end in range(1, len(SACROML) - 1, 97):
        assert ready.desk.ingest_bytes("cut", SACROML[:end], SYSTEM).accepted == []
