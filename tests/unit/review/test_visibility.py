from __future__ import annotations

import pytest

from exeat.review.history import history
from exeat.review.state import fold, fold_comments
from exeat.review.visibility import Reader, for_reader, names_for, visible_comments, visible_reviews
from tests.factories import entry, numbered
from tests.unit.review.test_state import MATRIX, REFERRED, approved_story

SEALED = {
    "c1": {"votes": {"weights": "approve"}, "answers": {}, "overrides": {}},
    "c2": {"votes": {"weights": "reject"}, "answers": {}, "overrides": {}},
}
SUBMITTER = Reader("sam", involved=True)
CONTRIBUTING_STEWARD = Reader("stella", involved=True)
REVIEWER, OTHER, ONLOOKER = (Reader(name, involved=False) for name in ("stella", "stan", "auda"))


def blind():
    return fold(approved_story()[:6], SEALED)


def opened():
    return fold(approved_story()[:7], SEALED)


def decided():
    return fold(approved_story(), SEALED)


def returned():
    return fold(numbered(*approved_story()[:7], entry("release.returned", actor="stan")), SEALED)


def resubmitted():
    story = [*approved_story()[:7], entry("release.returned", actor="stan"), entry("release.submitted")]
    return fold(numbered(*story), SEALED)


def returned_early():
    return fold(numbered(*approved_story()[:6], entry("release.returned", actor="stan")), SEALED)


def who_is_readable(state, reader):
    return [review.reviewer for review in visible_reviews(state, reader) if review.content is not None]


BOTH, ALIAS = ["stella", "stan"], ["reviewer 1", "reviewer 2"]
TABLE = [
    # state, submitter, reviewer who wrote, onlooker
    (blind, [], ["stella"], []),
    (opened, [], BOTH, BOTH),
    (decided, ALIAS, BOTH, BOTH),
    (returned, ALIAS, BOTH, BOTH),
    (resubmitted, ALIAS, BOTH, BOTH),
    (returned_early, [], ["stella"], []),
]


@pytest.mark.parametrize(
    ("make", "submitter", "reviewer", "onlooker"), TABLE, ids=lambda value: getattr(value, "__name__", "")
)
def test_who_reads_which_review(make, submitter, reviewer, onlooker):
    state = make()
    assert who_is_readable(state, SUBMITTER) == submitter
    assert who_is_readable(state, REVIEWER) == reviewer
    assert who_is_readable(state, ONLOOKER) == onlooker


@pytest.mark.parametrize("make", [blind, opened, returned_early])
@pytest.mark.parametrize("reader", [SUBMITTER, OTHER, ONLOOKER])
def test_the_state_handed_out_holds_nothing_that_is_not_visible(make, reader):
    state = make()
    readable = {review.version for review in visible_reviews(state, reader) if review.content is not None}
    handed = for_reader(state, reader)
    assert {review.version for review in handed.reviews if review.content is not None} == readable


def test_the_submitter_learns_no_reviewer_by_name():
    for make in (blind, opened, decided, returned):
        text = repr((for_reader(make(), SUBMITTER).reviews, for_reader(make(), SUBMITTER).seats))
        assert "stella" not in text
        assert "stan" not in text


def test_the_submitter_learns_no_board_member_or_steward_by_name():
    votes = {"for": ["chair", "m1"], "against": ["m2"], "abstained": [], "recused": []}
    body = {"outcome": "approve", "votes": votes, "matrix": MATRIX, "signatures": 1}
    story = [*REFERRED, entry("board.decided", actor="chair", body=body), entry("release.suspended", actor="sasha")]
    handed = for_reader(fold(numbered(*story)), SUBMITTER)
    assert handed.board.votes == {"for": ("a board member",) * 2, "against": ("a board member",), **EMPTY}
    assert handed.suspension.by == "a steward"
    told = " ".join(one.sentence for one in history(numbered(*story), names_for(fold(numbered(*story)), SUBMITTER)))
    for name in ("chair", "m1", "m2", "sasha", "stella"):
        assert f"'{name}'" not in repr(handed)
        assert name not in told
    assert "sam drafted the proposal. sam submitted it" in told


EMPTY = {"abstained": (), "recused": ()}


def comments():
    def said(actor, audience):
        return entry(
            "comment.recorded", actor=actor, body={"round": 1, "audience": audience}, sealed={"text": audience}
        )

    people = ["stella", "stan", "auda", "sam"]
    return fold_comments(
        numbered(*(said(who, audience) for who in people for audience in ("reviewers", "everyone"))),
        {"reviewers": "r", "everyone": "e"},
    )


def read(state, reader):
    return [f"{c.author}:{c.text}" for c in visible_comments(comments(), state, reader)]


def test_seated_reviewers_do_not_steer_each_other_while_blind():
    assert "stan:r" not in read(blind(), REVIEWER)
    assert "stella:r" in read(blind(), REVIEWER)
    assert "auda:r" in read(blind(), REVIEWER)
    assert "stan:r" in read(opened(), REVIEWER)


def test_the_submitter_reads_what_is_for_everyone_under_pseudonyms():
    assert read(decided(), SUBMITTER) == ["reviewer 1:e", "reviewer 2:e", "a steward:e", "sam:r", "sam:e"]


def test_a_steward_who_contributed_reads_as_a_submitter():
    assert "stan:r" not in read(opened(), CONTRIBUTING_STEWARD)
    assert who_is_readable(opened(), Reader("carla", involved=True)) == []
