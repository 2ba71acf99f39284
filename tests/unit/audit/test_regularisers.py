"""What the two losses promise: the formula, where they push, and where training comes to rest."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from exeat.audit.regularisers import ConfidencePenalty, RelaxLoss
from exeat.errors import BadInput


def logits(seed=0, n=6, classes=4, scale=1.0):
    return (torch.randn(n, classes, generator=torch.Generator().manual_seed(seed)) * scale).requires_grad_()


def labels(n=6, classes=4):
    return torch.arange(n) % classes


def gradient(loss, at, y):
    return torch.autograd.grad(loss(at, y), at)[0]


def rest(loss, steps=500, lr=0.5):
    """Train free logits, one row per record, until they come to rest."""
    free = logits(seed=1)
    optimizer = torch.optim.SGD([free], lr=lr)
    for step in range(steps):
        if isinstance(loss, RelaxLoss):
            loss.start_epoch(step)
        optimizer.zero_grad()
        loss(free, labels()).backward()
        optimizer.step()
    return free.detach()


def test_the_penalty_is_cross_entropy_minus_the_entropy():
    x, y = logits(), labels()
    p = x.softmax(1)
    expected = cross_entropy(x, y) - 0.3 * torch.distributions.Categorical(p).entropy().mean()
    assert torch.allclose(ConfidencePenalty(0.3)(x, y), expected)
    assert torch.equal(ConfidencePenalty(0.0)(x, y), cross_entropy(x, y))


def test_the_penalty_does_not_push_where_the_answer_is_uniform():
    x, y = torch.zeros(6, 4, requires_grad=True), labels()
    assert torch.allclose(gradient(ConfidencePenalty(2.0), x, y), gradient(cross_entropy, x, y), atol=1e-7)


def test_the_penalty_comes_to_rest_where_its_derivative_vanishes():
    """At rest p is the same for all wrong classes, and d/dz: p - 1[y] = -beta p (log p + H)."""
    p = rest(ConfidencePenalty(0.5), lr=4.0).softmax(1)
    entropy = -(p * p.log()).sum(1, keepdim=True)
    residual = p - torch.nn.functional.one_hot(labels(), 4) + 0.5 * p * (p.log() + entropy)
    assert residual.abs().max() < 1e-3
    assert p.max() < rest(ConfidencePenalty(0.1)).softmax(1).max() < 1


def test_the_penalty_stays_finite_for_extreme_logits():
    x = torch.tensor([[1000.0, -1000.0]], requires_grad=True)
    assert torch.isfinite(gradient(ConfidencePenalty(1.0), x, torch.tensor([0]))).all()


def test_relaxloss_descends_above_alpha_and_ascends_below_in_even_epochs():
    x, y = logits(), labels()
    plain = float(cross_entropy(x, y).detach())
    below, above = RelaxLoss(plain - 0.1), RelaxLoss(plain + 0.1)
    assert torch.allclose(gradient(below, x, y), gradient(cross_entropy, x, y))
    assert torch.allclose(gradient(above, x, y), -gradient(cross_entropy, x, y))


def test_relaxloss_descends_plainly_above_alpha_in_odd_epochs():
    x, y = logits(), labels()
    loss = RelaxLoss(0.1)
    loss.start_epoch(1)
    assert torch.equal(loss(x, y), cross_entropy(x, y))


def test_flattening_leaves_the_true_class_alone_and_evens_out_the_others():
    x, y = logits(scale=2.0), labels()
    loss = RelaxLoss(100.0)
    loss.start_epoch(1)
    slope = gradient(loss, x, y)
    true = torch.nn.functional.one_hot(y, 4).bool()
    assert slope[true].abs().max() < 1e-7
    before, after = (v.softmax(1)[~true].view(6, 3) for v in (x.detach(), x.detach() - 0.5 * slope * len(y)))
    assert (after.std(1) < before.std(1)).all()


def test_flattening_takes_confidence_above_upper_down():
    x = torch.tensor([[5.0, 0.0, -1.0]], requires_grad=True)
    loss = RelaxLoss(100.0, upper=0.8)
    loss.start_epoch(1)
    slope = gradient(loss, x, torch.tensor([0]))
    assert slope[0, 0] > 0
    assert slope[0, 1:].max() < 0


def test_relaxloss_comes_to_rest_near_alpha_where_cross_entropy_goes_to_zero():
    settled = float(cross_entropy(rest(RelaxLoss(0.4), lr=1.0), labels()))
    assert settled == pytest.approx(0.4, abs=0.05)
    assert float(cross_entropy(rest(cross_entropy, lr=1.0), labels())) < 0.05


@pytest.mark.parametrize("make", [
    lambda: ConfidencePenalty(-1), lambda: RelaxLoss(-0.1), lambda: RelaxLoss(1, upper=0), lambda: RelaxLoss(1, upper=2)
])  # fmt: skip
def test_settings_without_meaning_are_refused(make):
    with pytest.raises(BadInput):
        make()
