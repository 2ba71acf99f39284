"""Real gradients of a real network: without noise the records come back, with the noise of the bound they do not."""

import numpy as np
import pytest
import torch

from exeat.audit.reconstruction import gradients
from exeat.audit.reconstruction.baseline import Population, distance
from exeat.audit.reconstruction.gradient_inversion import Search, Seen, rebuild
from exeat.audit.reconstruction.gradients import GradientRelease, batch_gradients, batches, first_linear, frozen
from exeat.errors import BadInput

SEARCH = Search(steps=200, restarts=3, seed=1)


def errors(target, release, *, count=6, search=SEARCH, model=None):
    """Return the distance of each first record to the nearest guess of its batch, and to the average person."""
    model = model or target.model
    population = Population.of(target.non_members)
    x, y = batches(target.members.x, target.members.y, release, count, seed=2)
    seen = Seen(model, batch_gradients(frozen(model), x, y, release, 3), y, release, population)
    guesses = rebuild(seen, search)
    truth = population.standard(x.flatten(0, 1)).reshape(guesses.shape)[:, 0]
    nearest = torch.cdist(truth[:, None], guesses)[:, 0].min(dim=1).values.numpy() / truth.shape[1] ** 0.5
    return nearest, distance(truth, torch.zeros_like(truth))


def test_one_record_comes_back_to_the_last_digit_by_the_quotient(clinic):
    found, trivial = errors(clinic, GradientRelease(batch_size=1), count=40)
    assert (found < 1e-9 * trivial).all()


def test_clipping_alone_protects_nothing(clinic):
    found, trivial = errors(clinic, GradientRelease(batch_size=1, clip_norm=1e-3), count=40)
    assert (found < 1e-9 * trivial).all()


@pytest.mark.parametrize("clip_norm", [None, 0.1])
def test_batches_of_two_come_back(clinic, clip_norm):
    found, trivial = errors(clinic, GradientRelease(batch_size=2, clip_norm=clip_norm))
    assert np.median(found / trivial) < 1e-3


def test_batches_of_four_come_back_for_the_most_part(clinic):
    found, trivial = errors(clinic, GradientRelease(batch_size=4), search=Search(steps=300, restarts=4, seed=1))
    assert np.median(found / trivial) < 0.5


def test_noise_of_a_private_run_leaves_the_attacker_with_the_prior(clinic):
    found, trivial = errors(clinic, GradientRelease(batch_size=1, clip_norm=1.0, noise_multiplier=1.0), count=20)
    assert np.median(found / trivial) > 0.9


def test_hardly_any_noise_on_a_fresh_network_is_seen_through(clinic):
    torch.manual_seed(4)
    fresh = torch.nn.Sequential(torch.nn.Linear(30, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
    quiet = GradientRelease(batch_size=1, clip_norm=1.0, noise_multiplier=1e-4)
    found, trivial = errors(clinic, quiet, model=fresh, count=10)
    assert np.median(found / trivial) < 0.1


def test_a_convolution_is_inverted_by_its_angle():
    torch.manual_seed(5)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.Sigmoid(), torch.nn.Flatten(), torch.nn.Linear(128, 4)
    )
    generator = torch.Generator().manual_seed(6)
    x = torch.randn(30, 1, 4, 4, generator=generator)
    population = Population(x.double().flatten(1), torch.zeros(30), torch.zeros(16), torch.ones(16), (1, 4, 4))
    release, y = GradientRelease(batch_size=1), torch.tensor([[0], [1], [2]])
    assert first_linear(frozen(model), x[:2].double()) is None
    seen = batch_gradients(frozen(model), x[:3, None], y, release, 0)
    guesses = rebuild(Seen(model, seen, y, release, population), Search(steps=250, restarts=2))[:, 0]
    truth = population.standard(x[:3])
    assert np.median(distance(guesses, truth) / distance(truth, torch.zeros_like(truth))) < 0.3


def test_working_through_a_large_model_in_parts_finds_as_much(clinic, monkeypatch):
    release = GradientRelease(batch_size=1, clip_norm=1.0, noise_multiplier=0.01)
    quick = Search(steps=20, restarts=1, seed=1)
    whole, _ = errors(clinic, release, count=3, search=quick)
    assert whole.shape == (3,)
    monkeypatch.setattr(gradients, "MAX_ENTRIES", 1)
    parts, _ = errors(clinic, release, count=3, search=quick)
    assert parts.shape == (3,)
    assert np.isfinite(parts).all()
    quiet, trivial = errors(clinic, GradientRelease(batch_size=1), count=3)
    assert (quiet < 1e-9 * trivial).all()


def test_a_layer_behind_another_operation_is_not_taken_for_the_first():
    class Squared(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(5, 3)

        def forward(self, x):
            return self.layer(x.square())

    x = torch.randn(2, 5).double()
    assert first_linear(frozen(Squared()), x) is None
    assert first_linear(frozen(torch.nn.Linear(5, 3)), x) == (slice(0, 15), slice(15, 18), 3)
    assert first_linear(frozen(torch.nn.Linear(5, 3, bias=False)), x) is None


def test_a_released_gradient_is_the_mean_of_clipped_ones_plus_its_noise(clinic):
    release = GradientRelease(batch_size=2, clip_norm=0.05, noise_multiplier=2.0)
    x, y = batches(clinic.members.x, clinic.members.y, release, 50, seed=0)
    twin = frozen(clinic.model)
    quiet = batch_gradients(twin, x, y, GradientRelease(batch_size=2, clip_norm=0.05), 1)
    assert float(quiet.norm(dim=1).max()) <= 0.05 + 1e-9
    loud = batch_gradients(twin, x, y, release, 1) - quiet
    assert float(loud.std()) == pytest.approx(2.0 * 0.05 / 2, rel=0.05)


def test_the_audited_model_stays_as_it_was(clinic):
    before = {name: value.clone() for name, value in clinic.model.state_dict().items()}
    assert clinic.model.training
    errors(clinic, GradientRelease(batch_size=1), count=2)
    assert clinic.model.training
    assert all(torch.equal(value, before[name]) for name, value in clinic.model.state_dict().items())
    assert all(parameter.requires_grad for parameter in clinic.model.parameters())


@pytest.mark.parametrize("fields", [
    {"batch_size": 5}, {"batch_size": 0}, {"noise_multiplier": 1.0}, {"clip_norm": 0.0}, {"noise_multiplier": -1.0},
])  # fmt: skip
def test_releases_that_make_no_sense_are_refused(fields):
    with pytest.raises(BadInput):
        GradientRelease(**fields)


def test_too_few_members_for_a_batch_are_refused():
    with pytest.raises(BadInput, match="make no batch"):
        batches(torch.zeros(2, 3), torch.zeros(2), GradientRelease(batch_size=3), 1, seed=0)
