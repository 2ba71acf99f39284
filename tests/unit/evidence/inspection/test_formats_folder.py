"""Folders as one checkpoint: sharded, distributed, ONNX with its data; no file in them is passed over."""

from __future__ import annotations

import json
import os
import shutil

import pytest
import torch
from torch.distributed.checkpoint import FileSystemReader, load

from exeat.errors import BadInput
from exeat.evidence.inspection import open_checkpoint
from tests.unit.evidence.corpus import healthy_training, polyglots
from tests.unit.evidence.corpus.opcodes import Call, Glob, emit, stream
from tests.unit.evidence.corpus.shape import Mark
from tests.unit.evidence.inspection.factories_formats import (
    ONE,
    away,
    codes,
    onnx,
    onnx_tensor,
    raw,
    safetensors,
    seen,
)

RUNS = b"cos\nsystem\n(S'true'\ntR."
INDEX = {"metadata": {"total_size": 4}, "weight_map": {"a": "one.safetensors"}}


@pytest.fixture
def folder(tmp_path):
    """A sharded folder of one shard."""
    path = tmp_path / "model"
    path.mkdir()
    (path / "one.safetensors").write_bytes(safetensors(ONE))
    (path / "model.safetensors.index.json").write_text(json.dumps(INDEX))
    (path / "config.json").write_text('{"model_type": "mlp"}')
    (path / "README.md").write_text("# Trained on S\nThis text begins like a pickle and is none.\n")
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A distributed checkpoint as torch writes it."""
    path = tmp_path_factory.mktemp("dcp") / "dcp"
    healthy_training.distributed(path)
    return path


@pytest.fixture
def dcp(written, tmp_path):
    return shutil.copytree(written, tmp_path / "dcp")


def test_a_sharded_folder_is_opened_file_by_file(folder):
    with open_checkpoint(folder) as opened:
        assert opened.problems == []
        assert opened.format == "sharded"
        assert opened.bytes == sum(path.stat().st_size for path in folder.iterdir())
        assert sum(member.bytes for member in opened.members) == opened.bytes
        assert {text.place for text in opened.texts} == {"README.md", "config.json", "model.safetensors.index.json"}
        (tensor,) = opened.tensors
        assert (tensor.name, tensor.storage.file, bytes(opened.bytes_of(tensor))) == ("a", "one.safetensors", b"1234")


def index(**changes):
    return json.dumps(INDEX | changes)


@pytest.mark.parametrize(
    ("text", "code", "verdict"),
    [
        (index(weight_map={"a": "one.safetensors", "b": "two.safetensors"}), "file-cut", "unreadable"),
        (index(weight_map={"a": "one.safetensors", "b": "one.safetensors"}), "missing-tensor", "unreadable"),
        (index(weight_map={"a": "../one.safetensors"}), "outside-folder", "unsafe"),
        (index(weight_map={"a": "/one.safetensors"}), "outside-folder", "unsafe"),
        (index(weight_map={"a": 1}), "header-damaged", "unreadable"),
        ('{"weight_map": {"a": "x", "a": "y"}}', "duplicate-key", "unsafe"),
        ('{"weight_map": ', "header-damaged", "unreadable"),
    ],
)
def test_an_index_that_is_wrong(folder, text, code, verdict):
    (folder / "model.safetensors.index.json").write_text(text)
    assert codes(seen(folder)) == [(code, verdict)]


@pytest.mark.parametrize("name", ["optimizer.bin", "notes.txt", "deep/er/x", ".hidden", "one.json"])
def test_a_pickle_under_any_name_is_found(folder, name):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(RUNS)
    (problem,) = seen(folder).problems
    assert problem.code == "dangerous-global"
    assert problem.place.startswith(name)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("modeling.py", "import torch\n", "code-file"),
        ("config.json", '{"auto_map": {"AutoModel": "modeling.M"}}', "remote-code"),
        ("tokenizer_config.json", json.dumps({"chat_template": "{{ x.__class__ }}"}), "template-code"),
        (
            "tokenizer_config.json",
            json.dumps({"chat_template": [{"name": "t", "template": "{{ x|attr('a') }}"}]}),
            "template-code",
        ),
        ("chat_template.jinja", "{{ x.__class__ }}", "template-code"),
    ],
)
def test_text_that_a_loader_runs_is_unsafe(folder, name, text, code):
    (folder / name).write_text(text)
    assert codes(seen(folder)) == [(code, "unsafe")]


def test_plain_templates_and_text_are_not_code(folder):
    template = {"chat_template": "{% for m in messages %}{{ m['role'] }}{% endfor %}", "eos_token": "__end__"}
    (folder / "tokenizer_config.json").write_text(json.dumps(template))
    assert seen(folder).problems == []


def test_what_cannot_be_read_is_named(folder):
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (folder / "empty").write_bytes(b"")
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(folder / "config.json")
    opened = seen(folder)
    told = {problem.place: problem.verdict for problem in opened.problems}
    assert set(told) == {"logo.png", "pipe", "link"}
    assert set(told.values()) == {"unreadable"}


def test_a_link_to_a_folder_is_not_followed(folder, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_bytes(RUNS)
    (folder / "more").symlink_to(tmp_path / "other")
    assert [place for *_, place in seen(folder).problems] == ["more"]


def test_an_empty_folder_is_unreadable_and_a_missing_one_an_error(tmp_path):
    (tmp_path / "none").mkdir()
    assert codes(seen(tmp_path / "none")) == [("empty-folder", "unreadable")]
    with pytest.raises(BadInput):
        open_checkpoint(tmp_path / "gone")


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")  # one process is what we want
def test_distributed_tensors_have_the_values_that_torch_gives(written):
    with open_checkpoint(written) as opened:
        assert opened.problems == []
        assert opened.format == "torch-distributed"
        assert {member.file for member in opened.members} == {".metadata", "__0_0.distcp"}
        expected = loaded(written, {ref.name: ref.shape for ref in opened.tensors})
        for ref in opened.tensors:
            assert bytes(opened.bytes_of(ref)) == expected[ref.name].numpy().tobytes(), ref.name
        assert {"model.0.weight", "optimizer.state.0.exp_avg"} <= set(expected)
        assert any(tree.place == ".metadata" for tree in opened.trees)
        assert any(
            list(tree.value) == ["optimizer.param_groups.0.lr"] for tree in opened.trees if isinstance(tree.value, dict)
        )


def loaded(path, shapes):
    """The tensors as torch's own reader of distributed checkpoints fills them."""
    reader = FileSystemReader(path)
    kinds = reader.read_metadata().state_dict_metadata
    state = {name: torch.empty(shape, dtype=kinds[name].properties.dtype) for name, shape in shapes.items()}
    load(state, storage_reader=reader, no_dist=True)
    return state


def test_a_shard_with_bytes_that_nothing_names(dcp):
    shard = dcp / "__0_0.distcp"
    shard.write_bytes(shard.read_bytes() + RUNS)
    assert codes(seen(dcp)) == [("trailing-bytes", "unsafe")]


def test_a_shard_that_is_cut_or_gone(dcp):
    shard = dcp / "__0_0.distcp"
    shard.write_bytes(shard.read_bytes()[:-1])
    assert codes(seen(dcp)) == [("file-cut", "unreadable")]
    shard.unlink()
    assert codes(seen(dcp)) == [("missing-file", "unreadable")]


def test_a_shard_that_the_metadata_does_not_name(dcp):
    (dcp / "__1_0.distcp").write_bytes(RUNS)
    opened = seen(dcp)
    assert [problem.code for problem in opened.problems] == ["dangerous-global"]
    assert [member.file for member in opened.unlisted] == ["__1_0.distcp"]


def test_metadata_may_use_its_own_classes_and_nothing_else(dcp):
    data = (dcp / ".metadata").read_bytes()
    (dcp / ".metadata").write_bytes(data + b"N.")
    assert ("trailing-bytes", "unsafe") in codes(seen(dcp))
    (dcp / ".metadata").write_bytes(stream(Call(Glob("torch.distributed.checkpoint.planner", "X")), 4))
    assert codes(seen(dcp))[0] == ("dangerous-global", "unsafe")


@pytest.mark.parametrize("offset", [-1, 10**5000, "0", None], ids=["negative", "huge", "text", "none"])
def test_places_that_are_none_are_refused(dcp, offset):
    home = "torch.distributed.checkpoint."
    index = built(home + "metadata", "MetadataIndex", {"fqn": "w", "offset": (10**5000,), "index": 0})
    info = built(home + "filesystem", "_StorageInfo", {"relative_path": "__0_0.distcp", "offset": offset, "length": 9})
    stored = b"}" + index + info + b"s"
    data = b"\x80\x04" + built(home + "metadata", "Metadata", {}, key=b"X\x0c\x00\x00\x00storage_data" + stored) + b"."
    (dcp / ".metadata").write_bytes(data)
    assert ("metadata-odd", "unsafe") in codes(seen(dcp))


def built(module, name, state, *, key=b""):
    """The opcodes of an object whose state is a dict."""
    items = b"".join(emit_any(part) for pair in state.items() for part in pair) + key
    return emit(Glob(module, name), 4) + b")\x81}(" + items + b"ub"


def emit_any(value):
    if isinstance(value, tuple):
        return b"(" + b"".join(map(emit_any, value)) + b"t"
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8b" + len(data).to_bytes(4, "little") + data
    return emit(value, 4)


def test_a_metadata_class_in_another_pickle_is_foreign(tmp_path):
    opened = seen(tmp_path / "x", stream(Call(Glob("torch.distributed.checkpoint.metadata", "Metadata")), 4))
    assert codes(opened) == [("dangerous-global", "unsafe")]


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "onnx"
    path.mkdir()
    (path / "model.onnx").write_bytes(onnx(onnx_tensor(raw=away(location="w.bin", offset="4", length="8"))))
    (path / "w.bin").write_bytes(bytes(4) + bytes(range(5, 13)))
    return path


def test_onnx_data_beside_the_model_is_found(model):
    with open_checkpoint(model) as opened:
        assert opened.problems == []
        assert opened.format == "onnx"
        (tensor,) = opened.tensors
        assert bytes(opened.bytes_of(tensor)) == bytes(range(5, 13))
        assert opened.notes == []


def test_onnx_data_that_is_cut_missing_or_something_else(model):
    (model / "w.bin").write_bytes(bytes(8))
    assert codes(seen(model)) == [("file-cut", "unreadable")]
    (model / "w.bin").write_bytes(RUNS)
    assert ("dangerous-global", "unsafe") in codes(seen(model))
    (model / "w.bin").unlink()
    assert codes(seen(model)) == [("missing-file", "unreadable")]


def test_a_model_that_reads_outside_its_folder(model):
    (model / "model.onnx").write_bytes(onnx(onnx_tensor(raw=away(location="../secret"))))
    assert ("external-data-outside", "unsafe") in codes(seen(model))
    (model / "model.onnx").write_bytes(onnx(onnx_tensor(raw=raw())))
    assert codes(seen(model)) == [("unknown-format", "unreadable")]


def test_onnx_data_is_filled_by_its_tensors_and_zeros(model):
    (model / "w.bin").write_bytes(bytes(4) + bytes(range(5, 13)) + bytes(100))
    assert codes(seen(model)) == []
    for data in (b"\x00seu" + bytes(range(5, 13)), bytes(4) + bytes(range(5, 13)) + b"\x00\x01jane"):
        (model / "w.bin").write_bytes(data)
        assert codes(seen(model)) == [("unlisted-bytes", "unsafe")]


@pytest.mark.parametrize("name", ["modeling.py", "lib.so", "config.json", "tokenizer.model", "w.bin"])
def test_onnx_data_that_another_reader_looks_for_is_judged_as_its_file(model, name):
    (model / "model.onnx").write_bytes(onnx(onnx_tensor(raw=away(location=name, offset="0", length="8"))))
    (model / "w.bin").unlink()
    (model / name).write_bytes(b"#\x01\n" + bytes(5) if name != "w.bin" else b"# hello\n")
    assert ("odd-data", "unsafe") in codes(seen(model))


def test_onnx_data_that_is_a_file_of_another_format(model):
    data = safetensors(ONE)
    (model / "model.onnx").write_bytes(
        onnx(onnx_tensor(dims=(len(data) // 4,), raw=away(location="w.bin", length=str(len(data) // 4 * 4))))
    )
    (model / "w.bin").write_bytes(data)
    assert ("odd-data", "unsafe") in codes(seen(model))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "deep/model.PT", "x.ckpt", "x.safetensors", "x.npy"])
def test_a_text_under_the_name_of_a_checkpoint_is_none(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("version https://git-lfs.github.com/spec/v1\n")
    assert codes(seen(folder)) == [("not-a-checkpoint", "unreadable")]


def test_a_piece_of_a_distributed_checkpoint_is_what_torch_writes(tmp_path):
    path = tmp_path / "dcp"
    polyglots.distributed_piece(lambda _: safetensors(ONE))(path, Mark("/nowhere"))
    assert codes(seen(path)) == [("odd-slice", "unsafe")]
