"""Who sees what: ``check_can_see`` raises with the sentence a person reads; ``sees_…`` answers yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import NotPermitted
from exeat.model.person import ROLE_PERMISSIONS, Permission, Role
from exeat.model.tier import Tier

if TYPE_CHECKING:
    from exeat.model.person import Person

MIN_CELL = 10
"""Subgroups with fewer people than this are never shown to researchers; a policy may raise it, not lower it."""

_SUBJECT = {
    Permission.CATALOGUE_READ: "the catalogue",
    Permission.EXPOSURE_READ: "the exposure of all checkpoints",
    Permission.ACCESS_READ: "who read what",
    Permission.LEDGER_READ: "the ledger",
    Permission.EVIDENCE_READ: "the intake",
}
_OPENS_NAMES = frozenset({Role.STEWARD, Role.CUSTODIAN, Role.AUDITOR})


def check_can_see(person: Person, permission: Permission) -> None:
    """Raise NotPermitted, naming who may, unless a role of this person carries the permission."""
    if person.can(permission):
        return
    roles = [role.title for role in Role if permission in ROLE_PERMISSIONS[role] and role is not Role.SYSTEM]
    raise NotPermitted(
        f"Your roles do not let you see {_SUBJECT.get(permission, permission.value)}.",
        f"A {' or '.join(roles)} may; ask one of them.",
    )


def sees_names(person: Person) -> bool:
    """Return whether people appear under their own names or ids, not under pseudonyms."""
    return bool(person.roles & _OPENS_NAMES)


def sees_exact(person: Person) -> bool:
    """Return whether indicators appear as figures; lower tiers see only on which side of the limit they lie."""
    return person.can(Permission.EXPOSURE_READ) or person.tier.rank >= Tier.T3.rank


def sees_small_cells(person: Person) -> bool:
    """Return whether subgroups under the smallest cell appear at all."""
    return person.can(Permission.EXPOSURE_READ)
