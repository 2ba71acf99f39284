"""Every role x every action x every state, against a table written by hand."""

from __future__ import annotations

import pytest

from exeat.errors import NotNow, NotPermitted
from exeat.model.person import Role
from exeat.review.lifecycle import State
from exeat.review.rules import Action, check, reason
from tests.factories import person
from tests.unit.review.scenes import scene, seats, state

LETTERS = {
    "s": Role.SUBMITTER,
    "w": Role.STEWARD,
    "m": Role.BOARD_MEMBER,
    "c": Role.BOARD_CHAIR,
    "k": Role.CUSTODIAN,
    "r": Role.RESEARCHER,
    "a": Role.AUDITOR,
    "y": Role.SYSTEM,
}
GRID = """
action               draft submitted in_review returned referred approved active suspended rejected withdrawn revoked expired superseded
submit               s     .         .         s        .        .        .      .         .        .         .       .       .
start_review         .     w         w         .        .        .        .      .         .        .         .       .       .
declare_conflict     .     w         w         .        .        .        .      .         .        .         .       .       .
record_review        .     .         w         .        .        .        .      .         .        .         .       .       .
comment              sw    sw        sw        sw       sw       sw       sw     sw        sw       sw        sw      sw      sw
promote_comment      w     w         w         w        w        w        w      w         w        w         w       w       w
return_to_submitter  .     .         w         .        .        .        .      .         .        .         .       .       .
refer                .     w         w         .        .        .        .      .         .        .         .       .       .
withdraw             s     s         s         s        s        .        .      .         .        .         .       .       .
suspend              .     .         .         .        .        w        w      .         .        .         .       .       .
agree_to_lift        .     .         .         .        .        .        .      w         .        .         .       .       .
revoke               .     .         .         .        .        w        w      w         .        .         .       .       .
activate             .     .         .         .        .        k        .      .         .        .         .       .       .
decide               .     .         .         .        c        .        .      .         .        .         .       .       .
cosign               .     .         .         .        mc       .        .      .         .        .         .       .       .
"""  # noqa: E501 a grid is read as a grid
INVOLVED = """
action               draft submitted in_review returned referred approved active suspended rejected withdrawn revoked expired superseded
comment              sw    sw        sw        sw       sw       sw       sw     sw        sw       sw        sw      sw      sw
suspend              .     .         .         .        .        w        w      .         .        .         .       .       .
revoke               .     .         .         .        .        w        w      w         .        .         .       .       .
"""  # noqa: E501
"""What a contributor may do, who is not the submitter: talk, and stop it."""


def table(grid):
    head, *rows = (line.split() for line in grid.strip().splitlines())
    cells = {(row[0], state): set(cell) - {"."} for row in rows for state, cell in zip(head[1:], row[1:], strict=True)}
    return {
        (letter, action, state): letter in cells.get((action, state), ())
        for letter in LETTERS
        for action in map(str, Action)
        for state in head[1:]
    }


def named(value):
    return ("refused", "allowed")[value] if isinstance(value, bool) else "-".join(value)


def someone(letter, person_id):
    return person(person_id=person_id, roles=(LETTERS[letter],))


def in_place(action, now, who):
    """The release in this state, with everything in place that is neither role nor state."""
    needs_seat = action in (Action.RECORD_REVIEW, Action.RETURN)
    return scene(who, state(State(now), seats=seats(who.person_id) if needs_seat else ()))


def test_the_table_is_whole():
    assert len(table(GRID)) == len(Role) * len(Action) * len(State)
    assert {row.split()[0] for row in GRID.strip().splitlines()[1:]} == {action.value for action in Action}


@pytest.mark.parametrize(("cell", "allowed"), table(GRID).items(), ids=named)
def test_each_role_each_action_each_state(cell, allowed):
    letter, action, now = cell
    who = someone(letter, "sam" if letter == "s" else f"{letter}-1")
    there = in_place(Action(action), now, who)
    said = reason(Action(action), there)
    if allowed:
        assert said is None
        check(Action(action), there)
    else:
        assert said
        assert said.endswith(".")
        with pytest.raises((NotPermitted, NotNow)):
            check(Action(action), there)


@pytest.mark.parametrize(("cell", "allowed"), table(INVOLVED).items(), ids=named)
def test_a_contributor_may_talk_and_stop_it_and_nothing_else(cell, allowed):
    letter, action, now = cell
    there = in_place(Action(action), now, someone(letter, "carla"))
    assert (reason(Action(action), there) is None) is allowed


def test_several_roles_do_not_make_the_submitter_independent():
    every_role = person(person_id="sam", roles=tuple(Role))
    for action in (
        Action.START_REVIEW,
        Action.REFER,
        Action.DECIDE,
        Action.COSIGN,
        Action.ACTIVATE,
        Action.AGREE_TO_LIFT,
    ):
        for now in State:
            assert reason(action, in_place(action, now, every_role)) is not None
