from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from exeat.access.patterns import MATRIX_COLUMNS, MATRIX_ROWS, Window, _tail, unusual_hours
from exeat.model.person import Role
from tests.factories import AUDITOR, STELLA, person
from tests.unit.access.events import MONDAY, event
from tests.unit.review.desks import draft

DAY = MONDAY.date()
WINDOW = Window(DAY, DAY)


@pytest.fixture
def watched(views):
    """Ada reads twice on Monday at nine, Ben once at three in the night; one denied, one unmapped, one a week later."""
    draft(views.office)
    views.access.add(
        [
            event(1),
            event(2),
            event(3, principal="ben", ts=MONDAY - timedelta(hours=6), tier=3, component="training_trace"),
            event(4, principal="ben", outcome="denied", tier=None, bytes=None),
            event(5, checkpoint_id="unheard-of", action="list"),
            event(6, ts=MONDAY + timedelta(days=7)),
        ]
    )
    views.warehouse.catch_up()
    return views


def test_the_summary_counts_the_window(watched):
    found = watched.patterns.summary(STELLA, WINDOW)
    assert (found.events, found.denied, found.unmapped, found.principals, found.bytes) == (5, 1, 1, 2, 4000)
    assert found.as_of == MONDAY.replace(tzinfo=None)
    assert found.simulated
    assert "1 attempts were denied" in found.sentence


def test_the_span_is_that_of_the_events(watched):
    assert watched.patterns.span(STELLA) == Window(DAY, DAY + timedelta(days=7))
    assert watched.patterns.recent(STELLA, 3) == Window(DAY + timedelta(days=5), DAY + timedelta(days=7))


def test_without_events_there_is_still_a_window(views):
    today = views.office.clock().date()
    assert views.patterns.span(STELLA) == Window(today, today)
    assert views.patterns.summary(STELLA, Window(today, today)).sentence == "No access event lies in this window."
    assert views.patterns.matrix(STELLA, WINDOW).empty
    assert views.patterns.hours(STELLA, WINDOW).empty


def test_hours_are_utc_and_set_apart_from_peers(watched):
    found = watched.patterns.hours(STELLA, WINDOW, shown="ada")
    cells = {(bool(r["own"]), r["weekday"], r["hour"]): r["n"] for r in found.to_dict("records")}
    assert cells == {(True, 1, 9): 2, (False, 1, 9): 1, (False, 1, 3): 1}


def test_the_matrix_folds_what_is_too_much(views):
    many = [event(n, principal=f"p{n % 70}", checkpoint_id=f"c{n % 90}") for n in range(90 * 7)]
    views.access.add(many)
    views.warehouse.catch_up()
    found = views.patterns.matrix(STELLA, WINDOW)
    assert found["principal"].nunique() == MATRIX_ROWS + 1
    assert found["checkpoint_id"].nunique() == MATRIX_COLUMNS + 1
    assert found["n"].sum() == len(many)
    assert "all others" in set(found["principal"])


def test_flow_volume_and_denied_add_up(watched):
    assert watched.patterns.flow(STELLA, WINDOW)["n"].sum() == 5
    assert watched.patterns.volume(STELLA, WINDOW)["bytes"].sum() == 4000
    denied = watched.patterns.denied(STELLA, WINDOW).to_dict("records")
    assert [(row["principal"], row["n"]) for row in denied] == [("ben", 1)]
    assert pd.isna(denied[0]["tier"])


def test_sources_say_what_they_cannot_tell(watched):
    row = watched.patterns.sources(STELLA, WINDOW).to_dict("records")[0]
    assert (row["unmapped"], row["without_bytes"], row["without_tier"]) == (1, 1, 1)


def test_principals_are_pseudonyms_for_whoever_may_not_see_them(watched, monkeypatch):
    from exeat.model.person import ROLE_PERMISSIONS, Permission  # noqa: PLC0415

    widened = ROLE_PERMISSIONS | {Role.BOARD_MEMBER: frozenset({Permission.ACCESS_READ})}
    monkeypatch.setattr("exeat.model.person.ROLE_PERMISSIONS", widened)
    member = person(roles=(Role.BOARD_MEMBER,))
    assert set(watched.patterns.principals(AUDITOR, WINDOW)) == {"ada", "ben"}
    shown = watched.patterns.principals(member, WINDOW)
    assert len(shown) == 2
    assert all(name.startswith("principal ") for name in shown)
    assert set(watched.patterns.matrix(member, WINDOW)["principal"]) <= set(shown)
    for name in shown:
        assert watched.patterns.hours(member, WINDOW, shown=name)["own"].any()
    assert not watched.patterns.hours(member, WINDOW, shown="ada")["own"].any()


def hours(own, peers):
    rows = [
        {"own": mine, "weekday": 1, "hour": h, "n": n}
        for mine, cells in ((True, own), (False, peers))
        for h, n in cells.items()
    ]
    return pd.DataFrame(rows)


def test_an_hour_is_unusual_only_against_the_peers_habits():
    same = hours({9: 50, 10: 50}, {9: 500, 10: 500})
    assert not any(unusual_hours(same))
    night = hours({9: 90, 3: 12}, {9: 1000, 3: 2})
    marked = night[unusual_hours(night)]
    assert list(zip(marked["own"], marked["hour"], strict=True)) == [(True, 3)]


def test_without_peers_nothing_is_unusual():
    assert not any(unusual_hours(hours({3: 400}, {})))


@pytest.mark.parametrize(("least", "trials", "chance"), [(3, 10, 0.1), (7, 7, 0.5), (1, 40, 0.01), (200, 1000, 0.15)])
def test_the_tail_is_the_binomial_one(least, trials, chance):
    from scipy.stats import binom  # noqa: PLC0415 an oracle of the test

    assert _tail(least, trials, chance) == pytest.approx(binom.sf(least - 1, trials, chance), rel=1e-9)
