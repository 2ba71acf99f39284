import json
from decimal import Decimal

import pytest

from exeat.audit.engine.plan import Plan, digest_of_values
from exeat.errors import BadInput
from exeat.model.manifest import DpClaim

CLAIM = DpClaim(claimed=True, epsilon=Decimal(3), delta=Decimal("1e-5"), unit="person")


def test_a_plan_comes_back_from_json():
    plan = Plan(attacks=("loss",), shadows=8, seed=3, delta=Decimal("1e-7"), author="Office", claim=CLAIM)
    assert Plan.of_values(json.loads(json.dumps(plan.as_values()))) == plan


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"attacks": ("los",)}, "no attack 'los'"),
        ({"attacks": ("loss", "loss")}, "loss stands twice"),
        ({"regimes": ("moon",)}, "no regime 'moon'"),
        ({"shadows": 1}, "--shadows is 1"),
        ({"threads": 0}, "--threads is 0"),
        ({"seed": -1}, "--seed is -1"),
        ({"delta": Decimal(1)}, "delta is 1"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"author": "a\nb"}, "author is not one line"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, sentence):
    with pytest.raises(BadInput, match=sentence):
        Plan(**changes)


def test_every_setting_changes_the_digest():
    plan = Plan()
    changes = {
        "attacks": ("loss",), "shadows": 8, "seed": 1, "threads": 2, "device": "cuda", "regimes": ("masked",),
        "delta": Decimal("1e-6"), "author": "x", "independent": True, "claim": CLAIM,
        "only_membership": True,
    }  # fmt: skip
    assert set(changes) == set(plan.as_values())
    digests = {digest_of_values(Plan(**{name: value}).as_values()) for name, value in changes.items()}
    assert len(digests | {digest_of_values(plan.as_values())}) == len(changes) + 1
