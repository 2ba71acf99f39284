"""What an earlier run left is taken only where it is about the same model, and whole."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch

from exeat.audit import Recipe, audit
from exeat.audit.engine.kept import load_scores, save_scores
from exeat.audit.scores import Scores
from tests.unit.audit.engine.toys import toy

KEY = "sha256:" + "c" * 64
ABOUT = {"attack": "loss", "params": {"a": "1"}, "queries": None}


class Answering(torch.nn.Module):
    """Its answers depend on a number that stands neither in its weights nor in its repr."""

    turn = 1.0

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(6, 2)

    def forward(self, x):
        return torch.tanh(Answering.turn * self.layer(x))


def figures(report):
    return {(one.indicator_id, one.fpr): one.value for one in report.indicators}


def test_another_forward_with_the_same_weights_is_another_model(tmp_path, monkeypatch):
    torch.manual_seed(0)
    target = toy(model=Answering())
    recipe = Recipe(build=Answering, epochs=20, batch_size=8, learning_rate=0.5)

    def audited(folder):
        return figures(
            audit(
                target, recipe, folder=folder, attacks=["loss", "rmia"], shadows=4, only_membership=True,
                say=lambda _line: None,
            )
        )  # fmt: skip

    before = audited(tmp_path / "a")
    monkeypatch.setattr(Answering, "turn", -3.0)
    again, fresh = audited(tmp_path / "a"), audited(tmp_path / "b")
    assert again == fresh
    assert again != before


def kept(folder, about, members=None, others=None):
    out = io.BytesIO()
    members = np.zeros(60) if members is None else members
    np.savez(out, members=members, non_members=np.ones(60) if others is None else others, about=np.array(about))
    folder.mkdir(exist_ok=True)
    (folder / f"scores-{'c' * 64}.npz").write_bytes(out.getvalue())


def test_kept_scores_come_back(tmp_path):
    save_scores(tmp_path / "s", KEY, Scores("loss", np.zeros(60), np.ones(60), params={"a": "1"}, queries=3))
    found = load_scores(tmp_path / "s", KEY, "loss", toy())
    assert (found.members.tolist(), dict(found.params), found.queries) == ([0.0] * 60, {"a": "1"}, 3)
    assert load_scores(tmp_path / "s", KEY, "lira", toy()) is None
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "s").iterdir()} == {0o600}


@pytest.mark.parametrize("about", ["[]", "{}", "3", "[" * 50_000, '{"attack": "loss", "params": 4, "queries": null}'])
def test_a_damaged_note_beside_the_scores_is_as_if_there_were_none(tmp_path, about):
    kept(tmp_path, about)
    assert load_scores(tmp_path, KEY, "loss", toy()) is None


@pytest.mark.parametrize("members", [np.zeros((60, 2)), np.zeros(59), np.zeros(60, dtype="f4"), np.array(["a"] * 60)])
def test_scores_of_another_shape_or_type_are_not_taken(tmp_path, members):
    kept(tmp_path, json.dumps(ABOUT))
    assert load_scores(tmp_path, KEY, "loss", toy()) is not None
    kept(tmp_path, json.dumps(ABOUT), members)
    assert load_scores(tmp_path, KEY, "loss", toy()) is None
