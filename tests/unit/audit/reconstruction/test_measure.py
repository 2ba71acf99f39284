"""What the engine gets: every indicator valid, intervals round their values, reasons where nothing is measured."""

from decimal import Decimal

import numpy as np
import torch

from exeat.audit.reconstruction.baseline import (
    Population,
    blind_guess,
    median_ratio,
    nearest_other,
    to_nearest,
    tolerance_of,
)
from exeat.audit.reconstruction.gradient_inversion import Search
from exeat.audit.reconstruction.gradients import GradientRelease
from exeat.audit.reconstruction.measure import fisher_bound, measure
from exeat.audit.reconstruction.rero import DpSgd, gaussian
from exeat.audit.target import Records, Target

QUICK = Search(steps=60, restarts=2, seed=0)


def by_id(found, name):
    return [i for i in found if i.indicator_id == name]


def test_without_gradients_or_noise_only_inversion_is_measured(clinic):
    found = measure(clinic, seed=1)
    inversion, gradients = by_id(found, "recon.error")
    assert (inversion.status, inversion.unit, inversion.direction) == ("measured", "ratio", "lower_is_worse")
    assert inversion.ci_low <= inversion.value <= inversion.ci_high
    assert inversion.baseline_value == 1
    assert gradients.status == "not_applicable"
    assert "no gradient" in gradients.reason
    assert by_id(found, "recon.rero_bound")[0].status == "not_applicable"
    assert by_id(found, "recon.fil")[0].status == "not_applicable"


def test_an_open_gradient_gives_its_records_away_beyond_any_limit(clinic):
    found = measure(clinic, released=GradientRelease(batch_size=1), seed=1, search=QUICK)
    assert by_id(found, "recon.error")[1].ci_high < Decimal("0.001")
    assert by_id(found, "recon.error_nearest")[1].ci_high < Decimal("0.001")
    success = by_id(found, "recon.rero")[1]
    assert success.value == 1
    assert success.n_events == success.n_in == 20
    assert success.baseline_value < Decimal("0.5")


def test_a_private_gradient_keeps_them_and_success_stays_below_the_bound(clinic):
    release = GradientRelease(batch_size=1, clip_norm=1.0, noise_multiplier=2.0)
    private = DpSgd(noise_multiplier=2.0, sample_rate=1.0, steps=1)
    found = measure(clinic, released=release, private=private, seed=1, search=QUICK)
    error, (_, success, picked) = by_id(found, "recon.error")[1], by_id(found, "recon.rero")
    (bound,), (floor,) = by_id(found, "recon.rero_bound"), by_id(found, "recon.fil")
    assert error.value > Decimal("0.9")
    assert success.ci_low <= bound.value < 1
    assert bound.value > bound.baseline_value
    assert picked.ci_low <= Decimal(repr(gaussian(0.01, 0.5)))
    assert float(picked.baseline_value) == 0.01
    assert "not what is claimed" not in picked.bound_note
    assert floor.status == "measured"
    assert floor.value > 1


def test_a_bound_that_excludes_nothing_is_not_a_number(clinic):
    found = measure(clinic, private=DpSgd(noise_multiplier=0.1, sample_rate=0.5, steps=500), seed=1)
    (bound,) = by_id(found, "recon.rero_bound")
    assert (bound.status, bound.value) == ("not_measured", None)
    assert "excludes nothing" in bound.reason


def test_the_same_seed_gives_the_same_report(clinic):
    assert measure(clinic, seed=3) == measure(clinic, seed=3)


def test_each_figure_of_one_id_has_an_attacker_of_its_own(clinic):
    release = GradientRelease(batch_size=1, clip_norm=1.0, noise_multiplier=1.0)
    found = measure(clinic, released=release, seed=1, search=QUICK)
    keys = [(i.indicator_id, i.adversary.model_dump_json()) for i in found]
    assert len(set(keys)) == len(keys)


def test_inversion_finds_people_who_stand_for_their_class():
    """Two tight clusters far apart: the input that stands for a class is near each of its members."""
    generator = torch.Generator().manual_seed(1)
    y = torch.arange(200) % 2
    x = torch.randn(200, 5, generator=generator) * 0.1 + (2.0 * y[:, None] - 1)
    torch.manual_seed(0)
    model = torch.nn.Linear(5, 2)
    target = Target(model, Records(x[:100], y[:100]), Records(x[100:], y[100:]), "two", ("sha256:" + "1" * 64,))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[:100]), y[:100]).backward()
        optimizer.step()
    error = by_id(measure(target, seed=0), "recon.error")[0]
    assert error.ci_high < Decimal("0.9")
    assert "mean of the class among non-members" in error.bound_note


def test_the_population_is_standardised_and_turned_back(clinic):
    population = Population.of(clinic.non_members)
    assert torch.allclose(population.rows.mean(dim=0), torch.zeros(30, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(population.inputs(population.rows), clinic.non_members.x.double(), atol=1e-9)


def test_distances_to_the_nearest_agree_with_a_plain_search(clinic):
    population = Population.of(clinic.non_members)
    rows = population.rows.numpy()
    plain = np.sqrt(((rows[:, None] - rows[None]) ** 2).mean(axis=2))
    np.fill_diagonal(plain, np.inf)
    assert np.allclose(to_nearest(population.rows, population.rows, skip_self=True), plain.min(axis=1), atol=1e-6)
    assert nearest_other(population) == float(np.median(to_nearest(population.rows, population.rows, skip_self=True)))


def test_a_blind_guess_is_judged_on_people_it_was_not_chosen_on(clinic):
    population = Population.of(clinic.non_members)
    none, all_ = blind_guess(population, 1e-9, 0), blind_guess(population, 1e9, 0)
    assert none.hits == 0
    assert all_.hits == all_.tried == len(population.rows) - len(population.rows) // 2


def test_the_tolerance_makes_a_blind_guess_rare(clinic):
    population = Population.of(clinic.non_members)
    found = blind_guess(population, tolerance_of(population, 0), 0)
    assert 0 < found.tolerance < nearest_other(population)
    assert found.hits <= 0.05 * found.tried


def test_the_interval_of_a_median_ratio_covers_it_in_most_samples():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(100):
        found = median_ratio(rng.lognormal(0, 0.5, 60), np.ones(60), seed)
        covered += found.low <= 1 <= found.high
    assert covered >= 88


def test_a_floor_beyond_any_use_is_not_a_number(clinic):
    blind = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(clinic.members.x.flatten(1).shape[1], 3))
    with torch.no_grad():
        blind[1].weight.zero_()
        blind[1].bias.copy_(torch.tensor([1e3, -1e3, -1e3]))
    sure = Records(clinic.members.x, torch.zeros_like(clinic.members.y))
    target = Target(blind, sure, clinic.non_members, "clinic", clinic.component_sha256)
    release = GradientRelease(batch_size=1, clip_norm=1.0, noise_multiplier=2.0)
    population = Population.of(clinic.non_members)
    found = fisher_bound(target, population, release, seed=0)
    assert (found.status, found.value) == ("not_measured", None)
    assert "beyond 1e+09" in found.reason
