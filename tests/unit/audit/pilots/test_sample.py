"""The committed pilots of a sample checkpoint: a frontier bound to its file, which changes no verdict about it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from typer.testing import CliRunner

from exeat.audit.pilots.copies import file_sha256
from exeat.cli import app
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport

DATA = Path(__file__).resolve().parents[4] / "data"
NAME = "glyco-mlp-v1"
REPORTS = DATA / "reports" / NAME
CHECKPOINT = DATA / "checkpoints" / NAME


def report():
    return parse_document((REPORTS / f"{NAME}-pilots.json").read_bytes(), RiskReport)


def test_it_is_about_the_committed_weights():
    assert report().subject.component_sha256 == (file_sha256(CHECKPOINT / "weights.pt"),)


def test_each_of_many_protections_stands_beside_the_original_with_intervals():
    pilots = report().pilots
    assert pilots[0].kind == "original"
    assert len({pilot.kind for pilot in pilots}) == 11
    for pilot in pilots:
        figures = [pilot.utility[0], *(i for i in pilot.indicators if i.indicator_id.endswith(".auc"))]
        assert len(figures) > 1
        assert all(f.ci_low <= f.value <= f.ci_high for f in figures)


def test_an_answer_with_less_in_it_never_looks_more_exposed_than_the_weights():
    """The attacks on the original include those on each weaker form; a hair of rounding may stand between them."""
    worst = {p.pilot_id: max(i.value for i in p.indicators if i.indicator_id.endswith(".auc")) for p in report().pilots}
    assert all(worst[name] <= worst["original"] + Decimal("0.001") for name in ("rounding", "top-k", "label-only"))


def verdicts(*names):
    words = [word for name in names for word in ("--report", REPORTS / f"{NAME}-{name}.json")]
    asked = ["assess", "--manifest", CHECKPOINT / "manifest.json", "--tier", "T2", "--json", *words]
    found = json.loads(CliRunner().invoke(app, [str(word) for word in asked]).stdout)
    return [(finding["check"], finding["verdict"]) for finding in found["findings"]]


def test_no_verdict_about_the_checkpoint_changes():
    assert verdicts("membership", "pilots") == verdicts("membership")
