"""Linkage of real embeddings and masked rows, with guessing as the floor."""

import numpy as np
import pytest
import torch

from exeat.audit.linkage import NOBODY, Linkable, k_map, measure
from exeat.errors import BadInput


def people(seed, n=300, width=6):
    return np.random.default_rng(seed).normal(size=(n, width))


def by_id(found):
    return {i.indicator_id: i for i in found}


def embedding(x, *, width=8, seed=0):
    torch.manual_seed(seed)
    layers = torch.nn.Sequential(torch.nn.Linear(x.shape[1], 32), torch.nn.Tanh(), torch.nn.Linear(32, width))
    with torch.no_grad():
        return layers(torch.from_numpy(x).float()).double().numpy()


def test_rows_with_little_noise_link_and_the_order_of_the_table_does_not_matter():
    table = people(0)
    rows = np.random.default_rng(1).permutation(300)[:100]
    released = table[rows] + 0.01 * people(2, 100)
    rate = by_id(measure(Linkable(released=released, table=table, truth=rows)))["reid.rate"]
    assert rate.value == 1
    assert rate.n_events == rate.n_in == 100
    assert float(rate.baseline_value) == pytest.approx(1 / 300, abs=1e-9)


def test_rows_of_strangers_link_by_chance_in_most_samples():
    covered = 0
    for seed in range(60):
        release = Linkable(released=people(seed, 50), table=people(1000 + seed, 50), truth=np.arange(50))
        rate = by_id(measure(release, seed=seed))["reid.rate"]
        covered += rate.ci_low <= rate.baseline_value <= rate.ci_high
    assert covered >= 55


def test_ties_are_broken_at_random():
    table = np.zeros((40, 2))
    release = Linkable(released=np.zeros((40, 2)), table=table, truth=np.arange(40))
    hits = [by_id(measure(release, seed=seed))["reid.rate"].n_events for seed in range(50)]
    assert 0.3 <= np.mean(hits) <= 2.5


def test_embeddings_link_once_a_map_is_learned_from_known_pairs():
    table = people(3)
    known = np.arange(300) < 100
    release = Linkable(released=embedding(table), table=table, truth=np.arange(300), known=known)
    rate = by_id(measure(release))["reid.rate"]
    assert rate.n_in == 200
    assert rate.ci_low > 10 * rate.baseline_value
    assert "100 people's rows in both" in rate.adversary.knowledge


def test_embeddings_of_other_people_do_not_link_with_the_map_either():
    table = people(4)
    known = np.arange(300) < 100
    released = np.concatenate([embedding(table[:100]), embedding(people(5, 200))])
    rate = by_id(measure(Linkable(released=released, table=table, truth=np.arange(300), known=known)))["reid.rate"]
    assert rate.ci_low <= rate.baseline_value
    assert rate.value < 0.05


def test_suppressed_cells_do_not_count():
    table = people(6)
    released = table[:100].copy()
    released[np.random.default_rng(0).random(released.shape) < 0.3] = np.nan
    rate = by_id(measure(Linkable(released=released, table=table, truth=np.arange(100))))["reid.rate"]
    assert rate.value > 0.9


def test_a_match_that_stands_out_is_right_or_its_person_is_not_there():
    table = people(7)
    truth = np.where(np.arange(300) < 150, np.arange(300), NOBODY)
    released = np.concatenate([table[:150] + 0.01, people(8, 150)])
    margin = by_id(measure(Linkable(released=released, table=table, truth=truth)))["reid.rate_margin"]
    assert margin.value > 0.8
    assert "150 released people are not in the table" in margin.bound_note
    alike = Linkable(released=np.zeros((20, 2)), table=np.zeros((20, 2)), truth=np.arange(20))
    assert by_id(measure(alike))["reid.rate_margin"].status == "not_measured"


def test_too_few_people_in_the_table_give_no_rate():
    release = Linkable(released=people(9, 20), table=people(10), truth=np.full(20, NOBODY))
    rate = by_id(measure(release))["reid.rate"]
    assert (rate.status, rate.value) == ("not_measured", None)
    assert "0 released people" in rate.reason


def test_the_k_map_counts_the_population_and_suppressed_cells_fit_anybody():
    population = np.array([[1, 1], [1, 1], [1, 2], [2, 2]])
    masked = np.array([[1, 1], [1, np.nan], [2, 2], [np.nan, 2], [9, 9]])
    found = by_id(k_map(masked, population))
    assert found["reid.k_map"].value == 1
    assert found["reid.unique"].n_events == 1
    assert found["reid.unique"].n_in == 4
    assert "1 rows fit nobody" in found["reid.unique"].bound_note
    assert f"{np.mean([1 / 2, 1 / 3, 1, 1 / 2]):.4f}" in found["reid.unique"].bound_note


def test_a_population_of_strangers_fits_nobody():
    assert {i.status for i in k_map(np.ones((3, 2)), np.zeros((5, 2)))} == {"not_measured"}


def test_the_population_adds_the_k_map_to_the_linkage():
    codes = np.random.default_rng(0).integers(0, 3, (200, 3)).astype(float)
    release = Linkable(released=codes[:50], table=codes, truth=np.arange(50))
    found = by_id(measure(release, population=codes))
    assert set(found) == {"reid.rate", "reid.rate_margin", "reid.k_map", "reid.unique"}
    each = np.array([(codes == row).all(axis=1).sum() for row in codes[:50]])
    assert abs(float(found["reid.rate"].value) - (1 / each).mean()) < 0.15


@pytest.mark.parametrize("fields", [
    {"truth": np.arange(4)},
    {"truth": np.full(5, 99)},
    {"released": np.zeros((5, 3))},
    {"table": np.zeros((0, 2))},
])  # fmt: skip
def test_releases_that_do_not_fit_are_refused(fields):
    whole = {"released": np.zeros((5, 2)), "table": np.zeros((9, 2)), "truth": np.arange(5)}
    with pytest.raises(BadInput) as refused:
        Linkable(**(whole | fields))
    assert refused.value.what_to_do


def test_a_map_is_not_learned_from_a_handful():
    release = Linkable(released=people(0, 30, 3), table=people(1, 30, 4), truth=np.arange(30), known=np.arange(30) < 5)
    with pytest.raises(BadInput, match="5 known pairs"):
        measure(release)
    with pytest.raises(BadInput, match="different columns"):
        k_map(np.zeros((2, 2)), np.zeros((2, 3)))


def test_of_whom_the_table_knows_nothing_is_nobody_s_best_match():
    table = people(0)
    table[7] = np.nan
    rows = np.delete(np.arange(300), 7)[:100]
    rate = by_id(measure(Linkable(released=table[rows] + 0.01 * people(2, 100), table=table, truth=rows)))["reid.rate"]
    assert rate.value == 1


def test_a_row_of_which_nothing_was_released_is_linked_by_chance():
    released = np.full((40, 6), np.nan)
    release = Linkable(released=released, table=people(0, 40), truth=np.arange(40))
    hits = [by_id(measure(release, seed=seed))["reid.rate"].n_events for seed in range(50)]
    assert 0.3 <= np.mean(hits) <= 2.5
