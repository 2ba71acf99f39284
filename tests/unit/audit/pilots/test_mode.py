"""A model in training mode: batch normalisation and dropout are asked as they answer, and left as they were."""

from __future__ import annotations

from dataclasses import replace

import torch
from safetensors.torch import save_file

from exeat.audit.pilots.copies import file_sha256
from exeat.audit.pilots.outputs import Rounding
from exeat.audit.pilots.study import study
from exeat.audit.pilots.surrogate import Surrogate
from exeat.audit.pilots.weights import Pruning
from exeat.audit.target import Recipe, Target
from tests.unit.audit.pilots.scene import DATE, records


def images():
    return torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 2, 3)), torch.nn.Conv2d(1, 4, 2), torch.nn.BatchNorm2d(4), torch.nn.Tanh(),
        torch.nn.Flatten(), torch.nn.Dropout(0.3), torch.nn.Linear(8, 2),
    )  # fmt: skip


def scene(folder):
    members, others = records(1, 60), records(2, 60)
    torch.manual_seed(4)
    model = images()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(members.x), members.y).backward()
        optimizer.step()
    folder.mkdir()
    path = folder / "model.safetensors"
    save_file(model.state_dict(), path)
    recipe = Recipe(build=images, epochs=3, batch_size=30, learning_rate=0.02, optimizer="adam")
    return Target(model, members, others, "images-v1", (file_sha256(path),)), recipe, path


def test_a_model_left_in_training_mode_is_piloted_like_one_that_is_not(tmp_path):
    target, recipe, path = scene(tmp_path / "checkpoint")
    tried = (Pruning(), Rounding(), Surrogate(epochs=5))
    settings = {"seed": 5, "shadows": 2, "originals": [path], "date": DATE}
    training = replace(target, model=target.model.train())
    first = study(training, recipe, tried, folder=tmp_path / "a", **settings)
    assert training.model.training
    second = study(replace(target, model=target.model.eval()), recipe, tried, folder=tmp_path / "b", **settings)
    assert [pilot.utility for pilot in first.pilots] == [pilot.utility for pilot in second.pilots]
    assert first.to_bytes() == second.to_bytes()
