"""The last record is looked at as well as the first, before anything costs time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from exeat.audit import Records, Regime, audit
from exeat.audit.engine.checks import check_regime, check_target
from exeat.audit.engine.data_files import read_records
from exeat.audit.engine.run import ready
from exeat.errors import BadInput
from tests.unit.audit.engine.toys import network, noise, toy

N = 100
X, Y = noise(2 * N)


class Sometimes(torch.nn.Module):
    """Answers with ``value`` where the first feature is large."""

    def __init__(self, value):
        super().__init__()
        self.inner, self.value = network(1), value

    def forward(self, x):
        return torch.where(x[:, :1] > 9, torch.tensor(self.value), self.inner(x))


def late(at=-1):
    x = X[N:].clone()
    x[at, 0] = 10.0
    return Records(x, Y[N:])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e20])
def test_one_answer_that_is_no_number_is_found_at_the_end_too(value):
    target = toy(N, model=Sometimes(value), non_members=late())
    with pytest.raises(BadInput, match="1 of 100 non-members are not finite"):
        check_target(target)


def test_a_regime_is_looked_at_as_the_true_records_are():
    target = toy(N, model=Sometimes(float("nan")))
    with pytest.raises(BadInput, match="1 of 100 non-members are not finite"):
        check_regime(Regime("masked", "", Records(X[:N], Y[:N]), late()).target(target))
    with pytest.raises(BadInput, match="outside 0"):
        check_regime(Regime("masked", "", Records(X[:N], Y[:N] + 1), Records(X[N:], Y[N:])).target(target))


def test_a_token_that_the_model_does_not_know_is_refused():
    model = torch.nn.Sequential(torch.nn.Embedding(5, 3), torch.nn.Flatten(), torch.nn.Linear(6, 2)).eval()
    x = torch.randint(0, 5, (2 * N, 2))
    x[-1, 0] = 5
    with pytest.raises(BadInput, match="does not take all inputs of the non-members: IndexError"):
        check_target(toy(N, model=model, members=Records(x[:N], Y[:N]), non_members=Records(x[N:], Y[N:])))


def test_half_precision_of_the_other_kind_can_be_audited():
    sides = {"members": Records(X[:N].bfloat16(), Y[:N]), "non_members": Records(X[N:].bfloat16(), Y[N:])}
    report = audit(
        toy(N, model=network(1).bfloat16(), **sides), attacks=["loss"], only_membership=True, say=lambda _line: None
    )
    assert report.indicators[0].status == "measured"


NAMES = ["", "two\nlines", "\x1b[31mred", "long" * 100, 3]


@pytest.mark.parametrize("name", NAMES)
def test_a_subgroup_that_no_report_can_name_is_refused(name):
    mask = np.ones(N, dtype=bool)
    with pytest.raises(BadInput, match="is no name of a subgroup"):
        check_target(toy(N, groups={name: mask}))


def test_a_mask_has_one_mark_per_record():
    with pytest.raises(BadInput, match=r"shape \[100, 2\]"):
        check_target(toy(N, groups={"a": np.ones((N, 2), dtype=bool)}))


@pytest.mark.parametrize("marks", [np.array(["no"] * 60), np.array([None] * 60), np.full(60, 2), np.full(60, np.nan)])
def test_marks_that_are_not_true_or_false_are_refused(tmp_path, marks):
    with pytest.raises(BadInput, match="not true or false"):
        ready(toy(groups={"a": marks}))
    if marks.dtype != object:
        np.savez(tmp_path / "a.npz", **{"x": np.zeros((60, 6)), "y": np.zeros(60, dtype=int), "group.a": marks})
        with pytest.raises(BadInput, match="not true or false"):
            ready(toy(members=read_records(tmp_path / "a.npz")))
    assert ready(toy(groups={"a": np.arange(60) % 2})).members.groups["a"].sum() == 30
