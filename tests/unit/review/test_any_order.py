"""Whatever anybody tries in whatever order: approval only by independent reviews, and the log holds."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exeat.errors import ExeatError
from exeat.review.inputs import Answer
from exeat.review.lifecycle import State
from exeat.review.rules import Action
from exeat.review.state import fold
from tests.factories import CUSTODIAN, SASHA, STAN, STELLA, SUBMITTER, person
from tests.unit.review.desks import RELEASE, draft, office_in, opinion

CARLA = person(person_id="carla")
SAM_AS_STEWARD = person(person_id="sam")
PEOPLE = [SUBMITTER, STELLA, STAN, SASHA, CARLA, SAM_AS_STEWARD, CUSTODIAN]
OPINIONS = [
    opinion(),
    opinion(votes={"weights": "approve", "log": "reject"}, rationale="Not the log."),
    opinion(votes={"weights": "reject", "log": "reject"}, rationale="No."),
    opinion(answers={"P3": Answer("no", "Consent is missing.")}),
]
ELSEWHERE = {Action.COMMENT, Action.PROMOTE_COMMENT, Action.DECLARE_CONFLICT, Action.DECIDE, Action.COSIGN}
ACTIONS = [action.value for action in Action if action not in ELSEWHERE]
STEPS = st.tuples(st.sampled_from(ACTIONS), st.sampled_from(PEOPLE), st.integers(0, 3))
LIKELY = st.sampled_from(
    [(action, who, 0) for action in ("start_review", "record_review") for who in (STELLA, STAN, SASHA)]
)


def attempt(office, action, who, choice):
    use_case = getattr(office.review, action)
    more = {}
    if action == "start_review":
        more["conflict"] = "none" if choice else "financial" if who is SASHA else "none"
    elif action == "record_review":
        more["review"] = replace(OPINIONS[choice], basis=office.basis())
    elif action not in ("submit", "activate"):
        more["reason"] = "Because."
    use_case(who, RELEASE, **more, **office.now())


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@example([(action, who, 0) for action in ("start_review", "record_review") for who in (STELLA, STAN)])
@given(st.lists(STEPS | LIKELY, min_size=8, max_size=24))
def test_no_order_of_attempts_approves_without_two_independent_reviews(steps):
    with tempfile.TemporaryDirectory() as folder, office_in(Path(folder)) as office:
        draft(office)
        office.review.submit(SUBMITTER, RELEASE, **office.now())
        for action, who, choice in steps:
            with suppress(ExeatError):
                attempt(office, action, who, choice)
        entries = office.ledger.case(f"release:{RELEASE}")
        state = fold(entries, office.ledger.opened(entries))
        assert state.ignored == ()
        assert not {review.reviewer for review in state.reviews} & {"sam", "carla"}
        if state.decision is not None and state.state is not State.REJECTED:
            agreed = {r.reviewer for r in state.round_reviews if "approve" in r.content.votes.values()}
            assert len(agreed) >= 2
        assert office.ledger.verify().ok
