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
    """Many models of any one architecture, traced by torch.func; ``leaves`` is what an optimizer updates."""

    def __init__(self, template: nn.Module, state: Mapping[str, Tensor], device: str = "cpu") -> None:
        self.template = template.to(device)
        self.turned = linear_weights(template)
        self.held = {name: self._leaf(name, state[name].to(device)) for name, _ in template.named_parameters()}
        for name, parameter in template.named_parameters():
            self.held[name].requires_grad_(parameter.requires_grad)
        self.buffers = {name: state[name].to(device).clone() for name, _ in template.named_buffers()}

    def _leaf(self, name: str, value: Tensor) -> Tensor:
        return (value.mT if name in self.turned else value).clone(memory_format=torch.contiguous_format)

    @property
    def free(self) -> State:
        """Return what is trained, by name."""
        return {name: leaf for name, leaf in self.held.items() if leaf.requires_grad}

    @property
    def leaves(self) -> list[Tensor]:
        """Return what is trained, in the order of the module's parameters."""
        return list(self.free.values())

    def inputs_of(self, x: Tensor) -> Tensor:
        """Return the records as the models take them: as they are."""
        return x

    def own_shapes(self, leaves: Mapping[str, Tensor]) -> State:
        """Return leaves, with or without the axis of the models, as views in the shapes that the module knows."""
        return {name: leaf.mT if name in self.turned else leaf for name, leaf in leaves.items()}

    def named(self, leaves: Sequence[Tensor]) -> State:
        """Return tensors in the order of the leaves as views in the module's own shapes, by name."""
        return self.own_shapes(dict(zip(self.free, leaves, strict=True)))

    def forward(self, x: Tensor) -> Tensor:
        """Return outputs [models, batch, ...] of each model on its own batch; buffers change as in training."""

        def single(held: State, buffers: State, inputs: Tensor) -> Tensor:
            output: Tensor = functional_call(self.template, (self.own_shapes(held), buffers), (inputs,))
            return output

        outputs: Tensor = vmap(single, randomness="different")(self.held, self.buffers, x)
        return outputs

    def state(self) -> State:
        """Return parameters and buffers in the module's own shapes, models along the first axis, on the CPU."""
        held = self.own_shapes({name: leaf.detach() for name, leaf in self.held.items()}) | self.buffers
        return {name: tensor.contiguous().cpu() for name, tensor in held.items()}
