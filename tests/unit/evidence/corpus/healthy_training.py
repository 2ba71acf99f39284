"""Healthy files of the tools around torch: Lightning, Opacus, distributed, safetensors, ONNX, GGUF, plain pickles."""

from __future__ import annotations

import json
import logging
import pickle
import struct
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch import optim
from torch._C._distributed_c10d import HashStore
from torch.distributed.checkpoint.state_dict_saver import save as save_distributed
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import Replicate, distribute_tensor

from tests.unit.evidence.corpus.healthy_torch import linear, network, of_types, saved, stepped
from tests.unit.evidence.corpus.shape import Healthy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIGHTNING = "Lightning"
OPACUS = "Opacus"
SAFE = "safetensors"
DISTRIBUTED = "distributed and sharded"
EXCHANGE = "ONNX and GGUF"
PICKLE = "plain pickles"
NUMPY = "numpy files"


def lightning() -> dict[str, Any]:
    """Return what Lightning 2 saves, in plain types."""
    progress = {"total": {"ready": 3, "completed": 3}, "current": {"ready": 0, "completed": 0}}
    return {
        "epoch": 2,
        "global_step": 300,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": linear().state_dict(),
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": progress}},
        "callbacks": {"ModelCheckpoint{'monitor': 'val_loss'}": {"best_model_score": torch.tensor(0.2), "best_k": {}}},
        "optimizer_states": [stepped(optim.Adam)],
        "lr_schedulers": [{"base_lrs": [0.1], "last_epoch": 2}],
        "hparams_name": "kwargs",
        "hyper_parameters": {"lr": 0.001, "hidden": [64, 64], "dropout": None, "name": "baseline"},
    }


def opacus(path: Path) -> None:
    """Train one step under differential privacy and save as Opacus does."""
    from opacus import PrivacyEngine  # noqa: PLC0415  slow to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("opacus").setLevel(logging.ERROR)
        model = linear()
        data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(8, 3)), batch_size=4)
        engine = PrivacyEngine(accountant="rdp")
        module, optimizer, loader = engine.make_private(
            module=model,
            optimizer=optim.SGD(model.parameters(), lr=0.1),
            data_loader=data,
            noise_multiplier=1.0,
            max_grad_norm=1.0,
        )
        for (batch,) in loader:
            optimizer.zero_grad()
            module(batch).sum().backward()
            optimizer.step()
        engine.save_checkpoint(path=path, module=module, optimizer=optimizer)


def distributed(path: Path) -> None:
    """Write a distributed checkpoint folder of plain tensors and an optimizer."""
    distributed_value(path, {"model": network().state_dict(), "optimizer": stepped(optim.Adam)})


def distributed_value(path: Path, value: dict[str, Any]) -> None:
    """Write a distributed checkpoint folder of any values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save_distributed(value, checkpoint_id=path, no_dist=True)


def in_a_group(work: Callable[[DeviceMesh], None]) -> None:
    """Run in a group of one process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dist.init_process_group("gloo", store=HashStore(), rank=0, world_size=1)
        try:
            work(DeviceMesh("cpu", [0]))
        finally:
            dist.destroy_process_group()


def distributed_tensor(path: Path) -> None:
    """Write a distributed checkpoint folder of DTensors."""
    in_a_group(
        lambda mesh: save_distributed(
            {"w": distribute_tensor(torch.ones(4, 3), mesh, [Replicate()])}, checkpoint_id=path
        )
    )


def dtensor_file(path: Path) -> None:
    """Write a DTensor with torch.save."""
    in_a_group(lambda mesh: torch.save({"w": distribute_tensor(torch.ones(4, 3), mesh, [Replicate()])}, path))


def sharded(path: Path) -> None:
    """Write a Hugging Face folder of two safetensors shards with their index."""
    path.mkdir()
    parts = {
        "model-00001-of-00002.safetensors": {"a": torch.ones(3)},
        "model-00002-of-00002.safetensors": {"b": torch.ones(2)},
    }
    for name, tensors in parts.items():
        save_file(tensors, path / name, metadata={"format": "pt"})
    index = {"metadata": {"total_size": 20}, "weight_map": {key: name for name, part in parts.items() for key in part}}
    (path / "model.safetensors.index.json").write_text(json.dumps(index))
    (path / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 3}))


def sharded_bin(path: Path) -> None:
    """Write a Hugging Face folder of torch shards."""
    path.mkdir()
    torch.save({"a": torch.ones(3)}, path / "pytorch_model-00001-of-00002.bin")
    torch.save({"b": torch.ones(2)}, path / "pytorch_model-00002-of-00002.bin")
    names = {"a": "pytorch_model-00001-of-00002.bin", "b": "pytorch_model-00002-of-00002.bin"}
    (path / "pytorch_model.bin.index.json").write_text(
        json.dumps({"metadata": {"total_size": 20}, "weight_map": names})
    )


def safe(
    tensors: Callable[[], dict[str, torch.Tensor]], metadata: dict[str, str] | None = None
) -> Callable[[Path], None]:
    """Return a writer of a safetensors file."""
    return lambda path: save_file(tensors(), path, metadata=metadata)


def arrays() -> dict[str, Any]:
    """Return arrays in both memory orders."""
    whole = np.arange(6, dtype=np.float32).reshape(2, 3)
    return {"c": whole, "fortran": np.asfortranarray(whole), "step": np.int64(7), "mask": whole > 2}


def field(number: int, value: bytes | int) -> bytes:
    """Return one protobuf field."""
    if isinstance(value, int):
        return bytes([number << 3]) + varint(value)
    return bytes([number << 3 | 2]) + varint(len(value)) + value


def varint(value: int) -> bytes:
    """Return a protobuf number."""
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def onnx(path: Path) -> None:
    """Write an ONNX model of one node and one weight of two floats."""
    weight = field(1, 2) + field(2, 1) + field(8, b"w") + field(9, struct.pack("<2f", 1, 2))
    node = field(1, b"x") + field(1, b"w") + field(2, b"y") + field(4, b"Add")
    shape = field(1, field(1, 1) + field(2, field(1, field(1, 2))))
    graph = field(1, node) + field(2, b"g") + field(5, weight)
    graph += field(11, field(1, b"x") + field(2, shape)) + field(12, field(1, b"y") + field(2, shape))
    path.write_bytes(field(1, 8) + field(2, b"exeat-tests") + field(7, graph) + field(8, field(2, 17)))


def gguf(path: Path) -> None:
    """Write a GGUF file, version 3, of one tensor of eight floats."""

    def word(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    values = word(b"general.architecture") + struct.pack("<I", 8) + word(b"llama")
    values += word(b"general.alignment") + struct.pack("<II", 4, 32)
    tensor = word(b"token_embd.weight") + struct.pack("<IQIQ", 1, 8, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + values + tensor
    path.write_bytes(head.ljust(-len(head) % 32 + len(head), b"\x00") + struct.pack("<8f", *range(8)))


def plain(protocol: int) -> Callable[[Path], None]:
    """Return a writer of a bare pickle of plain values."""
    value = {"lr": 0.1, "layers": [64, 64], "name": "baseline", "tuned": True, "seed": None, "shape": (3, 4)}

    def write(path: Path) -> None:
        path.write_bytes(pickle.dumps(value, protocol))

    return write


def cases() -> list[Healthy]:
    """Return the files and folders."""
    return [
        Healthy("lightning.ckpt", LIGHTNING, saved(lightning)),
        Healthy("lightning-weights.ckpt", LIGHTNING, saved(lambda: {**lightning(), "optimizer_states": []})),
        Healthy("opacus.ckpt", OPACUS, opacus),
        Healthy("plain.safetensors", SAFE, safe(lambda: network().state_dict()), "safetensors"),
        Healthy("metadata.safetensors", SAFE, safe(lambda: of_types(torch.float16), {"format": "pt"}), "safetensors"),
        Healthy(
            "types.safetensors", SAFE, safe(lambda: of_types(torch.bfloat16, torch.int8, torch.bool)), "safetensors"
        ),
        Healthy("float8.safetensors", SAFE, safe(lambda: of_types(torch.float8_e4m3fn)), "safetensors"),
        Healthy("empty.safetensors", SAFE, safe(dict), "safetensors"),
        Healthy("distributed", DISTRIBUTED, distributed, ""),
        Healthy("distributed-dtensor", DISTRIBUTED, distributed_tensor, ""),
        Healthy("dtensor.pt", DISTRIBUTED, dtensor_file),
        Healthy("sharded", DISTRIBUTED, sharded, ""),
        Healthy("sharded-bin", DISTRIBUTED, sharded_bin, ""),
        Healthy("arrays.npz", NUMPY, lambda path: np.savez(path, **arrays()), ""),
        Healthy("compressed.npz", NUMPY, lambda path: np.savez_compressed(path, **arrays()), ""),
        Healthy("array.npy", NUMPY, lambda path: np.save(path, arrays()["fortran"]), ""),
        Healthy("model.onnx", EXCHANGE, onnx, ""),
        Healthy("model.gguf", EXCHANGE, gguf, ""),
        *(Healthy(f"plain-{number}.pkl", PICKLE, plain(number), "") for number in (0, 2, 4, 5)),
    ]
