"""Roles and permissions: nobody can do both sides of a decision."""

import pytest

from exeat.model.person import ROLE_PERMISSIONS, SYSTEM, Permission, Person, Role


def test_every_role_and_every_permission_is_used():
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert set().union(*ROLE_PERMISSIONS.values()) == set(Permission)


def test_permissions_are_sorted():
    assert [p.value for p in Permission] == sorted(p.value for p in Permission)


@pytest.mark.parametrize("role", Role)
def test_no_single_role_both_submits_and_decides(role):
    mine = ROLE_PERMISSIONS[role]
    assert not (Permission.RELEASE_SUBMIT in mine and mine & {Permission.RELEASE_REVIEW, Permission.BOARD_DECIDE})


def test_a_person_acts_in_the_role_that_carries_the_permission():
    both = Person("p-1", "Ana", frozenset({Role.STEWARD, Role.SUBMITTER}))
    assert both.role_for(Permission.RELEASE_REVIEW) is Role.STEWARD
    assert both.role_for(Permission.RELEASE_SUBMIT) is Role.SUBMITTER
    assert both.role_for(Permission.BOARD_DECIDE) is None
    assert not both.can(Permission.BOARD_DECIDE)


def test_the_system_can_only_bring_evidence_in():
    assert [p for p in Permission if SYSTEM.can(p)] == [Permission.EVIDENCE_INGEST]
