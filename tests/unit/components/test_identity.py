from __future__ import annotations

from datetime import UTC, datetime

import pytest

from components.identity import expired, groups_of, person_of, pseudonym
from exeat.errors import NotPermitted
from exeat.model.person import Role
from exeat.model.tier import Tier
from exeat.settings import Settings

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return Settings(
        role_map={"stewards": Role.STEWARD, "ops": Role.CUSTODIAN, "robots": Role.SYSTEM},
        tier_map={"partners": Tier.T2, "enclave": Tier.T4},
    )


def claims(**more):
    return {"iss": "https://idp", "sub": "42", "name": "Ada", "groups": ["stewards"]} | more


def test_pseudonym_is_stable_and_says_nothing():
    assert pseudonym("https://idp", "42") == pseudonym("https://idp", "42")
    assert pseudonym("https://idp", "42") != pseudonym("https://other", "42")
    assert len(pseudonym("https://idp", "42")) == len("p-") + 32


def test_groups_become_roles_and_the_highest_tier(settings):
    who = person_of(claims(groups=["stewards", "ops", "partners", "enclave", "unknown"]), settings)
    assert who.roles == {Role.STEWARD, Role.CUSTODIAN}
    assert who.tier is Tier.T4
    assert who.authenticated == "oidc:https://idp"
    assert who.name == "Ada"


@pytest.mark.parametrize("groups", [None, [], "unknown", 7, {"stewards": True}, [["stewards"]]])
def test_unknown_groups_give_nothing(settings, groups):
    who = person_of(claims(groups=groups), settings)
    assert who.roles == frozenset()
    assert who.tier is Tier.T0


def test_nobody_signs_in_as_the_system(settings):
    assert person_of(claims(groups=["robots"]), settings).roles == frozenset()


def test_one_text_counts_as_one_group():
    assert groups_of({"groups": "stewards"}, "groups") == {"stewards"}


@pytest.mark.parametrize("exp", [None, True, "9999999999", float("nan"), float("inf"), 0])
def test_a_token_without_a_real_end_has_ended(exp):
    assert expired(claims(exp=exp), datetime.now(UTC))


@pytest.mark.parametrize("broken", [{"iss": ""}, {"sub": ""}, {"sub": None}, {"iss": 3}])
def test_a_token_about_nobody_is_refused(settings, broken):
    with pytest.raises(NotPermitted):
        person_of(claims(**broken), settings)


@pytest.mark.parametrize(
    ("exp", "is_over"),
    [(NOW.timestamp() + 60, False), (NOW.timestamp() - 60, True), (NOW.timestamp(), True), (None, True), ("9e9", True)],
)
def test_expiry(exp, is_over):
    assert expired({"exp": exp}, NOW) is is_over
