"""Which epoch is recommended, on figures made for the purpose; the intervals, against simulation."""

import numpy as np
import pytest

from exeat.audit.membership import auc
from exeat.audit.recorder.exposure import loss_attack
from exeat.audit.recorder.recommend import Look, delong_error, paired_interval, recommend, worse_by

RNG = np.random.default_rng


def look(epoch, *, gap, wrong, n=2000, seed=0, arrays=True):
    """An epoch whose members' losses lie ``gap`` below those of outsiders, with the first ``wrong`` answers wrong."""
    rng = RNG(seed)
    members, outsiders = rng.normal(size=n) + 5 - gap, rng.normal(size=n) + 5
    right = np.arange(n) >= wrong
    found = loss_attack(members, outsiders)
    kept = {"members": members.astype(np.float32), "outsiders": outsiders.astype(np.float32), "right": right}
    return Look(
        epoch=epoch, accuracy=float(right.mean()), test_loss=float(outsiders.mean()), n_test=n, exposure=found.value,
        low=found.low, high=found.high, **(kept if arrays else {}),
    )  # fmt: skip


@pytest.mark.parametrize("arrays", [True, False])
def test_the_least_exposed_of_equally_good_epochs(arrays):
    figures = {1: (0, 900), 2: (0.2, 200), 3: (1.5, 195)}
    looks = [look(epoch, gap=gap, wrong=wrong, arrays=arrays) for epoch, (gap, wrong) in figures.items()]
    advice = recommend(looks, margin=0.03)
    assert advice.epoch == 2
    assert "2 are as good as the best, epoch 3" in advice.sentence
    assert "Epoch 2 exposes least" in advice.sentence
    assert "of 100 cases" in advice.sentence
    assert "more than chance" in advice.sentence


def test_an_epoch_that_is_worse_than_the_margin_is_no_choice():
    advice = recommend([look(1, gap=0, wrong=300), look(2, gap=1.5, wrong=200)])
    assert advice.epoch == 2
    assert "The last, epoch 2, exposes least" in advice.sentence


def test_differences_within_noise_are_said_to_be_noise():
    looks = [look(e, gap=0.3 + 0.002 * e, wrong=200, seed=e) for e in range(1, 8)]
    advice = recommend(looks)
    assert advice.epoch is None
    assert "No epoch is distinguishable" in advice.sentence


def test_noise_is_seldom_taken_for_a_difference():
    """Over 200 runs of ten equal epochs each, an epoch stands out in about 5 % at most."""
    found = 0
    for run in range(200):
        looks = [look(e, gap=0.3, wrong=20, n=200, seed=1000 * run + e) for e in range(1, 11)]
        advice = recommend(looks)
        found += advice.epoch not in (None, 10)
    assert found <= 16


def test_a_last_epoch_that_got_worse_is_named():
    advice = recommend([look(5, gap=0.2, wrong=200), look(9, gap=2.0, wrong=600)])
    assert advice.epoch == 5
    assert "The last, epoch 9, is not as good" in advice.sentence


def test_one_epoch_is_no_choice():
    advice = recommend([look(1, gap=0, wrong=1)])
    assert advice.epoch is None
    assert "nothing to choose between" in advice.sentence
    assert recommend([]).epoch is None


def test_models_that_do_not_classify_are_compared_by_their_loss():
    def valued(epoch, extra, gap):
        one = look(epoch, gap=gap, wrong=0)
        outsiders = one.outsiders + np.float32(extra)
        return Look(epoch=epoch, accuracy=None, test_loss=float(outsiders.mean()), n_test=2000, exposure=one.exposure,
                    low=one.low, high=one.high, members=one.members, outsiders=outsiders)  # fmt: skip

    advice = recommend([valued(1, 3.0, 0.0), valued(2, 0.01, 0.5), valued(3, 0.0, 1.5)])
    assert advice.epoch == 2
    assert "test loss" in advice.sentence


@pytest.mark.parametrize(("p", "q", "n"), [(0.05, 0.05, 120), (0.02, 0.06, 250), (0.0, 0.01, 250)])
def test_the_paired_interval_covers_the_difference(p, q, n):
    rng, covered = RNG(1), 0
    for _ in range(1000):
        only_first, only_second, _ = rng.multinomial(n, [p, q, 1 - p - q])
        low, high = paired_interval(int(only_first), int(only_second), n)
        covered += low <= p - q <= high
    assert covered >= 935


def test_more_test_records_make_equality_easier_to_show():
    few = worse_by(look(1, gap=0, wrong=2, n=60), look(2, gap=0, wrong=2, n=60))
    many = worse_by(look(1, gap=0, wrong=20, n=2000), look(2, gap=0, wrong=20, n=2000))
    assert 0 < many < 0.02 < few


def test_delong_agrees_with_the_bootstrap():
    rng = RNG(3)
    skill = rng.normal(size=300)
    members = skill + 0.5 + rng.normal(size=300) * 0.5, skill + 0.3 + rng.normal(size=300) * 0.5
    base = rng.normal(size=250)
    others = base + rng.normal(size=250) * 0.5, base + rng.normal(size=250) * 0.5
    differences = []
    for _ in range(800):
        a, b = rng.integers(0, 300, 300), rng.integers(0, 250, 250)
        differences.append(auc(members[0][a], others[0][b]) - auc(members[1][a], others[1][b]))
    error = delong_error((members[0], others[0]), (members[1], others[1]))
    assert error == pytest.approx(np.std(differences), rel=0.12)
