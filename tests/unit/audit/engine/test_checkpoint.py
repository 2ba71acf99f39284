"""A report is about files; the attacked weights must be theirs."""

from __future__ import annotations

import hashlib
import os

import pytest
import torch
from safetensors.torch import save_file

from exeat.audit.engine.checkpoint import check_weights, digests_of
from exeat.audit.engine.data_files import read_records
from exeat.errors import BadInput
from tests.unit.audit.engine.toys import network


def test_digests_are_those_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert digests_of(tmp_path / "a") == ("sha256:" + hashlib.sha256(b"abc").hexdigest(),)
    with pytest.raises(BadInput, match="cannot be read"):
        digests_of(tmp_path / "none")


def saved(tmp_path, how, model):
    state = model.state_dict()
    path = tmp_path / ("m.safetensors" if "safetensors" in how else "m.pt")
    if how == "safetensors":
        save_file(state, path)
    elif how == "half safetensors":
        save_file({name: tensor.half() for name, tensor in state.items()}, path)
    elif how == "torch":
        torch.save(state, path)
    elif how == "lightning":
        torch.save({"epoch": 3, "state_dict": {f"model.{name}": tensor for name, tensor in state.items()}}, path)
    elif how == "other names":
        torch.save({"weights": {f"layer{i}": tensor for i, tensor in enumerate(state.values())}}, path)
    elif how == "legacy torch":
        torch.save(state, path, _use_new_zipfile_serialization=False)
    elif how == "program":
        torch.export.save(torch.export.export(model.eval(), (torch.zeros(2, 6),)), path)
    return path


HOW = ["safetensors", "half safetensors", "torch", "lightning", "other names", "legacy torch", "program"]


@pytest.mark.parametrize("how", HOW)
def test_weights_of_the_file_pass_and_others_do_not(tmp_path, how):
    model = network(1)
    path = saved(tmp_path, how, model)
    if "half" in how:
        model = model.half().float()
    assert check_weights(model, [path]) == ""
    with pytest.raises(BadInput, match="are not those of the checkpoint"):
        check_weights(network(2), [path])


def test_one_changed_number_is_enough(tmp_path):
    model = network(1)
    path = saved(tmp_path, "safetensors", model)
    with torch.no_grad():
        model[2].bias[0] += 1e-6
    with pytest.raises(BadInput, match=r"1 of the model's 4 tensors are not those of the checkpoint, 2\.bias first"):
        check_weights(model, [path])


def test_weights_may_lie_in_several_files(tmp_path):
    model = network(1)
    state = model.state_dict()
    save_file({n: t for n, t in state.items() if n.startswith("0")}, tmp_path / "a.safetensors")
    save_file({n: t for n, t in state.items() if n.startswith("2")}, tmp_path / "b.safetensors")
    assert check_weights(model, [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]) == ""
    with pytest.raises(BadInput):
        check_weights(model, [tmp_path / "a.safetensors"])


def test_a_format_that_nobody_reads_is_said_not_passed_over(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07whatever")
    assert "were not compared with model.onnx" in check_weights(network(1), [tmp_path / "model.onnx"])


def test_a_broken_safetensors_file_is_refused(tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"\xff" * 40)
    with pytest.raises(BadInput, match="no safetensors file"):
        check_weights(network(1), [tmp_path / "m.safetensors"])


def stored(folder, name, state):
    save_file(state, folder / name)
    return folder / name


BESIDE = {"same names": "", "a wrapper's names": "module.", "names of its own": "big."}


@pytest.mark.parametrize("how", BESIDE)
@pytest.mark.parametrize("first", [True, False])
def test_a_file_of_other_weights_beside_the_right_one_is_refused(tmp_path, how, first):
    right = stored(tmp_path, "a.safetensors", network(1).state_dict())
    other = stored(tmp_path, "b.safetensors", {BESIDE[how] + n: t for n, t in network(2).state_dict().items()})
    files = [other, right] if first else [right, other]
    with pytest.raises(BadInput, match=r"b\.safetensors holds other weights than the audited model's"):
        check_weights(network(1), files)


def test_an_unread_file_beside_the_right_one_and_further_tensors_are_said(tmp_path):
    state = network(1).state_dict()
    ema = {f"ema.{name}": tensor for name, tensor in network(2).state_dict().items()}
    both = stored(tmp_path, "both.safetensors", state | ema)
    (tmp_path / "m.onnx").write_bytes(b"\x08\x07whatever")
    said = check_weights(network(1), [both, tmp_path / "m.onnx"])
    assert "4 of the 8 tensors in both.safetensors are not the model's, ema.0.bias first" in said
    assert "m.onnx was not compared" in said


def filled(model, value, kind):
    """The model with buffers of one value and type in place of its weights."""
    for part in list(model.modules()):
        for name, weight in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, torch.full(weight.shape, value, dtype=kind))
    return model


def test_numbers_that_only_look_equal_when_narrowed_are_others(tmp_path):
    path = stored(tmp_path, "a.safetensors", network(2).state_dict())
    for model in (filled(network(2), 0, torch.int8), network(2).half()):
        with pytest.raises(BadInput, match="4 of the model's 4 tensors"):
            check_weights(model, [path])


def test_no_number_is_not_zero(tmp_path):
    nothing = float("nan")
    path = stored(tmp_path, "a.safetensors", filled(network(2), nothing, torch.float32).state_dict())
    with pytest.raises(BadInput, match="4 of the model's 4 tensors"):
        check_weights(filled(network(2), 0.0, torch.float32), [path])
    assert check_weights(filled(network(2), nothing, torch.float32), [path]) == ""


def test_a_broken_archive_is_a_file_that_nobody_reads(tmp_path):
    (tmp_path / "m.pt").write_bytes(b"x" * 50 + b"PK\x05\x06" + b"\xff" * 18)
    assert "were not compared with m.pt" in check_weights(network(1), [tmp_path / "m.pt"])


def test_a_pipe_or_a_folder_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    for path in (tmp_path / "pipe.npz", tmp_path):
        with pytest.raises(BadInput, match="is no plain file"):
            digests_of(path)
    with pytest.raises(BadInput, match="is no plain file"):
        read_records(tmp_path / "pipe.npz")
