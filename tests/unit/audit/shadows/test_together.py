"""Models trained together go the way that each goes in a plain loop of torch."""

import numpy as np
import pytest
import torch
from torch import nn

from exeat.audit.shadows import train_shadows
from exeat.audit.shadows.order import shuffled
from exeat.audit.shadows.weights import fresh, model_seeds
from exeat.audit.target import Recipe

N, WIDTH, CLASSES = 41, 5, 2
OPTIMIZERS = {
    "plain": {"optimizer": "sgd", "weight_decay": 0.01},
    "sgd": {"momentum": 0.9, "weight_decay": 0.01},
    "adam": {"weight_decay": 0.01},
    "adamw": {"weight_decay": 0.1},
}


def mlp():
    return nn.Sequential(nn.Linear(WIDTH, 8), nn.Tanh(), nn.Linear(8, CLASSES))


def deep():
    layers = nn.Linear(WIDTH, 8), nn.Sigmoid(), nn.Linear(8, 7, bias=False), nn.ReLU(), nn.Linear(7, 6), nn.Tanh()
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(6, CLASSES, bias=False))


def regression():
    return nn.Linear(WIDTH, CLASSES)


class Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.filters, self.head = nn.Conv1d(1, 3, 3), nn.Linear(9, CLASSES)

    def forward(self, x):
        return self.head(torch.relu(self.filters(x[:, None])).flatten(1))


def half_frozen():
    model = mlp()
    model[0].weight.requires_grad_(False)
    return model


def data():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(N, WIDTH, generator=generator), torch.randint(0, CLASSES, (N,), generator=generator)


def halves():
    """Equal numbers, one more, far more: three of them share the number of batches and one does not."""
    at = np.arange(N)
    return np.stack([at < 20, at >= 20, at % 2 == 0, at < 33])


def recipe(build=mlp, **changes):
    return Recipe(**{"build": build, "epochs": 3, "batch_size": 8, "learning_rate": 0.05} | changes)


def plain_loop(given, x, y, rows, seed):
    """What a person would write: one model, its own batches, torch's optimizer."""
    model = fresh(given.build, seed)
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    momentum = {"momentum": given.momentum} if given.optimizer == "sgd" else {}
    optimizer = kinds[given.optimizer](
        [p for p in model.parameters() if p.requires_grad],
        lr=given.learning_rate, weight_decay=given.weight_decay, **momentum,
    )  # fmt: skip
    for epoch in range(given.epochs):
        for batch in shuffled([rows], given.batch_size, [seed], epoch):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch.rows[0]]), y[batch.rows[0]]).backward()
            optimizer.step()
    return model


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("build", [mlp, deep, regression, Convolution, half_frozen])
def test_stacked_training_equals_a_plain_loop(optimizer, count, build):
    x, y = data()
    inside, given = halves()[:count], recipe(build, **{"optimizer": optimizer} | OPTIMIZERS[optimizer])
    stack = train_shadows(given, x, y, inside, seed=3)
    assert stack.reason == ""
    for i, seed in enumerate(model_seeds(3, range(count))):
        rows = torch.from_numpy(np.flatnonzero(inside[i]))
        alone, together = plain_loop(given, x, y, rows, seed), stack.model(i)
        for (name, a), b in zip(alone.named_parameters(), together.parameters(), strict=True):
            assert torch.allclose(a, b, atol=2e-6), (name, i)


def test_each_epoch_visits_each_record_of_each_model_once():
    rows = [torch.arange(20), torch.arange(20, 43)]
    batches = list(shuffled(rows, 8, [1, 2], epoch=0))
    for m, own in enumerate(rows):
        seen = torch.cat([b.rows[m][b.weights[m] > 0] for b in batches])
        assert sorted(seen.tolist()) == own.tolist()
        assert sum(float(b.weights[m].sum()) for b in batches) == pytest.approx(len(batches))


def test_memory_decides_how_many_are_trained_together_and_nothing_else():
    x, y = data()
    whole = train_shadows(recipe(), x, y, halves(), seed=5)
    pieces = train_shadows(recipe(), x, y, halves(), seed=5, memory=1)
    for name, tensor in whole.state.items():
        assert torch.allclose(tensor, pieces.state[name], atol=2e-6)


def test_the_seed_decides_and_the_global_generator_is_left_alone():
    x, y = data()
    torch.manual_seed(11)
    expected = torch.rand(1)
    torch.manual_seed(11)
    first = train_shadows(recipe(), x, y, halves(), seed=1)
    assert torch.equal(torch.rand(1), expected)
    again, other = (train_shadows(recipe(), x, y, halves(), seed=s) for s in (1, 2))
    assert torch.equal(first.state["0.weight"], again.state["0.weight"])
    assert not torch.equal(first.state["0.weight"], other.state["0.weight"])


def test_dropout_differs_between_models_and_repeats_by_seed():
    def build():
        return nn.Sequential(nn.Linear(WIDTH, 8), nn.Dropout(0.5), nn.Linear(8, CLASSES))

    x, y = data()
    same = np.stack([np.arange(N) < 20] * 2)
    first, again = (train_shadows(recipe(build), x, y, same, seed=1) for _ in range(2))
    assert first.reason == ""
    assert torch.equal(first.state["0.weight"], again.state["0.weight"])
    assert not torch.equal(first.state["0.weight"][0], first.state["0.weight"][1])


def test_progress_counts_epochs_of_single_models():
    x, y = data()
    told = []
    train_shadows(recipe(), x, y, halves(), seed=1, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (12, 12)
    assert len({done for done, _ in told}) > 4
