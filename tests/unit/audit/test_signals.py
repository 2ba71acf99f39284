"""The attack on real networks: an untrained one gives nothing away, one that learned noise by heart does."""

from decimal import Decimal

import numpy as np
import pytest
import torch

from exeat.audit.membership import Scores, indicators_of
from exeat.audit.signals import gradient_signal, logit_signal, loss_signal, shadow_halves

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


def test_halves_leave_each_record_out_in_half_of_the_shadows():
    inside = shadow_halves(101, 8, 5)
    assert (inside.sum(axis=0) == 4).all()


class Branched(torch.nn.Module):
    """Not a plain chain of layers, and with a buffer."""

    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(8, 2), torch.nn.Linear(2, 2)
        self.register_buffer("scale", torch.tensor(2.0))

    def forward(self, x):
        hidden = torch.tanh(self.first(x))
        return hidden * self.scale + self.second(hidden)


@pytest.mark.parametrize("build", [lambda: network(7), Branched])
def test_the_gradient_of_one_record_is_that_of_autograd(build):
    x, y = noise(4, 3)
    model = build()
    for i, value in enumerate(gradient_signal(model, x, y)):
        loss = torch.nn.functional.cross_entropy(model(x[i : i + 1]), y[i : i + 1])
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        norm = torch.sqrt(sum(g.square().sum() for g in gradients))
        assert np.isclose(-value, np.log(float(norm)), atol=1e-4)


def test_a_record_learned_by_heart_keeps_a_gradient_that_single_precision_would_round_to_zero():
    model = torch.nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[30.0], [0.0]]))
    x, y = torch.ones(1, 1), torch.zeros(1, dtype=torch.int64)
    assert gradient_signal(model, x, y)[0] == pytest.approx(30 - np.log(2) / 2, abs=1e-3)
    assert loss_signal(model, x, y)[0] == pytest.approx(-np.exp(-30), rel=1e-3)


def test_asking_leaves_the_model_training_or_not_as_it_was():
    model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 2)).train()
    model[1].eval()
    x, y = noise(4, 30)
    first = [SIGNALS[name](model, x, y) for name in SIGNALS]
    again = [SIGNALS[name](model, x, y) for name in SIGNALS]
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert [part.training for part in model.modules()] == [True, True, False, True]
