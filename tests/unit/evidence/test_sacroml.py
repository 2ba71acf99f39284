"""SACRO-ML reports: units by version, intervals from counts, what cannot be resolved is not a number."""

from __future__ import annotations

import copy
import json
import math
from decimal import Decimal
from pathlib import Path

import pytest
from scipy.stats import beta

from exeat.errors import BadInput
from exeat.evidence.binding import BoundFile, parse_binding
from exeat.evidence.sacroml import read
from exeat.model.tier import Access
from tests.unit.evidence.factories_evidence import as_bytes, binding, sha

SAMPLES = Path(__file__).parents[2] / "data" / "evidence"
LIRA = json.loads((SAMPLES / "sacroml_lira" / "report.json").read_bytes())
STRUCTURAL = json.loads((SAMPLES / "sacroml_structural" / "report.json").read_bytes())
INSTANCES = ("attack_experiment_logger", "attack_instance_logger")


def bound(**changes):
    parsed = parse_binding(as_bytes(binding(files={"out/report.json": sha("report")}, **changes)))
    return BoundFile("out/report.json", parsed, sha("binding"))


def convert(document, **changes):
    return read(as_bytes(document), bound=bound(**changes), sha256=sha("report"))


def edited(*, metadata=None, instance=None, source=LIRA, drop=(), **entry):
    """The sample with some fields changed; ``drop`` takes instance fields away."""
    document = copy.deepcopy(source)
    one = next(iter(document.values()))
    one.update(entry)
    one["metadata"].update(metadata or {})
    first = one[INSTANCES[0]][INSTANCES[1]]["instance_0"]
    first.update(instance or {})
    for name in drop:
        first.pop(name)
    return document


def old_version(**changes):
    """The sample as 1.4.3 would have written it: the same names without percent mean other rates."""
    document = edited(metadata={"sacroml_version": "1.4.3"})
    first = next(iter(document.values()))[INSTANCES[0]][INSTANCES[1]]["instance_0"]
    for name in [name for name in first if name.startswith("TPR@")]:
        del first[name]
    first.update({"TPR@0.5": 0.6, "TPR@0.1": 0.2, "TPR@0.01": 0.05, "TPR@0.001": 0.0} | changes)
    return document


def indicators(document, name):
    return [one for one in convert(document)[0].indicators if one.indicator_id == name]


def rates(document):
    return {one.fpr: one for one in indicators(document, "mia.lira.tpr_at_fpr")}


def test_the_area_has_its_interval_and_p_value():
    (area,) = indicators(LIRA, "mia.lira.auc")
    assert (area.value, area.unit, area.n_in, area.n_out) == (Decimal("0.58249949"), "fraction", 898, 899)
    assert (area.ci_method, area.ci_level) == ("hanley_mcneil", Decimal("0.95"))
    assert area.ci_low < area.value < area.ci_high
    assert float(area.ci_high - area.ci_low) == pytest.approx(0.0525, abs=0.001)
    assert float(area.p_value) == pytest.approx(6.98999e-10)
    assert area.adversary.access is Access.API_CONF


CAPPED = [(LIRA, "white_box", "api_conf"), (LIRA, "trace", "api_conf"), (LIRA, "api_label", "api_label")]
CAPPED += [(STRUCTURAL, "trace", "white_box"), (STRUCTURAL, "api_conf", "api_conf")]


@pytest.mark.parametrize(("source", "given", "access"), CAPPED)
def test_a_binding_cannot_make_an_attack_stronger_than_it_is(source, given, access):
    assert {one.adversary.access for one in convert(source, access=given)[0].indicators} == {access}


def test_the_strongest_repetition_may_rank_the_wrong_way_round():
    document = edited()
    instances = next(iter(document.values()))[INSTANCES[0]][INSTANCES[1]]
    instances["instance_1"] = instances["instance_0"] | {"AUC": 0.05}
    assert indicators(document, "mia.lira.auc")[0].value == Decimal("0.05")


def test_percent_names_stand_at_fractions_since_version_two():
    assert set(rates(LIRA)) == {Decimal(x) for x in ("0.005", "0.002", "0.001", "0.0001", "0.00001", "1E-7")}


def test_a_rate_has_the_exact_interval_of_its_count():
    rate = rates(LIRA)[Decimal("0.005")]
    assert (rate.n_events, rate.n_in, rate.ci_method) == (4, 898, "clopper_pearson")
    assert float(rate.ci_low) == pytest.approx(beta.ppf(0.025, 4, 895), abs=2e-9)
    assert float(rate.ci_high) == pytest.approx(beta.ppf(0.975, 5, 894), abs=2e-9)


def test_a_zero_that_can_be_resolved_is_measured_with_its_bound():
    rate = rates(LIRA)[Decimal("0.002")]
    assert (rate.status, rate.value, rate.n_events) == ("measured", Decimal("0.0"), 0)
    assert float(rate.ci_high) == pytest.approx(1 - 0.025 ** (1 / 898), abs=2e-9)
    assert "tied" in rate.bound_note


@pytest.mark.parametrize("fpr", ["0.001", "0.0001", "0.00001", "1E-7"])
def test_a_rate_below_what_899_non_members_show_is_no_number(fpr):
    rate = rates(LIRA)[Decimal(fpr)]
    assert (rate.status, rate.value, rate.ci_low) == ("not_measured", None, None)
    assert rate.reason == (
        "not resolvable with 899 non-members: the smallest false-positive rate they can show is 0.11 %"
    )


def test_a_thousand_non_members_resolve_a_thousandth():
    found = rates(edited(instance={"n_neg_test_examples": 1000}))
    assert found[Decimal("0.001")].status == "measured"
    assert found[Decimal("0.0001")].status == "not_measured"


def test_counts_may_be_written_as_floats():
    document = edited(instance={"n_pos_test_examples": 898.0, "n_neg_test_examples": 899.0})
    assert convert(document)[0].indicators == convert(LIRA)[0].indicators


def test_version_one_names_are_fractions():
    found = rates(old_version())
    assert set(found) == {Decimal("0.5"), Decimal("0.1"), Decimal("0.01"), Decimal("0.001")}
    assert (found[Decimal("0.1")].value, found[Decimal("0.1")].status) == (Decimal("0.2"), "measured")
    assert found[Decimal("0.001")].status == "not_measured"


@pytest.mark.parametrize(
    "document",
    [
        edited(metadata={"sacroml_version": "1.4.3"}),
        edited(instance={"TPR@0.1": 0.2}),
        old_version(**{"TPR@0.1%": 0.2}),
        edited(instance={"TPR@about 1%": 0.2}),
        edited(instance={"TPR@0.1%%": 0.2}),
    ],
)
def test_names_that_contradict_the_version_are_refused(document):
    with pytest.raises(BadInput, match="contradicts SACRO-ML"):
        convert(document)


@pytest.mark.parametrize("version", ["3.0.0", "0.9", "two", None, 2.0, "2", "", "2.0.1\n<b>", "99999.0"])
def test_another_version_is_refused(version):
    with pytest.raises(BadInput, match=r"version .* is not one that Exeat reads"):
        convert(edited(metadata={"sacroml_version": version}))


def test_version_one_may_write_nan_and_two_null():
    text = (
        as_bytes(old_version())
        .replace(b'"TPR@0.1": 0.2', b'"TPR@0.1": NaN')
        .replace(b'"TPR@0.5": 0.6', b'"TPR@0.5": Infinity')
    )
    found = {one.fpr: one for one in read(text, bound=bound(), sha256=sha("report"))[0].indicators if one.fpr}
    assert found[Decimal("0.1")].reason == "the producer wrote null for TPR@0.1"
    assert found[Decimal("0.5")].status == "not_measured"
    assert indicators(edited(instance={"AUC": None}), "mia.lira.auc")[0].status == "not_measured"


@pytest.mark.parametrize("null_range", ["0.45 -> 0.55", [0.45, 0.55], None, 7])
def test_the_null_range_may_have_any_shape(null_range):
    document = edited()
    next(iter(document.values()))["metadata"]["global_metrics"]["null_auc_3sd_range"] = null_range
    assert convert(document)


def test_pdif_is_a_negative_logarithm():
    (one,) = indicators(LIRA, "mia.lira.fdif01")
    assert float(one.p_value) == pytest.approx(math.exp(-14.828654792846192))
    assert (one.unit, one.attack_params["fraction"]) == ("difference", "0.1")
    assert indicators(edited(instance={"PDIF01": 115.2}), "mia.lira.fdif01")[0].p_value == Decimal("1e-30")


def test_advantage_covers_its_value_with_both_rates_uncertain():
    (one,) = indicators(LIRA, "mia.adv")
    assert one.ci_low < one.value < one.ci_high
    assert float(one.ci_high - one.ci_low) > 0.09


def test_several_attacks_in_one_file_become_several_reports():
    reports = convert(LIRA | STRUCTURAL)
    assert [one.report_id.split("-")[1] for one in reports] == ["lira", "struct"]
    assert len({one.report_id for one in reports}) == 2


def test_the_strongest_repetition_counts_not_the_mean():
    document = edited(metadata={"attack_name": "WorstCase attack"})
    instances = next(iter(document.values()))[INSTANCES[0]][INSTANCES[1]]
    for i, auc in enumerate((0.54, 0.618, 0.58)):
        instances[f"instance_{i}"] = instances["instance_0"] | {"AUC": auc}
    area = next(one for one in convert(document)[0].indicators if one.indicator_id == "mia.worstcase.auc")
    assert area.value == Decimal("0.618")
    assert "Strongest of 3 repetitions (instance_1)" in area.bound_note


def test_structural_answers_become_flags():
    found = {one.indicator_id: one for one in convert(STRUCTURAL)[0].indicators}
    flags = {name: int(one.value) for name, one in found.items() if one.unit == "flag"}
    assert flags == {
        "struct.unnecessary": 0,
        "struct.dof": 1,
        "struct.k_anonymity": 1,
        "struct.class_disclosure": 1,
        "struct.smallgroup": 1,
        "gen.gap_significant": 1,
    }
    assert float(found["gen.gap"].value) == pytest.approx(0.03337, abs=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_gap_is_computed_because_version_one_had_it_inverted(sign):
    document = edited(source=STRUCTURAL, instance={"generalisation_gap": 0.5 * sign})
    gap = next(one for one in convert(document)[0].indicators if one.indicator_id == "gen.gap")
    assert float(gap.value) == pytest.approx(0.03337, abs=1e-5)


def test_a_structural_check_without_answer_is_not_measured():
    found = {
        one.indicator_id: one for one in convert(edited(source=STRUCTURAL, instance={"dof_risk": None}))[0].indicators
    }
    assert found["struct.dof"].status == "not_measured"


def attack(name, instance, **entry):
    document = edited(source=STRUCTURAL, metadata={"attack_name": name}, **entry)
    next(iter(document.values()))[INSTANCES[0]][INSTANCES[1]]["instance_0"] = instance
    return document


def test_attribute_inference_is_compared_with_guessing():
    features = {
        "name": "set",
        "categorical": [
            {"name": "sex", "train": [80, 100, 60.0, 2, 120], "test": [30, 50, 60.0, 2, 60]},
            {"name": "ward", "train": [0, 0, 30.0, 4, 120], "test": [0, 0, 30.0, 4, 60]},
            {"name": "worse", "train": [10, 100, 60.0, 2, 120], "test": [30, 50, 60.0, 2, 60]},
        ],
        "quantitative": [{"name": "age", "train": 0.2, "test": 0.25}],
    }
    sex, ward, worse, age = convert(attack("Attribute inference attack", features))[0].indicators
    assert (sex.indicator_id, sex.attack_params["feature"]) == ("attr.adv_over_imputation", "sex")
    assert (float(sex.value), float(sex.baseline_value)) == pytest.approx((0.2, 0.6))
    assert sex.ci_low < sex.value < sex.ci_high
    assert ward.status == "not_measured"
    assert worse.value == 0
    assert (age.indicator_id, float(age.value)) == ("attr.bounds_excess", pytest.approx(-0.05))


def test_a_model_that_stores_records_says_so():
    found = convert(attack("Instance-Based Model Attack", {"is_instance_based": True, "storage_fraction": 0.4}))[0]
    assert [(one.indicator_id, one.value) for one in found.indicators] == [
        ("struct.instance_based", 1),
        ("struct.stored_fraction", Decimal("0.4")),
    ]


def test_rows_of_the_meta_attack_never_reach_the_report():
    secret = 0.123456789
    rows = {"record": [1, 2, 3], "is_member": [1, 1, 0], "mia_mean": [secret] * 3}
    document = edited(
        metadata={"attack_name": "Meta Attack"}, instance={"individual": rows, "fpr": [secret], "tpr": [secret]}
    )
    (found,) = convert(document)
    assert b"123456789" not in found.to_bytes()
    assert b"is_member" not in found.to_bytes()
    assert found.worst_records.n_records == 3
    assert found.evidence[0].sensitivity == 4


def test_a_failed_attack_is_failed_and_says_why():
    entry = next(iter(edited(metadata={"attack_name": "QMIA Attack"}).values()))
    entry = {key: value for key, value in entry.items() if key != INSTANCES[0]}
    entry |= {"status": "failed", "fail_reason": "regressor degenerated"}
    (found,) = convert({"QMIA Attack_1": entry})[0].indicators
    assert (found.indicator_id, found.status, found.reason) == ("mia.qmia.auc", "failed", "regressor degenerated")


def test_an_attack_that_doubts_itself_is_quoted():
    document = edited(
        metadata={"attack_name": "QMIA Attack"},
        instance={"calibration_ok": False, "observed_public_fpr": 0.031},
        status="success",
    )
    area = convert(document)[0].indicators[0]
    assert "own calibration failed (observed FPR 0.031)" in area.bound_note


def test_scores_beside_the_report_are_named_by_digest_only():
    files = {"out/report.json": sha("report"), "out/report_arrays_bf13ff00_instance_0.npz": sha("npz")}
    found = read(
        as_bytes(LIRA),
        bound=BoundFile("out/report.json", parse_binding(as_bytes(binding(files=files))), sha("b")),
        sha256=sha("report"),
    )
    assert found[0].worst_records.withheld_sha256 == sha("npz")


def test_paths_of_the_producer_stay_outside():
    assert b"out_pt" not in convert(LIRA)[0].to_bytes()


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (edited(instance={"AUC": 1.5}), "AUC"),
        (edited(instance={"AUC": "0.5"}), "AUC"),
        (edited(instance={"AUC": True}), "AUC"),
        (edited(instance={"AUC": 10**400}), "AUC"),
        (edited(instance={"TPR@0.5%": -0.1}), "TPR@0.5%"),
        (edited(instance={"n_pos_test_examples": 0}), "n_pos_test_examples"),
        (edited(instance={"n_pos_test_examples": 1.5}), "n_pos_test_examples"),
        (edited(drop=("n_neg_test_examples",)), "n_neg_test_examples"),
        (edited(log_time="2026-11-23"), "log_time"),
        (edited(metadata={"attack_name": "Magic"}), "attack_name"),
        (edited(metadata={"attack_name": ["x"]}), "attack_name"),
        (edited(source=STRUCTURAL, instance={"dof_risk": "yes"}), "dof_risk"),
        (edited(source=STRUCTURAL, instance={"train_acc": 7}), "train_acc"),
        (attack("Attribute inference attack", {"categorical": 7}), "categorical"),
        (attack("Attribute inference attack", {"categorical": [{"name": "a", "train": [5, 3, 1, 1, 1]}]}), "train"),
        (attack("Attribute inference attack", {"categorical": [{"name": "a", "train": ["x"]}]}), "train"),
        (attack("Attribute inference attack", {"quantitative": [{"name": "a", "train": None, "test": 1}]}), "train"),
        (attack("Attribute inference attack", {"quantitative": [7]}), "quantitative"),
        ({"x": 7}, "x"),
        ({"x": {"metadata": 7}}, "x"),
    ],
)
def test_a_wrong_field_is_refused_at_its_place(document, place):
    with pytest.raises(BadInput) as caught:
        convert(document)
    assert place in caught.value.place
    assert caught.value.what_to_do


@pytest.mark.parametrize("data", [b"[]", b"{}", b"7", b'{"a": 1, "a": 2}', b"{"])
def test_what_is_no_report_is_refused(data):
    with pytest.raises(BadInput):
        read(data, bound=bound(), sha256=sha("report"))
