import numpy as np
import pytest
import torch

from exeat.audit.pilots.utility import difference_metric, labels, paired_difference, share


def pair(both, gained, lost, neither):
    first = [True] * (both + gained) + [False] * (lost + neither)
    second = [True] * both + [False] * gained + [True] * lost + [False] * neither
    return np.array(first), np.array(second)


def test_the_interval_is_that_of_the_worked_example():
    """Fagerland, Lydersen and Laake (2017), table 8.6: airway hyper-responsiveness, Newcombe square-and-add."""
    found = paired_difference(*pair(1, 1, 7, 12))
    assert found.value == pytest.approx(-6 / 21)
    assert (round(found.low, 3), round(found.high, 3)) == (-0.507, -0.026)
    assert found.p == pytest.approx(2 * (1 + 8) / 2**8)


@pytest.mark.parametrize("table", [(50, 0, 0, 0), (0, 0, 0, 50), (0, 50, 0, 0), (25, 0, 0, 25), (3, 20, 1, 4)])
def test_the_interval_holds_the_difference_and_stays_in_range(table):
    found = paired_difference(*pair(*table))
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.high > found.low


def test_the_interval_covers_the_true_difference():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        easy = rng.random(150)
        first, second = easy < 0.8 + rng.normal(0, 0.05, 150), easy < 0.7 + rng.normal(0, 0.05, 150)
        found = paired_difference(first, second)
        covered += found.low <= 0.1 <= found.high
    assert covered >= 0.93 * 400


def test_pairing_tells_more_than_two_samples_would():
    narrow, wide = paired_difference(*pair(140, 0, 10, 50)), paired_difference(*pair(100, 40, 50, 10))
    assert narrow.high - narrow.low < wide.high - wide.low
    assert narrow.p < 0.01 < wide.p


def test_an_answer_that_is_no_number_is_no_label():
    class Broken(torch.nn.Module):
        def forward(self, x):
            return torch.stack([x[:, 0], x[:, 0] * float("nan")], dim=1)

    assert labels(Broken(), torch.ones(3, 2)).tolist() == [-1, -1, -1]


def test_metrics_carry_exact_ends():
    found = share("accuracy", np.array([True] * 9 + [False]))
    assert (found.id, found.n) == ("accuracy", 10)
    assert float(found.ci_low) == pytest.approx(0.5550, abs=1e-4)
    change = difference_metric(np.array([True] * 10), np.array([False] * 10))
    assert (change.value, change.unit) == (1, "difference")
