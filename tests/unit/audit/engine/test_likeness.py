"""Shadow models that are not like the target make an attack weak, and the report says so."""

from __future__ import annotations

import pytest
import torch

from exeat.audit import Recipe, Records
from exeat.audit.engine.likeness import about_shadows, check_recipe
from exeat.audit.shadows import train_shadows
from exeat.audit.signals import shadow_halves
from exeat.errors import BadInput
from tests.unit.audit.engine.toys import network, noise, toy


def recipe(build=network, **changes):
    return Recipe(
        **{"build": build, "epochs": 120, "batch_size": 60, "learning_rate": 0.03, "optimizer": "adam"} | changes
    )


def stack_of(target, how, n=4):
    x, y = target.everyone()
    return train_shadows(how, x, y, shadow_halves(len(x), n, 0), seed=0)


def test_the_target_s_own_recipe_raises_no_doubt():
    target = toy()
    assert check_recipe(target, recipe()) == []
    counts, shares = about_shadows(target, stack_of(target, recipe()))
    assert counts == "4 shadow models, trained together, each on 60 of 120 records."
    assert "target 1.000 in training" in shares
    assert "not how the target was trained" not in shares


def test_a_recipe_that_trains_less_is_noticed():
    notes = about_shadows(toy(), stack_of(toy(), recipe(epochs=1, learning_rate=0.001)))
    assert "The recipe is not how the target was trained" in notes[1]


def test_another_architecture_is_said():
    (note,) = check_recipe(toy(), recipe(lambda: torch.nn.Linear(6, 2)))
    assert "another architecture" in note


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: torch.nn.Linear(6, 3), r"answers with shape \[2, 3\], the target with \[2, 2\]"),
        (lambda: torch.nn.Linear(5, 2), "does not take the target's inputs"),
    ],
)
def test_a_recipe_for_other_data_is_refused(build, sentence):
    with pytest.raises(BadInput, match=sentence):
        check_recipe(toy(), recipe(build))


def test_sides_of_very_different_size_are_noticed():
    x, y = noise(400, seed=9)
    target = toy(non_members=Records(x, y))
    notes = about_shadows(target, stack_of(target, recipe(epochs=1), 2))
    assert "learn from 230 records, the target from 60" in notes[1]


def test_without_shadow_models_little_is_proven():
    (note,) = about_shadows(toy(), None)
    assert "finding little with them proves little" in note
