"""The cost is measured beforehand; more work costs more, and the parts add up."""

from __future__ import annotations

import json

import pytest

from exeat.audit import Recipe, estimate
from exeat.audit.engine.cost import Cost
from exeat.audit.engine.stages import SHADOWS, attack_stage
from tests.unit.audit.engine.toys import network, overfit, toy

RECIPE = Recipe(build=network, epochs=4, batch_size=20, learning_rate=0.1)


def test_the_whole_is_the_sum_of_the_parts_over_all_kinds_of_data():
    cost = Cost(training=2.0, shadows=10.0, attacks={"loss": 1.0, "lira": 3.0}, regimes=("masked",))
    assert cost.seconds == 18.0
    assert cost.units == 9.0
    assert sum(cost.weights().values()) == cost.seconds
    assert set(cost.weights()) == {SHADOWS} | {
        attack_stage(name, kind) for name in ("loss", "lira") for kind in ("real", "masked")
    }
    assert "About 9.0 times one training of the recipe (2 s), 18 s for the attacks on membership." in cost.sentence()


def test_an_estimate_says_what_would_run():
    cost = estimate(toy(), RECIPE, attacks=("loss", "lira", "gradient"), shadows=4, regimes=("shifted",))
    assert set(cost.attacks) == {"loss", "lira", "gradient"}
    assert cost.training > 0
    assert cost.shadows > 0
    assert cost.regimes == ("shifted",)
    assert json.loads(json.dumps(cost.as_values()))["units"] > 0


def test_without_a_recipe_there_are_no_units():
    cost = estimate(toy())
    assert (cost.training, cost.units, cost.shadows) == (None, None, 0.0)
    assert set(cost.attacks) == {"loss", "label_gap"}


@pytest.mark.parametrize("shadows", [2, 6])
def test_a_recipe_with_code_of_its_own_is_timed_once(shadows):
    trained = []

    def train(x, y, seed):
        trained.append(len(x))
        return overfit(x, y, seed)

    recipe = Recipe(build=network, epochs=1, batch_size=8, learning_rate=0.1, train=train)
    cost = estimate(toy(), recipe, attacks=("lira",), shadows=shadows)
    assert trained == [60]
    assert cost.shadows == pytest.approx(cost.training * shadows)
