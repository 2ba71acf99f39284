"""All attacks on a small network that learned noise by heart, with shadow models trained for real."""

from functools import lru_cache

import numpy as np
import pytest
import torch
from torch import nn

from exeat.audit.attacks import ATTACKS, NEEDS_NO_SHADOWS, run_attacks
from exeat.audit.membership import auc, indicators_of
from exeat.audit.shadows import train_shadows
from exeat.audit.signals import shadow_halves
from exeat.audit.target import Recipe, Records, Target
from exeat.errors import BadInput
from exeat.model.tier import Access

N, WIDTH = 200, 8
DIGEST = "sha256:" + "0" * 64


def mlp():
    return nn.Sequential(nn.Linear(WIDTH, 64), nn.Tanh(), nn.Linear(64, 2))


RECIPE = Recipe(build=mlp, epochs=60, batch_size=20, learning_rate=0.02, optimizer="adam")


@lru_cache
def scene():
    """The target's members are the first half; women alternate."""
    torch.manual_seed(5)
    x, y = torch.randn(N, WIDTH), torch.randint(0, 2, (N,))
    members = (np.arange(N) < N // 2)[None]
    model = train_shadows(RECIPE, x, y, members, seed=1).model(0)
    women = {"women": np.arange(N // 2) % 2 == 0}
    sides = Records(x[: N // 2], y[: N // 2], women), Records(x[N // 2 :], y[N // 2 :], women)
    stack = train_shadows(RECIPE, x, y, shadow_halves(N, 8, 2), seed=3)
    return Target(model, *sides, "noise", (DIGEST,)), stack


@lru_cache
def scores(name):
    target, stack = scene()
    (found,) = run_attacks(target, stack, [name], seed=4)
    return found


@pytest.mark.parametrize("name", ATTACKS)
def test_each_attack_recognises_members_of_a_model_that_learned_by_heart(name):
    found = scores(name)
    assert found.attack == name
    assert (len(found.members), len(found.non_members)) == (N // 2, N // 2)
    assert np.isfinite(np.concatenate([found.members, found.non_members])).all()
    assert auc(found.members, found.non_members) > 0.6
    assert set(found.groups) == set(found.outside_groups) == {"women"}


@pytest.mark.parametrize("name", ATTACKS)
def test_each_attack_makes_indicators_that_say_who_the_attacker_was(name):
    rows = indicators_of(scores(name))
    assert rows[0].indicator_id == f"mia.{name}.auc"
    expected = {"label": Access.API_LABEL, "label_gap": Access.API_LABEL, "gradient": Access.WHITE_BOX}
    assert rows[0].adversary.access == expected.get(name, Access.API_CONF)
    assert "the record and its label" in rows[0].adversary.knowledge
    assert rows[0].adversary.budget_queries == (N * 96 if name == "label" else N)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_untrained_target_gives_nothing_away(name):
    target, stack = scene()
    areas = []
    for seed in range(3):
        torch.manual_seed(seed)
        fresh = Target(mlp(), target.members, target.non_members, "fresh", (DIGEST,))
        (found,) = run_attacks(fresh, stack, [name], seed=4)
        areas.append(auc(found.members, found.non_members))
    assert np.mean(areas) == pytest.approx(0.5, abs=0.09)


def test_scores_repeat_by_seed_and_the_model_is_left_as_it_was():
    target, stack = scene()
    target.model.train()
    (again,) = run_attacks(target, stack, ["label"], seed=4)
    assert target.model.training
    assert (again.members == scores("label").members).all()
    (other,) = run_attacks(target, stack, ["label"], seed=5)
    assert (again.members != other.members).any()


def test_without_shadow_models_only_some_attacks_run():
    target, _ = scene()
    for name in ATTACKS:
        if name in NEEDS_NO_SHADOWS:
            assert len(run_attacks(target, None, [name], seed=1)) == 1
        else:
            with pytest.raises(BadInput, match="needs shadow models"):
                run_attacks(target, None, [name], seed=1)


def test_wrong_names_records_and_outputs_are_refused():
    target, stack = scene()
    with pytest.raises(BadInput, match="no attack lyra"):
        run_attacks(target, stack, ["lyra"], seed=1)
    fewer = Target(target.model, target.members, Records(*(t[:5] for t in target.everyone())), "x", (DIGEST,))
    with pytest.raises(BadInput, match="know 200 records, the target has 105"):
        run_attacks(fewer, stack, ["lira"], seed=1)
    one = Target(nn.Linear(WIDTH, 1), target.members, target.non_members, "x", (DIGEST,))
    with pytest.raises(BadInput, match="one logit per class"):
        run_attacks(one, stack, ["loss"], seed=1)
    tokens = Records(torch.zeros(5, WIDTH, dtype=torch.int64), torch.zeros(5, dtype=torch.int64))
    with pytest.raises(BadInput, match="whole numbers"):
        run_attacks(Target(target.model, tokens, tokens, "x", (DIGEST,)), stack_of_ten(), ["label"], seed=1)


def stack_of_ten():
    target, _ = scene()
    x, y = target.everyone()
    return train_shadows(RECIPE, x[:10], y[:10], shadow_halves(10, 2, 1), seed=1)


def test_a_program_of_torch_export_is_attacked_as_its_module_is():
    target, stack = scene()
    example = (target.members.x[:4],)
    shape = ({0: torch.export.Dim("n", min=1)},)
    program = torch.export.export(target.model.eval(), example, dynamic_shapes=shape).module()
    exported = Target(program, target.members, target.non_members, "program", (DIGEST,))
    names = ["loss", "lira", "gradient"]
    for a, b in zip(run_attacks(exported, stack, names, seed=4), (scores(n) for n in names), strict=True):
        assert a.members == pytest.approx(b.members, rel=1e-3, abs=1e-3)


def test_shadow_models_that_are_asked_twice_answer_the_same():
    target, stack = scene()
    x, y = target.everyone()
    found = stack.signal("logit", x, y)
    assert found.shape == (8, N)
    assert found.dtype == np.float64
    single = [stack.first(2).signal("logit", x, y), found[:2]]
    assert (single[0] == single[1]).all()
    assert found[stack.inside].mean() > found[~stack.inside].mean() + 1
    with pytest.raises(BadInput, match="no signal colour"):
        stack.signal("colour", x, y)
