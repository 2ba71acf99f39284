"""A small model that learned noise by heart, with shadow models of its own: what the tests of pilots stand on."""

from __future__ import annotations

from datetime import UTC, datetime

import torch
from safetensors.torch import save_file

from exeat.audit.pilots.copies import file_sha256
from exeat.audit.target import Recipe, Records, Target

DATE = datetime(2026, 6, 1, tzinfo=UTC)
WIDTH = 24


class Net(torch.nn.Module):
    def __init__(self, classes=2, width=WIDTH):
        super().__init__()
        self.first = torch.nn.Linear(6, width)
        self.last = torch.nn.Linear(width, classes)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)))


def records(seed, n, classes=2, noise=1.5):
    """Classes shifted apart, with enough noise that a network can learn single records by heart."""
    source = torch.Generator().manual_seed(seed)
    y = torch.randint(0, classes, (n,), generator=source)
    x = torch.randn(n, 6, generator=source) * noise
    x[:, 0] += y.float() * 1.5
    return Records(x, y)


def recipe(epochs=120):
    return Recipe(build=Net, epochs=epochs, batch_size=32, learning_rate=0.03, optimizer="adam")


def trained(data, seed=0, epochs=120):
    torch.manual_seed(seed)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(epochs):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(data.x), data.y).backward()
        optimizer.step()
    return model.eval()


def case(folder, n=120, seed=1, epochs=120):
    """Return a target whose weights lie in ``folder``/model.safetensors, and its recipe."""
    folder.mkdir(parents=True, exist_ok=True)
    members, others = records(seed, n), records(seed + 1, n)
    model, path = trained(members, epochs=epochs), folder / "model.safetensors"
    save_file(model.state_dict(), path)
    return Target(model, members, others, "net-v1", (file_sha256(path),)), recipe(epochs), path
