"""The attack on real networks: an untrained one gives nothing away, one that learned noise by heart does."""

from decimal import Decimal

import numpy as np
import torch

from exeat.audit.membership import Scores, indicators_of
from exeat.audit.signals import against_shadows, gradient_signal, logit_signal, loss_signal, shadow_halves

SIGNALS = {"loss": loss_signal, "lira": logit_signal, "gradient": gradient_signal}


def network(seed, width=16):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(8, width), torch.nn.Tanh(), torch.nn.Linear(width, 2))


def noise(seed, n):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 8, generator=generator), torch.randint(0, 2, (n,), generator=generator)


def overfit(seed, x, y):
    model = network(seed, width=64)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


def area(attack, values, n_in):
    return indicators_of(Scores(attack, values[:n_in], values[n_in:]))[0]


def test_an_untrained_network_gives_nothing_away_for_most_seeds():
    covered = 0
    for seed in range(40):
        x, y = noise(1000 + seed, 400)
        found = area("loss", loss_signal(network(seed), x, y), 200)
        covered += found.ci_low <= Decimal("0.5") <= found.ci_high
    assert covered >= 35


def test_a_network_that_learned_noise_by_heart_is_recognised_by_each_signal():
    x, y = noise(1, 240)
    model = overfit(1, x[:120], y[:120])
    for attack, signal in SIGNALS.items():
        assert area(attack, signal(model, x, y), 120).ci_low > Decimal("0.5"), attack


def test_shadow_models_sharpen_the_attack():
    x, y = noise(2, 160)
    model = overfit(2, x[:80], y[:80])
    inside = shadow_halves(160, 8, 3)
    shadows = [overfit(100 + i, x[half], y[half]) for i, half in enumerate(inside)]
    values = against_shadows(logit_signal, model, shadows, inside, x, y)
    assert np.isfinite(values).all()
    assert area("lira", values, 80).ci_low > Decimal("0.6")


def test_a_record_that_every_shadow_saw_has_no_score():
    x, y = noise(3, 6)
    inside = np.ones((2, 6), dtype=bool)
    inside[:, 1:] = shadow_halves(5, 2, 1)
    values = against_shadows(logit_signal, network(0), [network(1), network(2)], inside, x, y)
    assert np.isnan(values[0])
    assert np.isfinite(values[1:]).all()


def test_halves_leave_each_record_out_in_half_of_the_shadows():
    inside = shadow_halves(101, 8, 5)
    assert (inside.sum(axis=0) == 4).all()


def test_the_gradient_of_one_record_is_that_of_autograd():
    x, y = noise(4, 3)
    model = network(7)
    for i, value in enumerate(gradient_signal(model, x, y)):
        loss = torch.nn.functional.cross_entropy(model(x[i : i + 1]), y[i : i + 1])
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        norm = torch.sqrt(sum(g.square().sum() for g in gradients))
        assert np.isclose(-value, np.log(float(norm)), atol=1e-4)
