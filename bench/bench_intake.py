"""Intake of manifests and reports against its floor: read + hash + parse + write a copy. Prints the ratio.

Usage: python bench/bench_intake.py [documents of each kind, default 10000] [runs, default 3]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from exeat.evidence.service import EvidenceDesk
from exeat.ledger.note import make_key
from exeat.model.person import SYSTEM
from exeat.storage.access_store import AccessStore
from exeat.storage.ledger_sql import SqlLedger
from exeat.storage.objects import ObjectStore

TARGET = 4.0
"""At most this many times the floor."""
FPRS = ("0.1", "0.01", "0.001")
LONG = "Estimate the malignancy of a tumour from ten cell measurements, for research use only. "


def utc_now() -> datetime:
    """Return the time of the log."""
    return datetime.now(UTC)


def sha(text: str) -> str:
    """Return the digest of a made-up file."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def component(i: int, kind: str) -> dict[str, Any]:
    """Return one component of checkpoint i."""
    return {
        "id": kind.replace("_", "-"),
        "kind": kind,
        "path": f"{kind}.bin",
        "format": "safetensors",
        "bytes": 1_048_576 + i,
        "sha256": sha(f"{i}/{kind}"),
        "sensitivity": 2,
        "proposed_disposition": "allowed",
        "scan": {"tool": "allow-list", "version": "1", "result": "clean"},
    }


def manifest(i: int) -> dict[str, Any]:
    """Return a manifest with the parts that a real one has."""
    kinds = ("weights", "optimizer_state", "training_trace", "diagnostic_log", "config")
    return {
        "schema": "exeat-manifest/1",
        "checkpoint_id": f"ckpt-{i}",
        "run_id": f"run-{i // 5}",
        "lineage": {"run_family": f"family-{i // 5}", "version": str(i % 5)},
        "title": f"Tumour classifier {i}",
        "purpose": LONG * 3,
        "out_of_scope": LONG,
        "limitations": LONG * 2,
        "created_at": "2026-11-01T08:00:00Z",
        "created_by": "Model group",
        "org": "Example hospital",
        "contact": "models@example.org",
        "model": {"family": "mlp", "architecture": "30-64-2", "n_parameters": 2114, "task": "classification"},
        "training": {"framework": "torch", "framework_version": "2.13", "code_ref": "git:abc"},
        "hyperparameters": {"epochs": 60, "learning_rate": "0.05", "momentum": "0.9", "batch_size": 32},
        "seeds": [{"name": "init", "value": i, "released": False}],
        "epoch": 60,
        "global_step": 1680,
        "data_sources": [{"id": "bc", "name": "Breast cancer", "version": "1", "role": "train", "n_records": 455}],
        "components": [component(i, kind) for kind in kinds],
        "safeguards": [{"id": "wd", "kind": "regularization", "stage": "training", "parameters": {"l2": "0.001"}}],
        "metrics": [metric(name) for name in ("auc", "accuracy", "recall")],
        "reproducibility": [],
        "leakage_channels": [{"channel": "loss curve", "assessed": True, "mitigation": "rounded"}],
        "intended_tier": "T2",
        "retention": {"retain_until": "2030-01-01"},
        "governance": {"approval_ref": "REC-1", "pia_ref": "PIA-1"},
    }


def metric(name: str) -> dict[str, Any]:
    """Return one utility figure."""
    interval = {"ci_low": "0.93", "ci_high": "0.99", "ci_level": "0.95"}
    return {"id": name, "value": "0.97", "unit": "fraction", "split": "test", "n": 114} | interval


def report(i: int) -> dict[str, Any]:
    """Return a report of one membership attack on checkpoint i."""
    return {
        "schema": "exeat-risk-report/1",
        "report_id": f"report-{i}",
        "date": "2026-11-02T08:00:00Z",
        "author": "Audit group",
        "independent": True,
        "subject": {"checkpoint_id": f"ckpt-{i}", "component_sha256": [sha(f"{i}/weights")]},
        "tool": {"name": "simple attack", "version": "1"},
        "indicators": [indicator("mia.simple.auc", {})]
        + [indicator("mia.simple.tpr_at_fpr", {"fpr": fpr, "n_events": 26}) for fpr in FPRS],
    }


def indicator(indicator_id: str, more: dict[str, Any]) -> dict[str, Any]:
    """Return one measured figure."""
    return {
        "indicator_id": indicator_id,
        "status": "measured",
        "value": "0.058",
        "unit": "fraction",
        "ci_low": "0.043",
        "ci_high": "0.076",
        "ci_level": "0.95",
        "ci_method": "clopper_pearson",
        "n_in": 455,
        "n_out": 5000,
        "method": "loss threshold",
        "attack_params": {"shadow_models": "16"},
        "adversary": {"access": "white_box", "knowledge": ["labels"]},
    } | more


def write_documents(folder: Path, count: int) -> int:
    """Write the documents and return their bytes."""
    folder.mkdir()
    total = 0
    for i in range(count):
        for name, document in ((f"m{i}.json", manifest(i)), (f"r{i}.json", report(i))):
            total += (folder / name).write_bytes(json.dumps(document, indent=1).encode())
    return total


def floor(folder: Path, target: Path) -> float:
    """Read, hash, parse and copy each file; one sync at the end, as durable as intake is."""
    target.mkdir()
    start = time.perf_counter()
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        json.loads(data)
        (target / digest).write_bytes(data)
    os.sync()
    return time.perf_counter() - start


def intake(folder: Path, home: Path, count: int) -> float:
    """Ingest into a fresh home with a ledger on SQLite."""
    home.mkdir()
    ledger = SqlLedger(f"sqlite:///{home / 'ledger.db'}", origin="bench", key=make_key("bench"))
    desk = EvidenceDesk(ledger, ObjectStore(home / "evidence"), AccessStore(home / "access"), utc_now)
    start = time.perf_counter()
    result = desk.ingest([folder], SYSTEM)
    took = time.perf_counter() - start
    ledger.close()
    assert result.counts == {"accepted": 2 * count, "known": 0, "rejected": 0, "skipped": 0}, result.counts
    return took


def main() -> int:
    """Run floor and intake in turns and print the median ratio; return 1 when it misses its target."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("count", nargs="?", type=int, default=10_000)
    arguments.add_argument("runs", nargs="?", type=int, default=3)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        size = write_documents(work / "in", given.count)
        print(f"{2 * given.count:,} documents, {size / 2 / given.count:,.0f} bytes each on average")
        ratios = [one_run(work, given.count, run) for run in range(given.runs)]
    median = statistics.median(ratios)
    print(f"intake / floor: median {median:.2f} (target at most {TARGET})")
    return int(median > TARGET)


def one_run(work: Path, count: int, run: int) -> float:
    """Run floor and intake once, one right after the other."""
    bare = floor(work / "in", work / f"copy-{run}")
    full = intake(work / "in", work / f"home-{run}", count)
    for folder in (work / f"copy-{run}", work / f"home-{run}"):
        shutil.rmtree(folder)
    print(f"run {run + 1}: floor {bare:.2f} s, intake {full:.2f} s, ratio {full / bare:.2f}")
    return full / bare


if __name__ == "__main__":
    sys.exit(main())
