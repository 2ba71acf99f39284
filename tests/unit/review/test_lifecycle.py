from __future__ import annotations

import pytest

from exeat.model.person import ROLE_PERMISSIONS, Role
from exeat.review.handlers import HANDLERS
from exeat.review.history import _DID
from exeat.review.lifecycle import MOVES, Kind, State


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.kind.value)
def test_every_move_has_sources_words_and_somebody_who_may(move):
    assert move.sources
    assert move.does
    assert any(move.permission in ROLE_PERMISSIONS[role] for role in Role)


def test_terminal_states_are_left_by_nothing():
    ended = {State.REJECTED, State.WITHDRAWN, State.REVOKED, State.EXPIRED, State.SUPERSEDED}
    assert [move.kind for move in MOVES if move.kind in HANDLERS and move.sources & ended] == []


def test_every_kind_has_words_for_the_history():
    assert set(_DID) == set(Kind)
