"""A real network on scikit-learn's breast-cancer table, and one that has learned noise by heart."""

import pytest
import torch
from sklearn.datasets import load_breast_cancer

from exeat.audit.target import Records, Target

DIGEST = "sha256:" + "0" * 64


def fit(model, x, y, *, steps, rate=0.01):
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


@pytest.fixture(scope="session")
def clinic():
    torch.set_num_threads(1)
    x, y = load_breast_cancer(return_X_y=True)
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    x = (x - x.mean(dim=0)) / x.std(dim=0)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    x, y = x[order], y[order]
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(30, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
    fit(model, x[:284], y[:284], steps=40)
    return Target(model, Records(x[:284], y[:284]), Records(x[284:], y[284:]), "clinic-v1", (DIGEST,))
