"""Every page as somebody who may open it, with an object that exists in the home."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from components.navigation import PLACES
from exeat.model.person import Role
from exeat.policy.finding import Barrier
from exeat.review.lifecycle import State
from tests.browser.cases import cases, opened, people, stewards

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from exeat.desk import Desk
    from exeat.review.views import CaseView


class View(NamedTuple):
    """One page as one person sees it."""

    name: str
    person: str
    url: str
    query: Mapping[str, str]


ROLE_OF = {
    "prepare": Role.SUBMITTER,
    "docket": Role.BOARD_CHAIR,
    "item": Role.BOARD_CHAIR,
    "catalogue": Role.RESEARCHER,
    "entry": Role.RESEARCHER,
}


def views(home: Path) -> list[View]:
    """Each place of the menu; the dossier in several states, since it shows other things in each."""
    with opened(home) as desk:
        found = [_view(desk, place.url) for place in PLACES]
        found += [
            View(f"release-{case.state.state}", stewards()[0].person_id, "release", {"release": case.release_id})
            for case in _one_of_each_state(desk)
        ]
    return found


def _view(desk: Desk, url: str) -> View:
    who = people(ROLE_OF.get(url, Role.STEWARD))[0]
    return View(
        url, who.person_id, url, {"release": _open_case(desk), "checkpoint": _checkpoint(desk)} | _referred(desk, url)
    )


def _open_case(desk: Desk) -> str:
    """The waiting release with the most against it: it shows the most."""
    waiting = (case for case in cases(desk, stewards()[0]) if case.state.state in (State.SUBMITTED, State.IN_REVIEW))

    def weight(case: CaseView) -> tuple[int, int]:
        return sum(finding.barrier is not Barrier.NONE for finding in case.assessment.findings), -len(case.state.seats)

    return max(waiting, key=weight).release_id


def _referred(desk: Desk, url: str) -> dict[str, str]:
    if url != "item":
        return {}
    return {"release": next(c for c in cases(desk, stewards()[0]) if c.state.state is State.REFERRED).release_id}


def _checkpoint(desk: Desk) -> str:
    sql = "SELECT checkpoint_id FROM checkpoint ORDER BY checkpoint_id LIMIT 1"
    return str(desk.warehouse.frame(sql)["checkpoint_id"].iloc[0])


def _one_of_each_state(desk: Desk) -> list[CaseView]:
    first: dict[State, CaseView] = {}
    for case in cases(desk, stewards()[0]):
        first.setdefault(case.state.state, case)
    return list(first.values())
