"""What a file is, by content alone."""

from __future__ import annotations

import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exeat.errors import BadInput
from exeat.evidence.recognise import recognise
from exeat.policy.adoption import load_default
from tests.unit.evidence.factories_evidence import as_bytes, binding, event, manifest, proposal, report
from tests.unit.evidence.factories_reports import DATA


def zipped(name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(name, b"x")
    return buffer.getvalue()


def parquet():
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), buffer)
    return buffer.getvalue()


def last_key_first(document):
    return json.dumps(dict(reversed(document.items()))).encode()


KNOWN = [
    (as_bytes(manifest()), "exeat-manifest/1"),
    (last_key_first(manifest()), "exeat-manifest/1"),
    (json.dumps(report(), indent=4).encode(), "exeat-risk-report/1"),
    (as_bytes(proposal(manifest_sha256="x")), "exeat-release/1"),
    (as_bytes(binding(files={})), "exeat-binding/1"),
    (load_default(), "exeat-policy/1"),
    (as_bytes(event()) + b"\n{bad", "exeat-access-event/1"),
    (last_key_first(event()) + b"\n{bad", "exeat-access-event/1"),
    (parquet(), "access-parquet"),
    (b'{"LiRA Attack_1": {"metadata": {"sacroml_version": "2.0.1"}}}', "sacroml/2"),
    (b'{"LiRA Attack_1": {"metadata": {"sacroml_version": "1.4.3"}}}', "sacroml/1"),
    (zipped("archive/data.pkl"), "checkpoint-file"),
    (zipped("fpr.npy"), "record-arrays"),
    (b"\x80\x02}q\x00.", "checkpoint-file"),
    (b"\x80\x05\x95\x00", "checkpoint-file"),
    (b"\x40\x00\x00\x00\x00\x00\x00\x00" + b'{"w": {"dtype": "F32"}}', "checkpoint-file"),
    (b"\x93NUMPY\x01", "checkpoint-file"),
    (b"GGUF\x03", "checkpoint-file"),
]


@pytest.mark.parametrize(("data", "kind"), KNOWN, ids=[kind for _, kind in KNOWN])
def test_known_content_is_recognised(data, kind):
    assert recognise(data) == kind


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"name,age\nx,3\n", "not a format Exeat reads"),
        (b"[1, 2]", "not a format Exeat reads"),
        (b"{}", "not a format Exeat reads"),
        (b'{"a": 1}', "not a format Exeat reads"),
        (b'{"schema": "exeat-manifest/9"}', '"exeat-manifest/9" is not one'),
        (b'{"a": 1, "schema": "other/1"}', '"other/1" is not one'),
        (b'{"schema": 7}', "not a format Exeat reads"),
        (b"\xef\xbb\xbf{}", "byte-order mark"),
        ('{"schema": "exeat-manifest/1"}'.encode("utf-16"), "byte-order mark"),
        (b'{"a": ', "not valid JSON"),
        (b"\x00\x01\x02", "not a format"),
        (b"<html></html>", "not a format"),
    ],
)
def test_unknown_content_gets_a_sentence_and_what_exeat_reads(data, words):
    with pytest.raises(BadInput, match=words) as caught:
        recognise(data)
    assert caught.value.what_to_do


def test_the_name_says_nothing(home):
    result = home.ingest(**{"policy.toml": as_bytes(manifest()), "weights.safetensors": as_bytes(report())})
    assert {item.name: item.kind for item in result.accepted} == {
        "inbox/policy.toml": "exeat-manifest/1",
        "inbox/weights.safetensors": "exeat-risk-report/1",
    }


FOREIGN = [
    ("manifests/README.md", "This is a Hugging Face model card: it describes a checkpoint in part"),
    ("manifests/MLmodel", "This is an MLflow model: it"),
    ("manifests/mlflow_run/meta.yaml", "This is an MLflow run: it"),
    ("manifests/bom.cdx.json", "This is a CycloneDX ML-BOM: it"),
    ("manifests/croissant.json", "This is a Croissant data set: it"),
    ("manifests/odrl_agreement.jsonld", "This is an ODRL agreement: it"),
    ("model_signing/model.sig", "This is an OpenSSF model-signing bundle: it"),
]


@pytest.mark.parametrize(("sample", "words"), FOREIGN, ids=[name for name, _ in FOREIGN])
def test_another_kind_of_manifest_is_named_with_the_way_to_ours(sample, words):
    with pytest.raises(BadInput) as caught:
        recognise((DATA / sample).read_bytes())
    assert caught.value.headline.startswith(words)
    assert "exeat describe" in caught.value.what_to_do
    assert "Prepare a release" in caught.value.what_to_do


def test_intake_keeps_the_card_as_a_reject_with_that_sentence(home):
    (record,) = home.ingest(card=(DATA / "manifests/README.md").read_bytes()).rejected
    assert record.reason.startswith("This is a Hugging Face model card")
