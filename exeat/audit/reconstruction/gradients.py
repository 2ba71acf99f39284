"""The gradient that leaves: per-record gradients, clipped or not, summed over a batch, with or without noise."""

from __future__ import annotations

import copy
import math
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor, nn

MAX_BATCH = 4
"""Largest batch that is attacked; the paper's attacks fade beyond it and a wider one is not shown to be safe."""
MAX_ENTRIES = 2 * 10**7
"""Most numbers of gradients held at once (160 MB); larger stacks are worked through in parts."""
_TINY = 1e-30


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientRelease:
    """How a gradient leaves: mean over ``batch_size`` records, each clipped to ``clip_norm``, plus normal noise.

    The noise has standard deviation noise_multiplier·clip_norm on the sum, so that divided by the batch on the mean.
    """

    batch_size: int = 1
    clip_norm: float | None = None
    noise_multiplier: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= MAX_BATCH:
            raise BadInput(
                f"Gradients of batches of {self.batch_size} are not attacked.", f"Choose a batch of 1 to {MAX_BATCH}."
            )
        if self.noise_multiplier < 0 or (self.noise_multiplier > 0 and self.clip_norm is None):
            raise BadInput("Noise is a multiple of the clipping norm.", "Give clip_norm and a noise of at least 0.")
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise BadInput(f"A clipping norm of {self.clip_norm:g} lets nothing pass.", "Give a positive norm.")

    @property
    def noise(self) -> float:
        """Return the standard deviation of the noise on the mean gradient."""
        return self.noise_multiplier * (self.clip_norm or 0.0) / self.batch_size

    @property
    def words(self) -> str:
        """Return the protection in words."""
        if self.clip_norm is None:
            return "no clipping, no noise"
        return f"clipped to {self.clip_norm:g}, noise multiplier {self.noise_multiplier:g}"


def frozen(model: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode and double precision whose weights take no gradient."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", FutureWarning
        )  # torch about its own pytrees, when an exported program is copied
        twin = copy.deepcopy(model)
    for module in twin.modules():
        module.training = False
    return twin.double().requires_grad_(requires_grad=False)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """Put a model into evaluation mode for a while, each module back into its own after.

    The flags are set one by one because an exported program refuses ``eval()``; its mode was fixed by its export.
    """
    was = [(module, module.training) for module in model.modules()]
    for module, _ in was:
        module.training = False
    try:
        yield model
    finally:
        for module, training in was:
            module.training = training


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Return the weights by name, in the order in which a flat gradient holds them."""
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def record_gradient(model: nn.Module, clip_norm: float | None = None) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the map from one record and its class to its flat gradient of the cross-entropy, clipped if asked.

    It can be differentiated and vmapped; ``model`` comes from ``frozen``.
    """
    weights = weights_of(model)

    def loss(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(functional_call(model, parameters, (x[None],)), y[None])

    def flat(x: Tensor, y: Tensor) -> Tensor:
        gradients = grad(loss)(weights, x, y)
        vector = torch.cat([gradients[name].flatten() for name in weights])
        return vector if clip_norm is None else vector * _factor(vector, clip_norm)

    return flat


def _factor(vector: Tensor, clip_norm: float) -> Tensor:
    return (clip_norm / (vector.square().sum() + _TINY).sqrt()).clamp(max=1.0)


def batch_gradients(model: nn.Module, x: Tensor, y: Tensor, release: GradientRelease, seed: int) -> Tensor:
    """Return the released gradients [m, p] of batches ``x`` [m, b, ...] with classes ``y`` [m, b]."""
    one = record_gradient(model, release.clip_norm)
    size = at_once(model, release.batch_size)
    parts = zip(torch.split(x.double(), size), torch.split(y, size), strict=True)
    mean = torch.cat([vmap(vmap(one))(some, labels).mean(dim=1) for some, labels in parts])
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    result: Tensor = mean + release.noise * noise
    return result


def _reads_the_record(model: nn.Module, layer: nn.Module, x: Tensor) -> bool:
    seen: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        model(x)
    finally:
        hook.remove()
    return len(seen) == 1 and seen[0].shape == x.flatten(1).shape and torch.equal(seen[0], x.flatten(1))


def at_once(model: nn.Module, each: int) -> int:
    """Return how many units of ``each`` gradients of the model are worked on together; at least one."""
    return max(1, MAX_ENTRIES // (each * sum(weight.numel() for weight in weights_of(model).values())))


def batches(x: Tensor, y: Tensor, release: GradientRelease, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return up to ``count`` disjoint batches of randomly chosen records: [m, b, ...] and [m, b]."""
    size = release.batch_size
    count = min(count, len(y) // size)
    if count < 1:
        raise BadInput(f"{len(y)} members make no batch of {size}.", "Give more members or a smaller batch.")
    chosen = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))[: count * size]
    return x[chosen].reshape(count, size, *x.shape[1:]), y[chosen].reshape(count, size)


def first_linear(model: nn.Module, x: Tensor) -> tuple[slice, slice, int] | None:
    """Return where the flat gradient holds weight and bias of the layer that reads the record, and its height.

    None unless the first layer with weights is linear with a bias and, tried on inputs ``x`` [n, ...], reads exactly
    the flattened record.
    """
    layer = next((m for m in model.modules() if list(m.parameters(recurse=False))), None)
    if not isinstance(layer, torch.nn.Linear) or layer.bias is None or not _reads_the_record(model, layer, x):
        return None
    at, found = 0, {}
    for _, parameter in model.named_parameters():
        found[id(parameter)] = slice(at, at + parameter.numel())
        at += math.prod(parameter.shape)
    return found[id(layer.weight)], found[id(layer.bias)], layer.out_features
