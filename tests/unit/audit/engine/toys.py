"""Small real models that learned noise by heart, and job files about them."""

from __future__ import annotations

from copy import deepcopy
from functools import cache

import torch
from safetensors.torch import save_file

from exeat.audit import Records, Target


def network(seed=0, width=32):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(6, width), torch.nn.Tanh(), torch.nn.Linear(width, 2))


def noise(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 6, generator=generator), torch.randint(0, 2, (n,), generator=generator)


def overfit(x, y, seed=0):
    model = network(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(120):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model.eval()


@cache
def learned(n):
    """The model of ``toy``, trained once for all tests of a process."""
    x, y = noise(2 * n)
    return overfit(x[:n], y[:n])


def toy(n=60, *, digest="sha256:" + "a" * 64, groups=None, **changes):
    x, y = noise(2 * n)
    values = {
        "model": deepcopy(learned(n)),
        "members": Records(x[:n], y[:n], groups or {}),
        "non_members": Records(x[n:], y[n:]),
        "checkpoint_id": "toy-v1",
        "component_sha256": (digest,) if digest else (),
    }
    return Target(**values | changes)


def save(target, folder, name="model.safetensors"):
    save_file(target.model.state_dict(), folder / name)
    return folder / name


JOB = """
import sys
from pathlib import Path

sys.path.insert(0, {root!r})
from safetensors.torch import load_file
from tests.unit.audit.engine.toys import network, toy
import dataclasses

def target():
    model = network(1)
    model.load_state_dict(load_file(Path(__file__).with_name("model.safetensors")))
    return dataclasses.replace(toy(digest=""), model=model)
"""
