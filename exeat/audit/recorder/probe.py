"""Look at a model while it trains without touching it: per-record losses, answers and gradient norms on a sample."""

from __future__ import annotations

import math
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy, mse_loss

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from exeat.audit.recorder.data import Sample

    RecordLoss = Callable[[Tensor, Tensor], Tensor]

BATCH = 1024
MAX_GRADIENT_ELEMENTS = 2**26
"""Largest number of gradient elements held at once (256 MiB of float32)."""
ONE_BY_ONE = 64
"""Most records whose gradients are taken one at a time."""
OUTLYING = 3.5
"""Robust z above which a gradient counts as outlying: 0.6745 (v − median) / MAD of the log norms (Iglewicz and
Hoaglin 1993)."""
PEOPLE_BEYOND = 10
"""A quantile is given only where at least this many records lie beyond it."""
_HOOKS = ("_forward_hooks", "_backward_hooks", "_backward_pre_hooks")
_WRAPPERS = {"GradSampleModule": "_module", "DataParallel": "module", "DistributedDataParallel": "module",
             "OptimizedModule": "_orig_mod"}  # fmt: skip


class Diverged(BadInput):
    """A loss is not a finite number."""


class Answers(NamedTuple):
    """Loss of each record and, for a classifier, whether its class is the most likely one; in memory only."""

    losses: NDArray[np.float64]
    right: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class Gradients:
    """Quantiles of per-example gradient norms over ``n`` records, and how many are outlying; never a single norm."""

    n: int
    q50: float
    q90: float | None
    q99: float | None
    outlying: int


def bare(model: nn.Module) -> nn.Module:
    """Return the module inside the wrappers of Opacus, torch.compile and data parallelism."""
    while (inside := _WRAPPERS.get(type(model).__name__)) is not None:
        model = getattr(model, inside)
    return model


class Probe:
    """Evaluates a twin of the model that shares its weights: eval mode, no hooks, no gradient left behind.

    The model's mode, its ``grad`` fields, its buffers and the random state stay as they are. ``record_loss(outputs,
    y)`` gives one loss per record; without it, cross-entropy for class numbers and squared error for real targets.
    """

    def __init__(self, model: nn.Module, record_loss: RecordLoss | None = None) -> None:
        self.model = bare(model)
        self._twin = _twin(self.model, {})
        self._loss = record_loss or record_loss_of
        self._together = True

    @property
    def device(self) -> torch.device:
        """Return where the model lies."""
        return next((p.device for p in self.model.parameters()), torch.device("cpu"))

    @torch.no_grad()
    def rehearse(self, sample: Sample) -> tuple[int, ...]:
        """Return the shape of the outputs for two records; raise BadInput now for what would fail after hours."""
        part = sample.part(slice(0, 2)).to(self.device)
        outputs = self._outputs(self._state(), part.x)
        _check_size([self._loss(outputs, part.y).double().cpu().numpy()], len(part))
        return tuple(outputs.shape)

    @torch.no_grad()
    def answers(self, sample: Sample, state: Mapping[str, Tensor] | None = None) -> Answers:
        """Return losses and correctness of a sample, under the model's weights or under ``state``."""
        values = dict(state) if state is not None else self._state()
        losses, right = [], []
        for start in range(0, len(sample), BATCH):
            part = sample.part(slice(start, start + BATCH)).to(self.device)
            outputs = self._outputs(values, part.x)
            losses.append(self._loss(outputs, part.y).double().cpu().numpy())
            if is_classified(outputs, part.y):
                right.append((outputs.argmax(dim=1) == part.y).cpu().numpy())
        _check(losses, len(sample))
        return Answers(np.concatenate(losses), np.concatenate(right) if right else None)

    def gradients(self, sample: Sample) -> Gradients:
        """Return quantiles of the norm of each record's loss gradient over all trainable weights, before clipping.

        All records together (torch.func); where the model's code cannot be vectorised, at most ``ONE_BY_ONE`` records,
        one backward pass each.
        """
        if self._together:
            try:
                return summary(self._norms_together(sample))
            except RuntimeError:
                self._together = False
        return summary(self._norms_one_by_one(sample.part(slice(0, ONE_BY_ONE))))

    def _norms_together(self, sample: Sample) -> NDArray[np.float64]:
        weights = {name: p.detach() for name, p in self.model.named_parameters() if p.requires_grad}
        each = vmap(grad(self._one_loss), in_dims=(None, 0, 0), randomness="different")
        size = max(1, MAX_GRADIENT_ELEMENTS // max(1, sum(p.numel() for p in weights.values())))
        squares = []
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "There is a performance drop")  # torch: recurrent cells run one by one
            for start in range(0, len(sample), size):
                part = sample.part(slice(start, start + size)).to(self.device)
                found = each(weights, part.x, part.y)
                squares.append(torch.stack([g.flatten(1).square().sum(dim=1) for g in found.values()]).sum(dim=0))
        norms: NDArray[np.float64] = torch.cat(squares).double().sqrt().cpu().numpy()
        return norms

    def _norms_one_by_one(self, sample: Sample) -> NDArray[np.float64]:
        trained = {name: p.detach().requires_grad_() for name, p in self.model.named_parameters() if p.requires_grad}
        here, norms = sample.to(self.device), []
        for row in range(len(sample)):
            x = here.x[row] if isinstance(here.x, torch.Tensor) else {name: v[row] for name, v in here.x.items()}
            with torch.enable_grad():
                loss = self._one_loss(trained, x, here.y[row])
            found = torch.autograd.grad(loss, list(trained.values()), allow_unused=True)
            norms.append(sum(float(g.double().square().sum()) for g in found if g is not None) ** 0.5)
        return np.array(norms)

    def _one_loss(self, trained: Mapping[str, Tensor], x: Any, y: Tensor) -> Tensor:
        """Return the loss of one record under ``trained``, everything else as the model has it."""
        one = x[None] if isinstance(x, torch.Tensor) else {name: value[None] for name, value in x.items()}
        return self._loss(self._outputs({**self._state(), **trained}, one), y[None]).sum()

    def _state(self) -> dict[str, Tensor]:
        return {**dict(self.model.named_parameters()), **dict(self.model.named_buffers())}

    def _outputs(self, values: Mapping[str, Tensor], x: Any) -> Tensor:
        call: Any = functional_call(self._twin, dict(values), (x,)) if isinstance(x, torch.Tensor) else functional_call(
            self._twin, dict(values), (), dict(x))  # fmt: skip
        call = getattr(call, "logits", call)
        if not isinstance(call, torch.Tensor):
            raise BadInput(
                f"The model answers with a {type(call).__name__}, not with a tensor.",
                "Give the recorder a model whose forward returns logits or predictions, or wrap it in one.",
            )
        return call


def is_classified(outputs: Tensor, y: Tensor) -> bool:
    """Return whether these are logits [n, classes] and class numbers [n]."""
    return outputs.ndim == 2 and y.ndim == 1 and not y.is_floating_point()  # noqa: PLR2004 rows and classes


def record_loss_of(outputs: Tensor, y: Tensor) -> Tensor:
    """Return cross-entropy (nats) for class numbers, squared error for real targets of the outputs' size."""
    if is_classified(outputs, y):
        return cross_entropy(outputs, y, reduction="none")
    if y.is_floating_point() and outputs.numel() == y.numel():
        return mse_loss(outputs.reshape(len(y), -1), y.reshape(len(y), -1), reduction="none").mean(dim=1)
    raise BadInput(
        f"No loss per record is known for outputs {list(outputs.shape)} and labels {list(y.shape)}.",
        "Give record_loss=function(outputs, y) that returns one loss per record.",
    )


def summary(norms: NDArray[np.float64]) -> Gradients:
    """Return quantiles and the number of outlying norms; a quantile needs ten records beyond it."""
    enough = {q: len(norms) * (1 - q) >= PEOPLE_BEYOND - 1e-9 for q in (0.9, 0.99)}
    values = {q: float(np.quantile(norms, q)) if there else None for q, there in enough.items()}
    logs = np.log(np.maximum(norms, 1e-30))
    middle = float(np.median(logs))
    spread = float(np.median(np.abs(logs - middle)))
    outlying = int((0.6745 * (logs - middle) > OUTLYING * spread).sum()) if spread > 0 else 0
    return Gradients(len(norms), float(np.median(norms)), values[0.9], values[0.99], outlying)


def _check_size(losses: list[NDArray[np.float64]], n: int) -> None:
    counted = sum(one.size for one in losses)
    if counted != n or any(one.ndim != 1 for one in losses):
        raise BadInput(
            f"record_loss gave {counted} losses for {n} records.", "Return one loss per record, without reduction."
        )


def _check(losses: list[NDArray[np.float64]], n: int) -> None:
    _check_size(losses, n)
    if not all(math.isfinite(float(one.sum())) for one in losses):
        raise Diverged(
            "A loss is not a finite number: training has diverged, or the sample holds values that are none.",
            "Look at the learning rate and the data; what was recorded before can be chosen by its epoch.",
        )


def _twin(module: nn.Module, made: dict[int, nn.Module]) -> nn.Module:
    """Return a copy of the structure with the same parameters and buffers, in eval mode and without hooks.

    Hooks that run before ``forward`` stay, for some make the weights (weight and spectral normalisation).
    """
    if id(module) in made:
        return made[id(module)]
    copy = module.__class__.__new__(module.__class__)
    made[id(module)] = copy
    for name, value in vars(module).items():
        copy.__dict__[name] = list(value) if isinstance(value, list) else value
    copy.__dict__.update({name: OrderedDict() for name in _HOOKS})
    copy.__dict__["_parameters"] = dict(module._parameters)  # noqa: SLF001 torch has no public structural copy
    copy.__dict__["_buffers"] = dict(module._buffers)  # noqa: SLF001
    copy.__dict__["_modules"] = {
        name: None if part is None else _twin(part, made)
        for name, part in module._modules.items()  # noqa: SLF001
    }
    copy.__dict__["training"] = False
    return copy
