"""What would make the figures meaningless is refused before anything is computed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from exeat.audit import Records
from exeat.audit.engine.checks import check_target
from exeat.errors import BadInput
from tests.unit.audit.engine.toys import noise, toy

X, Y = noise(60, seed=5)


def members(x=X, y=Y):
    return {"members": Records(x, y)}


def others(x=X, y=Y):
    return {"non_members": Records(x, y)}


def with_nan():
    x = X.clone()
    x[3, 2] = float("nan")
    return x


class Wrong(torch.nn.Module):
    def __init__(self, forward):
        super().__init__()
        self.answer = forward

    def forward(self, x):
        return self.answer(x)


REFUSED = {
    "no non-members": (others(X[:0], Y[:0]), "There are 0 non-members"),
    "few members": (members(X[:9], Y[:9]), "There are 9 members"),
    "another shape": (others(X[:, :5]), "shape [60, 5]"),
    "another type": (others(X.double()), "float64"),
    "one number per record": (members(X[:, 0]), "shape [60]"),
    "NaN": (members(with_nan()), "1 of 60 members have inputs that are not finite"),
    "infinity": (others(X / 0), "not finite"),
    "a label too large": (members(y=Y + 1), "labels of the members are outside 0 … 1"),
    "a negative label": (others(y=Y - 1), "labels of the non-members are outside 0 … 1"),
    "labels that are no numbers of classes": (members(y=Y.float()), "float32"),
    "one-hot labels": (members(y=torch.nn.functional.one_hot(Y)), "shape [60, 2]"),
    "the same records": ({**members(), **others()}, "60 of 60 non-members are identical to a member"),
    "no file": ({"component_sha256": ()}, "could be attached to any model"),
    "one logit": ({"model": torch.nn.Linear(6, 1)}, "one number per record"),
    "wrong inputs": ({"model": torch.nn.Linear(7, 2)}, "does not take the members' inputs"),
    "a tuple": ({"model": Wrong(lambda x: (x, x))}, "returns a tuple"),
    "not finite": ({"model": Wrong(lambda x: x[:, :2] / 0)}, "logits are not finite"),
    "dropout that never ends": (
        {"model": Wrong(lambda x: torch.nn.functional.dropout(x, 0.5)[:, :2])},
        "answers the same record differently each time",
    ),
    "a name that is no id": ({"checkpoint_id": "My model"}, "checkpoint_id"),
    "a digest that is none": ({"component_sha256": ("abc",)}, "component_sha256"),
    "neighbours": (
        {"model": Wrong(lambda x: (x - x.mean(0))[:, :2])},
        "depends on the other records of the batch",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_unsound_target_is_refused_with_the_next_step(what):
    changes, sentence = REFUSED[what]
    with pytest.raises(BadInput) as caught:
        check_target(toy(**changes))
    assert sentence in caught.value.headline
    assert len(caught.value.what_to_do) > 20


def test_a_sound_target_has_nothing_to_note():
    assert check_target(toy()) == []


def test_a_few_records_on_both_sides_are_noted():
    target = toy()
    x, y = target.non_members.x.clone(), target.non_members.y.clone()
    x[0], y[0] = target.members.x[7], target.members.y[7]
    (note,) = check_target(toy(non_members=Records(x, y)))
    assert "1 of 60 non-members are identical to a member" in note


def test_the_same_inputs_with_another_label_are_another_record():
    target = toy()
    x, y = target.non_members.x.clone(), target.non_members.y.clone()
    x[0], y[0] = target.members.x[7], 1 - target.members.y[7]
    assert check_target(toy(non_members=Records(x, y))) == []


def test_small_subgroups_are_named():
    (note,) = check_target(toy(groups={"rare": np.arange(60) < 3}))
    assert "rare" in note
