import pytest
import torch

from exeat.audit.pilots.protection import ProtectionFailed, Trainable, check_usable, state_digest
from exeat.audit.pilots.weights import Pruning, Quantisation, WeightNoise, back_from_int8, to_int8
from exeat.errors import BadInput
from tests.unit.audit.pilots.scene import Net, recipe, records

DATA = records(0, 40)
GIVEN = Trainable(DATA.x, DATA.y, recipe())


def net(seed=0):
    torch.manual_seed(seed)
    return Net().eval()


@pytest.mark.parametrize("protection", [WeightNoise(), Pruning(), Quantisation()])
def test_the_model_itself_stays_as_it_is(protection):
    model = net()
    before = state_digest(model)
    copied = protection.protect(model, GIVEN, 1)
    assert state_digest(model) == before
    assert state_digest(copied) != before
    assert state_digest(protection.protect(model, GIVEN, 1)) == state_digest(copied)


def test_noise_has_the_spread_that_it_says_and_follows_the_seed():
    model = net()
    first, other = (WeightNoise(scale=0.3).protect(model, GIVEN, seed) for seed in (1, 2))
    assert state_digest(first) != state_digest(other)
    noise = (first.first.weight - model.first.weight) / model.first.weight.std(correction=0)
    assert noise.std().item() == pytest.approx(0.3, rel=0.2)


def test_pruning_zeroes_the_smallest_share_and_nothing_else():
    model = net()
    copied = Pruning(share=0.6).protect(model, GIVEN, 1)
    weights = torch.cat([copied.first.weight.flatten(), copied.last.weight.flatten()])
    assert (weights == 0).float().mean().item() == pytest.approx(0.6, abs=0.01)
    kept = weights != 0
    original = torch.cat([model.first.weight.flatten(), model.last.weight.flatten()])
    assert torch.equal(weights[kept], original[kept])
    assert original[~kept].abs().max() <= original[kept].abs().min()
    assert torch.equal(copied.first.bias, model.first.bias)


def test_eight_bits_are_off_by_at_most_half_a_step():
    matrix = torch.randn(5, 7, 3, generator=torch.Generator().manual_seed(4))
    numbers, scale = to_int8(matrix)
    assert (numbers.dtype, numbers.shape) == (torch.int8, matrix.shape)
    back = back_from_int8(numbers, scale)
    assert bool(((back - matrix).abs() <= scale / 2 + 1e-7).all())
    assert torch.equal(to_int8(back)[0], numbers)


def test_a_row_of_zeros_stays_zero():
    numbers, scale = to_int8(torch.zeros(2, 3))
    assert back_from_int8(numbers, scale).abs().sum() == 0


def test_what_breaks_the_copy_is_seen():
    broken = WeightNoise(scale=1e39).protect(net(), GIVEN, 1)
    with pytest.raises(ProtectionFailed, match="not finite"):
        check_usable(broken, DATA.x)


def test_a_model_without_matrices_cannot_be_pruned():
    with pytest.raises(ProtectionFailed, match="no matrix"):
        Pruning().protect(torch.nn.BatchNorm1d(6), GIVEN, 1)


@pytest.mark.parametrize("wrong", [lambda: WeightNoise(scale=0), lambda: Pruning(share=1.0), lambda: Pruning(share=0)])
def test_settings_that_do_nothing_or_everything_are_refused(wrong):
    with pytest.raises(BadInput) as refused:
        wrong()
    assert refused.value.what_to_do


def test_ids_say_what_differs_from_the_usual():
    assert WeightNoise().pilot_id == "weight-noise"
    assert WeightNoise(scale=0.5).pilot_id == "weight-noise-scale-0.5"
    assert Pruning(share=0.8).parameters == {"share": "0.8"}
