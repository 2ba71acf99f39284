from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from components.queue_view import answer, findings_words, has_turns, row_words
from exeat.model.person import Person, Role
from exeat.review.queries import QueuePage


def row(**more):
    plain = {
        "release_id": "onco-v7-t2",
        "title": "Cancer MLP v7 for T2",
        "run_family": "onco",
        "ckpt_version": "v7",
        "tier": "T2",
        "until": pd.Timestamp("2027-05-01"),
        "state": "in_review",
        "turn": "reviewers",
        "risk": "high",
        "n_fail": 2,
        "n_not_measured": 1,
        "n_warn": 0,
        "waiting_days": 9,
        "overdue": True,
        "reviews_in": 1,
        "reviewers_needed": 2,
        "awaiting_me": True,
    }
    return plain | more


def person(*roles):
    return Person("p1", "Ada", frozenset(roles))


def page(**more):
    counts = {"total": 4, "awaiting_me": 4, "overdue": 2, "awaiting_others": 3, "page": 1, "pages": 1}
    return QueuePage(rows=pd.DataFrame([row()]), **(counts | more))


def test_a_row_is_said_in_words():
    said = row_words(row())
    assert said["Risk"] == "▲ high"
    assert said["Asks"] == f"T2 until {date(2027, 5, 1)}"
    assert said["Findings"] == "2 fail · 1 not measured"
    assert said["Waiting"] == "9 days (!) overdue"
    assert said["Reviews"] == "1 of 2"
    assert said["Whose turn"] == "you"
    assert said["Lineage"] == "onco v7"


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT])
def test_what_is_missing_is_never_zero(nothing):
    said = row_words(row(n_fail=nothing, waiting_days=nothing, until=nothing, risk=nothing, reviewers_needed=nothing))
    assert said["Findings"] == "not assessed"
    assert said["Waiting"].startswith("—")
    assert said["Asks"] == "T2 until —"
    assert said["Risk"] == "— not assessed"
    assert said["Reviews"] == "1 of —"


def test_all_pass():
    assert findings_words(row(n_fail=0, n_not_measured=0)) == "all pass"


def test_the_answer_counts_what_waits():
    steward = person(Role.STEWARD)
    assert answer(page(), steward) == "4 releases wait for you, 2 overdue."
    assert answer(page(awaiting_me=1, overdue=0), steward) == "1 release waits for you."
    assert answer(page(awaiting_me=0), steward) == "No release waits for you. 3 wait for other reviewers."


def test_submitters_have_no_turns_but_their_own():
    submitter = person(Role.SUBMITTER)
    assert not has_turns(submitter)
    assert answer(page(awaiting_me=1), submitter) == "4 releases of yours, 1 of them waiting for you."
