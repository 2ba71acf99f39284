"""What is committed under data/ holds together without the script that made it."""

import json
from pathlib import Path

import pytest

from exeat.evidence.binding import parse_binding
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.inspection import Channel
from exeat.model.manifest import Manifest
from exeat.model.minimisation import Minimisation
from exeat.model.policy import Policy
from exeat.model.release import Proposal
from exeat.model.risk_report import RiskReport
from exeat.policy.epsilon import recompute
from exeat.policy.matrix import lint

DATA = Path(__file__).resolve().parents[3] / "data"
FOLDERS = sorted((DATA / "checkpoints").iterdir())
RECORDS = sorted((DATA / "checkpoints").glob("*/minimisation.json"))
REPORTS = sorted((DATA / "reports").glob("*/*.json"))
SACRO = sorted((DATA / "reports").glob("*/sacro*"))
PROPOSALS = sorted((DATA / "releases").glob("*.json"))
BESIDE = {"manifest.json", "minimisation.json"}
WRONG_ON_PURPOSE = {"glyco-mlp-v4"}


def name(path):
    return path.relative_to(DATA).as_posix()


def manifest_of(checkpoint_id):
    return parse_document((DATA / "checkpoints" / checkpoint_id / "manifest.json").read_bytes(), Manifest)


def test_there_are_enough_checkpoints_lineages_and_shapes():
    manifests = [manifest_of(folder.name) for folder in FOLDERS]
    assert len(manifests) >= 10
    assert len({m.lineage.run_family for m in manifests}) >= 3
    formats = {c.format for m in manifests for c in m.components}
    assert {"pytorch-zip", "safetensors", "lightning-zip", "csv", "parquet"} <= formats
    assert sum(c.bytes for m in manifests for c in m.components) < 3 * 2**20


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_the_manifest_lists_exactly_the_files_beside_it(folder):
    manifest = manifest_of(folder.name)
    assert manifest.checkpoint_id == folder.name
    listed = {c.path: (c.bytes, c.sha256) for c in manifest.components}
    found = {p.name: p.read_bytes() for p in folder.iterdir() if p.name not in BESIDE}
    assert listed == {path: (len(data), digest_of(data)) for path, data in found.items()}


@pytest.mark.parametrize("path", RECORDS, ids=name)
def test_each_record_of_a_minimised_file_is_about_the_two_files_beside_it(path):
    record = parse_document(path.read_bytes(), Minimisation)
    source, output = ((path.parent / one).read_bytes() for one in (record.source, record.output))
    assert (record.source_sha256, record.output_sha256) == (digest_of(source), digest_of(output))
    assert record.proof.torch == "same"
    assert Channel.ABSOLUTE_PATH in {one.channel for one in record.closed}
    assert record.left == ()


def test_some_sample_shows_a_minimised_file():
    assert {path.parent.name for path in RECORDS} == {"glyco-mlp-v2", "onco-mlp-v3"}


@pytest.mark.parametrize("path", REPORTS, ids=name)
def test_each_report_is_about_files_of_its_checkpoint(path):
    report = parse_document(path.read_bytes(), RiskReport)
    assert report.subject.checkpoint_id == path.parent.name
    listed = {c.sha256 for c in manifest_of(path.parent.name).components}
    assert set(report.subject.component_sha256) <= listed
    assert report.worst_records is None or report.worst_records.withheld_sha256 is None


@pytest.mark.parametrize("folder", SACRO, ids=name)
def test_each_foreign_report_is_bound_by_digest_and_carries_no_record(folder):
    binding = parse_binding((folder / "binding.json").read_bytes())
    data = (folder / "report.json").read_bytes()
    assert binding.files == {"report.json": digest_of(data)}
    assert set(binding.component_sha256) <= {c.sha256 for c in manifest_of(binding.checkpoint_id).components}
    assert all(entry["metadata"]["sacroml_version"] == "2.0.1" for entry in json.loads(data).values())
    assert b'"individual"' not in data


def test_foreign_reports_cover_several_attacks_and_no_array_is_committed():
    assert len({folder.parent.name for folder in SACRO}) >= 4
    text = b"".join((folder / "report.json").read_bytes() for folder in SACRO)
    for attack in (b"LiRA Attack", b"WorstCase", b"QMIA", b"Structural"):
        assert attack in text
    assert [p for pattern in ("*.npz", "*.npy", "*.pkl", "*.pdf") for p in DATA.rglob(pattern)] == []


@pytest.mark.parametrize("path", PROPOSALS, ids=name)
def test_each_proposal_names_a_manifest_and_components_that_exist(path):
    proposal = parse_document(path.read_bytes(), Proposal)
    manifest = DATA / "checkpoints" / proposal.checkpoint_id / "manifest.json"
    assert proposal.manifest_sha256 == digest_of(manifest.read_bytes())
    ids = {c.id for c in manifest_of(proposal.checkpoint_id).components}
    assert {c.component_id for c in proposal.components} <= ids


def test_the_policy_is_valid_and_its_matrix_monotone():
    policy = parse_document((DATA / "policy.toml").read_bytes(), Policy)
    assert lint(policy) == ()
    assert policy.policy_id != "default"


def test_every_claimed_epsilon_is_supported_but_the_one_that_is_wrong_on_purpose():
    claims = {f.name: dp for f in FOLDERS if (dp := manifest_of(f.name).dp) is not None and dp.claimed}
    unsupported = {name for name, dp in claims.items() if dp.epsilon < recompute(dp).tightest}
    assert len(claims) >= 4
    assert unsupported == WRONG_ON_PURPOSE


def test_the_readme_tells_the_figures_of_the_files():
    readme = (DATA / "README.md").read_text()
    for folder in FOLDERS:
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| {folder.name} |")]
        manifest = manifest_of(folder.name)
        accuracy = next(m.value for m in manifest.metrics if m.split == "test" and m.subgroup is None)
        report = parse_document(
            (DATA / "reports" / folder.name / f"{folder.name}-membership.json").read_bytes(), RiskReport
        )
        areas = [i for i in report.indicators if i.indicator_id.endswith(".auc") and i.regime == "real"]
        worst = max(areas, key=lambda i: i.ci_high)
        assert f"| {accuracy:.3f} |" in row
        assert f"{worst.value:.3f} [{worst.ci_low:.3f}, {worst.ci_high:.3f}]" in row
        assert manifest.dp is None or f"ε {manifest.dp.epsilon}" in row
    assert [p.stem for p in PROPOSALS if f"`{p.stem.split('.')[0]}`" not in readme] == []
