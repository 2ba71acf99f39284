from __future__ import annotations

import pytest

from exeat.access.catalogue import Filters
from exeat.access.ledger_view import Search
from exeat.access.patterns import Window
from exeat.access.rules import check_can_see, sees_exact, sees_names, sees_small_cells
from exeat.errors import NotPermitted
from exeat.model.person import Permission, Role
from exeat.model.tier import Tier
from tests.factories import TODAY, person

CATALOGUE, EXPOSURE, ACCESS = Permission.CATALOGUE_READ, Permission.EXPOSURE_READ, Permission.ACCESS_READ
LEDGER, INTAKE = Permission.LEDGER_READ, Permission.EVIDENCE_READ
MAY = {
    Role.SUBMITTER: {CATALOGUE},
    Role.STEWARD: {CATALOGUE, EXPOSURE, ACCESS, LEDGER, INTAKE},
    Role.BOARD_MEMBER: {CATALOGUE, EXPOSURE, LEDGER},
    Role.BOARD_CHAIR: {CATALOGUE, EXPOSURE, LEDGER},
    Role.CUSTODIAN: {CATALOGUE, EXPOSURE, ACCESS, LEDGER, INTAKE},
    Role.RESEARCHER: {CATALOGUE},
    Role.AUDITOR: {CATALOGUE, EXPOSURE, ACCESS, LEDGER, INTAKE},
    Role.SYSTEM: set(),
}
WINDOW = Window(TODAY, TODAY)
QUESTIONS = {
    CATALOGUE: (
        lambda v, p: v.catalogue.browse(p, Filters()),
        lambda v, p: v.catalogue.facets(p, Filters()),
        lambda v, p: v.catalogue.entry(p, "onco-v1"),
        lambda v, p: v.catalogue.siblings(p, "onco-v1"),
    ),
    EXPOSURE: (
        lambda v, p: v.exposure.overview(p),
        lambda v, p: v.exposure.points(p),
        lambda v, p: v.exposure.months(p),
        lambda v, p: v.exposure.lineages(p),
        lambda v, p: v.exposure.checkpoint(p, "onco-v1"),
        lambda v, p: v.exposure.aged(p),
    ),
    ACCESS: (
        lambda v, p: v.patterns.span(p),
        lambda v, p: v.patterns.summary(p, WINDOW),
        lambda v, p: v.patterns.principals(p, WINDOW),
        lambda v, p: v.patterns.hours(p, WINDOW),
        lambda v, p: v.patterns.matrix(p, WINDOW),
        lambda v, p: v.patterns.flow(p, WINDOW),
        lambda v, p: v.patterns.denied(p, WINDOW),
        lambda v, p: v.patterns.volume(p, WINDOW),
        lambda v, p: v.patterns.sources(p, WINDOW),
    ),
    LEDGER: (
        lambda v, p: v.ledger.size(p),
        lambda v, p: v.ledger.kinds(p),
        lambda v, p: v.ledger.page(p, Search()),
        lambda v, p: v.ledger.entry(p, 0),
    ),
    INTAKE: (
        lambda v, p: v.intake.kinds(p),
        lambda v, p: v.intake.page(p),
        lambda v, p: v.intake.unreadable(p),
    ),
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("permission", list(QUESTIONS))
def test_every_question_of_every_role(views, role, permission):
    views.office.submitted()
    who = person(roles=(role,))
    for ask in QUESTIONS[permission]:
        if permission in MAY[role]:
            assert ask(views, who) is not None
        else:
            with pytest.raises(NotPermitted) as refused:
                ask(views, who)
            assert refused.value.what_to_do


def test_a_person_without_roles_sees_nothing():
    for permission in QUESTIONS:
        with pytest.raises(NotPermitted):
            check_can_see(person(roles=()), permission)


@pytest.mark.parametrize("role", list(Role))
def test_names_are_for_stewards_custodians_and_auditors(role):
    assert sees_names(person(roles=(role,))) is (role in {Role.STEWARD, Role.CUSTODIAN, Role.AUDITOR})


@pytest.mark.parametrize("tier", list(Tier))
def test_exact_figures_begin_at_t3(tier):
    assert sees_exact(person(roles=(Role.RESEARCHER,), tier=tier)) is (tier.rank >= 3)
    assert sees_exact(person(roles=(Role.STEWARD,), tier=tier))


@pytest.mark.parametrize("tier", list(Tier))
def test_no_tier_opens_small_cells(tier):
    assert not sees_small_cells(person(roles=(Role.RESEARCHER,), tier=tier))
