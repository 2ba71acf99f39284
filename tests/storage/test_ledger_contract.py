"""What every ledger store does, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import timedelta

import orjson
import pytest

from exeat.errors import BadInput, NotFound, NotPermitted, Stale, Tampered
from exeat.ledger.note import make_key, open_head
from exeat.ledger.receipt import open_receipt
from exeat.ledger.tree import leaf_hash, verify_consistency
from tests.storage.ledgers import CUSTODIAN, KEY, NOON, ORIGIN, STEWARD, fill, make_draft


def test_first_open_writes_genesis_and_signs_it(ledger):
    (genesis,) = ledger.entries()
    assert (genesis.seq, genesis.kind, genesis.case) == (0, "genesis", "log")
    assert genesis.body == {"origin": ORIGIN, "vkey": KEY.vkey}
    assert open_head(ledger.head().note, KEY.vkey).size == 1


def test_append_returns_what_is_read_back(ledger):
    written = ledger.append([make_draft(sealed={"rationale": "Grüße"}), make_draft(number=1)])
    assert written == list(ledger.entries(after=0)) == ledger.case("release:onco")
    assert ledger.entry(2) == written[1]
    assert [entry.version for entry in written] == [1, 2]
    assert written[0].leaf == leaf_hash(written[0].line)
    assert ledger.opened(written) == {written[0].sealed["rationale"]: "Grüße"}


def test_the_record_has_the_shape_that_statement_py_describes(ledger):
    head = ledger.head()
    (entry,) = ledger.append([make_draft(expects=0)])
    record = orjson.loads(entry.line)
    payload, rec = record["payload"], record["rec"]
    assert record["sigs"] == []
    assert set(rec) == {"nonce", "prev", "seq", "ts"}
    assert rec["prev"] == ledger.entry(0).leaf.hex()
    assert payload["head"] == {"size": 1, "root": head.root.hex()}
    assert payload["assurance"] == "server-attested"
    assert payload["expects"] == 0
    assert payload["schema"] == "exeat-statement/1"
    assert len(rec["nonce"]) == 32


def test_a_batch_is_all_or_nothing(ledger):
    with pytest.raises(Stale):
        ledger.append([make_draft(number=1), make_draft(number=2, case="release:other", expects=3)])
    assert ledger.size() == 1
    assert ledger.append([make_draft(number=1)])[0].seq == 1


def test_followers_in_one_batch_take_the_next_version(ledger):
    written = ledger.append([make_draft(number=n, expects=0 if n == 0 else None) for n in range(3)])
    assert [entry.version for entry in written] == [1, 2, 3]


def test_a_known_key_writes_nothing(ledger):
    first = ledger.append([make_draft(expects=0)])
    again = ledger.append([make_draft(expects=0), make_draft(number=1), make_draft(number=1)])
    assert again[0] == first[0]
    assert again[1] == again[2]
    assert ledger.size() == 3


def test_a_key_cannot_stand_for_another_statement(ledger):
    ledger.append([make_draft()])
    with pytest.raises(BadInput, match="stands for another"):
        ledger.append([make_draft(kind="release.revoked")])


def test_stale_names_what_is_new_without_sealed_text(ledger):
    ledger.append([make_draft(sealed={"rationale": "secret"})])
    with pytest.raises(Stale) as caught:
        ledger.append([make_draft(number=1, expects=0)])
    assert caught.value.newer[0].startswith("Entry 1: review.recorded by steward-1 on ")
    assert "secret" not in str(caught.value) + " ".join(caught.value.newer)


def test_contended_expects_has_exactly_one_winner(reopen):
    ledgers = [reopen() for _ in range(4)]
    results = []

    def run(ledger, number):
        try:
            results.append(ledger.append([make_draft(number=number, expects=0)])[0].seq)
        except Stale:
            results.append(None)

    threads = [threading.Thread(target=run, args=pair) for pair in zip(ledgers, range(4), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([seq for seq in results if seq is not None]) == 1
    assert ledgers[0].size() == 2


def test_threads_share_one_ledger(ledger):
    def run(first):
        for number in range(first, first + 20):
            ledger.append([make_draft(number=number, case=f"release:{first}")])

    threads = [threading.Thread(target=run, args=(first,)) for first in (0, 100, 200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.verify().ok
    assert ledger.size() == 81


def test_two_stores_see_each_other(reopen):
    one, two = reopen(), reopen()
    one.append([make_draft()])
    assert two.append([make_draft(number=1)])[0].version == 2
    assert [entry.seq for entry in one.entries()] == [0, 1, 2]
    assert one.verify().ok
    assert two.receipt(1).split("\n")[2] == "index 1"


def test_entries_stream_in_order(ledger):
    ledger.append([make_draft(number=n, case=f"c:{n}") for n in range(2500)])
    assert [e.seq for e in ledger.entries(after=10, limit=1500)] == list(range(11, 1511))
    assert [e.seq for e in ledger.entries()] == list(range(2501))
    assert list(ledger.entries(after=5000)) == []


def test_time_never_goes_back(reopen):
    reopen(clock=lambda: NOON).append([make_draft()])
    (entry,) = reopen(clock=lambda: NOON - timedelta(days=1)).append([make_draft(number=1)])
    assert entry.ts == NOON
    assert orjson.loads(entry.line)["payload"]["signed_at"].startswith("2026-11-22")


def test_receipts_prove_each_entry(ledger):
    fill(ledger)
    for seq in range(ledger.size()):
        receipt = open_receipt(ledger.receipt(seq), ledger.vkey)
        assert receipt.entry == ledger.entry(seq)
        assert receipt.head.size == ledger.size()


def test_an_older_head_is_checked_and_proved(ledger):
    fill(ledger, batches=2)
    old = ledger.head()
    fill_more = [make_draft(number=900 + n, case="x:1") for n in range(5)]
    ledger.append(fill_more)
    new = ledger.head()
    assert verify_consistency(old.size, old.root, new.size, new.root, ledger.consistency(old.size))
    report = ledger.verify(old.note)
    assert report.ok
    assert report.signatures == 4
    assert not ledger.verify(old.note.replace("test.example/log\n", "other.example/log\n", 1)).ok


def test_the_export_is_the_hashed_bytes(ledger):
    fill(ledger, batches=2)
    assert [leaf_hash(line[:-1]) for line in ledger.export()] == [entry.leaf for entry in ledger.entries()]


def test_erasure_removes_the_value_and_the_log_still_verifies(ledger):
    (entry,) = ledger.append([make_draft(sealed={"rationale": "About Mr X", "name": "Ada"})])
    redaction = ledger.erase(1, "rationale", CUSTODIAN, "art17")
    assert redaction.kind == "redaction.recorded"
    assert redaction.body == {"seq": 1, "field": "rationale", "reason_code": "art17"}
    assert ledger.opened([entry]) == {entry.sealed["name"]: "Ada"}
    assert "rationale" not in ledger.disclosure(1)
    report = ledger.verify()
    assert report.ok
    assert (report.sealed, report.erased) == (2, 1)
    assert ledger.erase(1, "rationale", CUSTODIAN, "art17") == redaction


def test_only_a_custodian_erases_and_only_what_is_sealed(ledger):
    ledger.append([make_draft(sealed={"rationale": "x"})])
    with pytest.raises(NotPermitted):
        ledger.erase(1, "rationale", STEWARD, "art17")
    with pytest.raises(NotFound):
        ledger.erase(1, "nothing", CUSTODIAN, "art17")
    with pytest.raises(NotFound):
        ledger.erase(99, "rationale", CUSTODIAN, "art17")


@pytest.mark.parametrize(
    "change",
    [
        {"body": {"rate": 0.5}},
        {"body": {"n": 2**53}},
        {"body": {"schlüssel": 1}},
        {"body": {"text": "\ud800"}},
        {"body": {"when": NOON}},
        {"sealed": {"rationale": 0.5}},
        {"subject": {"manifest": 1}},
        {"kind": "redaction.recorded"},
        {"kind": "genesis"},
        {"kind": "Not A Kind"},
        {"key": ""},
        {"case": "a\nb"},
        {"expects": -1},
        {"body": {"text": "x" * 1_100_000}},
    ],
    ids=lambda change: str(change)[:40],
)
def test_what_has_no_canonical_form_is_refused(ledger, change):
    with pytest.raises(BadInput):
        ledger.append([make_draft(**change)])
    assert ledger.size() == 1


def test_any_text_and_zero_bytes_survive(ledger):
    text = 'null \x00, line \u2028 separator, emoji \U0001f9ea, quote " and \\ back'
    (entry,) = ledger.append([make_draft(body={"text": text}, sealed={"note": text})])
    assert ledger.entry(entry.seq).body == {"text": text}
    assert list(ledger.opened([entry]).values()) == [text]
    assert ledger.verify().ok


def test_another_key_cannot_open_the_log(reopen):
    reopen()
    with pytest.raises(Tampered, match="begun by"):
        reopen(key=make_key(ORIGIN))


def test_unknown_entries_are_not_found(ledger):
    assert ledger.case("release:none") == []
    with pytest.raises(NotFound):
        ledger.entry(1)
