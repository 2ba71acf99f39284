"""Models that cannot be stacked are trained one by one, with a reason, and are as right."""

import numpy as np
import pytest
import torch
from torch import nn

from exeat.audit.shadows import train_shadows
from exeat.audit.shadows.alone import train_alone
from exeat.audit.shadows.weights import model_seeds
from exeat.audit.target import Recipe
from exeat.errors import BadInput

N, WIDTH = 40, 5


class Moody(nn.Module):
    """Looks at its numbers in Python, which no stacked model can."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, x):
        return self.head(x) * (2.0 if float(self.head.weight.detach().sum()) > 0 else 1.0)


def mlp():
    return nn.Sequential(nn.Linear(WIDTH, 8), nn.Tanh(), nn.Linear(8, 2))


def normalised():
    return nn.Sequential(nn.Linear(WIDTH, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


def data():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(N, WIDTH, generator=generator), torch.randint(0, 2, (N,), generator=generator)


def halves():
    return np.stack([np.arange(N) < 20, np.arange(N) >= 20])


def recipe(build=mlp, **changes):
    return Recipe(**{"build": build, "epochs": 2, "batch_size": 10, "learning_rate": 0.05} | changes)


def each_alone(given, x, y, inside, seed):
    rows = [torch.from_numpy(np.flatnonzero(own)) for own in inside]
    seeds = model_seeds(seed, range(len(inside)))
    return [train_alone(given, (x, y), own, s, lambda _: None) for own, s in zip(rows, seeds, strict=True)]


def test_a_model_that_reads_its_weights_in_python_is_trained_alone():
    x, y = data()
    stack = train_shadows(recipe(Moody), x, y, halves(), seed=1)
    assert "cannot be stacked" in stack.reason
    expected = each_alone(recipe(Moody), x, y, halves(), 1)
    for i, state in enumerate(expected):
        assert torch.equal(stack.state["head.weight"][i], state["head.weight"])


@pytest.mark.parametrize("inside", [halves(), np.stack([np.arange(N) < 16, np.arange(N) >= 22])])
def test_running_statistics_of_batch_normalisation_are_each_model_s_own(inside):
    """16 and 18 records have equally many batches, but a padded batch would shift the statistics."""
    x, y = data()
    stack = train_shadows(recipe(normalised), x, y, inside, seed=1)
    for i, state in enumerate(each_alone(recipe(normalised), x, y, inside, 1)):
        for name, expected in state.items():
            assert torch.allclose(stack.state[name][i], expected, atol=1e-5), name


def test_a_batch_of_one_record_cannot_be_normalised():
    x, y = data()
    with pytest.raises(BadInput, match="one record"):
        train_shadows(recipe(normalised), x, y, np.stack([np.arange(N) < 21]), seed=1)


def test_code_of_one_s_own_trains_each_model_on_its_own_records():
    def train(x, y, seed):
        seen.append((len(x), seed))
        model = mlp()
        with torch.no_grad():
            model[0].bias.fill_(len(x))
        return model

    seen = []
    x, y = data()
    inside = np.stack([np.arange(N) < 12, np.arange(N) >= 12])
    stack = train_shadows(recipe(train=train), x, y, inside, seed=1)
    assert "code of its own" in stack.reason
    assert [n for n, _ in seen] == [12, 28]
    assert len({s for _, s in seen}) == 2
    assert stack.model(1)[0].bias.tolist() == [28.0] * 8


def test_a_trained_model_of_another_shape_is_refused():
    x, y = data()
    with pytest.raises(BadInput, match="another shape"):
        train_shadows(recipe(train=lambda *_: nn.Linear(WIDTH, 2)), x, y, halves(), seed=1)


def test_halves_must_fit_the_records():
    x, y = data()
    with pytest.raises(BadInput, match="39 records"):
        train_shadows(recipe(), x, y, halves()[:, 1:], seed=1)
    with pytest.raises(BadInput, match="no record"):
        train_shadows(recipe(), x, y, np.zeros((2, N), dtype=bool), seed=1)
