import math
from decimal import Decimal
from importlib.metadata import version

import numpy as np
import pytest

from exeat.audit.dp import CanaryScores, dp_indicators
from exeat.audit.dp.report import claimed_epsilon, family_of, rates_ceiling
from exeat.audit.dp.tradeoff import Gaussian, SampledGaussian
from exeat.audit.membership import Scores, epsilon_lower
from exeat.errors import BadInput
from exeat.model.manifest import DpClaim
from exeat.model.risk_report import Indicator
from exeat.model.tier import Access


def claim(**fields):
    stated = {
        "claimed": True, "delta": Decimal("1e-5"), "noise_multiplier": Decimal(2), "sample_rate": Decimal("0.1"),
        "steps": 20, "sampling": "poisson", "neighbouring": "add_remove", "unit": "record",
    }  # fmt: skip
    return DpClaim(**(stated | fields))


def canaries(m=200, *, shift=2.0, seed=0):
    rng = np.random.default_rng(seed)
    inside = rng.random(m) < 0.5
    return CanaryScores(shift * inside + rng.normal(size=m), inside, "logit gap")


def lower(found):
    return [i for i in found if i.indicator_id == "dp.epsilon_lower"]


def test_both_accountants_are_named_with_their_version():
    pld, rdp, missing = dp_indicators(claim())
    assert pld.method.startswith("PLD accountant")
    assert rdp.method.startswith("RDP accountant")
    assert all(version("dp-accounting") in i.method and i.unit == "epsilon" for i in (pld, rdp))
    assert 0 < pld.value < rdp.value < pld.value * Decimal("1.3")
    assert missing.status == "not_measured"
    assert "no canaries" in missing.reason


def test_the_figures_of_the_sample_task_come_out():
    """Digits MLP at noise 1: 9.62 by Rényi DP, 8.69 by privacy-loss distributions."""
    stated = claim(
        noise_multiplier=Decimal(1), sample_rate=Decimal(32) / Decimal(898), steps=1680, delta=Decimal("1e-4")
    )
    pld, rdp, _ = dp_indicators(stated)
    assert float(pld.value) == pytest.approx(8.69, abs=0.01)
    assert float(rdp.value) == pytest.approx(9.62, abs=0.01)


def test_what_is_not_stated_is_not_recomputed():
    (found, _) = dp_indicators(claim(steps=None))
    assert (found.status, found.value) == ("not_measured", None)
    assert "steps" in found.reason
    assert dp_indicators(None)[0].status == "not_applicable"
    with pytest.raises(BadInput, match="noise multiplier"):
        dp_indicators(claim(noise_multiplier=Decimal(0)))


def test_sampling_that_is_not_poisson_is_said_to_be_unproven():
    assert "not proven" in dp_indicators(claim(sampling="shuffle"))[0].bound_note
    assert "not proven" not in dp_indicators(claim())[0].bound_note


def test_canaries_give_two_bounds_that_share_the_level():
    found = lower(dp_indicators(claim(), canaries=canaries(), access=Access.WHITE_BOX))
    assert ["Steinke" in i.method for i in found] == [True, False]
    assert all(i.ci_level == Decimal("0.95") and i.adversary.access is Access.WHITE_BOX for i in found)
    assert all("ceiling" in i.bound_note and "shared with 1 other" in i.bound_note for i in found)
    alone = lower(dp_indicators(claim(), canaries=canaries(), level=0.9))
    assert alone[0].value > found[0].value


def test_a_violated_claim_is_called_so():
    plain, curve = lower(dp_indicators(claim(epsilon=Decimal("0.5")), canaries=canaries(shift=4)))
    assert plain.attack_params["verdict"] == curve.attack_params["verdict"] == "violated"
    assert plain.bound_note.startswith("violated: The claim of epsilon 0.5 does not hold")
    assert plain.value > Decimal("0.5")


def test_an_audit_that_cannot_refute_the_claim_says_so():
    plain, _ = lower(dp_indicators(claim(epsilon=Decimal(9)), canaries=canaries(m=40, shift=90, seed=1)))
    assert plain.attack_params["verdict"] == "uninformative"
    assert plain.attack_params["at_ceiling"] == "true"
    assert "value = ceiling" in plain.bound_note
    assert float(plain.value) == pytest.approx(float(plain.attack_params["ceiling"]), abs=1e-5)


def test_the_claim_to_test_is_the_stated_one_or_what_its_parameters_support():
    assert claimed_epsilon(claim(epsilon=Decimal(3))) == 3
    assert claimed_epsilon(claim()) == pytest.approx(float(dp_indicators(claim())[0].value))
    assert claimed_epsilon(claim(steps=None)) is None
    assert claimed_epsilon(None) is None
    assert claimed_epsilon(claim(claimed=False, epsilon=Decimal(1))) is None


def test_the_curve_is_that_of_the_mechanism():
    assert family_of(claim()) == SampledGaussian(0.1, 20)
    assert family_of(claim(sample_rate=Decimal(1))) == Gaussian()
    assert family_of(None) == Gaussian()


def test_scores_of_an_attack_stand_in_for_canaries_and_have_a_ceiling():
    apart = Scores("loss", np.full(400, 9.0), np.zeros(400))
    (found,) = lower(dp_indicators(claim(epsilon=Decimal(2)), scores=apart))
    ceiling = rates_ceiling(400, 400, 1e-5)
    assert float(found.value) == pytest.approx(ceiling, abs=1e-6)
    assert found.value == epsilon_lower(apart, Decimal("1e-5")).value
    assert found.attack_params["at_ceiling"] == "true"
    assert "value = ceiling" in found.bound_note
    assert ceiling < math.log(400)


def test_a_bound_from_rates_says_that_it_takes_members_for_drawn_by_chance():
    """Members of another year differ from non-members although nothing was learned of either."""
    rng = np.random.default_rng(0)
    untrained = Scores("loss", rng.normal(1, 1, 1000), rng.normal(0, 1, 1000))
    (found,) = lower(dp_indicators(claim(epsilon=Decimal("0.5")), scores=untrained))
    assert found.attack_params["verdict"] == "violated"
    assert "chance alone decided who became a member" in found.bound_note


def test_replacing_a_record_is_not_what_a_coin_does():
    found = lower(dp_indicators(claim(neighbouring="replace"), canaries=canaries()))
    assert all("replacing a record" in i.bound_note for i in found)


def test_every_indicator_survives_the_document():
    for one in dp_indicators(claim(epsilon=Decimal(2)), canaries=canaries()):
        assert Indicator.model_validate_json(one.model_dump_json()) == one
