from decimal import Decimal

import pytest
from dp_accounting import GaussianDpEvent
from dp_accounting.rdp import RdpAccountant

from exeat.errors import BadInput
from exeat.model.manifest import DpClaim
from exeat.policy.epsilon import dp_sgd_epsilon, recompute

RUN = {"noise_multiplier": 3.0, "sample_rate": 32 / 898, "steps": 1680, "delta": 1e-4}


def test_both_accountants_on_a_measured_run():
    again = dp_sgd_epsilon(**RUN)
    assert again.pld == pytest.approx(Decimal("1.72"), abs=Decimal("0.01"))
    assert again.rdp == pytest.approx(Decimal("1.91"), abs=Decimal("0.01"))
    assert again.tightest == again.pld < again.rdp == again.loosest


def test_one_step_on_everybody_is_the_gaussian_mechanism():
    alone = RdpAccountant().compose(GaussianDpEvent(4.0)).get_epsilon(1e-5)
    assert float(dp_sgd_epsilon(noise_multiplier=4.0, sample_rate=1.0, steps=1, delta=1e-5).rdp) == pytest.approx(alone)


def test_replacing_a_record_costs_more_than_adding_one():
    assert dp_sgd_epsilon(**RUN, replace_one=True).tightest > dp_sgd_epsilon(**RUN).tightest


@pytest.mark.parametrize("change", [{"noise_multiplier": 2.0}, {"steps": 3000}, {"sample_rate": 0.05}, {"delta": 1e-5}])
def test_weaker_parameters_give_a_larger_epsilon(change):
    assert dp_sgd_epsilon(**(RUN | change)).tightest > dp_sgd_epsilon(**RUN).tightest


@pytest.mark.parametrize(
    "change",
    [
        {"noise_multiplier": 0.0},
        {"noise_multiplier": -1.0},
        {"noise_multiplier": float("nan")},
        {"noise_multiplier": 1e9},
        {"sample_rate": 0.0},
        {"sample_rate": 1.5},
        {"steps": 0},
        {"steps": 10**12},
        {"delta": 0.0},
        {"delta": 1.0},
    ],
)
def test_nonsense_is_refused(change):
    with pytest.raises(BadInput):
        dp_sgd_epsilon(**(RUN | change))


@pytest.mark.parametrize(
    "change", [{"steps": 10**9}, {"noise_multiplier": 0.05, "steps": 10**9, "sample_rate": 0.5}, {"steps": 2 * 10**6}]
)
def test_extreme_parameters_answer_without_the_costly_accountant(change):
    assert dp_sgd_epsilon(**(RUN | change)).pld is None


def test_a_claim_without_noise_cannot_be_recomputed():
    claim = DpClaim(claimed=True, epsilon=1, delta=Decimal("1e-5"), steps=100)
    with pytest.raises(BadInput, match="noise_multiplier, sample_rate"):
        recompute(claim)
