"""What a vote stands on, which votes stand, and when they make a decision."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exeat.model.base import digest_of
from exeat.policy.assessment import BoundReport
from exeat.review.basis import bases_of, basis_of
from exeat.review.decisions import grounds_hold
from exeat.review.outcome import matrix_if_unanimous, policy_conditions
from exeat.review.parts import Content
from exeat.review.progress import reset_votes, reviews_in, standing_votes
from tests import factories
from tests.factories import assessment, finding
from tests.unit.review.scenes import BASES, dossier, review, seats, state

PROPOSAL, MANIFEST, POLICY = factories.proposal(), factories.manifest(), digest_of(b"p")


def bound(**changes):
    document = factories.report(**changes)
    return BoundReport(digest_of(document.to_bytes()), document)


def touched(*, reports=(), policy=POLICY, inspections=None, **changes):
    after = bases_of(factories.proposal(**changes), MANIFEST, reports, policy, inspections)
    return {part for part, basis in after.items() if BASES.get(part) != basis}


def form(weights="allowed", log="masked"):
    return [{"component_id": "weights", "disposition": weights}, {"component_id": "log", "disposition": log}]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({}, set()),
        ({"title": "A better title"}, set()),
        ({"components": form(weights="sandbox")}, {"weights"}),
        ({"components": form(log="denied")}, {"log"}),
        ({"reports": [bound(about="weights")]}, {"weights"}),
        ({"reports": [bound(about="log")]}, {"log"}),
        ({"reports": [bound(about="something else")]}, set()),
        ({"inspections": {}}, set()),
        ({"inspections": {"weights": digest_of(b"i")}}, {"weights"}),
        ({"inspections": {"not proposed": digest_of(b"i")}}, set()),
        ({"policy": digest_of(b"p2")}, {"weights", "log"}),
        ({"until": "2027-01-31"}, {"weights", "log"}),
        ({"recipients": "Everybody"}, {"weights", "log"}),
        ({"tier": "T1"}, {"weights", "log"}),
        ({"manifest_sha256": digest_of(b"m2")}, {"weights", "log"}),
    ],
)
def test_changed_evidence_resets_the_votes_it_touches(change, parts):
    assert touched(**change) == parts
    assert (basis_of(BASES) == basis_of(bases_of(PROPOSAL, MANIFEST, (), POLICY))) is True


def test_the_order_of_reports_does_not_matter():
    one, two = bound(about="weights"), bound(report_id="r-2", about="weights")
    assert bases_of(PROPOSAL, MANIFEST, (one, two), POLICY) == bases_of(PROPOSAL, MANIFEST, (two, one), POLICY)


def test_untouched_votes_stand_in_the_next_round():
    earlier = review(reviewer="stan", bases={**BASES, "weights": "before"})
    next_round = state(round=2, seats=seats("stan"), reviews=(earlier,))
    assert reset_votes(earlier, BASES) == ("weights",)
    assert standing_votes(next_round, "stan", BASES) == {"log": "approve"}
    assert standing_votes(next_round, "stella", BASES) == {}
    assert reviews_in(next_round, BASES) == ()


def test_only_seated_reviewers_on_current_evidence_count():
    mine, old = review(reviewer="stan"), review(reviewer="stella", bases={"weights": "before"})
    there = state(seats=seats("stan", "stella"), reviews=(mine, old))
    assert reviews_in(there, BASES) == (mine,)
    assert reviews_in(replace(there, seats=seats("stella")), BASES) == ()


def test_the_latest_review_of_a_person_counts():
    first, second = review(reviewer="stan"), review(reviewer="stan", version=7)
    assert reviews_in(state(seats=seats("stan"), reviews=(first, second)), BASES) == (second,)


def votes(weights, log):
    return review(content=Content(votes={"weights": weights, "log": log}, answers={}, overrides={}))


@pytest.mark.parametrize(
    ("said", "forms"),
    [
        ([("approve", "approve"), ("approve", "approve")], ["allowed", "masked"]),
        ([("approve", "reject"), ("approve", "reject")], ["allowed", "denied"]),
        ([("reject", "reject"), ("reject", "reject")], ["denied", "denied"]),
        ([("approve", "approve"), ("approve", "reject")], None),
        ([("request_changes", "approve"), ("request_changes", "approve")], None),
        ([("approve", "approve"), ("request_changes", "approve")], None),
        ([], None),
    ],
)
def test_a_decision_is_unanimous_per_component_or_none(said, forms):
    matrix = matrix_if_unanimous([votes(*one) for one in said], PROPOSAL)
    assert (matrix and [cell.disposition.value for cell in matrix]) == forms


def test_a_sealed_review_decides_nothing():
    assert matrix_if_unanimous([votes("approve", "approve"), review(content=None)], PROPOSAL) is None


def test_the_policy_attaches_its_conditions_to_what_leaves():
    matrix = matrix_if_unanimous([votes("approve", "approve")], PROPOSAL)
    assert policy_conditions(matrix, dossier().kinds, factories.policy()) == ["Keep the quota."]
    rejected = matrix_if_unanimous([votes("reject", "approve")], PROPOSAL)
    assert policy_conditions(rejected, dossier().kinds, factories.policy()) == []


def test_grounds_given_earlier_must_still_hold():
    earlier = review(content=Content(votes={}, answers={"P3": "yes"}, overrides={"R3": "low"}))
    parts = ["weights", "log"]
    assert grounds_hold(earlier, dossier(assessment=assessment(finding(check="R3"))), parts)
    assert grounds_hold(earlier, dossier(), parts)
    assert not grounds_hold(earlier, dossier(assessment=assessment(finding(check="R3"), finding(check="R7"))), parts)
    assert not grounds_hold(earlier, dossier(assessment=assessment(finding(check="R1", gate="B"))), parts)
    assert not grounds_hold(review(content=None), dossier(), parts)
