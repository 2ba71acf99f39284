"""SACRO-ML reports through the intake: a binding, two digests, nothing per record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.evidence.factories_evidence import as_bytes, binding, manifest, report, sha

SAMPLES = Path(__file__).parents[2] / "data" / "evidence"
RAW = (SAMPLES / "sacroml_lira" / "report.json").read_bytes()
LIRA = json.loads(RAW)
STRUCTURAL = json.loads((SAMPLES / "sacroml_structural" / "report.json").read_bytes())


def test_without_a_binding_the_file_is_kept_and_the_next_step_named(home):
    result = home.ingest(m=as_bytes(manifest()), r=RAW)
    (record,) = result.rejected
    assert "which model it is about" in record.reason
    assert f'"report.json": "{sha(RAW)}"' in record.what_to_do
    assert home.objects.reject_bytes(record.id) == RAW


def test_with_a_binding_source_and_conversion_are_kept_and_named(home):
    bind = as_bytes(binding(files={"any/name.json": sha(RAW)}))
    result = home.ingest(z=as_bytes(manifest()), r=RAW, a=bind)
    assert result.rejected == []
    entry = list(home.ledger.entries())[-1]
    assert (entry.kind, entry.subject["source"], entry.subject["binding"]) == ("report.attached", sha(RAW), sha(bind))
    assert home.desk.raw(sha(RAW)) == RAW
    converted = home.desk.report(entry.subject["report"])
    assert converted.evidence[0].sha256 == sha(RAW)
    assert converted.to_bytes() == home.desk.raw(entry.subject["report"])
    assert home.ingest().counts == {"accepted": 0, "known": 3, "rejected": 0, "skipped": 0}


def test_arrays_of_scores_are_not_kept_anywhere(home, tmp_path):
    arrays = (SAMPLES / "sacroml_lira" / "report_arrays_bf13ff00_instance_0.npz").read_bytes()
    result = home.ingest(m=as_bytes(manifest()), npz=arrays)
    assert "membership data" in result.rejected[0].reason
    assert home.objects.reject_bytes(result.rejected[0].id) == b""
    assert not [path for path in (tmp_path / "evidence").rglob("*") if path.is_file() and path.read_bytes() == arrays]


@pytest.mark.parametrize("changes", [{"weights": "others"}, {"checkpoint_id": "unknown"}])
def test_a_binding_to_what_is_not_registered_is_refused(home, changes):
    result = home.ingest(m=as_bytes(manifest()), r=RAW, b=as_bytes(binding(files={"r": sha(RAW)}, **changes)))
    assert len(result.rejected) == 2


def test_two_bindings_of_one_file_to_different_models_are_refused(home):
    result = home.ingest(
        m=as_bytes(manifest()),
        n=as_bytes(manifest(checkpoint_id="onco-v2")),
        a=as_bytes(binding(files={"r": sha(RAW)})),
        b=as_bytes(binding(files={"r": sha(RAW)}, checkpoint_id="onco-v2")),
        r=RAW,
    )
    assert "Another binding" in result.rejected[0].reason


def test_one_bad_attack_does_not_lose_the_others(home):
    wrong = json.loads(json.dumps(STRUCTURAL).replace('"dof_risk": true', '"dof_risk": "yes"'))
    data = as_bytes(LIRA | wrong)
    result = home.ingest(m=as_bytes(manifest()), r=data, b=as_bytes(binding(files={"r": sha(data)})))
    assert "1 attack converted" in result.accepted[-1].note
    assert "dof_risk" in result.rejected[0].reason
    assert home.ingest(again=as_bytes(report())).counts["accepted"] == 1
