"""What each format of manifest says, value by value; what does not fit is a note and never a guess."""

from __future__ import annotations

import pytest

from exeat.evidence.describe import describe
from tests.unit.evidence.readers.factories_readers import (
    BOM,
    CARD,
    CROISSANT,
    MLMODEL,
    ODRL,
    RUN,
    SAFETENSORS,
    folder,
    given,
    made,
    notes,
    safetensors,
    value,
)

CLAIM = {"dp.epsilon": "6.0", "dp.claimed": True, "dp.accountant": "prv", "dp.unit": "patient"}
SAID = {
    CARD: {
        "title": "sepsis-gru-dp-e30",
        "purpose": "Early warning research on retrospective ICU data.",
        "out_of_scope": "bedside use, linkage with registries, membership or attribute inference.",
        "governance.licence": "ckpt-controlled-access-1.0",
        "training.framework": "PyTorch",
        "metrics[test-roc-auc].value": "0.861",
        "metrics[test-roc-auc].unit": "fraction",
        "metrics[test-mia-lira-tpr-at-fpr-0.001].value": None,
        **CLAIM,
    },
    MLMODEL: {
        "checkpoint_id": "ckpt-2026-0042",
        "run_id": "8a1c4a1d5b9a4f0cb5a8f0f2a3b4c5d6",
        "created_at": "2026-11-20T09:14:03.221457Z",
        "training.framework_version": "2.13.0",
        "model.inputs": ["float32[-1,48,37]"],
        "dp.clip_norm": "1.0",
        "retention.retain_until": "2029-06-30",
        **CLAIM,
    },
    BOM: {
        "model.family": "recurrent",
        "model.architecture": "GRU",
        "seeds[torch].value": 1337,
        "masked[dates].reversible": "by_controller",
        "metrics[test-roc-auc].ci_high": "0.870",
        "data_sources[icu-vitals-2024].sensitivity": ["personal"],
        "governance.custodian": "North Hospital",
        "training.framework_version": "2.13.0",
        "components[diagnostics.parquet].path": "diagnostics.parquet",
        **CLAIM,
    },
    CROISSANT: {
        "data_sources[icu-vitals-2024].version": "2024.2.0",
        "data_sources[icu-vitals-2024].duo": ["DUO:0000006"],
        "data_sources[icu-vitals-2024].sensitivity": ["personal", "special_category"],
    },
    SAFETENSORS: {
        "checkpoint_id": "ckpt-2026-0042",
        "model.n_parameters": 1088,
        "seeds[sampler].value": 4242,
        "components[file-17].bytes": 5056,
        **CLAIM,
    },
}


@pytest.mark.parametrize("sample", SAID)
def test_the_fields_of_a_sample(sample):
    merged = describe([given(sample)]).merged
    assert {path: merged.value(path) for path in SAID[sample]} == SAID[sample]


def test_a_run_says_its_settings_and_leaves_accounts_and_places_out():
    merged = describe(folder(RUN)).merged
    assert merged.value("hyperparameters[batch_size]") == 256
    assert merged.value("seeds[seed].value") == 1337
    assert merged.value("training.started_at") == "2025-11-20T01:13:20.114000Z"
    assert "mlops" not in str(merged.document())
    assert "mlruns" not in str(merged.document())
    assert "user_id names a place or an account" in str(merged.notes)


def test_the_last_line_of_a_history_counts():
    meta = made("run_id: r\nartifact_uri: x\nexperiment_id: '1'\nlifecycle_stage: active\n", "meta.yaml")
    history = made("1700000000000 0.5 1\n1700000000001 0.75 2\n", "metrics/val_f1")
    assert value("metrics[val-f1].value", meta, history) == "0.75"
    assert value("metrics[val-f1].split", meta, history) == "val"


def test_privacy_figures_without_a_report_are_notes():
    for sample in (CARD, BOM):
        assert "a privacy figure counts when a risk report carries it" in notes(given(sample))
        assert not [path for path in describe([given(sample)]).merged.paths if "mia" in path]


def test_an_agreement_says_nothing_of_the_checkpoint():
    described = describe([given(ODRL)])
    assert described.merged.paths == ()
    assert "count lteq 500 urn:ckpt:unit:queries-per-day" in notes(given(ODRL))
    assert "prohibition: distribute of urn:ckpt:ckpt-2026-0042." in notes(given(ODRL))


HPARAMS = "lr: 0.001\nseed: 7\nmodel:\n  hidden: [64, 64]\n  dropout: .1\nnoise_multiplier: 1.1\ntrain_idx: [1, 2]\n"


def test_a_file_of_hyperparameters():
    merged = describe([made(HPARAMS)]).merged
    found = merged.document()["hyperparameters"]
    assert found == {"lr": "0.001", "model.hidden": "64 64", "model.dropout": "0.1", "noise_multiplier": "1.1"}
    assert (merged.value("seeds[seed].value"), merged.value("dp.noise_multiplier")) == (7, "1.1")
    assert "train_idx is named like a list of records; no value of it is read." in notes(made(HPARAMS))


@pytest.mark.parametrize(
    "text",
    [
        "name: CI\non: push\njobs:\n  test: {}\n",
        "services:\n  web: {}\n",
        "- a\n- b\n",
        "lr 0.1\n",
        "Seed: the plant\n",
    ],
)
def test_other_yaml_is_no_file_of_hyperparameters(text):
    assert describe([made(text)]).read == ()


def test_a_card_without_figures_takes_its_title_from_the_heading():
    card = (
        "---\nlicense: mit\nlibrary_name: torch\n---\n# Model Card for Sepsis GRU\n## Uses\n[More Information Needed]\n"
    )
    assert value("title", made(card)) == "Sepsis GRU"
    assert value("purpose", made(card)) is None
    assert value("governance.licence", made(card)) == "mit"


def test_a_heading_inside_a_code_fence_is_text():
    card = "---\nlicense: mit\n---\n## Uses\nFirst.\n```\n# not a heading\n```\nLast.\n<!-- ## Limitations -->\n"
    assert value("purpose", made(card)) == "First.\n```\n# not a heading\n```\nLast."
    assert value("limitations", made(card)) is None


def test_a_figure_in_percent_keeps_its_number_and_gets_no_unit():
    bom = {
        "bomFormat": "CycloneDX",
        "metadata": {
            "component": {
                "type": "machine-learning-model",
                "name": "m",
                "modelCard": {
                    "quantitativeAnalysis": {
                        "performanceMetrics": [
                            {"type": "accuracy", "value": "86.1", "slice": "test"},
                            {"type": "accuracy", "value": "86.1 %", "slice": "age>=90"},
                        ]
                    }
                },
            }
        },
    }
    assert value("metrics[test-accuracy].value", made(bom)) == "86.1"
    assert value("metrics[test-accuracy].unit", made(bom)) is None
    assert "'86.1 %' does not fit" in notes(made(bom))


def test_several_files_of_a_data_set_have_no_digest_in_common():
    files = [{"sha256": "a" * 64}, {"sha256": "b" * 64}]
    data = {"conformsTo": "http://mlcommons.org/croissant/1.0", "name": "d", "distribution": files}
    assert value("data_sources[d].digest", made(data)) is None
    assert "lists 2 digests" in notes(made(data))


def test_metadata_without_a_place_is_a_note():
    file = made(safetensors(metadata={"format": "pt", "epoch": "3", "colour": "blue", "ckpt.seeds": '{"torch": 1}'}))
    assert (value("epoch", file), value("seeds[torch].value", file)) == (3, 1)
    assert "__metadata__.colour has no place in the manifest: blue." in notes(file)


def test_data_sets_of_several_sources_are_told_apart_by_their_id():
    merged = describe([given(CARD, "card"), given(CROISSANT, "data")]).merged
    (source,) = merged.document()["data_sources"]
    assert (source["id"], source["role"], source["version"]) == ("icu-vitals-2024", "train", "2024.2.0")
