import numpy as np
import pytest
import torch

from exeat.audit.pilots.outputs import LabelOnly, Rounding, TopK
from exeat.audit.pilots.protection import Trainable
from exeat.audit.signals import logit_signal
from exeat.errors import BadInput
from exeat.model.tier import Access
from tests.unit.audit.pilots.scene import recipe, records

SHARES = torch.tensor([[0.52, 0.27, 0.21], [0.04, 0.9, 0.06], [0.34, 0.33, 0.33]], dtype=torch.float64)


class Fixed(torch.nn.Module):
    def forward(self, x):
        return SHARES.log()[: len(x)]


def answers(protection):
    data = records(0, 3)
    return protection.protect(Fixed(), Trainable(data.x, data.y, recipe()), 0)(data.x)


def test_rounding_shows_tenths_and_never_a_log_of_zero():
    shown = answers(Rounding(decimals=1)).exp()
    assert np.allclose(shown[0], [0.5, 0.3, 0.2])
    assert np.allclose(shown[1], [0.05, 0.9, 0.1])
    assert torch.isfinite(answers(Rounding(decimals=1))).all()


@pytest.mark.parametrize("protection", [Rounding(decimals=1), TopK(k=1), TopK(k=2), LabelOnly()])
def test_the_label_stays(protection):
    assert answers(protection).argmax(dim=1).tolist() == SHARES.argmax(dim=1).tolist()


def test_the_largest_confidences_stay_and_the_rest_is_spread_evenly():
    shown = answers(TopK(k=1)).exp()
    assert np.allclose(shown[1], [0.05, 0.9, 0.05])
    assert np.allclose(answers(TopK(k=5)).exp(), SHARES)


def test_the_label_alone_tells_nothing_of_confidence():
    data = records(0, 3)
    model = LabelOnly().protect(Fixed(), Trainable(data.x, data.y, recipe()), 0)
    gaps = logit_signal(model, data.x, torch.tensor([0, 1, 0]))
    assert len(set(np.round(gaps, 9))) == 1


def test_what_a_receiver_gets_is_said():
    assert [p.access for p in (Rounding(), TopK(), LabelOnly())] == [
        Access.API_CONF,
        Access.API_CONF,
        Access.API_LABEL,
    ]
    assert not any(p.changes_weights for p in (Rounding(), TopK(), LabelOnly()))


@pytest.mark.parametrize("wrong", [lambda: Rounding(decimals=0), lambda: TopK(k=0)])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(BadInput):
        wrong()
