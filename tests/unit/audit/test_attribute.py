"""Attribute inference on real networks: noise learned by heart gives the attribute away, a fair model does not."""

import warnings
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
import torch

from exeat.audit.attribute import Attribute, measure
from exeat.audit.reconstruction.imputation import cross_fitted, fit_imputer
from exeat.audit.reconstruction.paired import independent_difference, paired_difference
from exeat.audit.target import Records, Target
from exeat.errors import BadInput


def people(seed, n=400, *, told=0.0):
    """Six columns of noise and one of -1 and 1; with ``told`` the first column hints at it."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 7, generator=generator)
    x[:, 6] = torch.randint(0, 2, (n,), generator=generator) * 2.0 - 1
    x[:, 0] += told * x[:, 6]
    return x, torch.randint(0, 2, (n,), generator=generator)


def trained(seed, x, y, *, steps, width=64):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(x.shape[1], width), torch.nn.Tanh(), torch.nn.Linear(width, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


def target(seed=0, *, steps=300, told=0.0, n=200):
    x, y = people(seed, 2 * n, told=told)
    model = trained(seed, x[:n], y[:n], steps=steps)
    return Target(model, Records(x[:n], y[:n]), Records(x[n:], y[n:]), "m", ("sha256:" + "0" * 64,))


SEX = Attribute(name="sex", columns=(6,))


def by_id(found):
    return {i.indicator_id: i for i in found}


def test_a_model_that_learned_noise_by_heart_gives_the_attribute_away():
    found = by_id(measure(target(steps=400), SEX))
    advantage, excess = found["attr.adv_over_imputation"], found["attr.member_excess"]
    assert advantage.ci_low > 0
    assert excess.ci_low > 0
    assert advantage.attack_params["attribute"] == "sex"
    assert Decimal("0.4") < advantage.baseline_value < Decimal("0.65")


def test_an_untrained_model_adds_nothing_in_most_seeds():
    above = sum(
        by_id(measure(target(seed, steps=0), SEX, seed=seed))["attr.adv_over_imputation"].ci_low > 0
        for seed in range(20)
    )
    assert above <= 2


def test_what_the_other_columns_tell_is_imputation_and_no_advantage():
    found = by_id(measure(target(3, steps=0, told=2.0), SEX))
    advantage = found["attr.adv_over_imputation"]
    assert advantage.baseline_value > Decimal("0.9")
    assert advantage.value < Decimal("0.05")
    assert "imputed without it" in advantage.bound_note


def test_a_quantity_is_bounded_above_imputation_by_an_overfitted_model():
    quantity = Attribute(name="age", columns=(3,), quantitative=True)
    (found,) = measure(target(5, steps=600, n=150), quantity)
    assert found.indicator_id == "attr.bounds_excess"
    assert found.ci_low <= found.value <= found.ci_high
    assert found.value > 0
    (none,) = measure(target(5, steps=0, n=150), quantity)
    assert none.ci_low <= 0
    assert none.value < found.value


def test_a_one_hot_attribute_is_tried_as_a_whole():
    x, y = people(6, 300)
    group = torch.nn.functional.one_hot(torch.arange(300) % 3, 3).float()
    x = torch.cat([x, group], dim=1)
    model = trained(6, x[:150], y[:150], steps=400)
    one = Target(model, Records(x[:150], y[:150]), Records(x[150:], y[150:]), "m", ("sha256:" + "0" * 64,))
    found = by_id(measure(one, Attribute(name="group", columns=(7, 8, 9))))["attr.adv_over_imputation"]
    assert found.attack_params["values"] == "3"
    assert Decimal("0.2") < found.baseline_value < Decimal("0.5")
    assert found.value > 0


def test_one_value_leaves_nothing_to_guess():
    x, y = people(7, 100)
    x[:, 6] = 1.0
    one = Target(trained(7, x, y, steps=1), Records(x[:50], y[:50]), Records(x[50:], y[50:]), "m",
                 ("sha256:" + "0" * 64,))  # fmt: skip
    (found,) = measure(one, SEX)
    assert (found.status, found.value) == ("not_measured", None)
    assert "nothing to guess" in found.reason


def test_a_continuous_column_is_no_category():
    with pytest.raises(BadInput, match="different values"):
        measure(target(steps=1), Attribute(name="height", columns=(0,)))
    with pytest.raises(BadInput):
        Attribute(name="x", columns=())
    with pytest.raises(BadInput):
        Attribute(name="x", columns=(1, 2), quantitative=True)


def test_every_module_is_left_in_the_mode_it_had():
    audited = target(steps=1)
    audited.model[1].eval()
    measure(audited, SEX)
    assert [module.training for module in audited.model.modules()] == [True, True, False, True]


def test_an_exported_program_gives_the_figures_of_its_network():
    audited = target(steps=50)
    shape = ({0: torch.export.Dim("n", min=2)},)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch about itself
        program = torch.export.export(audited.model.eval(), (audited.members.x[:4],), dynamic_shapes=shape).module()
    assert measure(replace(audited, model=program), SEX) == measure(audited, SEX)


def test_the_imputer_is_multinomial_logistic_regression():
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 only to compare

    x, _ = people(8, 300, told=1.0)
    value = (x[:, 6] > 0).long()
    rest = x[:, :6].double()
    ours = fit_imputer(rest, value, 2)(rest).exp()[:, 1].numpy()
    standard = ((rest - rest.mean(dim=0)) / rest.std(dim=0, unbiased=False)).numpy()
    # Two opposite columns of weights w/2 cost w²/4 where the binary form costs w²/(2C).
    theirs = LogisticRegression(C=2.0, tol=1e-8).fit(standard, value.numpy()).predict_proba(standard)[:, 1]
    assert np.abs(ours - theirs).max() < 1e-3


def test_held_out_imputations_do_not_know_their_own_answer():
    generator = torch.Generator().manual_seed(9)
    x, value = torch.randn(40, 60, generator=generator).double(), torch.randint(0, 2, (40,), generator=generator)
    own = (fit_imputer(x, value, 2)(x).argmax(dim=1) == value).double().mean()
    held = (cross_fitted(x, value, 2, 0).argmax(dim=1) == value).double().mean()
    assert own > 0.95
    assert held < 0.8


@pytest.mark.parametrize(("p_both", "p_first", "p_second"), [(0.6, 0.1, 0.1), (0.3, 0.2, 0.05), (0.02, 0.05, 0.02)])
def test_the_paired_interval_covers_the_difference(p_both, p_first, p_second):
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        kind = rng.choice(4, 80, p=[p_both, p_first, p_second, 1 - p_both - p_first - p_second])
        found = paired_difference((kind == 0) | (kind == 1), (kind == 0) | (kind == 2))
        covered += found.low <= p_first - p_second <= found.high
    assert covered >= 372


def test_pairing_narrows_and_independence_does_not():
    rng = np.random.default_rng(1)
    first = rng.random(200) < 0.7
    second = np.where(rng.random(200) < 0.95, first, ~first)
    paired, apart = paired_difference(first, second), independent_difference(first, second)
    assert paired.value == apart.value
    assert paired.high - paired.low < 0.7 * (apart.high - apart.low)


def test_the_independent_interval_covers_the_difference():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(400):
        found = independent_difference(rng.random(60) < 0.8, rng.random(90) < 0.7)
        covered += found.low <= 0.1 <= found.high
    assert covered >= 372
