"""Two intakes at once, and an intake that was cut off: each fact once, nothing lost."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exeat.evidence.run import Run
from exeat.model.person import SYSTEM
from tests.unit.evidence.factories_evidence import as_bytes, event, manifest, proposal, report, sha

ROOT = Path(__file__).parents[3]
COUNT = 30


def fill(home):
    for i in range(COUNT):
        data = as_bytes(manifest(checkpoint_id=f"c-{i}", weights=str(i)))
        home.drop(
            **{
                f"m{i}": data,
                f"r{i}": as_bytes(report(checkpoint_id=f"c-{i}", weights=str(i))),
                f"p{i}": as_bytes(proposal(release_id=f"p-{i}", checkpoint_id=f"c-{i}", manifest_sha256=sha(data))),
                f"l{i}": as_bytes(event(source_event_id=f"e-{i}")),
            }
        )


def facts(home):
    return [entry for entry in home.ledger.entries() if entry.kind != "access.partition_closed"]


def test_two_at_once_say_each_fact_once(ready):
    fill(ready)
    before = ready.ledger.size()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: ready.desk.ingest([ready.inbox], SYSTEM), range(4)))
    assert all(not result.rejected for result in results)
    assert len(facts(ready)) == before + 3 * COUNT
    assert len({(entry.kind, *entry.subject.values()) for entry in facts(ready)}) == len(facts(ready))
    assert ready.ledger.verify().ok


def test_after_a_cut_the_same_ingest_completes(ready, monkeypatch):
    fill(ready)
    before = len(facts(ready))

    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Run, "commit", cut)
        with pytest.raises(KeyboardInterrupt):
            ready.desk.ingest([ready.inbox], SYSTEM)
    result = ready.desk.ingest([ready.inbox], SYSTEM)
    assert result.rejected == []
    assert len(facts(ready)) == before + 3 * COUNT


def test_two_processes_on_one_home(tmp_path):
    """The command line beside the command line: both end well, the log holds each fact once."""
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(COUNT):
        (folder / f"m{i}").write_bytes(as_bytes(manifest(checkpoint_id=f"c-{i}", weights=str(i))))
    code = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from exeat.evidence.service import EvidenceDesk
from exeat.model.person import SYSTEM
from exeat.storage.access_store import AccessStore
from exeat.storage.keys import load_or_create_log_key
from exeat.storage.ledger_sql import SqlLedger
from exeat.storage.objects import ObjectStore
home = Path(sys.argv[1])
key = load_or_create_log_key(str(home / "log.key"), "test.local/log")
ledger = SqlLedger(f"sqlite:///{home / 'ledger.db'}", origin="test.local/log", key=key)
desk = EvidenceDesk(ledger, ObjectStore(home / "e"), AccessStore(home / "a"), lambda: datetime.now(UTC))
result = desk.ingest([home / "in"], SYSTEM)
assert not result.rejected, result.rejected
assert ledger.verify().ok
print(ledger.size())
"""
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    sizes = [int(process.communicate(timeout=120)[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sizes == [1 + COUNT] * 2
