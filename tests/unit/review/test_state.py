from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exeat.model.tier import Disposition, Tier
from exeat.review.handlers import HANDLERS, OUTCOME_STATE
from exeat.review.lifecycle import MOVE_OF, MOVES, STATE_TURN, Kind, State
from exeat.review.parts import ReleaseState
from exeat.review.state import effective, fold, fold_comments, permitted
from tests.factories import TODAY, UNTIL, drafted, entry, numbered

BESIDE = {Kind.COMMENTED, Kind.COMMENT_PROMOTED, Kind.VIEWED}
MATRIX = [
    {"component": "weights", "tier": "T2", "disposition": "allowed", "until": UNTIL.isoformat()},
    {"component": "log", "tier": "T2", "disposition": "denied", "until": UNTIL.isoformat()},
]


def approved_story():
    return numbered(
        drafted(),
        entry("release.submitted"),
        entry("review.started", actor="stella"),
        entry("review.started", actor="stan"),
        entry("review.recorded", actor="stella", body={"bases": {"weights": "b"}}, sealed={"review": "c1"}),
        entry("review.recorded", actor="stan", body={"bases": {"weights": "b"}}, sealed={"review": "c2"}),
        entry("reviews.opened", actor="system", body={"reviews": [opened("stella", 5), opened("stan", 6)]}),
        entry("decision.approved", actor="system", body={"by": "reviewers", "matrix": MATRIX}),
        entry("release.activated", actor="cleo"),
    )


def opened(reviewer, version):
    said = {"votes": {"weights": "approve"}, "answers": {"P3": "yes"}, "overrides": {"R3": "low"}}
    return {"reviewer": reviewer, "version": version, **said}


def test_every_state_has_an_owner_and_every_kind_a_move():
    assert set(STATE_TURN) == set(State)
    assert set(MOVE_OF) == set(Kind)
    assert len(MOVES) == len(Kind)
    assert set(HANDLERS) == set(Kind) - BESIDE


def test_every_state_can_be_reached():
    targets = {move.target for move in MOVES} | set(OUTCOME_STATE.values())
    assert set(State) - targets == {State.DRAFT, State.EXPIRED}


def test_approval_and_activation():
    state = fold(approved_story())
    assert state.state is State.ACTIVE
    assert state.round == 1
    assert state.version == 9
    assert state.ignored == ()
    assert state.decision.until == UNTIL
    assert [review.content.votes for review in state.round_reviews] == [{"weights": "approve"}] * 2


def test_without_the_vault_a_review_is_sealed_until_it_is_opened():
    story = approved_story()
    assert [review.content for review in fold(story[:6]).reviews] == [None, None]
    assert fold(story[:7]).reviews[0].content.rationale is None


def test_with_the_vault_the_texts_are_there():
    values = {"c1": {"votes": {"weights": "reject"}, "answers": {}, "overrides": {}}, "c9": "because"}
    story = approved_story()[:5]
    story[4] = replace(story[4], sealed={"review": "c1", "rationale": "c9"})
    content = fold(story, values).reviews[0].content
    assert (content.votes, content.rationale) == ({"weights": "reject"}, "because")


def test_expiry_is_read_from_the_day_not_from_a_flag():
    state = fold(approved_story())
    assert effective(state, UNTIL) is State.ACTIVE
    assert effective(state, UNTIL + timedelta(days=1)) is State.EXPIRED
    assert effective(replace(state, state=State.SUSPENDED), UNTIL + timedelta(days=1)) is State.EXPIRED
    assert effective(replace(state, state=State.REVOKED), UNTIL + timedelta(days=1)) is State.REVOKED


def test_permitted_reads_the_state_expiry_suspension_and_tier():
    story = approved_story()
    state = fold(story)
    assert permitted(state, "weights", Tier.T2, TODAY) is Disposition.ALLOWED
    assert permitted(state, "weights", Tier.T3, TODAY) is Disposition.ALLOWED
    assert permitted(state, "weights", Tier.T1, TODAY) is Disposition.DENIED
    assert permitted(state, "log", Tier.T2, TODAY) is Disposition.DENIED
    assert permitted(state, "optimizer", Tier.T5, TODAY) is Disposition.DENIED
    assert permitted(state, "weights", Tier.T2, UNTIL + timedelta(days=1)) is Disposition.DENIED
    assert permitted(fold(story[:8]), "weights", Tier.T2, TODAY) is Disposition.DENIED
    paused = fold(numbered(*story, entry("release.suspended", actor="stan")))
    assert permitted(paused, "weights", Tier.T2, TODAY) is Disposition.DENIED


def test_lifting_returns_to_where_it_was():
    for length, was in ((8, State.APPROVED), (9, State.ACTIVE)):
        story = [
            *approved_story()[:length],
            entry("release.suspended", actor="stan"),
            entry("suspension.lift_agreed", actor="stella"),
            entry("suspension.lift_agreed", actor="stella"),
            entry("suspension.lift_agreed", actor="sasha"),
        ]
        paused = fold(numbered(*story))
        assert paused.suspension.agreed == ("stella", "sasha")
        assert paused.ignored == (length + 2,)
        assert fold(numbered(*story, entry("suspension.lifted", actor="system"))).state is was


def test_a_new_round_closes_reviews_and_keeps_the_old_ones():
    story = numbered(
        *approved_story()[:7],
        entry("release.returned", actor="stan"),
        drafted(digest="sha256:p2"),
        entry("release.submitted"),
    )
    state = fold(story)
    assert (state.round, state.opened, state.state) == (2, False, State.SUBMITTED)
    assert len(state.reviews) == 2
    assert state.round_reviews == ()
    assert (state.seats, state.reviewers) == ((), ("stella", "stan"))


def test_nobody_else_can_redraft_and_a_decided_release_does_not_change():
    stolen = fold(numbered(drafted(), drafted(submitter="mallory", digest="sha256:evil")))
    assert (stolen.submitter, stolen.proposal_sha256, stolen.ignored) == ("sam", "sha256:p1", (1,))
    late = fold(numbered(*approved_story(), drafted(digest="sha256:p2")))
    assert (late.proposal_sha256, late.state, late.ignored) == ("sha256:p1", State.ACTIVE, (9,))


def test_a_review_without_a_seat_does_not_count():
    story = numbered(*approved_story()[:4], entry("review.recorded", actor="mallory"))
    assert fold(story).reviews == ()
    assert fold(story).ignored == (4,)


def test_standing_aside_gives_the_seat_back():
    state = fold(
        numbered(*approved_story()[:4], entry("conflict.declared", actor="stan", body={"conflict": "financial"}))
    )
    assert [seat.reviewer for seat in state.seats] == ["stella"]
    assert state.recused == {"stan": "financial"}


def board(outcome, signatures=1):
    votes = {"for": ["chair", "m1"], "against": ["m2"], "abstained": [], "recused": ["m3"]}
    return entry(
        "board.decided",
        actor="chair",
        body={"outcome": outcome, "votes": votes, "matrix": MATRIX, "signatures": signatures},
    )


REFERRED = (drafted(), entry("release.submitted"), entry("release.referred", actor="stella"))


@pytest.mark.parametrize(("outcome", "state"), OUTCOME_STATE.items())
def test_the_board_decides(outcome, state):
    assert fold(numbered(*REFERRED, board(outcome))).state is state


def test_an_override_waits_for_the_second_signature():
    waiting = fold(numbered(*REFERRED, board("approve", signatures=2)))
    assert waiting.state is State.REFERRED
    assert waiting.awaiting_cosign
    assert waiting.decision is None
    for actor in ("chair", "m3"):
        still = fold(numbered(*REFERRED, board("approve", signatures=2), entry("board.cosigned", actor=actor)))
        assert still.awaiting_cosign
    signed = fold(numbered(*REFERRED, board("approve", signatures=2), entry("board.cosigned", actor="m1")))
    assert signed.state is State.APPROVED
    assert signed.decision.until == UNTIL


def test_an_unknown_outcome_has_no_effect():
    assert fold(numbered(*REFERRED, board("launch"))).state is State.REFERRED


def test_comments_are_promoted_never_removed():
    said = numbered(
        entry("comment.recorded", actor="stan", body={"round": 1, "audience": "reviewers"}, sealed={"text": "c"}),
        entry("comment.promoted", actor="stella", body={"comment": 0}),
        entry("comment.promoted", actor="stella", body={"comment": 77}),
    )
    (comment,) = fold_comments(said, {"c": "Look at the subgroup."})
    assert (comment.audience, comment.promoted_by, comment.text) == ("everyone", "stella", "Look at the subgroup.")


PEOPLE = st.sampled_from(["sam", "stella", "stan", "chair", "m1", "system"])
ENTRIES = st.builds(
    entry,
    st.sampled_from([kind.value for kind in Kind] + ["future.kind", "genesis"]),
    actor=PEOPLE,
    body=st.fixed_dictionaries(
        {"submitter": st.just("sam"), "signatures": st.integers(1, 3)},
        optional={
            "outcome": st.sampled_from(sorted(OUTCOME_STATE)),
            "matrix": st.just(MATRIX),
            "bases": st.just({"weights": "b"}),
            "reviews": st.lists(st.builds(opened, PEOPLE, st.integers(1, 12)), max_size=2),
        },
    ),
    subject=st.just({"proposal": "sha256:p1"}),
)
STORIES = st.lists(ENTRIES, max_size=25).map(lambda rest: numbered(*approved_story()[:3], *rest))


@given(STORIES, st.integers(0, 28))
def test_fold_is_replay_from_any_split(story, split):
    assert fold(story) == fold(story[split:], start=fold(story[:split]))


@given(STORIES)
def test_fold_never_leaves_the_table(story):
    before = ReleaseState()
    for one in story:
        after = fold([one], start=before)
        assert after.version == one.version
        if one.seq in after.ignored:
            assert replace(after, ignored=before.ignored, version=0, updated_at=None) == replace(
                before, version=0, updated_at=None, release_id=after.release_id
            )
        else:
            assert before.state in MOVE_OF[Kind(one.kind)].sources
        before = after
