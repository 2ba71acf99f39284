"""Many multilayer perceptrons at once, by hand: batched matrix products forward and backward, nothing else.

Plain chains of linear layers with ReLU, tanh or sigmoid between them are what most tabular models are. For them the
gradients are written down here instead of traced, which takes about a third of the time. The rest goes through
exeat/audit/shadows/weights.py. Weights are laid out so that no product has to copy:

- inner layers [models, in, out]; the bias of the first is a further row, and its input has a further column of ones;
- the last layer [models, classes, in], its outputs [models, classes, batch]: a softmax over the middle axis is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from exeat.audit.shadows.weights import State

ACTIVATIONS: dict[type[nn.Module], str] = {nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}
FUNCTIONS = {
    "relu": torch.relu_,
    "tanh": torch.tanh_,
    "sigmoid": torch.sigmoid_,
}
DERIVATIVES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "relu": lambda gradient, output: torch.ops.aten.threshold_backward(gradient, output, 0),
    "tanh": torch.ops.aten.tanh_backward,
    "sigmoid": torch.ops.aten.sigmoid_backward,
}


class Link(NamedTuple):
    """One linear layer by the names of its weights (no bias: ""), and what follows it ("" after the last)."""

    weight: str
    bias: str
    activation: str


class Pair(NamedTuple):
    """Inputs of a layer and gradients of each record's loss at its outputs, [models, batch, width]."""

    inputs: Tensor
    gradients: Tensor


def links_of(model: nn.Module) -> tuple[Link, ...] | None:
    """Return the layers of a plain chain, None for everything else. Reads the model's graph, runs nothing of it."""
    try:
        graph = torch.fx.symbolic_trace(model).graph
    except Exception:  # noqa: BLE001 whatever cannot be traced is no plain chain
        return None
    steps = [node for node in graph.nodes if node.op not in {"placeholder", "output"}]
    before = [next(iter(graph.nodes)), *steps]
    straight = all(node.op == "call_module" and node.args == (last,) for node, last in zip(steps, before, strict=False))
    if not straight or not steps or not all(p.requires_grad for p in model.parameters()):
        return None
    parts = [(str(node.target), model.get_submodule(str(node.target))) for node in steps]
    if type(parts[0][1]) is nn.Flatten and parts[0][1].start_dim == 1 and parts[0][1].end_dim == -1:
        parts = parts[1:]
    return _alternating(parts, model)


def _alternating(parts: list[tuple[str, nn.Module]], model: nn.Module) -> tuple[Link, ...] | None:
    """Return the links where linear layers and activations alternate, use each weight once, and use all of them."""
    linear, between = parts[::2], parts[1::2]
    fits = len(parts) % 2 == 1 and all(type(part) is nn.Linear for _, part in linear)
    if not fits or not all(type(part) in ACTIVATIONS for _, part in between):
        return None
    after = [ACTIVATIONS[type(part)] for _, part in between] + [""]
    links = tuple(
        Link(f"{name}.weight", f"{name}.bias" if part.bias is not None else "", activation)
        for (name, part), activation in zip(linear, after, strict=True)
    )
    used = [name for link in links for name in (link.weight, link.bias) if name]
    held = [name for name, _ in (*model.named_parameters(), *model.named_buffers())]
    return links if sorted(used) == sorted(held) else None


class Chain:
    """The weights of many chains; ``leaves`` is what an optimizer updates."""

    def __init__(self, links: tuple[Link, ...], state: Mapping[str, Tensor], device: str = "cpu") -> None:
        self.links = links
        self.widened = len(links) > 1 and bool(links[0].bias)
        self.weights: list[Tensor] = []
        self.biases: list[Tensor | None] = []
        for at, link in enumerate(links):
            weight, bias = state[link.weight].to(device), state[link.bias].to(device) if link.bias else None
            self._add(at, weight, bias)

    def _add(self, at: int, weight: Tensor, bias: Tensor | None) -> None:
        if at == len(self.links) - 1:
            self.weights.append(weight.clone())
            self.biases.append(None if bias is None else bias[:, :, None].clone())
        elif at == 0 and bias is not None:
            self.weights.append(torch.cat([weight.mT, bias[:, None]], dim=1))
            self.biases.append(None)
        else:
            self.weights.append(weight.mT.contiguous())
            self.biases.append(None if bias is None else bias[:, None].clone())

    def inputs_of(self, x: Tensor) -> Tensor:
        """Return records [n, width] as the first layer takes them, with a column of ones where it has a bias."""
        flat = x.flatten(1)
        return torch.cat([flat, flat.new_ones(len(flat), 1)], dim=1) if self.widened else flat

    @property
    def leaves(self) -> list[Tensor]:
        """Return all weights and biases, layer by layer."""
        pairs = zip(self.weights, self.biases, strict=True)
        return [leaf for both in pairs for leaf in both if leaf is not None]

    def pairs(self, x: Tensor, y: Tensor, weights: Tensor) -> list[Pair]:
        """Return what each layer's gradient is a product of: x [models, batch, width], y and weights [models, batch].

        ``weights`` are those of the records in their model's loss.
        """
        passed = [x]
        for link, weight, bias in zip(self.links[:-1], self.weights, self.biases, strict=False):
            output = torch.bmm(passed[-1], weight) if bias is None else torch.baddbmm(bias, passed[-1], weight)
            passed.append(FUNCTIONS[link.activation](output))
        gradient = self._at_outputs(passed[-1], y, weights)
        pairs = [Pair(passed[-1], gradient)]
        weight = self.weights[-1]
        for at in range(len(self.links) - 2, -1, -1):
            gradient = DERIVATIVES[self.links[at].activation](torch.bmm(gradient, weight), passed[at + 1])
            pairs.append(Pair(passed[at], gradient))
            weight = self.weights[at].mT
        return pairs[::-1]

    def _at_outputs(self, last: Tensor, y: Tensor, weights: Tensor) -> Tensor:
        """Return softmax minus one-hot, weighted: [models, batch, classes] (a view of [models, classes, batch])."""
        weight, bias = self.weights[-1], self.biases[-1]
        logits = torch.bmm(weight, last.mT) if bias is None else torch.baddbmm(bias, weight, last.mT)
        shares = logits.softmax(dim=1)
        shares.scatter_add_(1, y[:, None], shares.new_full((1, 1, 1), -1.0).expand(len(y), 1, y.shape[1]))
        return shares.mul_(weights[:, None]).mT

    def descend(self, pairs: list[Pair], rate: float, decay: float) -> None:
        """Take a step of plain SGD in place, without keeping a gradient."""
        keep = 1 - rate * decay
        for leaf, left, right in self._products(pairs):
            leaf.baddbmm_(left, right, beta=keep, alpha=-rate)

    def gradients(self, pairs: list[Pair]) -> list[Tensor]:
        """Return the gradients of the leaves: sums over the records."""
        return [torch.bmm(left, right) for _, left, right in self._products(pairs)]

    def _products(self, pairs: list[Pair]) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Return leaf, left and right factor of each gradient; all factors exist before the first leaf changes."""
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        column = pairs[0].inputs.new_ones(1, 1, 1).expand(*pairs[0].inputs.shape[:2], 1)
        for at, (pair, weight, bias) in enumerate(zip(pairs, self.weights, self.biases, strict=True)):
            is_last, turned = at == len(pairs) - 1, pair.gradients.mT
            found.append((weight, turned, pair.inputs) if is_last else (weight, pair.inputs.mT, pair.gradients))
            if bias is not None:
                found.append((bias, turned, column) if is_last else (bias, column.mT, pair.gradients))
        return found

    def norms(self, pairs: list[Pair]) -> Tensor:
        """Return the norm of each record's own gradient over all weights, [models, batch].

        The gradient of a layer's weights is the outer product of its input and the gradient at its output, so its norm
        is the product of theirs (Goodfellow 2015, 1510.01799).
        """
        total = torch.zeros_like(pairs[0].inputs[..., 0])
        for pair, bias in zip(pairs, self.biases, strict=True):
            inputs = pair.inputs.square().sum(dim=2) + (0.0 if bias is None else 1.0)
            total += inputs * pair.gradients.square().sum(dim=2)
        return total.sqrt()

    def state(self) -> State:
        """Return the weights in the module's own shapes, models along the first axis, on the CPU."""
        return {name: tensor.contiguous().cpu() for name, tensor in self.named(self.leaves).items()}

    def named(self, leaves: Sequence[Tensor]) -> State:
        """Return tensors in the order of the leaves as views in the module's own shapes, by name."""
        rest, state = iter(leaves), {}
        for at, (link, bias) in enumerate(zip(self.links, self.biases, strict=True)):
            is_last, weight = at == len(self.links) - 1, next(rest)
            if at == 0 and self.widened:
                state[link.weight], state[link.bias] = weight[:, :-1].mT, weight[:, -1]
            else:
                state[link.weight] = weight if is_last else weight.mT
            if bias is not None:
                state[link.bias] = next(rest)[..., 0] if is_last else next(rest)[:, 0]
        return state
