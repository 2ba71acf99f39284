"""Who may prepare, and when a draft can be submitted: one row each."""

from __future__ import annotations

import pytest

from exeat.errors import Incomplete, NotFound, NotNow, NotPermitted
from exeat.model.draft import Draft, Sent
from exeat.model.person import Role
from exeat.prepare import rules
from tests.factories import NOON, person
from tests.unit.prepare.conftest import SAM, SUE

GAP = rules.Missing("manifest", "run_id", "Which training run made it?")


def draft(**changes):
    fields = {"schema": "exeat-draft/1", "id": "0123456789abcdef", "owner": "sam"}
    return Draft.model_validate({**fields, "created_at": NOON, "updated_at": NOON, **changes})


SENT = draft(sent=Sent(release_id="r", seq=7, at=NOON))


@pytest.mark.parametrize("role", list(Role))
def test_who_prepares(role):
    who = person(roles=(role,))
    assert (rules.reason_prepare(who) is None) is (role is Role.SUBMITTER)


@pytest.mark.parametrize(
    ("who", "what", "missing", "refused"),
    [
        (SAM, draft(), [], None),
        (SAM, draft(), [GAP], Incomplete),
        (SAM, SENT, [], NotNow),
        (SUE, draft(), [], NotFound),
        (person(person_id="sam"), draft(), [], NotPermitted),
    ],
)
def test_when_a_draft_is_submitted(who, what, missing, refused):
    sentence = rules.reason_submit(who, what, missing)
    assert (sentence is None) is (refused is None)
    if refused:
        with pytest.raises(refused) as raised:
            rules.check_can_submit(who, what, missing)
        assert str(raised.value) == sentence


@pytest.mark.parametrize(("who", "what", "allowed"), [(SAM, draft(), True), (SAM, SENT, False), (SUE, draft(), False)])
def test_when_a_draft_changes(who, what, allowed):
    assert (rules.reason_change(who, what) is None) is allowed


@pytest.mark.parametrize(("who", "refused"), [(SAM, None), (SUE, NotFound)])
def test_who_deletes(who, refused):
    for what in (draft(), SENT):
        if refused is None:
            rules.check_can_delete(who, what)
        else:
            with pytest.raises(refused):
                rules.check_can_delete(who, what)


@pytest.mark.parametrize(("count", "allowed"), [(0, True), (19, True), (20, False), (21, False)])
def test_how_many_drafts(count, allowed):
    assert (rules.reason_start(SAM, count) is None) is allowed


def test_the_refusal_says_how_much_is_missing_and_whose_turn_it_is():
    sentence = rules.reason_submit(SAM, draft(), [GAP, GAP])
    assert sentence == "2 things are missing, first: Which training run made it? Answer them above; it is your turn."
