"""Two people at the same moment: both are written, one of them completes the round, nothing is decided twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from exeat.errors import ExeatError
from tests.factories import SASHA, STAN, STELLA, SUBMITTER
from tests.unit.review.desks import RELEASE, office_in


@pytest.fixture
def office(tmp_path):
    with office_in(tmp_path) as open_office:
        yield open_office


def at_once(*calls):
    def outcome(call):
        try:
            return call().entry.kind
        except ExeatError as refused:
            return type(refused).__name__

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(outcome, calls))


def test_two_last_reviews_decide_once(office):
    office.submitted().seated()
    seen, review = office.version(), office.opinion()

    def record(who):
        return lambda: office.review.record_review(who, RELEASE, review, seen=seen, key="k")

    assert at_once(record(STELLA), record(STAN)) == ["decision.approved", "review.recorded"]
    kinds = office.kinds()
    assert kinds.count("review.recorded") == 2
    assert kinds[-2:] == ["reviews.opened", "decision.approved"]


def test_the_last_seat_is_taken_once(office):
    office.submitted().seated(SASHA)
    seen = office.version()

    def sit(who):
        return lambda: office.review.start_review(who, RELEASE, conflict="none", seen=seen, key="k")

    assert at_once(sit(STELLA), sit(STAN)) == ["NotNow", "review.started"]


def test_the_same_click_from_two_windows_writes_once(office):
    office.submitted().seated()
    now = office.now()

    def withdraw():
        return office.review.withdraw(SUBMITTER, RELEASE, **now)

    assert at_once(withdraw, withdraw, withdraw) == ["release.withdrawn"] * 3
    assert office.kinds().count("release.withdrawn") == 1


def test_two_agreements_lift_once(office):
    office.submitted().seated().reviewed()
    office.review.suspend(SASHA, RELEASE, "Wait.", **office.now())
    seen = office.version()

    def agree(who):
        return lambda: office.review.agree_to_lift(who, RELEASE, "Checked.", seen=seen, key="k")

    assert at_once(agree(STELLA), agree(STAN)) == ["suspension.lift_agreed", "suspension.lifted"]
    assert office.kinds().count("suspension.lifted") == 1
