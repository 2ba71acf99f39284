"""Foreign reports: the samples as their tools wrote them, and LeakPro, Privacy Meter and Opacus files as they write.

The last three are built here after their sources (see the readers); every other one was written by the tool itself.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import auc, roc_curve

from exeat.evidence.binding import BoundFile, parse_binding
from exeat.evidence.readers.reports import convert, kind_of
from tests.unit.evidence.factories_evidence import as_bytes, binding, sha

DATA = Path(__file__).parents[2] / "data" / "evidence"
REPORTS = DATA / "reports"
MEASURED = "2026-11-01T08:00:00Z"
RNG = np.random.default_rng(11)
LABELS = np.repeat([1, 0], [400, 1200])
SCORES = RNG.normal(LABELS * 0.7)


def sample(name: str) -> bytes:
    return (REPORTS / name).read_bytes()


def bound(data: bytes, **changes: Any) -> BoundFile:
    given = {"measured_at": MEASURED, "access": "trace"} | changes
    kept = {name: value for name, value in given.items() if value is not None}
    return BoundFile("r", parse_binding(as_bytes(binding(files={"r": sha(data)}, **kept))), sha("binding"))


def read(data: bytes, **changes: Any):
    """The canonical report of a file with a binding; its format is recognised by content."""
    name = kind_of(data)
    assert name is not None
    return convert(name, data, bound(data, **changes), sha(data))


def by_id(report, indicator_id):
    return [one for one in report.indicators if one.indicator_id == indicator_id]


def rates(report, attack):
    return {str(one.fpr): one for one in by_id(report, f"mia.{attack}.tpr_at_fpr")}


def leakpro(**changes: Any) -> dict[str, Any]:
    """A result as MIAResult.from_full_scores writes it: counts at each distinct score, from the strictest on."""
    order = np.argsort(-SCORES)
    tp, fp = np.cumsum(LABELS[order] == 1), np.cumsum(LABELS[order] == 0)
    tpr, fpr = tp / 400, fp / 1200
    levels = {"0": 0.0, "0.01": 0.0001, "0.1": 0.001, "1": 0.01, "10": 0.1}
    fixed = {f"TPR@{name}%FPR": float(max(tpr[fpr <= level], default=0.0)) for name, level in levels.items()}
    return {
        "result_name": "RMIA",
        "result_type": "MIAResult",
        "id": "RMIA-gamma=2.0",
        "tpr": tpr.tolist(),
        "fpr": fpr.tolist(),
        "roc_auc": float(auc(fpr, tpr)),
        "accuracy": ((tp + 1200 - fp) / 1600).tolist(),
        "fixed_fpr": fixed,
        "signal_values": SCORES.tolist(),
        "true_labels": LABELS.tolist(),
        "config": {"gamma": 2.0, "num_shadow_models": 8, "output_dir": "/home/alice/leakpro"},
        "tp": tp.tolist(),
        "fp": fp.tolist(),
        "tn": (1200 - fp).tolist(),
        "fn": (400 - tp).tolist(),
    } | changes


def privacy_meter(*, drop: tuple[str, ...] = (), pickled: bool = False, **changes: Any) -> bytes:
    """An archive as get_audit_results writes it."""
    fpr, tpr, _ = roc_curve(LABELS, SCORES)
    arrays = {
        "fpr": fpr,
        "tpr": tpr,
        "auc": auc(fpr, tpr),
        "one_tenth_fpr": tpr[np.where(fpr <= 0.001)[0][-1]],
        "zero_fpr": tpr[np.where(fpr <= 0.0)[0][-1]],
        "scores": SCORES,
        "memberships": LABELS.astype(bool),
    } | changes
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=pickled, **{name: value for name, value in arrays.items() if name not in drop})
    return buffer.getvalue()


def opacus(**changes: Any) -> dict[str, Any]:
    """An accountant state as PrivacyEngine.save_checkpoint keeps it, as JSON."""
    return {"history": [[1.0, 0.0356, 1000], [1.0, 0.0356, 680]], "mechanism": "rdp"} | changes


def all_samples() -> dict[str, bytes]:
    """Every report of the samples and of the factories, by a name for the test."""
    found = {str(path.relative_to(REPORTS)): path.read_bytes() for path in sorted(REPORTS.rglob("*")) if path.is_file()}
    made = {"leakpro": as_bytes(leakpro()), "privacy_meter": privacy_meter(), "opacus": as_bytes(opacus(delta=1e-4))}
    return found | made


def edited(name: str, **changes: Any) -> bytes:
    """A JSON sample with some top-level fields changed."""
    return json.dumps(json.loads(sample(name)) | changes).encode()
