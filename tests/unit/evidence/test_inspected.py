"""Intake looks into the files that it keeps, and takes in the records of minimised files."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
import torch

from exeat.evidence.inspecting import Inspector
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.inspection.second_opinion import SecondOpinion
from exeat.evidence.minimise import minimise
from exeat.model.base import digest_of
from exeat.model.inspection import INSPECTOR, Channel, Verdict
from exeat.model.person import SYSTEM
from tests.unit.evidence.factories_evidence import as_bytes, manifest

LIGHTNING = Path(__file__).resolve().parents[2] / "data" / "evidence" / "checkpoints" / "c_lightning.ckpt"
LEAKY = LIGHTNING.read_bytes()


def saved(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


PLAIN = saved({"layer.weight": torch.ones(3, 2), "layer.bias": torch.zeros(3)})


def listing(**files: bytes):
    """A manifest that lists the files as weights, by component id."""
    part = manifest()["components"][0]
    parts = [
        part | {"id": name, "path": f"{name}.bin", "bytes": len(data), "sha256": digest_of(data), "format": "torch"}
        for name, data in files.items()
    ]
    return as_bytes(manifest(components=parts))


def inspected(home):
    return [entry for entry in home.ledger.entries() if entry.kind == "component.inspected"]


def contents(home, manifest_bytes):
    return home.desk.contents_of("onco-v1", digest_of(manifest_bytes))


@pytest.fixture
def alone(monkeypatch):
    """Inspections without torch: what torch says has its own tests."""
    monkeypatch.setattr("exeat.evidence.run.Inspector", lambda: Inspector(DEFAULT._replace(second_opinion=False)))


def test_a_kept_file_is_inspected_and_the_ledger_says_so_without_any_text(ready, alone):
    about = listing(checkpoint=LEAKY)
    result = ready.ingest(m=about, c=LEAKY)
    assert not result.rejected
    (entry,) = inspected(ready)
    found = contents(ready, about).inspections["checkpoint"]
    assert entry.case == "checkpoint:onco-v1"
    assert entry.subject == {"component": digest_of(LEAKY), "inspection": digest_of(found.to_bytes())}
    assert entry.body["verdict"] == found.verdict == Verdict.UNSAFE
    assert entry.body["bytes"] == len(LEAKY)
    assert entry.body["channels"]["absolute_path"] >= 1
    assert set(entry.body["channels"]) == {one.channel.value for one in found.channels}
    assert b"PosixPath" not in entry.line
    assert b"alice" not in entry.line
    assert found.sha256 == digest_of(LEAKY)
    assert found.file == "inbox/c"
    note = next(item.note for item in result.accepted if item.sha256 == digest_of(LEAKY))
    assert "component checkpoint; inspected: unsafe" in note
    assert "pathlib.PosixPath" in note


def test_the_secret_values_are_in_no_inspection(ready, alone):
    about = listing(checkpoint=LEAKY)
    ready.ingest(m=about, c=LEAKY)
    text = contents(ready, about).inspections["checkpoint"].to_bytes()
    assert b"/mnt/nhs/patients_2024.csv" not in text
    assert b"/home/alice/hospital_A" not in text


def test_documents_and_plain_files_are_not_inspected(ready, alone):
    card = b"# A card\n"
    about = listing(card=card)
    described = json.loads(about)
    described["components"][0] |= {"kind": "docs", "format": "markdown"}
    result = ready.ingest(m=as_bytes(described), c=card)
    assert not result.rejected
    assert inspected(ready) == []


@pytest.mark.parametrize("data", [b"nobody knows this", b"\x7fELF" + bytes(500)])
def test_a_file_of_no_known_format_is_kept_and_said_to_be_unreadable(ready, alone, data):
    about = listing(weights=data)
    result = ready.ingest(m=about, c=data)
    assert not result.rejected
    assert "component.received" in ready.kinds()
    found = contents(ready, about)
    assert found.inspections["weights"].verdict is not Verdict.CLEAN
    assert found.facts["weights"].verdict is found.inspections["weights"].verdict


def test_problems_of_a_file_without_a_format_are_on_the_record(ready, alone):
    """What follows the unknown beginning is an archive that a loader would find."""
    hidden = b"nobody knows this" + saved({"w": torch.ones(2)})
    about = listing(weights=hidden)
    ready.ingest(m=about, c=hidden)
    assert contents(ready, about).inspections["weights"].verdict is not Verdict.CLEAN


def test_a_second_ingest_says_nothing_new(ready, alone):
    about = listing(weights=PLAIN)
    ready.ingest(m=about, c=PLAIN)
    before = ready.ledger.size()
    assert ready.ingest().counts["known"] == 2
    assert ready.ledger.size() == before


def test_what_an_older_inspector_saw_is_inspected_again_and_the_newest_inspection_counts(ready, alone, monkeypatch):
    about = listing(weights=PLAIN)
    with monkeypatch.context() as before:
        before.setattr("exeat.evidence.inspection.result.INSPECTOR", 0)
        ready.ingest(m=about, c=PLAIN)
    assert contents(ready, about).inspections["weights"].inspector == 0
    result = ready.ingest()
    assert len(result.accepted) == 1
    assert contents(ready, about).inspections["weights"].inspector == INSPECTOR
    assert len(inspected(ready)) == 2
    assert ready.kinds().count("component.received") == 1
    assert ready.ingest().counts["known"] == 2


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/exeat-was-run",)


def test_an_unsafe_file_is_kept_and_its_finding_is_seen(ready, alone):
    bomb = saved({"w": torch.ones(2), "x": Bomb()})
    about = listing(weights=bomb)
    result = ready.ingest(m=about, c=bomb)
    found = contents(ready, about)
    assert found.inspections["weights"].verdict is Verdict.UNSAFE
    assert found.facts["weights"].reason
    assert any("inspected: unsafe" in item.note for item in result.accepted)
    assert not Path("/tmp/exeat-was-run").exists()


def test_one_process_looks_at_all_files_of_an_ingest(ready, monkeypatch):
    started = []
    real = SecondOpinion.start
    monkeypatch.setattr(SecondOpinion, "start", lambda child: (started.append(child), real(child))[1])
    files = {f"c{n}": saved({"w": torch.full((2,), float(n))}) for n in range(3)}
    about = listing(**files)
    with ready.desk.one_inspector():
        ready.ingest(m=about, **files)
        more = saved({"w": torch.full((2,), 9.0)})
        ready.drop(
            late=more,
            n=as_bytes(manifest(checkpoint_id="onco-v2", components=json.loads(listing(late=more))["components"])),
        )
        ready.desk.ingest([ready.inbox], SYSTEM)
    assert len(inspected(ready)) == 4
    assert len(started) == 1
    assert {entry.body["verdict"] for entry in inspected(ready)} == {"clean"}
    assert all(child.process is None for child in started)


@pytest.fixture
def pair(tmp_path):
    """A source, its minimised file and the record."""
    source, out = tmp_path / "last.ckpt", tmp_path / "model.safetensors"
    source.write_bytes(LEAKY)
    record = minimise(source, out, limits=DEFAULT._replace(second_opinion=False))
    return out.read_bytes(), record


def minimised(home):
    return next(entry for entry in home.ledger.entries() if entry.kind == "component.minimised")


def test_a_record_is_tied_to_both_files(ready, alone, pair):
    out, record = pair
    about = listing(weights=out, checkpoint=LEAKY)
    result = ready.ingest(m=about, o=out, s=LEAKY, r=record.to_bytes())
    assert not result.rejected
    entry = minimised(ready)
    assert entry.subject == {
        "component": digest_of(out),
        "source": digest_of(LEAKY),
        "minimisation": digest_of(record.to_bytes()),
    }
    assert entry.body["checked"] == "both"
    assert (entry.body["bytes_before"], entry.body["bytes_after"]) == (len(LEAKY), len(out))
    assert entry.body["channels_left"] == 0
    assert entry.body["channels_closed"] == len(contents(ready, about).facts["checkpoint"].channels)
    found = contents(ready, about)
    assert found.minimisations == {"weights": record}
    assert found.sources["weights"].sha256 == digest_of(LEAKY)
    assert found.inspections["weights"].channels == ()
    assert Channel.ABSOLUTE_PATH in {one.channel for one in found.inspections["checkpoint"].channels}
    assert ready.ingest().counts["known"] == 4


def test_a_record_alone_is_tied_to_the_output_only(ready, alone, pair):
    out, record = pair
    ready.ingest(m=listing(weights=out), o=out, r=record.to_bytes())
    assert minimised(ready).body["checked"] == "output"
    assert minimised(ready).body["channels_left"] == 0
    assert "channels_closed" not in minimised(ready).body


def test_a_record_without_files_is_taken_at_its_word_and_says_so(ready, alone, pair):
    out, record = pair
    result = ready.ingest(m=listing(weights=out), r=record.to_bytes())
    assert minimised(ready).body["checked"] == "no-file"
    assert any("no file" in item.note for item in result.accepted)
    assert not {"channels_closed", "channels_left"} & set(minimised(ready).body)


def test_a_record_of_a_file_that_nobody_lists_is_refused(ready, alone, pair):
    out, record = pair
    (reject,) = ready.ingest(m=listing(weights=PLAIN), r=record.to_bytes()).rejected
    assert reject.place == "$.output_sha256"
    assert digest_of(out) in reject.what_to_do


LIES = {
    "other tensors": lambda r: {"kept_sha256": "sha256:" + "0" * 64},
    "other digest of one": lambda r: {"kept": (_with(r.kept[0], sha256="sha256:" + "0" * 64), *r.kept[1:])},
    "other shape of one": lambda r: {"kept": (_with(r.kept[0], shape=(1, *r.kept[0].shape)), *r.kept[1:])},
    "other source": lambda r: {"source_sha256": digest_of(PLAIN)},
    "more tensors proved than kept": lambda r: {"proof": _with(r.proof, identical=999)},
    "a change that no tensor has": lambda r: {"proof": _with(r.proof, identical=r.kept_count - 1, changed=1)},
    "tensors not listed": lambda r: {"kept": r.kept[1:]},
    "other size": lambda r: {"output_bytes": 7},
    "other size of the source": lambda r: {"source_bytes": 10**9},
    "other format of the source": lambda r: {"source_format": "safetensors"},
}


def _with(part, **changes):
    return part.model_copy(update=changes)


@pytest.mark.parametrize("lie", LIES)
def test_a_record_that_the_files_contradict_is_refused(ready, alone, pair, lie):
    out, record = pair
    forged = _with(record, **LIES[lie](record))
    about = listing(weights=out, plain=PLAIN, checkpoint=LEAKY)
    result = ready.ingest(m=about, o=out, p=PLAIN, s=LEAKY, r=forged.to_bytes())
    assert [one.kind for one in result.rejected] == ["exeat-minimisation/1"]
    assert "component.minimised" not in ready.kinds()
