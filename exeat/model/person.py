"""People, their roles, and what each role may do at all (who; the state of a case is another rule)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from exeat.model.tier import Tier


class Role(StrEnum):
    """What a person is here to do."""

    SUBMITTER = "submitter"
    STEWARD = "steward"
    BOARD_MEMBER = "board_member"
    BOARD_CHAIR = "board_chair"
    CUSTODIAN = "custodian"
    RESEARCHER = "researcher"
    AUDITOR = "auditor"
    SYSTEM = "system"

    @property
    def title(self) -> str:  # type: ignore[override]  # words for people; nobody title-cases an enum
        """Return the role as people say it."""
        return self.value.replace("_", " ")


class Permission(StrEnum):
    """``subject:action``; the whole list of what can be done or read."""

    ACCESS_READ = "access:read"
    BOARD_COSIGN = "board:cosign"
    BOARD_DECIDE = "board:decide"
    BOARD_READ = "board:read"
    CATALOGUE_READ = "catalogue:read"
    EVIDENCE_INGEST = "evidence:ingest"
    EVIDENCE_READ = "evidence:read"
    EXPOSURE_READ = "exposure:read"
    LEDGER_ERASE = "ledger:erase"
    LEDGER_READ = "ledger:read"
    POLICY_ADOPT = "policy:adopt"
    RELEASE_ACTIVATE = "release:activate"
    RELEASE_COMMENT = "release:comment"
    RELEASE_READ = "release:read"
    RELEASE_REFER = "release:refer"
    RELEASE_RETURN = "release:return"
    RELEASE_REVIEW = "release:review"
    RELEASE_REVOKE = "release:revoke"
    RELEASE_SUBMIT = "release:submit"
    RELEASE_SUSPEND = "release:suspend"
    RELEASE_WITHDRAW = "release:withdraw"


_P = Permission
_READ_ALL = {_P.RELEASE_READ, _P.EVIDENCE_READ, _P.EXPOSURE_READ, _P.LEDGER_READ, _P.CATALOGUE_READ}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SUBMITTER: frozenset(
        {_P.RELEASE_SUBMIT, _P.RELEASE_WITHDRAW, _P.RELEASE_COMMENT, _P.RELEASE_READ, _P.CATALOGUE_READ}
    ),
    Role.STEWARD: frozenset(
        _READ_ALL
        | {
            _P.ACCESS_READ,
            _P.EVIDENCE_INGEST,
            _P.POLICY_ADOPT,
            _P.RELEASE_REVIEW,
            _P.RELEASE_COMMENT,
            _P.RELEASE_RETURN,
            _P.RELEASE_REFER,
            _P.RELEASE_SUSPEND,
            _P.RELEASE_REVOKE,
        }
    ),
    Role.BOARD_MEMBER: frozenset(
        {_P.RELEASE_READ, _P.EXPOSURE_READ, _P.BOARD_READ, _P.BOARD_COSIGN, _P.CATALOGUE_READ, _P.LEDGER_READ}
    ),
    Role.BOARD_CHAIR: frozenset(
        {
            _P.RELEASE_READ,
            _P.EXPOSURE_READ,
            _P.BOARD_READ,
            _P.BOARD_COSIGN,
            _P.BOARD_DECIDE,
            _P.CATALOGUE_READ,
            _P.LEDGER_READ,
        }
    ),
    Role.CUSTODIAN: frozenset(
        _READ_ALL | {_P.ACCESS_READ, _P.EVIDENCE_INGEST, _P.POLICY_ADOPT, _P.RELEASE_ACTIVATE, _P.LEDGER_ERASE}
    ),
    Role.RESEARCHER: frozenset({_P.CATALOGUE_READ}),
    Role.AUDITOR: frozenset(_READ_ALL | {_P.ACCESS_READ, _P.BOARD_READ}),
    Role.SYSTEM: frozenset({_P.EVIDENCE_INGEST}),
}
"""Submitters see their own releases only; that rule is in exeat/review/rules.py."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: a pseudonymous id, roles re-read per action, and how they were authenticated.

    ``person_id`` goes on the ledger; ``name`` never does (only its salted commitment).
    ``authenticated`` is ``demo``, ``oidc:<issuer>``, ``shell:<user>`` or ``system``.
    """

    person_id: str
    name: str
    roles: frozenset[Role]
    tier: Tier = Tier.T0
    authenticated: str = "demo"

    def can(self, permission: Permission) -> bool:
        """Return whether any role of this person carries the permission."""
        return any(permission in ROLE_PERMISSIONS[role] for role in self.roles)

    def role_for(self, permission: Permission) -> Role | None:
        """Return the role in which this person acts when using the permission (stable order)."""
        for role in Role:
            if role in self.roles and permission in ROLE_PERMISSIONS[role]:
                return role
        return None


SYSTEM = Person("system", "Exeat", frozenset({Role.SYSTEM}), Tier.T5, "system")
