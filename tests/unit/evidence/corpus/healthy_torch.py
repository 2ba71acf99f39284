"""Healthy checkpoints of torch itself: modules, types, layouts, optimizers, schedulers; all pass weights_only."""

from __future__ import annotations

import random
import warnings
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn, optim

from tests.unit.evidence.corpus.shape import Healthy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODULES = "state dicts"
TYPES = "tensor types"
LAYOUTS = "layouts and views"
OPTIMIZERS = "optimizers"
SCHEDULERS = "schedulers and scalers"
PLAIN = "plain values"
LEGACY = "legacy torch format"
NUMPY = "numpy values"


def network() -> nn.Module:
    """Return a small network with parameters and buffers."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3))


def linear() -> nn.Module:
    """Return one layer, trained nowhere."""
    torch.manual_seed(1)
    return nn.Linear(3, 2)


def stepped(make: Callable[[Any], optim.Optimizer]) -> dict[str, Any]:
    """Return the state of an optimizer after one step."""
    model = linear()
    optimizer = make(model.parameters())

    def closure() -> float:
        optimizer.zero_grad()
        loss = model(torch.ones(1, 3)).square().sum()
        loss.backward()
        return float(loss.detach())

    optimizer.step(closure)
    return optimizer.state_dict()


def scheduled(make: Callable[[optim.Optimizer], Any]) -> dict[str, Any]:
    """Return the state of a scheduler."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state: dict[str, Any] = make(optim.SGD(linear().parameters(), lr=0.1)).state_dict()
    return state


def shared() -> dict[str, torch.Tensor]:
    """Return tensors that lie in one storage: a tied weight, a slice, a transpose."""
    weight = torch.arange(12.0).reshape(3, 4)
    return {"encoder": weight, "decoder": weight, "row": weight[1], "transposed": weight.t(), "step": weight[:, ::2]}


def quantized() -> dict[str, torch.Tensor]:
    """Return quantised tensors, whole and by channel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = torch.quantize_per_tensor(torch.randn(4), 0.1, 0, torch.qint8)
        scales, zeros = torch.tensor([0.1, 0.2]), torch.tensor([0, 0])
        return {"whole": whole, "channel": torch.quantize_per_channel(torch.randn(2, 3), scales, zeros, 0, torch.qint8)}


def of_types(*types: torch.dtype) -> dict[str, torch.Tensor]:
    """Return one tensor of each type."""
    return {str(one).removeprefix("torch."): torch.ones(6).to(one) for one in types}


def nested(layout: torch.layout) -> torch.Tensor:
    """Return a nested tensor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout)


def sparse_rows() -> torch.Tensor:
    """Return a compressed sparse matrix."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.eye(3).to_sparse_csr()


def with_attributes() -> torch.Tensor:
    """Return a tensor that carries a Python attribute."""
    tensor = torch.ones(2)
    tensor.note = "first layer"  # type: ignore[attr-defined]
    return tensor


FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGERS = (torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool)
EIGHT_BITS = (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz)

ROWS: tuple[tuple[str, str, Callable[[], Any]], ...] = (
    ("network", MODULES, lambda: network().state_dict()),
    ("linear", MODULES, lambda: linear().state_dict()),
    ("lstm", MODULES, lambda: nn.LSTM(3, 4, 2).state_dict()),
    ("transformer", MODULES, lambda: nn.TransformerEncoderLayer(8, 2, 16).state_dict()),
    ("embedding", MODULES, lambda: nn.EmbeddingBag(10, 3).state_dict()),
    ("parameter", MODULES, lambda: nn.Parameter(torch.ones(3))),
    ("parameter-list", MODULES, lambda: {"weights": [nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))]}),
    ("floats", TYPES, lambda: of_types(*FLOATS)),
    ("integers", TYPES, lambda: of_types(*INTEGERS)),
    ("unsigned", TYPES, lambda: of_types(torch.uint16, torch.uint32, torch.uint64)),
    ("complex", TYPES, lambda: of_types(torch.complex64, torch.complex128)),
    ("float8", TYPES, lambda: of_types(*EIGHT_BITS)),
    ("quantized", TYPES, quantized),
    ("scalar-tensor", TYPES, lambda: torch.tensor(3.5)),
    ("empty-tensors", TYPES, lambda: {"a": torch.empty(0), "b": torch.empty(3, 0)}),
    ("shared-storage", LAYOUTS, shared),
    ("conjugate", LAYOUTS, lambda: torch.ones(3, dtype=torch.complex64).conj()),
    ("sparse", LAYOUTS, lambda: torch.eye(3).to_sparse()),
    ("sparse-rows", LAYOUTS, sparse_rows),
    ("nested-strided", LAYOUTS, lambda: nested(torch.strided)),
    ("meta-device", LAYOUTS, lambda: torch.empty(3, 4, device="meta")),
    ("tensor-attribute", LAYOUTS, with_attributes),
    ("expanded", LAYOUTS, lambda: torch.ones(1).expand(1000, 1000)),
    ("sgd", OPTIMIZERS, lambda: stepped(lambda p: optim.SGD(p, lr=0.1, momentum=0.9))),
    ("adam", OPTIMIZERS, lambda: stepped(optim.Adam)),
    ("adamw-amsgrad", OPTIMIZERS, lambda: stepped(lambda p: optim.AdamW(p, amsgrad=True))),
    ("lbfgs", OPTIMIZERS, lambda: stepped(optim.LBFGS)),
    ("rmsprop", OPTIMIZERS, lambda: stepped(optim.RMSprop)),
    ("step-lr", SCHEDULERS, lambda: scheduled(lambda o: optim.lr_scheduler.StepLR(o, 2))),
    ("one-cycle", SCHEDULERS, lambda: scheduled(lambda o: optim.lr_scheduler.OneCycleLR(o, 0.1, 10))),
    ("plateau", SCHEDULERS, lambda: scheduled(optim.lr_scheduler.ReduceLROnPlateau)),
    ("grad-scaler", SCHEDULERS, lambda: torch.amp.GradScaler("cpu").state_dict()),
    ("ordered", PLAIN, lambda: OrderedDict([("b", torch.ones(1)), ("a", OrderedDict(c=1))])),
    ("nested-plain", PLAIN, lambda: {"a": [{"b": (1, 2.5, None, True, "x")}], "set": {1, 2}, "big": 2**70}),
    ("counter", PLAIN, lambda: Counter("hospital")),
    ("size-dtype-device", PLAIN, lambda: [torch.Size([2, 3]), torch.float16, torch.device("cpu"), torch.strided]),
    ("bytes", PLAIN, lambda: {"raw": b"abc\x00\xff", "array": bytearray(b"x"), "number": 1 + 2j}),
    ("rng", PLAIN, lambda: [torch.Generator().manual_seed(1).get_state(), random.Random(1).getstate()]),  # noqa: S311
    ("numpy-scalar", NUMPY, lambda: {"loss": np.float64(0.25), "step": np.int64(7)}),
    ("numpy-array", NUMPY, lambda: {"scale": np.arange(6, dtype=np.float32).reshape(2, 3)}),
)  # fmt: skip
OLD = ("network", "floats", "shared-storage", "adam", "nested-plain", "quantized")


def saved(make: Callable[[], Any], *, new: bool = True) -> Callable[[Path], None]:
    """Return a writer with torch.save, in the zip format or the one before it."""

    def write(path: Path) -> None:
        torch.save(make(), path, _use_new_zipfile_serialization=new)

    return write


def cases() -> list[Healthy]:
    """Return the files in the zip format, and some of them in the legacy one."""
    files = [
        Healthy(f"{name}.pt", family, saved(make), "numpy" if family == NUMPY else "weights_only")
        for name, family, make in ROWS
    ]
    made = {name: make for name, _, make in ROWS}
    return files + [Healthy(f"{name}-legacy.pt", LEGACY, saved(made[name], new=False)) for name in OLD]
