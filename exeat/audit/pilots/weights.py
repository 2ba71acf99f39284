"""Protections that change the weights and train nothing: noise, magnitude pruning, rounding to eight bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch

from exeat.audit.pilots.protection import Protection, ProtectionFailed, Trainable, clone, generator
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from exeat.model.risk_report import PilotKind

LARGEST_INT8 = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightNoise(Protection):
    """Gaussian noise on every parameter; ``scale`` is its spread in units of the spread of that parameter's tensor."""

    scale: float = 0.1
    kind: ClassVar[PilotKind] = "weight_noise"
    title: ClassVar[str] = "Gaussian noise on the weights"
    limits: ClassVar[str] = (
        "No differential privacy: the weights have no bounded sensitivity. Whoever knows the seed takes the noise out; "
        "make the copy again with a secret seed before it leaves, and release one noisy copy only: the mean of several "
        "has less noise."
    )

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise BadInput(f"Weight noise of scale {self.scale} is none.", "Give a scale above zero, such as 0.1.")

    def protect(self, model: nn.Module, data: Trainable, seed: int) -> nn.Module:  # noqa: ARG002 trains nothing
        """Return a copy with noise on its parameters; buffers stay."""
        copied, source = clone(model), generator(seed)
        with torch.no_grad():
            for parameter in copied.parameters():
                spread = parameter.std(correction=0) if parameter.numel() > 1 else parameter.abs().mean()
                noise = torch.randn(parameter.shape, generator=source, dtype=parameter.dtype)
                parameter.add_(noise * spread * self.scale)
        return copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning(Protection):
    """Sets the ``share`` of smallest weights, over all matrices together, to zero; biases stay."""

    share: float = 0.5
    kind: ClassVar[PilotKind] = "pruning"
    title: ClassVar[str] = "magnitude pruning"
    limits: ClassVar[str] = "No guarantee: which weights are zero depends on the training records too. Not retrained."

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise BadInput(f"A share of {self.share} cannot be pruned.", "Give a share between 0 and 1, such as 0.5.")

    def protect(self, model: nn.Module, data: Trainable, seed: int) -> nn.Module:  # noqa: ARG002 no chance in it
        """Return a copy without its smallest weights; ties at the threshold go together."""
        copied = clone(model)
        matrices = list(_matrices(copied))
        sizes = torch.cat([matrix.abs().flatten() for matrix in matrices])
        cut = sizes.kthvalue(max(1, int(self.share * len(sizes)))).values
        with torch.no_grad():
            for matrix in matrices:
                matrix[matrix.abs() <= cut] = 0
        return copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation(Protection):
    """Rounds every matrix to eight-bit integers, one scale per row of outputs, and back to its own type."""

    kind: ClassVar[PilotKind] = "quantisation"
    title: ClassVar[str] = "weights rounded to eight bits"
    limits: ClassVar[str] = (
        "No guarantee. Symmetric int8 per output row, biases and buffers as they were. The file holds the rounded "
        "numbers in their original type, so that the same class loads it; a receiver learns the same from either form."
    )

    def protect(self, model: nn.Module, data: Trainable, seed: int) -> nn.Module:  # noqa: ARG002 no chance in it
        """Return a copy whose matrices took the way through int8."""
        copied = clone(model)
        with torch.no_grad():
            for matrix in _matrices(copied):
                matrix.copy_(back_from_int8(*to_int8(matrix)).to(matrix.dtype))
        return copied

    @property
    def parameters(self) -> dict[str, str]:
        """Return the width of the integers and what shares a scale."""
        return {"bits": "8", "scale": "output-row"}


def to_int8(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return int8 numbers and one scale per row (first dimension): ``number × scale`` gives the weight back."""
    rows = matrix.detach().flatten(1)
    scale = rows.abs().amax(dim=1, keepdim=True) / LARGEST_INT8
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    numbers = (rows / scale).round().clamp(-LARGEST_INT8, LARGEST_INT8).to(torch.int8)
    shape = (-1, *[1] * (matrix.dim() - 1))
    return numbers.view(matrix.shape), scale.view(shape)


def back_from_int8(numbers: Tensor, scale: Tensor) -> Tensor:
    """Return the weights that the integers stand for."""
    return numbers.to(scale.dtype) * scale


def _matrices(model: nn.Module) -> Iterator[Tensor]:
    found = [p for p in model.parameters() if p.dim() > 1 and p.is_floating_point()]
    if not found:
        raise ProtectionFailed("the model has no matrix of weights that could be pruned or rounded")
    return iter([p.data for p in found])
