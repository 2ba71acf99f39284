"""exeat audit with a recipe, regimes, a manifest and a claim; and what it would cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exeat.cli import app
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport
from tests.unit.audit.engine.taking_in import ingest
from tests.unit.audit.engine.toys import JOB, save, toy
from tests.unit.evidence.factories_evidence import as_bytes, manifest

ROOT = Path(__file__).resolve().parents[3]
RECIPE = """
from exeat.audit import Attribute, Recipe, Records, Regime

def recipe():
    return Recipe(build=network, epochs=3, batch_size=20, learning_rate=0.1)

def regimes():
    one = toy()
    there = [Records(side.x.flip(1), side.y) for side in (one.members, one.non_members)]
    return [Regime("synthetic", "features in reverse", *there)]

def attributes():
    return [Attribute(name="last", columns=(5,), quantitative=True)]
"""
CLAIM = {
    "claimed": True, "epsilon": "0.5", "delta": "0.00001", "noise_multiplier": "4", "sample_rate": "0.5", "steps": 20,
    "unit": "person", "neighbouring": "add_remove", "sampling": "poisson", "mechanism": "gaussian",
    "accountant": "pld", "accountant_version": "1", "trust_model": "central", "tuning_accounted": True,
}  # fmt: skip


def run(*arguments):
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job")
    (folder / "job.py").write_text(JOB.format(root=str(ROOT)) + RECIPE)
    weights = save(toy(), folder)
    document = manifest(checkpoint_id="toy-v1", weights=weights.read_bytes(), dp=CLAIM)
    (folder / "manifest.json").write_bytes(as_bytes(document))
    return folder


@pytest.fixture(scope="module")
def report(job):
    done = run(
        job / "job.py", "--checkpoint", job / "model.safetensors", "--manifest", job / "manifest.json",
        "-o", job / "report.json", "--shadows", 4, "--regimes", "shifted",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return parse_document((job / "report.json").read_bytes(), RiskReport)


def figures(report, name, **fields):
    found = [one for one in report.indicators if one.indicator_id == name]
    return [one for one in found if all(getattr(one, key) == value for key, value in fields.items())]


def test_every_adversary_attacks_every_kind_of_data(report):
    for attack in ("label", "lira", "gradient"):
        kinds = {one.regime for one in figures(report, f"mia.{attack}.auc", status="measured")}
        assert kinds == {"real", "shifted", "synthetic"}
    (made,) = figures(report, "mia.lira.auc", regime="synthetic")
    assert made.attack_params["regime_detail"] == "features in reverse"
    assert "Synthetic records (features in reverse):" in report.notes


def test_what_holds_is_told_from_what_depends_on_the_records(report):
    rows = report.__pydantic_extra__["x_regimes"]
    assert {row["verdict"] for row in rows} <= {"depends", "holds", "cannot be told"}
    assert {(row["attack"], row["regime"]) for row in rows} >= {("loss", "synthetic"), ("gradient", "shifted")}
    (lost,) = [row for row in rows if (row["attack"], row["regime"]) == ("loss", "synthetic")]
    assert lost["verdict"] == "depends"


def test_the_claim_of_the_manifest_is_tested(report):
    assert report.subject.checkpoint_id == "toy-v1"
    (bound,) = figures(report, "dp.epsilon_lower")
    assert bound.attack_params["claimed_epsilon"] == "0.5"
    assert bound.attack_params["verdict"] == "violated"
    assert figures(report, "dp.epsilon", status="measured")


def test_no_figure_equals_its_cap_unflagged(report):
    """Done means 3: a lower bound at its ceiling says so."""
    for one in figures(report, "dp.epsilon_lower", status="measured"):
        at_cap = one.value >= float(one.attack_params["ceiling"]) - 1e-6
        assert one.attack_params["at_ceiling"] == str(at_cap).lower()
        assert ("value = ceiling" in one.bound_note) == at_cap


def test_intake_takes_the_report_with_all_of_its_parts(job, report, tmp_path):
    taken, (bound,) = ingest(tmp_path, (job / "manifest.json").read_bytes(), (job / "report.json").read_bytes())
    assert (len(taken.accepted), taken.rejected) == (2, [])
    assert bound.report.curves == report.curves
    assert {"lira", "label", "gradient"} <= {curve.attack for curve in bound.report.curves}
    assert {one.regime for one in bound.report.indicators} == {"real", "shifted", "synthetic"}


def test_named_attributes_are_inferred(report):
    (one,) = figures(report, "attr.bounds_excess")
    assert one.attack_params["attribute"] == "last"


def test_files_that_are_not_in_the_manifest_are_refused(job, tmp_path):
    (tmp_path / "other").write_bytes(b"other")
    done = run(
        job / "job.py", "--checkpoint", tmp_path / "other", "--manifest", job / "manifest.json", "-o",
        tmp_path / "r.json",
    )  # fmt: skip
    assert done.exit_code == 3
    assert "other is not a component of manifest.json" in done.stderr


def test_another_id_than_the_manifest_s_is_refused(job, tmp_path):
    done = run(
        job / "job.py", "--checkpoint", job / "model.safetensors", "--manifest", job / "manifest.json",
        "--checkpoint-id", "toy-v2", "-o", tmp_path / "r.json",
    )  # fmt: skip
    assert done.exit_code == 3
    assert "manifest.json is about toy-v1, not about toy-v2" in done.stderr


def test_an_estimate_needs_no_checkpoint_and_writes_nothing(job):
    before = {path.name for path in job.iterdir()}
    done = run(job / "job.py", "--shadows", 4, "--attacks", "loss,lira", "--estimate", "--json")
    assert done.exit_code == 0, done.output
    values = json.loads(done.stdout)
    assert set(values["attacks_seconds"]) == {"loss", "lira"}
    assert values["regimes"] == ["synthetic"]
    assert values["units"] > 0
    assert {path.name for path in job.iterdir()} == before
