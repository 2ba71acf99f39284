"""What a running loop knows about itself: model, hyperparameters, versions, machine, seeds."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from exeat.audit.recorder.probe import bare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.audit.recorder.data import Sample, Split

_IMPLEMENTATION = frozenset({"params", "foreach", "capturable", "differentiable", "fused", "maximize", "initial_lr"})
"""Entries of a parameter group that do not change what is learned, or are the weights themselves."""
_RENAMED = {"lr": "learning_rate"}
_FAMILIES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer"), "transformer"),
    (("LSTM", "GRU", "RNN"), "recurrent neural network"),
    (("Conv1d", "Conv2d", "Conv3d"), "convolutional neural network"),
)
MAX_LINE = 300


def model_facts(model: nn.Module, sample: Sample, outputs: int | None) -> dict[str, Any]:
    """Return ``manifest.model`` without the task, which nobody can read off the weights."""
    inside = bare(model)
    return {
        "family": family(inside),
        "architecture": architecture(inside),
        "n_parameters": sum(p.numel() for p in inside.parameters()),
        "inputs": [_shape(sample.x)] if isinstance(sample.x, torch.Tensor) else [
            f"{name}: {_shape(value)}" for name, value in sample.x.items()],
        "outputs": [f"{outputs} logits"] if outputs else [_shape(sample.y)],
        "instance_based": False,
    }  # fmt: skip


def family(model: nn.Module) -> str:
    """Return the family that the modules show."""
    names = {type(part).__name__ for part in model.modules()}
    attention = any("attention" in name.lower() for name in names)
    for members, title in _FAMILIES:
        if names & set(members) or (attention and title == "transformer"):
            return title
    leaves = [part for part in model.modules() if any(True for _ in part.parameters(recurse=False))]
    if leaves and all(isinstance(part, nn.Linear) for part in leaves):
        return "multilayer perceptron" if len(leaves) > 1 else "linear model"
    return "neural network"


def architecture(model: nn.Module) -> str:
    """Return the class and its layers in order, cut where it grows long."""
    layers = [_layer(part) for part in model.modules() if not any(True for _ in part.children())]
    text = f"{type(model).__name__}: {', '.join(layers)}"
    return text if len(text) <= MAX_LINE else text[: MAX_LINE - 3].rsplit(",", 1)[0] + ", …"


def _layer(part: nn.Module) -> str:
    sizes = [getattr(part, name, None) for name in ("in_features", "out_features")]
    sizes = sizes if None not in sizes else [getattr(part, name, None) for name in ("in_channels", "out_channels")]
    name = type(part).__name__
    return f"{name} {sizes[0]}-{sizes[1]}" if None not in sizes else name


def _shape(value: torch.Tensor) -> str:
    kind = str(value.dtype).removeprefix("torch.")
    return f"{kind} {list(value.shape[1:])}" if value.ndim > 1 else kind


def hyperparameters(optimizer: Any, train: Split, total_epochs: int | None) -> dict[str, str | int | bool]:
    """Return what the optimizer, the loader and the recorder were set to; rates as text."""
    found: dict[str, str | int | bool] = {}
    if optimizer is not None:
        plain = getattr(optimizer, "original_optimizer", optimizer)
        found["optimizer"] = type(plain).__name__
        for number, group in enumerate(optimizer.param_groups):
            found |= {f"{name}{f'_group_{number}' if number else ''}": v for name, v in group_values(group).items()}
    size = getattr(optimizer, "expected_batch_size", None) or train.batch_size
    if size:
        found["batch_size"] = int(size)
    if total_epochs is not None:
        found["max_epochs"] = total_epochs
    return found


def group_values(group: Mapping[str, Any]) -> dict[str, str | int | bool]:
    """Return the settings of one parameter group, without tensors and without what is left unset."""
    found: dict[str, str | int | bool] = {}
    for name, value in group.items():
        kept = _plain(value)
        if name not in _IMPLEMENTATION and kept is not None:
            found[_RENAMED.get(name, name)] = kept
    return found


def _plain(value: Any) -> str | int | bool | None:
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return repr(float(value))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, tuple | list) and all(isinstance(one, int | float) for one in value):
        return ", ".join(repr(one) for one in value)
    return None


def hardware(device: torch.device) -> str:
    """Return what trains, without the machine's name."""
    threads = torch.get_num_threads()
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}"
    return f"{device.type.upper()}, {platform.machine()}, {threads} {'thread' if threads == 1 else 'threads'}"


def software() -> str:
    """Return the versions that figures depend on."""
    return f"torch {torch.__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
