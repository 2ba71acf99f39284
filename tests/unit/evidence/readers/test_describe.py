"""Describe: any files of one checkpoint in, one merged description with origins, contradictions and gaps out."""

from __future__ import annotations

import json
import shutil

import pytest

from exeat.errors import BadInput
from exeat.evidence.describe import describe
from exeat.evidence.partial import complete
from exeat.evidence.readers.shape import Given
from exeat.model.manifest import Manifest
from tests.unit.evidence.factories_reports import all_samples
from tests.unit.evidence.readers.factories_readers import (
    BOM,
    CARD,
    DATA,
    LIGHTNING,
    MANIFESTS,
    RUN,
    SAFETENSORS,
    folder,
    given,
    made,
)

SINGLE = {
    "manifests/README.md": "a Hugging Face model card",
    "manifests/MLmodel": "an MLflow model",
    "manifests/bom.cdx.json": "a CycloneDX ML-BOM",
    "manifests/croissant.json": "a Croissant data set",
    "manifests/model.safetensors": "a safetensors file",
    "manifests/odrl_agreement.jsonld": "an ODRL agreement",
    "model_signing/model.sig": "an OpenSSF model-signing bundle",
    "model_signing/model.sig.payload.decoded.json": "an OpenSSF model-signing bundle",
    "checkpoints/a_good.pt": "a checkpoint file",
    "checkpoints/a2_fullmodule.pt": "a checkpoint file",
    "checkpoints/b_good.safetensors": "a safetensors file",
    "checkpoints/c_lightning.ckpt": "a PyTorch Lightning checkpoint",
}
ARRAYS = (
    "sacroml_lira/report_arrays_bf13ff00_instance_0.npz",
    "sacroml_structural/report_arrays_c1170bda_instance_0.npz",
)


@pytest.mark.parametrize("sample", SINGLE)
def test_each_sample_is_recognised_under_a_neutral_name(sample):
    described = describe([given(sample)])
    assert described.read == (("file-17", SINGLE[sample]),)
    assert described.unread == ()


def test_a_run_folder_is_read_whole():
    described = describe(folder(RUN, "run-7/"))
    assert described.read == (("run-7/meta.yaml", "an MLflow run"),)
    assert described.unread == ()


@pytest.mark.parametrize("name", [*all_samples(), "sacroml_lira/report.json", "sacroml_meta/report.json", *ARRAYS])
def test_each_report_is_set_aside_by_its_kind(name):
    file = made(all_samples()[name]) if name in all_samples() else given(name)
    described = describe([file])
    assert [one for one, _ in described.reports] == [file]
    assert described.read == described.unread == ()


def test_every_field_has_its_origin():
    merged = describe([given(CARD, "card"), given(BOM, "bom")]).merged
    assert [(f.origin.file, f.origin.place) for f in merged.facts_of("governance.licence")] == [
        ("card", "license_name"), ("bom", "metadata.component.licenses[0]"),
    ]  # fmt: skip
    assert all(fact.origin.reader and fact.origin.place for path in merged.paths for fact in merged.facts_of(path))


def test_sources_that_disagree_are_shown_and_not_settled():
    merged = describe([given(CARD, "card"), given(BOM, "bom")]).merged
    found = {one.path: [fact.value for fact in one.facts] for one in merged.contradictions}
    assert found["data_sources[icu-vitals-2024].name"] == ["north-hospital/icu-vitals-2024", "ICU vitals 2024"]
    assert merged.value("purpose") is None
    settled = merged.with_answers({"purpose": "Early warning research on retrospective data of intensive care."})
    assert "purpose" in {one.path for one in settled.contradictions}
    assert "purpose" not in {one.path for one in settled.unsettled}
    assert settled.value("purpose").startswith("Early warning")


def test_decimals_are_compared_by_value():
    merged = describe([given(CARD, "card"), given(SAFETENSORS, "weights")]).merged
    assert {fact.value for fact in merged.facts_of("dp.delta")} == {"0.0000010", "0.000001"}
    assert "dp.delta" not in {one.path for one in merged.contradictions}


def test_what_is_missing_is_said_in_a_sentence_each():
    gaps = {gap.path: gap.sentence for gap in describe([given(CARD)]).merged.gaps}
    assert gaps["checkpoint_id"].startswith("Which id does the checkpoint have?")
    assert gaps["metrics[test-roc-auc].n"] == "On how many records was it measured?"
    assert "purpose" not in gaps


@pytest.mark.parametrize("path", MANIFESTS, ids=[path.parent.name for path in MANIFESTS])
def test_a_manifest_alone_is_complete_and_stays_what_it_is(path):
    described = describe([Given("file-17", path=str(path))])
    assert described.merged.gaps == ()
    assert complete(described.merged) == Manifest.model_validate_json(path.read_bytes())


def test_a_listed_file_under_another_name_is_the_listed_one(tmp_path):
    source = MANIFESTS[0].parent
    manifest = json.loads((source / "manifest.json").read_text())
    files = [Given("manifest.json", path=str(source / "manifest.json"))]
    for i, part in enumerate(manifest["components"]):
        shutil.copy(source / part["path"], tmp_path / f"file-{i}")
        files.append(Given(f"file-{i}", path=str(tmp_path / f"file-{i}")))
    described = describe(files)
    assert described.unread == ()
    assert len(described.read) == len(files)
    assert {one.path for one in described.merged.contradictions} == set()
    assert complete(described.merged).components == Manifest.model_validate(manifest, strict=False).components


def test_a_listed_file_that_was_changed_contradicts_its_list():
    source = MANIFESTS[0].parent
    manifest = json.loads((source / "manifest.json").read_text())
    part = next(part for part in manifest["components"] if part["kind"] == "config")
    files = [made(manifest, "manifest.json"), made(b"changed", part["path"])]
    found = {one.path for one in describe(files).merged.contradictions}
    assert found == {f"components[{part['id']}].sha256", f"components[{part['id']}].bytes"}


def test_complete_names_the_first_contradiction_then_the_first_gap():
    merged = describe([given(CARD, "card"), given(BOM, "bom")]).merged
    with pytest.raises(BadInput, match=r"The sources disagree about .*\(card\).*\(bom\)"):
        complete(merged)
    with pytest.raises(BadInput, match="Which id does the checkpoint have"):
        complete(describe([given(CARD)]).merged)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b"name,age\nx,3\n", "This is not a format Exeat reads."),
        (b'schema = "exeat-policy/1"\n', "This is a policy; it does not describe a checkpoint."),
        (b"\x80\x04\x95tensorflow_privacy.AttackResults", "This is a pickled report"),
        (b"---\nlicense: [\n---\n", "The file is not valid YAML"),
    ],
)
def test_what_cannot_be_read_says_why(data, sentence):
    (unread,) = describe([made(data)]).unread
    assert unread.sentence.startswith(sentence)
    assert unread.what_to_do


def test_a_file_that_vanished_or_is_a_link_costs_only_itself(tmp_path):
    (tmp_path / "link").symlink_to(DATA / CARD)
    files = [given(CARD, "card"), Given("gone", path=str(tmp_path / "gone")), Given("l", path=str(tmp_path / "link"))]
    described = describe(files)
    assert [name for name, _ in described.read] == ["card"]
    assert [one.name for one in described.unread] == ["gone", "l"]


def test_a_checkpoint_and_a_card_together():
    described = describe([given(LIGHTNING, "last.ckpt"), given(CARD, "README.md")])
    assert [one.name for one in described.checkpoints] == ["last.ckpt"]
    assert described.merged.value("components[last.ckpt].bytes") == 124_364
