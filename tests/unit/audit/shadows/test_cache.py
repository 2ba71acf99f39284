"""What is finished is kept, what is damaged is built again, and another recipe never meets the wrong models."""

import numpy as np
import pytest
import torch
from torch import nn

from exeat.audit.shadows import train_shadows
from exeat.audit.shadows.sizes import models_per_piece
from exeat.audit.target import Recipe

N, WIDTH = 40, 5


def mlp(width=8):
    return nn.Sequential(nn.Linear(WIDTH, width), nn.Tanh(), nn.Linear(width, 2))


def data(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(N, WIDTH, generator=generator), torch.randint(0, 2, (N,), generator=generator)


def halves():
    return np.stack([np.arange(N) < 20, np.arange(N) >= 20, np.arange(N) % 2 == 0])


def recipe(**changes):
    return Recipe(**{"build": mlp, "epochs": 2, "batch_size": 8, "learning_rate": 0.05} | changes)


def files(folder):
    return sorted(folder.glob("*.safetensors"))


def shadows(folder, *, given=None, seed=1, memory=1, inside=None, xy=None, progress=None):
    """With ``memory=1`` each model is a piece of its own."""
    x, y = xy or data()
    inside = halves() if inside is None else inside
    return train_shadows(given or recipe(), x, y, inside, seed=seed, cache=folder, memory=memory, progress=progress)


def test_a_second_run_trains_nothing_and_returns_the_same(tmp_path):
    first, told = shadows(tmp_path), []
    again = shadows(tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 6), (4, 6), (6, 6)]
    assert all(torch.equal(first.state[name], again.state[name]) for name in first.state)
    assert len(files(tmp_path)) == 3
    assert not list(tmp_path.glob("*.tmp"))


class CutError(Exception):
    pass


def test_a_run_that_was_cut_off_goes_on(tmp_path):
    def cut(done, total):
        if done > total // 2:
            raise CutError

    with pytest.raises(CutError):
        shadows(tmp_path, progress=cut)
    kept = {path: path.stat().st_mtime_ns for path in files(tmp_path)}
    assert kept
    resumed = shadows(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in files(tmp_path)}.items() >= kept.items()
    whole = shadows(None)
    assert all(torch.equal(resumed.state[name], whole.state[name]) for name in whole.state)


@pytest.mark.parametrize(
    "change",
    [
        {"given": recipe(learning_rate=0.06)},
        {"given": recipe(optimizer="adam")},
        {"given": recipe(build=lambda: mlp(9))},
        {"given": recipe(build=lambda: nn.Sequential(nn.Linear(WIDTH, 8), nn.ReLU(), nn.Linear(8, 2)))},
        {"seed": 2},
        {"xy": data(1)},
        {"inside": ~halves()},
    ],
)
def test_whatever_the_models_follow_from_is_in_the_name(tmp_path, change):
    shadows(tmp_path)
    before = set(files(tmp_path))
    shadows(tmp_path, **change)
    assert len(set(files(tmp_path)) - before) >= 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "other"])
def test_a_damaged_file_is_noted_and_built_again(tmp_path, damage):
    first = shadows(tmp_path)
    path = files(tmp_path)[0]
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[-1] ^= 1
    else:
        content = bytearray(b"no tensors")
    path.write_bytes(content)
    again = shadows(tmp_path)
    assert len(again.notes) == 1
    assert path.name in again.notes[0]
    assert all(torch.equal(first.state[name], again.state[name]) for name in first.state)
    assert shadows(tmp_path).notes == ()


def test_more_memory_trains_more_models_at_once_up_to_a_limit():
    x, _ = data()
    few, many = (models_per_piece(recipe(), x, memory) for memory in (20_000, 10**9))
    assert 1 <= few < many == 32
    assert models_per_piece(recipe(noise_multiplier=1.0, clip_norm=1.0), x, 20_000) < few
