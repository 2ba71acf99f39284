import json
from dataclasses import replace
from decimal import Decimal

import pytest

from exeat.model.tier import Disposition, Tier
from exeat.policy.figures import counted, digits, figure, listed, with_interval
from exeat.policy.finding import Reading, Verdict
from exeat.policy.record import as_record
from exeat.policy.sentence import answer, in_people
from exeat.policy.what_if import what_if
from tests.unit.policy.factories_policy import (
    MANIFEST_SHA,
    assessed,
    context,
    finding,
    indicator,
    manifest,
    passing_indicators,
    policy,
    proposal,
    report,
    rerun,
)

TPR = Reading(
    indicator_id="mia.lira.tpr_at_fpr",
    label="membership, LiRA, TPR at 1 % FPR",
    status="measured",
    verdict=Verdict.FAIL,
    value=Decimal("0.048"),
    ci_low=Decimal("0.0349"),
    ci_high=Decimal("0.0640"),
    fpr=Decimal("0.01"),
    n_in=898,
)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({}, "Can leave to T3 as proposed: every gate passes. 8 questions are for the reviewers."),
        (
            {"of": manifest(metrics=[])},
            "Cannot leave to T3 as proposed: 1 gate is not measured.",
        ),
        (
            {"of": manifest(metrics__0__n=3, governance__monitoring="", data_sources__0__n_units=3)},
            "Cannot leave to T3 as proposed: 2 gates fail, 1 is not measured.",
        ),
        (
            {"of": manifest(governance__pia_ref=None)},
            "Can leave to T3 only with a recorded reason for each exception: 1 gate is not measured.",
        ),
    ],
)
def test_the_answer(parts, sentence):
    assert answer(assessed(**parts)) == sentence


def test_a_membership_rate_in_people():
    assert in_people(TPR, 898) == (
        "At one false alarm in 100, this attack recognises 43 of the 898 people in the training data; for people like "
        "them the rate lies between 3.49 % and 6.4 %."
    )


def test_it_says_when_only_some_members_were_tried_and_when_rows_are_not_people():
    assert "43 of the 898 people in the training data it was tried on; for" in in_people(TPR, 898, trained_on=5_000)
    assert "43 of the 898 records in the training data; for records" in in_people(TPR, 898, noun="records")


def test_records_are_compared_with_records():
    many = manifest(data_sources__0__max_records_per_unit=3, data_sources__0__n_units=9_000)
    said = [r.in_people for r in finding("R3", of=many).readings if r.in_people]
    assert said
    assert not any("tried on" in text for text in said)


def test_a_reading_says_what_its_threshold_may_let_through():
    rate = next(r for r in finding("R3").readings if r.fpr == Decimal("0.01"))
    # Clopper-Pearson, 200 of 20,000: the upper end is 1.148 %.
    assert rate.note == "false-positive rate at most 1.15 % at this threshold (95 % confidence)"


def test_what_the_note_computes_itself_is_not_said_twice():
    doubled = "200 of 20000 non-members exceed the threshold; their true rate may be as high as 0.0115 (95 %)"
    noted = report(indicators=[i | {"bound_note": f"{doubled}. Read with the area."} for i in passing_indicators()])
    rate = next(r for r in finding("R3", reports=[noted]).readings if r.fpr == Decimal("0.01"))
    assert rate.note == ("false-positive rate at most 1.15 % at this threshold (95 % confidence); Read with the area")


def test_a_reading_carries_the_note_of_its_producer():
    noted = report(indicators=[i | {"bound_note": "Read with the area."} for i in passing_indicators()])
    assert all(r.note.endswith("Read with the area") for r in finding("R3", reports=(noted,)).readings)


def test_a_subgroup_s_rate_stands_at_the_overall_threshold():
    women = indicator(subgroup="women")
    found = finding("R5", reports=(report(indicators=[*passing_indicators(), women]),))
    rate = next(r for r in found.readings if r.subgroup == "women")
    assert rate.label.endswith("TPR at 1 % FPR at the overall threshold")
    assert "false-positive rate" not in rate.note


@pytest.mark.parametrize(
    "change",
    [
        {"status": "not_measured", "value": None, "ci_low": None, "ci_high": None},
        {"ci_low": None, "ci_high": None},
        {"fpr": None},
        {"fpr": Decimal("0.03")},
        {"fpr": Decimal(0)},
        {"indicator_id": "mia.lira.auc"},
        {"indicator_id": "reid.rate"},
        {"subgroup": "under 40"},
        {"unit": "percent"},
    ],
)
def test_what_cannot_honestly_be_said_is_not_said(change):
    assert in_people(replace(TPR, **change), 898) == ""


def test_no_member_no_sentence():
    assert in_people(TPR, None) == ""
    assert in_people(TPR, 0) == ""


def test_readings_carry_the_sentence():
    rates = [r for r in finding("R3").readings if r.fpr == Decimal("0.01")]
    assert all(
        r.in_people.startswith("At one false alarm in 100, this attack recognises 200 of the 20,000 people")
        for r in rates
    )


def test_people_only_when_each_has_one_record():
    many = manifest(data_sources__0__max_records_per_unit=3)
    rate = next(r for r in finding("R3", of=many).readings if r.in_people)
    assert "records" in rate.in_people


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("0.048", "fraction", "4.8 %"),
        ("0.0349123", "fraction", "3.49 %"),
        ("1", "fraction", "100 %"),
        ("0", "fraction", "0 %"),
        ("0.05", "difference", "5 points"),
        ("12.345", "bits", "12.3 bits"),
        ("8.692", "epsilon", "8.69"),
        ("1234567", "count", "1,234,567 count"),
        ("-0.5", "nats", "-0.5 nats"),
    ],
)
def test_three_significant_digits_and_the_unit(value, unit, text):
    assert figure(Decimal(value), unit) == text


def test_figures_in_words():
    assert with_interval(Decimal("0.5"), None, None) == "50 %"
    assert digits(Decimal("0.0000123456")) == "0.0000123"
    assert (counted(0, "report"), counted(1, "report"), counted(2, "report")) == ("no report", "1 report", "2 reports")
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"


def test_the_record_is_plain_json_without_floats():
    record = as_record(assessed())
    text = json.dumps(record)
    assert json.loads(text, parse_float=lambda s: pytest.fail(f"float {s}")) == record
    assert record["counts"]["fail"] == 0
    assert {f["check"] for f in record["findings"]} > {"R3", "T1"}


def tiers(**changes):
    found = what_if(
        manifest=manifest(),
        manifest_sha256=MANIFEST_SHA,
        reports=(report(), rerun()),
        policy=policy(),
        policy_sha256="sha256:" + "0" * 64,
        proposal=proposal(**changes),
        context=context(),
    )
    return {outcome.tier: outcome for outcome in found}


def test_what_if_covers_all_tiers_and_leaves_the_own_one_as_proposed():
    found = tiers(components__0__disposition="allowed")
    assert list(found) == list(Tier)
    assert found[Tier.T3].forms[0].disposition is Disposition.ALLOWED
    assert not found[Tier.T3].assessment.passes
    assert found[Tier.T2].forms[0].disposition is Disposition.QUERY_ONLY
    assert found[Tier.T4].forms[0].disposition is Disposition.ALLOWED
    assert found[Tier.T4].assessment.passes


def test_what_if_says_when_nothing_would_leave():
    only_weights = [{"component_id": "weights", "disposition": "sandbox"}]
    found = tiers(components=only_weights)
    assert not found[Tier.T0].leaves
    assert found[Tier.T1].leaves
