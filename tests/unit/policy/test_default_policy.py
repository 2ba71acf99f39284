import re
from decimal import Decimal

import pytest

from exeat.model.policy import MatrixCell
from exeat.model.tier import ComponentKind, Disposition, Tier
from exeat.policy.adoption import load_default
from exeat.policy.checks import REGISTRY, table
from exeat.policy.matrix import clamp, lint, permits
from tests.unit.policy.factories_policy import changed_policy, finding, policy

IDS = [
    *[
        "P1",
        "P2",
        "P3",
        "P4",
        "D1",
        "D2",
        "D3",
        "D4",
        "M1",
        "M2",
        "M3",
        "M4",
        "M5",
        "R1",
        "R2",
        "R3",
        "R4",
        "R5",
        "R6",
        "R7",
        "R8",
        "R9",
        "R10",
        "R11",
        "R12",
    ]
]
IDS += [
    *[
        "E1",
        "E2",
        "E3",
        "E4",
        "E5",
        "S1",
        "S2",
        "S3",
        "S4",
        "S5",
        "S6",
        "T1",
        "T2",
        "T3",
        "T4",
        "G1",
        "G2",
        "G3",
        "G4",
        "G5",
        "G6",
    ]
]


def test_the_checklist_is_whole_and_in_order():
    assert [item.id for item in policy().checklist] == IDS


@pytest.mark.parametrize("name", IDS)
def test_each_item_is_either_computed_or_asked(name):
    assert (policy().item(name).mode == "auto") == (name in REGISTRY)


@pytest.mark.parametrize("name", IDS)
def test_each_item_says_why_and_what_to_do(name):
    item = policy().item(name)
    assert item.question.endswith("?")
    assert item.why.endswith(".")
    assert item.remedy.endswith(".")


def test_the_table_for_the_documents_has_one_sentence_per_check():
    assert [name for name, text in table() if not re.fullmatch(r"Check .*\.", text)] == []
    assert {name for name, _ in table()} == set(REGISTRY)


def test_thresholds_belong_to_checks_and_are_labelled_as_a_choice():
    assert {limit.check for limit in policy().thresholds} <= set(REGISTRY)
    assert b"ORGANISATION POLICY, CHANGE ME" in load_default()
    by_id = {limit.id: limit.limit for limit in policy().thresholds}
    assert by_id["membership-tpr-0-1"] == Decimal("0.01")
    assert by_id["membership-tpr-1"] == Decimal("0.02")
    assert by_id["membership-auc"] == Decimal("0.6")


def test_the_matrix_is_complete_and_monotone():
    assert lint(policy()) == ()


def test_lint_names_the_cell_that_falls():
    cells = [c for c in policy().tier_matrix if (c.tier, c.kind) != (Tier.T3, ComponentKind.WEIGHTS)]
    fallen = MatrixCell(tier=Tier.T3, kind=ComponentKind.WEIGHTS, disposition=Disposition.ESCROW)
    flaws = lint(policy().model_copy(update={"tier_matrix": (*cells, fallen)}))
    assert [(flaw.tier, flaw.kind) for flaw in flaws] == [(Tier.T3, ComponentKind.WEIGHTS)]
    assert "escrow at T3 but query only at T1" in flaws[0].sentence


def test_lint_names_a_missing_cell():
    missing = policy().model_copy(update={"tier_matrix": policy().tier_matrix[1:]})
    assert "a missing cell is denied" in lint(missing)[0].sentence


PERMITTED = [
    ("T0", "weights", "allowed", False),
    ("T1", "weights", "query_only", True),
    ("T2", "weights", "allowed", False),
    ("T2", "weights", "escrow", True),
    ("T3", "weights", "sandbox", True),
    ("T3", "weights", "query_only", True),
    ("T3", "weights", "masked", False),
    ("T4", "weights", "allowed", True),
    ("T2", "diagnostic_log", "masked", True),
    ("T2", "diagnostic_log", "sandbox", False),
    ("T1", "diagnostic_log", "masked", False),
    ("T3", "optimizer_state", "sandbox", False),
    ("T3", "optimizer_state", "denied", True),
]


@pytest.mark.parametrize(("tier", "kind", "form", "expected"), PERMITTED)
def test_what_the_matrix_permits(tier, kind, form, expected):
    assert permits(policy(), Tier(tier), ComponentKind(kind), Disposition(form)) is expected


@pytest.mark.parametrize("kind", ComponentKind)
@pytest.mark.parametrize("form", Disposition)
def test_a_higher_tier_may_have_what_a_lower_one_may(kind, form):
    allowed = [permits(policy(), tier, kind, form) for tier in Tier]
    assert allowed == sorted(allowed)


@pytest.mark.parametrize("kind", ComponentKind)
@pytest.mark.parametrize("tier", Tier)
def test_a_clamped_form_is_permitted(tier, kind):
    assert all(permits(policy(), tier, kind, clamp(policy(), tier, kind, form)) for form in Disposition)


def test_an_automatic_item_that_nobody_computes_is_not_measured():
    odd = {"id": "Z9", "question": "New?", "gate": "B", "mode": "auto", "why": "-", "remedy": "-"}
    found = finding("Z9", under=changed_policy(checklist__0=odd))
    assert found.verdict == "not_measured"
    assert found.barrier == "blocking"
