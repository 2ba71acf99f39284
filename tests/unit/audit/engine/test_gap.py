import pytest

from exeat.audit.engine.gap import gap_indicator, gap_of, wilson
from tests.unit.audit.engine.toys import toy


def test_the_interval_is_newcombe_s():
    """Newcombe (1998), table II, method 10, row a: 56/70 against 48/80 gives 0.2000 [0.0524, 0.3339]."""
    found = gap_of(56, 70, 48, 80)
    assert float(found.value) == pytest.approx(0.2)
    assert float(found.ci_low) == pytest.approx(0.0524, abs=5e-5)
    assert float(found.ci_high) == pytest.approx(0.3339, abs=5e-5)


def test_wilson_s_interval_stays_inside():
    assert wilson(0, 10, 0.95)[0] == pytest.approx(0.0, abs=1e-12)
    assert wilson(10, 10, 0.95)[1] == pytest.approx(1.0)
    assert wilson(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_a_model_that_learned_noise_by_heart_has_a_gap():
    target = toy()
    found = gap_indicator(target.model, target.members, target.non_members)
    assert found.ci_low > 0
    assert found.n_events == 60
