"""The three tasks: data of scikit-learn, a random half of members, and a target trained on them by plain torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from torch.utils.data import DataLoader, TensorDataset

from bench.audit.network import Mlp, train

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Task:
    """One data set with the recipe of its target."""

    name: str
    sizes: tuple[int, ...]
    epochs: int
    learning_rate: float
    batch_size: int = 32


TASKS = {
    task.name: task
    for task in (
        Task("digits", (64, 128, 10), 60, 0.2),
        Task("breast-cancer", (30, 64, 2), 60, 0.1),
        Task("diabetes", (10, 64, 2), 100, 0.2),
    )
}


def load(name: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return features and classes; diabetes progression is cut at its median into two classes."""
    if name == "digits":
        digits = load_digits()
        return (digits.data / 16).astype(np.float32), digits.target.astype(np.int64)
    if name == "breast-cancer":
        found = load_breast_cancer()
        x, y = found.data, found.target
    else:
        found = load_diabetes()
        x, y = found.data, found.target > np.median(found.target)
    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32), y.astype(np.int64)


def prepare(task: Task, seed: int, folder: Path) -> dict[str, float]:
    """Write data (members first), target weights and recipe for both sides; return the target's accuracies."""
    x, y = load(task.name)
    order = np.random.default_rng(seed).permutation(len(x))
    x, y, n_in = x[order], y[order], len(x) // 2
    torch.manual_seed(seed)
    model = Mlp(task.sizes)
    members = TensorDataset(torch.from_numpy(x[:n_in]), torch.from_numpy(y[:n_in]))
    train(model, DataLoader(members, batch_size=task.batch_size, shuffle=True), task.epochs, task.learning_rate)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "data.npz", x=x, y=y)
    np.savez(folder / "weights.npz", **{name: tensor.numpy() for name, tensor in model.state_dict().items()})
    (folder / "task.json").write_text(json.dumps(asdict(task) | {"n_in": n_in}))
    with torch.no_grad():
        right = (model(torch.from_numpy(x)).argmax(dim=1).numpy() == y).astype(float)
    return {"train_accuracy": float(right[:n_in].mean()), "test_accuracy": float(right[n_in:].mean())}
