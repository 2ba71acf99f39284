"""The weights of many models of one architecture as one tensor per name, and a forward pass through all of them.

Weights of linear layers are kept transposed, [models, in, out]: their gradients then come out contiguous, and the
optimizer reads them without a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.func import functional_call, vmap

from exeat.audit.shadows.order import seed_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    State = dict[str, Tensor]


def fresh(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Return a new model whose initial weights follow from ``seed``; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def model_seeds(seed: int, models: Sequence[int]) -> list[int]:
    """Return one seed per shadow model, the same whichever models are trained beside it."""
    return [seed_of(seed, "shadow", m) for m in models]


def state_of(model: nn.Module) -> State:
    """Return parameters and buffers by name, each once, as copies on the CPU."""
    held = dict(model.named_parameters()) | dict(model.named_buffers())
    return {name: tensor.detach().clone().cpu() for name, tensor in held.items()}


def stacked(states: Sequence[Mapping[str, Tensor]]) -> State:
    """Return one tensor per name with the models along the first axis."""
    return {name: torch.stack([state[name] for state in states]) for name in states[0]}


def linear_weights(model: nn.Module) -> frozenset[str]:
    """Return the names of matrices that are used by linear layers alone."""
    used = {f"{name}.weight".removeprefix(".") for name, part in model.named_modules() if type(part) is nn.Linear}
    return frozenset(used & dict(model.named_parameters()).keys())


class Together:
    """Many models of one architecture as leaves that an optimizer of torch can update.

    ``leaves`` are the parameters (linear weights transposed), ``buffers`` what training changes without a gradient.
    """

    def __init__(self, template: nn.Module, state: Mapping[str, Tensor], device: str = "cpu") -> None:
        self.template = template.to(device)
        self.turned = linear_weights(template)
        names = dict(template.named_parameters())
        self.leaves = {name: self._leaf(name, state[name].to(device)) for name in names}
        for name, leaf in self.leaves.items():
            leaf.requires_grad_(names[name].requires_grad)
        self.buffers = {name: state[name].to(device).clone() for name, _ in template.named_buffers()}

    def _leaf(self, name: str, value: Tensor) -> Tensor:
        return (value.mT if name in self.turned else value).clone(memory_format=torch.contiguous_format)

    @property
    def trainable(self) -> list[Tensor]:
        """Return what the optimizer updates, in the order of the module's parameters."""
        return [leaf for leaf in self.leaves.values() if leaf.requires_grad]

    def one(self, leaves: Mapping[str, Tensor]) -> State:
        """Return the leaves of one model (no model axis) in the shapes that the module knows."""
        return {name: leaf.mT if name in self.turned else leaf for name, leaf in leaves.items()}

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs [models, batch, ...] of each model on its own batch; buffers change as in training."""

        def single(leaves: State, buffers: State, inputs: Tensor) -> Tensor:
            output: Tensor = functional_call(self.template, (self.one(leaves), buffers), (inputs,))
            return output

        outputs: Tensor = vmap(single, randomness="different")(self.leaves, self.buffers, x)
        return outputs

    def state(self) -> State:
        """Return parameters and buffers in the module's own shapes, models along the first axis, on the CPU."""
        held = self.one({name: leaf.detach() for name, leaf in self.leaves.items()}) | self.buffers
        return {name: tensor.contiguous().cpu() for name, tensor in held.items()}
