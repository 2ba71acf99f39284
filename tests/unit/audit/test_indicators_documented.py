"""Every indicator that engine, recorder and pilots write stands in docs/indicators.md; they are run to find out."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from exeat.audit import Attribute, Linkable, Recipe, audit
from exeat.audit.canaries import canary_records
from exeat.audit.engine.plan import ATTACKS
from exeat.audit.pilots.outputs import Rounding
from exeat.audit.pilots.study import study
from exeat.audit.pilots.surrogate import Surrogate
from exeat.audit.pilots.synthetic import Synthetic
from exeat.model.manifest import DpClaim
from tests.unit.audit.engine.toys import network, save, toy
from tests.unit.audit.pilots.scene import DATE, case
from tests.unit.audit.recorder.runs import blobs, recorded_run

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/indicators.md").read_text("utf-8").split("\n## Indicators", 1)[1]


def documented(indicator_id):
    """Return whether a row of its own names the id; ``mia.*`` is no row for ids with more parts."""
    names = [re.escape(name).replace(r"\*", "[a-z0-9_]+") for name in re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE)]
    return any(re.fullmatch(name, indicator_id) for name in names)


def missing(*reports):
    pilots = [pilot for report in reports for pilot in report.get("pilots", [])]
    ids = {one["indicator_id"] for part in [*reports, *pilots] for one in part["indicators"]}
    assert ids
    return sorted(one for one in ids if not documented(one))


def test_a_row_is_needed_for_each_kind_of_figure():
    assert documented("mia.lira.auc")
    assert not documented("mia.lira.nonsense")
    assert not documented("recon.nonsense")


def test_each_indicator_of_an_audit_is_documented(tmp_path):
    target = toy(40, digest="")
    file = save(target, tmp_path)
    rows = target.members.x.double().numpy()
    claim = DpClaim(
        claimed=True, epsilon=Decimal(1), delta=Decimal("1e-5"), noise_multiplier=Decimal(4),
        sample_rate=Decimal("0.5"), steps=20,
    )  # fmt: skip
    report = audit(
        target, Recipe(build=network, epochs=5, batch_size=16, learning_rate=0.03), files=[file],
        folder=tmp_path / "audit", shadows=4, attacks=ATTACKS, claim=claim,
        attributes=[Attribute(name="first", columns=(0,), quantitative=True), Attribute(name="second", columns=(1,))],
        linkable=Linkable(released=rows, table=rows + 0.01, truth=np.arange(len(rows))),
    )  # fmt: skip
    assert missing(json.loads(report.to_bytes())) == []


def test_each_indicator_of_a_study_with_stand_ins_is_documented(tmp_path):
    target, recipe, path = case(tmp_path / "checkpoint", epochs=20)
    protections = (Rounding(), Surrogate(epochs=5), Synthetic())
    report = study(
        target, recipe, protections, seed=5, shadows=4, originals=[path], date=DATE, folder=tmp_path / "pilots"
    )
    assert "x_synthetic.exact_copies" in {one.indicator_id for pilot in report.pilots for one in pilot.indicators}
    assert missing(json.loads(report.to_bytes())) == []


def test_each_indicator_of_a_recorded_run_is_documented(tmp_path):
    recorded_run(tmp_path / "run", 3, canaries=canary_records(*blobs(40, seed=9), 40, seed=4))
    report = json.loads((tmp_path / "run" / "report.json").read_bytes())
    assert "mem.canary.exposure" in {one["indicator_id"] for one in report["indicators"]}
    assert missing(report) == []


@pytest.mark.parametrize("path", sorted((ROOT / "data/reports").glob("*/*.json")), ids=lambda path: path.stem)
def test_each_indicator_of_the_sample_is_documented(path):
    assert missing(json.loads(path.read_bytes())) == []
