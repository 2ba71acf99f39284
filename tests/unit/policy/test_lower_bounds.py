import math
from decimal import Decimal

import numpy as np

from exeat.policy.lower_bounds import lower_bounds
from tests.unit.policy.factories_policy import indicator, matter, report, simple

D = Decimal


def bounds(*indicators, delta="0.00001"):
    return lower_bounds(matter(reports=(report(indicators=list(indicators)),)), D(delta))


def test_the_threshold_chosen_on_the_non_members_is_paid_for():
    """Of an attack that knows nothing, the exact end at the allowed count misses the true rate in no more than 2.5 %.

    The threshold is the (k + 1)-th highest of n uniform scores, so its true rate is known.
    """
    rng = np.random.default_rng(0)
    n, k = 300, 3
    true_rates = 1 - np.sort(rng.random((4000, n)), axis=1)[:, n - k - 1]
    bound = indicator(value="1", n_in=1_000_000_000, n_out=n, fpr="0.01", ci_low="1", ci_high="1")
    (found,) = bounds(bound, delta="0")
    most = math.exp(-float(found.epsilon))
    assert 0.01 < (true_rates > most).mean() <= 0.033


def test_the_ceiling_is_what_recognising_everybody_would_show():
    (some,), (everybody,) = (bounds(indicator(value=v, ci_low="0", ci_high="1")) for v in ("0.3", "1"))
    assert some.epsilon < some.ceiling == everybody.epsilon == everybody.ceiling


def test_what_a_report_states_comes_with_its_ceiling_and_delta():
    said = simple("dp.epsilon_lower", "3.2", None, None, unit="epsilon", bound_note="ceiling 3.49 with every guess")
    named = said | {"attack_params": {"ceiling": "5.2", "delta": "0.000001"}}
    first, second = bounds(said)[0], bounds(named)[0]
    assert (first.ceiling, first.no_test, first.stated) == (D("3.49"), "", True)
    assert second.ceiling == D("5.2")
    assert "below the claim's" in second.no_test
    assert bounds(named, delta="0.0000001")[0].no_test == ""


def test_a_report_without_delta_or_ceiling_is_taken_at_its_word():
    (found,) = bounds(simple("dp.epsilon_lower", "3.2", None, None, unit="epsilon", attack_params={"delta": "small"}))
    assert (found.epsilon, found.ceiling, found.no_test) == (D("3.2"), None, "")
