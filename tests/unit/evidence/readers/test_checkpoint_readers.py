"""Checkpoint readers: Lightning, Opacus, distributed and sharded folders, plain files; nothing is unpickled."""

from __future__ import annotations

import argparse

import pytest
import torch

from exeat.evidence.describe import describe
from exeat.evidence.given import files_of
from exeat.evidence.readers.shape import Given
from exeat.policy.epsilon import composed_epsilon
from tests.unit.evidence.corpus.healthy_training import gguf, onnx
from tests.unit.evidence.readers.factories_checkpoints import distributed, lightning_file, opacus, opacus_file, sharded
from tests.unit.evidence.readers.factories_readers import DATA, LIGHTNING, given, made, notes, value


def hyperparameters(file):
    document = describe([file]).merged.document()
    return document.get("hyperparameters", {}), str(document)


def test_lightning_says_where_in_training_it_was_saved():
    file = given(LIGHTNING)
    found = [value(path, file) for path in ("epoch", "global_step", "model.n_parameters", "training.framework")]
    assert found == [59, 1740, 9610, "PyTorch"]
    assert value("seeds[seed].value", file) == 2


def test_the_parts_beside_the_weights_are_named_and_decide_the_kind():
    file = given(LIGHTNING)
    assert value("components[file-17].kind", file) == "optimizer_state"
    parts = ["weights", "optimizer state", "hyperparameters", "callbacks", "member indices"]
    assert value("components[file-17].contains", file) == parts
    assert "exeat minimise keeps the weights alone" in notes(file)


def test_no_path_and_no_index_of_a_record_reaches_the_manifest():
    settings, document = hyperparameters(given(LIGHTNING))
    assert settings == {"lr": "0.001", "batch_size": 32}
    assert "patients_2024" not in document
    assert "alice" not in document
    assert "train_indices (898 entries) was added by hand" in notes(given(LIGHTNING))
    assert "hyper_parameters.data_dir holds a path" in notes(given(LIGHTNING))
    assert "hyper_parameters.path is an object (pathlib.PosixPath)" in notes(given(LIGHTNING))


KEPT_OUT = {
    "train_indices": [4, 8, 15],
    "val_ids": "4 8 15",
    "order": list(range(17)),
    "picked": " ".join(map(str, range(17))),
    "nested": {"subject_ids": ("P01", "P02")},
    "where": "--data /mnt/nhs/x.csv",
    "mail": "alice@hospital.example",
    "bucket": "s3://hospital/x",
    "share": r"\\server\patients",
    "home": "~/data",
    "args": argparse.Namespace(lr=1),
    "weights": torch.ones(3),
}


@pytest.mark.parametrize("name", KEPT_OUT)
def test_settings_that_may_name_records_or_places_are_left_out_with_a_note(tmp_path, name):
    path = lightning_file(tmp_path / "x", hyper_parameters={"lr": 0.1, name: KEPT_OUT[name]})
    settings, _ = hyperparameters(Given("f", path=str(path)))
    assert settings == {"lr": "0.1"}
    assert f"hyper_parameters.{name}" in notes(Given("f", path=str(path)))


def test_nested_settings_and_namespaces_are_read(tmp_path):
    given_as = argparse.Namespace(optim={"name": "adam", "betas": (0.9, 0.99)}, layers=[64, 64], use_bias=True)
    path = lightning_file(tmp_path / "x", hyper_parameters=given_as)
    assert hyperparameters(Given("f", path=str(path)))[0] == {
        "optim.name": "adam", "optim.betas": "0.9 0.99", "layers": "64 64", "use_bias": True,
    }  # fmt: skip


def test_settings_that_contain_themselves_come_to_an_end(tmp_path):
    endless: dict[str, object] = {}
    for i in range(30):
        endless[f"k{i}"] = endless
    path = lightning_file(tmp_path / "x", hyper_parameters=endless)
    assert "k0.k1 is an object (dict), no setting" in notes(Given("f", path=str(path)))


def test_an_opacus_checkpoint_as_opacus_writes_it(tmp_path):
    opacus(tmp_path / "x")
    file = Given("f", path=str(tmp_path / "x"))
    assert describe([file]).read == (("f", "an Opacus checkpoint"),)
    found = [value(f"dp.{name}", file) for name in ("noise_multiplier", "sample_rate", "steps", "accountant")]
    assert found == ["1.0", "0.5", 2, "rdp"]
    assert value("dp.claimed", file) is None


def test_epsilon_follows_from_the_history_once_delta_is_stated(tmp_path):
    path = opacus_file(tmp_path / "x", [(1.1, 0.01, 600), (1.1, 0.01, 400)])
    file = Given("f", path=str(path))
    assert value("dp.steps", file) == 1000
    assert "holds no delta" in notes(file)
    assert "gives epsilon" not in notes(file)
    exact = composed_epsilon(((1.1, 0.01, 1000),), delta=1e-5)
    card = made(
        "---\nmodel-index:\n- results:\n  - metrics:\n    - {type: dp_epsilon, value: 9, args: {delta: 1e-5}}\n---\n"
    )
    assert f"history gives epsilon {exact.tightest:.4g} to {exact.loosest:.4g} at delta 0.00001" in notes(file, card)


def test_several_phases_are_composed_and_named(tmp_path):
    path = opacus_file(tmp_path / "x", [(1.1, 0.01, 600), (2, 0.02, 400)])
    file = Given("f", path=str(path))
    assert value("dp.noise_multiplier", file) is None
    assert value("dp.composition", file) == [
        "noise 1.1, sample rate 0.01, 600 steps", "noise 2, sample rate 0.02, 400 steps",
    ]  # fmt: skip


@pytest.mark.parametrize("history", [[], [(1.0, 0.5)], [("a", 0.5, 1)], [(1.0, 0.5, -1)], "none"])
def test_a_history_that_is_none_is_refused(tmp_path, history):
    path = opacus_file(tmp_path / "x", history)
    (unread,) = describe([Given("f", path=str(path))]).unread
    assert "accountant's history" in unread.sentence


def test_a_distributed_folder_names_its_files_and_counts_the_weights(tmp_path):
    distributed(tmp_path / "step-3")
    described = describe(files_of([tmp_path / "step-3"]))
    assert described.read == ((".metadata", "a PyTorch distributed checkpoint"),)
    assert described.unread == ()
    merged = described.merged
    assert merged.value("model.n_parameters") == 492
    assert merged.value("components[0_0.distcp].kind") == "optimizer_state"
    assert merged.value("components[0_0.distcp].contains") == ["weights", "optimizer state"]
    assert merged.value("components[0_0.distcp].bytes") == (tmp_path / "step-3" / "__0_0.distcp").stat().st_size


def test_a_distributed_folder_without_its_data_says_so(tmp_path):
    distributed(tmp_path / "x")
    metadata = Given("file-1", path=str(tmp_path / "x" / ".metadata"))
    assert "__0_0.distcp is named by the metadata and is not in the folder." in notes(metadata)


def test_a_sharded_folder_is_counted_over_its_shards(tmp_path):
    described = describe(files_of([sharded(tmp_path / "m")]))
    assert described.read == (("model.safetensors.index.json", "the index of a sharded model"),)
    assert described.unread == ()
    assert described.merged.value("model.n_parameters") == 7
    assert described.merged.value("components[b.safetensors].kind") == "weights"


def test_a_shard_that_is_missing_leaves_the_count_open(tmp_path):
    files = files_of([sharded(tmp_path / "m", b="c.safetensors")])
    described = describe(files)
    assert described.merged.value("model.n_parameters") == 4  # c.safetensors alone is a file of its own
    assert "b.safetensors is named by the index and is not in the folder." in notes(*files)


@pytest.mark.parametrize(
    ("sample", "form", "parameters"),
    [
        ("a_good.pt", "pytorch-zip", 9610),
        ("a2_fullmodule.pt", "pytorch-zip", 9610),
        ("b_good.safetensors", "safetensors", 9610),
    ],
)
def test_a_plain_checkpoint_file_is_a_component_with_its_count(sample, form, parameters):
    file = given(f"checkpoints/{sample}")
    size = (DATA / "checkpoints" / sample).stat().st_size
    found = [value(f"components[file-17].{name}", file) for name in ("kind", "format", "bytes", "path")]
    assert found == ["weights", form, size, "file-17"]
    assert value("model.n_parameters", file) == parameters


@pytest.mark.parametrize(("write", "form", "parameters"), [(onnx, "onnx", 2), (gguf, "gguf", 8)], ids=["onnx", "gguf"])
def test_exchange_formats_are_components_too(tmp_path, write, form, parameters):
    write(tmp_path / "x")
    file = Given("f", path=str(tmp_path / "x"))
    assert describe([file]).read == (("f", "a checkpoint file"),)
    assert value("components[f].format", file) == form
    assert value("model.n_parameters", file) == parameters


def test_an_upload_is_read_like_a_file():
    data = (DATA / LIGHTNING).read_bytes()
    assert describe([Given("u", data)]).merged.document() == describe([given(LIGHTNING, "u")]).merged.document()


def test_a_class_that_a_file_needs_is_noted_and_never_made():
    assert "needs the class __main__.MLP" in notes(given("checkpoints/a2_fullmodule.pt"))
