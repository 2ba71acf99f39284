"""Train one small network for real: plain, with early stopping, with weight decay, or with DP-SGD through Opacus."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

if TYPE_CHECKING:
    from data.samples.specs import Spec


class Mlp(nn.Module):
    """Fully connected layers with tanh between them (bounded activations suit clipping)."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__()
        layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.Tanh())]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        logits: torch.Tensor = self.layers(x)
        return logits


@dataclass(slots=True)
class Trained:
    """What training leaves behind."""

    model: Mlp
    optimizer: torch.optim.Optimizer
    epochs: int
    steps: int
    trace: list[dict[str, float]] = field(default_factory=list)


def pin_threads() -> None:
    """Use one thread: small models are slower, and less repeatable, on several."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def train(
    spec: Spec,
    sizes: tuple[int, ...],
    data: tuple[torch.Tensor, torch.Tensor],
    validation: tuple[torch.Tensor, torch.Tensor],
    seed: int,
) -> Trained:
    """Train the network of ``spec`` on ``data``; every random choice follows from ``seed``."""
    torch.manual_seed(seed)
    model = Mlp(sizes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=spec.learning_rate, weight_decay=spec.weight_decay)
    run = _dp_epochs if spec.private else _epochs
    trained = Trained(model, optimizer, 0, 0)
    best, best_state, waited = float("inf"), model.state_dict(), 0
    for row in run(spec, trained, data, seed):
        trained.trace.append(row | _evaluate(model, validation))
        trained.epochs += 1
        if spec.patience:
            waited = 0 if trained.trace[-1]["val_loss"] < best else waited + 1
            if waited == 0:
                best, best_state = trained.trace[-1]["val_loss"], copy.deepcopy(model.state_dict())
            if waited >= spec.patience:
                break
    if spec.patience:
        model.load_state_dict(best_state)
    return trained


def _loader(spec: Spec, data: tuple[torch.Tensor, torch.Tensor], seed: int) -> DataLoader[Any]:
    size = -(-len(data[0]) // spec.batches)
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(*data), batch_size=size, shuffle=True, generator=generator)


def _epochs(spec: Spec, trained: Trained, data: tuple[torch.Tensor, torch.Tensor], seed: int) -> Any:
    loader = _loader(spec, data, seed)
    for epoch in range(spec.epochs):
        losses = [_step(trained, trained.model, trained.optimizer, x, y) for x, y in loader]
        yield {"epoch": epoch, "train_loss": sum(losses) / len(losses)}


def _dp_epochs(spec: Spec, trained: Trained, data: tuple[torch.Tensor, torch.Tensor], seed: int) -> Any:
    """Yield epochs of DP-SGD: Poisson batches, per-record clipping, Gaussian noise."""
    from opacus import PrivacyEngine  # noqa: PLC0415 half of the samples do not need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Opacus warns that the seeded noise is not cryptographic; README says so
        module, optimizer, loader = PrivacyEngine(accountant="rdp").make_private(
            module=trained.model,
            optimizer=trained.optimizer,
            data_loader=_loader(spec, data, seed),
            noise_multiplier=spec.noise,
            max_grad_norm=spec.clip,
            noise_generator=torch.Generator().manual_seed(seed + 1),
        )
        for epoch in range(spec.epochs):
            losses = [_step(trained, module, optimizer, x, y) for x, y in loader]
            yield {"epoch": epoch, "train_loss": sum(losses) / len(losses)}
        module.remove_hooks()


def _step(trained: Trained, module: nn.Module, optimizer: Any, x: torch.Tensor, y: torch.Tensor) -> float:
    optimizer.zero_grad()
    loss = cross_entropy(module(x), y) if len(x) else module(x).sum()
    loss.backward()
    optimizer.step()
    trained.steps += 1
    return float(loss.detach())


@torch.no_grad()
def _evaluate(model: Mlp, validation: tuple[torch.Tensor, torch.Tensor]) -> dict[str, float]:
    x, y = validation
    logits = model(x)
    return {
        "val_loss": float(cross_entropy(logits, y)),
        "val_accuracy": float((logits.argmax(dim=1) == y).float().mean()),
    }
