"""The training recipe in the form in which SACRO-ML trains its shadow models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from torch import nn
    from torch.utils.data import DataLoader


def train(
    model: nn.Module, dataloader: DataLoader[Any], epochs: int, learning_rate: float, weight_decay: float
) -> nn.Module:
    """Train in place; the same optimiser and number of epochs as the sample checkpoint."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    for _ in range(epochs):
        for x, y in dataloader:
            optimizer.zero_grad()
            cross_entropy(model(x), y).backward()
            optimizer.step()
    return model
