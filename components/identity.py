"""Claims of an identity token -> Person; knows nothing of Streamlit, so it can be tested alone."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

from exeat.errors import NotPermitted
from exeat.model.person import Person, Role
from exeat.model.tier import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from exeat.settings import Settings


def pseudonym(issuer: str, subject: str) -> str:
    """Return the stable person id that goes on the ledger in place of a name."""
    return "p-" + hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()[:32]


def expired(claims: Mapping[str, Any], now: datetime) -> bool:
    """Return whether the token has run out; a token without ``exp`` (seconds) counts as expired."""
    exp = claims.get("exp")
    return isinstance(exp, bool) or not isinstance(exp, int | float) or not now.timestamp() < exp < math.inf


def groups_of(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """Return the groups in the claim; one text counts as one group, anything else as none."""
    value = claims.get(claim)
    if isinstance(value, str):
        return frozenset({value})
    return (
        frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else frozenset()
    )


def person_of(claims: Mapping[str, Any], settings: Settings) -> Person:
    """Return who signed in, with roles and the highest tier of their groups; unknown groups give nothing.

    Raises NotPermitted when the token does not say who issued it about whom.
    """
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not (isinstance(issuer, str) and issuer and isinstance(subject, str) and subject):
        raise NotPermitted(
            "The identity provider did not say who you are.",
            "Ask the person who runs Exeat to check that the ID token carries iss and sub.",
        )
    groups = groups_of(claims, settings.role_claim)
    roles = frozenset(settings.role_map[group] for group in groups if group in settings.role_map) - {Role.SYSTEM}
    tiers = [settings.tier_map[group] for group in groups if group in settings.tier_map]
    name = next((claims[key] for key in ("name", "preferred_username", "email") if claims.get(key)), subject)
    return Person(
        pseudonym(issuer, subject),
        str(name)[:200],
        roles,
        max(tiers, key=lambda tier: tier.rank, default=Tier.T0),
        f"oidc:{issuer}",
    )
