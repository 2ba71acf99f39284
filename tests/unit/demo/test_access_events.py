from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from exeat.demo.access_events import CHECKPOINTS, as_lines, simulate
from exeat.demo.people import load_people
from exeat.model.access_event import AccessEvent
from exeat.model.documents import parse_document

TODAY = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def events():
    return simulate(today=TODAY, days=60, seed=1)


def test_every_line_is_a_canonical_event_and_labelled_simulated(events):
    lines = as_lines(events).splitlines()
    assert 5_000 <= len(lines) <= 20_000
    for line in lines[::10]:
        event = parse_document(line, AccessEvent)
        assert event.simulated
        assert event.checkpoint_id in CHECKPOINTS


def test_they_lie_in_the_last_weeks_in_order_once_each(events):
    moments = [datetime.fromisoformat(e["ts"]) for e in events]
    assert moments == sorted(moments)
    assert TODAY - timedelta(days=61) <= moments[0] < moments[-1] <= TODAY
    assert len({e["source_event_id"] for e in events}) == len(events)


def test_the_same_seed_gives_the_same_events_and_another_does_not(events):
    assert simulate(today=TODAY, days=60, seed=1) == events
    assert simulate(today=TODAY, days=60, seed=2) != events


def test_people_sleep_services_do_not_and_some_are_refused(events):
    people = {p.person_id for p in load_people()}
    principals = {e["principal"] for e in events}
    assert len(principals & people) >= 8
    assert principals - people
    by_kind = Counter((e["principal_kind"], datetime.fromisoformat(e["ts"]).hour < 6) for e in events)
    assert by_kind["human", True] < 0.1 * by_kind["human", False]
    assert by_kind["service", True] > by_kind["service", False]
    assert Counter(e["outcome"] for e in events)["denied"] > 100
    assert {e["tier"] for e in events} == {0, 1, 2, 3, 4, 5}
