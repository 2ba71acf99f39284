"""Which models are plain chains, and the gradients written down for them against those of autograd."""

import pytest
import torch
from torch import nn

from exeat.audit.shadows.chain import Chain, Link, links_of
from exeat.audit.shadows.weights import fresh, stacked, state_of


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.squash, self.second = nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2, bias=False)

    def forward(self, x):
        return self.second(self.squash(self.first(x)))


class Skipping(Named):
    def forward(self, x):
        return self.second(self.squash(self.first(x)) + x[:, :3])


class Again(Named):
    def forward(self, x):
        return super().forward(x[:, [1, 0, 2, 3]])


class Asking(Named):
    def forward(self, x):
        return super().forward(x if x.sum() > 0 else -x)


def shared():
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, nn.ReLU(), layer)


def frozen():
    model = Named()
    model.first.bias.requires_grad_(False)
    return model


class Spare(Named):
    def __init__(self):
        super().__init__()
        self.unused = nn.Linear(2, 2)


def test_a_chain_is_read_off_the_graph():
    assert links_of(Named()) == (Link("first.weight", "first.bias", "tanh"), Link("second.weight", "", ""))
    assert len(links_of(nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))) == 2


@pytest.mark.parametrize(
    "build",
    [
        Skipping, Again, Asking, shared, frozen, Spare, nn.Tanh,
        lambda: nn.Sequential(nn.Linear(4, 3), nn.GELU(), nn.Linear(3, 2)),
        lambda: nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)),
        lambda: nn.Sequential(nn.Linear(4, 3), nn.Dropout(), nn.Linear(3, 2)),
        lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2), nn.ReLU()),
    ],
)  # fmt: skip
def test_what_is_no_plain_chain_is_left_to_torch(build):
    assert links_of(build()) is None


def test_norms_and_gradients_are_those_of_autograd():
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(5, 4, generator=generator), torch.randint(0, 2, (5,), generator=generator)
    state = stacked([state_of(fresh(Named, s)) for s in range(2)])
    chain = Chain(links_of(Named()), state)
    pairs = chain.pairs(torch.stack([chain.inputs_of(x)] * 2), torch.stack([y, y]), torch.ones(2, 5))
    norms, sums = chain.norms(pairs), chain.named(chain.gradients(pairs))
    for m in range(2):
        model = fresh(Named, m)
        for i in range(5):
            loss = nn.functional.cross_entropy(model(x[i : i + 1]), y[i : i + 1])
            gradients = torch.autograd.grad(loss, list(model.parameters()))
            assert float(norms[m, i]) == pytest.approx(float(sum(g.square().sum() for g in gradients).sqrt()), rel=1e-4)
        nn.functional.cross_entropy(model(x), y, reduction="sum").backward()
        for name, parameter in model.named_parameters():
            assert torch.allclose(sums[name][m], parameter.grad, atol=1e-5)


def test_state_goes_in_and_comes_out_unchanged():
    state = stacked([state_of(fresh(Named, s)) for s in range(3)])
    found = Chain(links_of(Named()), state).state()
    assert set(found) == set(state)
    assert all(torch.equal(found[name], state[name]) for name in state)
