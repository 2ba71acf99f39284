"""Find the case that a story needs in the sample organisation, by asking the domain instead of knowing its ids."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from exeat.demo.people import load_people
from exeat.desk import Desk, open_desk
from exeat.errors import ExeatError
from exeat.model.person import Person, Role
from exeat.policy.finding import Barrier
from exeat.review.lifecycle import State
from exeat.review.rules import Action
from exeat.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from exeat.review.views import CaseView

WAITING = (State.SUBMITTED, State.IN_REVIEW)


@contextmanager
def opened(home: Path, environment: Mapping[str, str] = {}) -> Iterator[Desk]:
    """A desk of the test's own on the server's home: another process beside it."""
    desk = open_desk(load_settings(home=home, demo=True, ledger_url=environment.get("EXEAT_LEDGER_URL", "")))
    try:
        yield desk
    finally:
        desk.close()


def people(role: Role) -> list[Person]:
    return [who for who in load_people() if role in who.roles]


def person(person_id: str) -> Person:
    return next(who for who in load_people() if who.person_id == person_id)


def stewards() -> tuple[Person, Person]:
    one, two, *_ = people(Role.STEWARD)
    return one, two


def releases(desk: Desk) -> list[str]:
    return list(desk.warehouse.frame("SELECT release_id FROM release ORDER BY release_id")["release_id"])


def cases(desk: Desk, who: Person) -> Iterator[CaseView]:
    """Every case that this person may read."""
    for release_id in releases(desk):
        try:
            yield desk.review.case(who, release_id)
        except ExeatError:
            continue


def both_may_sit(desk: Desk, release_id: str, one: Person, two: Person) -> bool:
    views = [desk.review.case(who, release_id) for who in (one, two)]
    return all(view.why_not[Action.START_REVIEW] is None for view in views)


def a_case_for(desk: Desk, one: Person, two: Person, barrier: Barrier | None = Barrier.CONDITIONAL) -> str:
    """A waiting release where both stewards may take a seat, and what stands against it is of this kind only.

    ``Barrier.CONDITIONAL``: can be approved with overrides; ``Barrier.BLOCKING``: cannot be approved by reviewers.
    """
    for view in cases(desk, one):
        blocking = bool(view.assessment.barred_by(Barrier.BLOCKING))
        conditional = bool(view.assessment.barred_by(Barrier.CONDITIONAL))
        wanted = blocking if barrier is Barrier.BLOCKING else conditional and not blocking
        waits = view.state.state in WAITING and not view.state.seats
        if waits and wanted and both_may_sit(desk, view.release_id, one, two):
            return view.release_id
    msg = f"the sample organisation has no waiting release with {barrier} findings that two stewards may review"
    raise AssertionError(msg)


def state_of(home: Path, release_id: str) -> CaseView:
    """The case as a fresh process sees it."""
    with opened(home) as desk:
        return desk.review.case(stewards()[0], release_id)
