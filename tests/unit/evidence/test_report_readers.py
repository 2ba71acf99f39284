"""Report readers: each format is recognised by content, its figures checked against its own counts."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.metrics import roc_auc_score, roc_curve

from exeat.errors import BadInput
from exeat.evidence.readers.reports import REPORT_READERS, kind_of
from exeat.evidence.readers.shape import Peek
from exeat.evidence.recognise import recognise
from exeat.model.tier import Access
from exeat.policy.interval import auc_hanley_mcneil
from tests.unit.evidence.factories_evidence import as_bytes
from tests.unit.evidence.factories_reports import (
    LABELS,
    SCORES,
    all_samples,
    by_id,
    edited,
    leakpro,
    opacus,
    privacy_meter,
    rates,
    read,
    sample,
)

ALL = all_samples()
GUARD = "privacyguard/lira_analysis_node_output.json"
ROWS = "dp-accounting/epsilon_rows.json"
EVENT = json.loads(sample(ROWS))
FOLDERS = {"leakpro": "leakpro", "privacy_meter": "privacy-meter", "opacus": "opacus-accountant"}


@pytest.mark.parametrize("name", ALL)
def test_each_sample_is_recognised_without_its_name_and_read(name):
    kind = FOLDERS.get(name, name.partition("/")[0])
    assert recognise(ALL[name]) == kind
    report = read(ALL[name], **({"component_sha256": digests_of(ALL[name])} if kind == "modelaudit" else {}))
    assert report.indicators
    assert report.to_bytes()


def test_every_reader_has_a_sample():
    assert {kind_of(data) for data in ALL.values()} == {reader.name for reader in REPORT_READERS}


def test_no_file_is_recognised_by_two_readers():
    for name, data in ALL.items():
        assert sum(reader.recognises(Peek(data)) for reader in REPORT_READERS) == 1, name


BOTH = [("leakpro", "rmia", as_bytes(leakpro()), {}), ("privacy_meter", "rmia", privacy_meter(), {"attack": "rmia"})]


@pytest.mark.parametrize(("_name", "attack", "data", "says"), BOTH, ids=["leakpro", "privacy_meter"])
def test_scores_give_area_and_rates_with_exact_intervals(_name, attack, data, says):
    report = read(data, **says)
    (area,) = by_id(report, f"mia.{attack}.auc")
    assert float(area.value) == pytest.approx(roc_auc_score(LABELS, SCORES), abs=1e-9)
    assert (area.ci_low, area.ci_high) == auc_hanley_mcneil(area.value, 400, 1200)
    fpr, tpr, _ = roc_curve(LABELS, SCORES, drop_intermediate=False)
    found = rates(report, attack)
    for level in ("0.1", "0.01", "0.001"):
        one, hits = found[level], round(max(tpr[fpr <= float(level)]) * 400)
        assert (one.n_events, one.n_in, one.n_out) == (hits, 400, 1200)
        assert float(one.ci_high) == pytest.approx(beta.ppf(0.975, hits + 1, 400 - hits), abs=2e-9)
    assert found["0"].reason.startswith("not resolvable: no number of non-members")
    (rows,) = by_id(report, "report.per_record")
    assert (rows.value, report.worst_records.n_records, report.evidence[0].sensitivity) == (1600, 1600, 4)
    assert {one.adversary.access for one in report.indicators} == {Access.API_CONF}


def test_what_1200_non_members_cannot_show_is_no_number():
    one = rates(read(as_bytes(leakpro())), "rmia")["0.0001"]
    assert (one.status, one.value) == ("not_measured", None)
    assert "not resolvable with 1,200 non-members" in one.reason


@pytest.mark.parametrize("data", [as_bytes(leakpro(roc_auc=0.9)), privacy_meter(auc=0.9)], ids=["leakpro", "meter"])
def test_an_area_that_its_own_counts_contradict_is_not_measured(data):
    areas = [one for one in read(data).indicators if one.indicator_id.endswith("auc")]
    assert [(one.status, one.value) for one in areas] == [("not_measured", None)]
    assert areas[0].reason.startswith("the file says 0.9000, but its own scores give 0.7")


def test_a_rate_above_its_own_counts_is_not_measured_and_one_below_takes_the_counts():
    high = rates(read(as_bytes(leakpro(fixed_fpr={"TPR@1%FPR": 0.5}))), "rmia")["0.01"]
    assert (high.status, high.reason[:21]) == ("not_measured", "the file says 0.5000,")
    low = rates(read(as_bytes(leakpro(fixed_fpr={"TPR@1%FPR": 0.0}))), "rmia")["0.01"]
    assert (low.status, low.n_events) == ("measured", rates(read(as_bytes(leakpro())), "rmia")["0.01"].n_events)
    assert "the file says 0.0000" in low.bound_note


def test_counts_serve_where_there_are_no_scores():
    with_scores, without = read(as_bytes(leakpro())), read(as_bytes(leakpro(signal_values=None)))
    assert [one.value for one in without.indicators] == [one.value for one in with_scores.indicators]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_scores_that_are_no_numbers_leave_the_counts(value):
    data = as_bytes(leakpro(signal_values=[value, *SCORES[1:].tolist()]))
    assert [one.value for one in read(data).indicators] == [one.value for one in read(as_bytes(leakpro())).indicators]


def test_an_attack_that_only_says_yes_or_no_has_one_rate():
    single = {"tp": [120], "fp": [60], "tn": [1140], "fn": [280], "signal_values": None}
    none = {"roc_auc": None, "fixed_fpr": None, "tpr": None, "fpr": None, "accuracy": [0.7]}
    report = read(as_bytes(leakpro(**single, **none)))
    (one,) = by_id(report, "mia.rmia.tpr_at_fpr")
    assert (one.fpr, one.value, one.n_events) == (Decimal("0.05"), Decimal("0.3"), 120)


@pytest.mark.parametrize("name", ["record", "delta", "AUC", "adv", "Ré cord/../x", "", "a" * 500])
def test_an_attack_cannot_name_itself_out_of_sight(name):
    report = read(as_bytes(leakpro(result_name=name)))
    areas = [one.indicator_id for one in report.indicators if one.indicator_id.endswith("auc")]
    assert len(areas) == 1
    assert not areas[0].startswith(("mia.record.", "mia.delta."))


def test_parameters_leave_paths_of_the_producer_behind():
    params = read(as_bytes(leakpro())).indicators[0].attack_params
    assert params == {"gamma": "2.0", "num_shadow_models": "8"}


def test_an_unnamed_attack_is_no_strong_one():
    report = read(privacy_meter())
    assert {one.indicator_id for one in report.indicators} == {
        "mia.auc", "mia.unnamed.tpr_at_fpr", "report.per_record",
    }  # fmt: skip


def test_a_stripped_archive_has_no_counts_and_so_no_figures():
    report = read(privacy_meter(drop=("scores", "memberships")))
    assert {one.status for one in report.indicators} == {"not_measured"}
    assert report.evidence[0].sensitivity == 1


def test_privacyguard_eps_is_its_cap_and_eps_cp_is_shown():
    report = read(sample(GUARD), attack="lira")
    (lower,) = by_id(report, "dp.epsilon_lower")
    assert (lower.status, lower.value) == ("measured", Decimal("2.2284778687866824"))
    assert "without correction" in lower.bound_note
    (cap,) = by_id(report, "x_privacyguard.eps")
    assert (cap.status, cap.value) == ("not_measured", None)
    assert cap.reason.startswith("eps = 6.8002 is ln(898), the cap")
    (area,) = by_id(report, "mia.lira.auc")
    assert (area.ci_method, area.n_in, area.n_out) == ("bootstrap", 898, 899)
    assert (area.ci_low, area.ci_high) == (Decimal("0.5761107335777105"), Decimal("0.6292367101353663"))


def test_privacyguard_eps_below_the_cap_is_not_read_either():
    (one,) = by_id(read(edited(GUARD, eps=1.5)), "x_privacyguard.eps")
    assert (one.status, one.reason[-11:]) == ("not_measured", "read eps_cp")


@pytest.mark.parametrize("ends", [[0.7, 0.8], [0.6029, 0.6031], [None, 0.7], [0.9, 0.1]], ids=str)
def test_an_interval_that_does_not_fit_is_replaced(ends):
    (area,) = by_id(read(edited(GUARD, auc_ci=ends)), "mia.auc")
    assert (area.ci_method, "does not fit" in area.bound_note) == ("hanley_mcneil", True)


def test_eps_cp_above_what_the_sample_can_show_is_not_measured():
    (one,) = by_id(read(edited(GUARD, eps_cp=6.0)), "dp.epsilon_lower")
    assert (one.status, "898 and 899 records show at most 4.8" in one.reason) == ("not_measured", True)


def test_one_run_auditing_gives_a_bound_and_its_search_limit_none():
    (one,) = read(sample("privacyguard/fdp_output.json"), delta="0.000001").indicators
    assert (one.indicator_id, one.value) == ("dp.epsilon_lower", Decimal("1.819610595703125"))
    assert one.attack_params == {"delta": "0.000001"}
    (end,) = read(b'{"eps": 99.99}').indicators
    assert (end.status, "end of the tool's search" in end.reason) == ("not_measured", True)


def test_only_the_row_of_the_event_is_about_the_model_and_it_is_recomputed():
    found = by_id(read(sample(ROWS)), "dp.epsilon")
    values = {one.attack_params["accountant"]: one.value for one in found}
    assert values == {"PLD": Decimal("1.722301454321862"), "RDP": Decimal("1.9121624339601864")}
    assert {one.attack_params["delta"] for one in found} == {"0.0001"}
    assert all(one.bound_note == "recomputed: 1.722 to 1.912" for one in found)


def test_an_epsilon_that_its_parameters_do_not_give_is_not_taken_over():
    rows = [EVENT["rows"][3] | {"eps_pld": 0.5}]
    found = {o.attack_params["accountant"]: o for o in by_id(read(edited(ROWS, rows=rows)), "dp.epsilon")}
    assert float(found["PLD"].value) == pytest.approx(1.7223, abs=1e-3)
    assert found["PLD"].bound_note.startswith("the file says 0.5, which its parameters do not give")


def test_rows_without_an_event_say_nothing_about_the_model():
    (one,) = read(as_bytes({"rows": EVENT["rows"]})).indicators
    assert (one.status, "does not say which of them" in one.reason) == ("not_measured", True)


def test_the_state_of_opacus_gives_epsilon_once_there_is_a_delta():
    (none,) = read(as_bytes(opacus())).indicators
    assert (none.status, "holds no delta" in none.reason) == ("not_measured", True)
    (own,) = read(as_bytes(opacus(delta=1e-4))).indicators
    (bound,) = read(as_bytes({"privacy_accountant_state_dict": opacus()}), delta="0.0001").indicators
    assert own.value == bound.value
    assert float(own.value) == pytest.approx(8.69, abs=0.02)
    assert own.attack_params["steps"] == "1680"


def test_phases_with_other_noise_are_composed():
    more = opacus(history=[[1.0, 0.0356, 1680], [2.0, 0.0356, 500]], delta=1e-4)
    (one,), (less,) = read(as_bytes(more)).indicators, read(as_bytes(opacus(delta=1e-4))).indicators
    assert one.value > less.value


SCANS = [
    ("modelscan/a_good.pt.json", "measured", 0, 0),
    ("modelscan/b_good.safetensors.json", "not_measured", None, 0),
    ("modelscan/broken.pkl.json", "not_measured", None, 0),
    ("modelscan/d2_malicious_torch.pt.json", "measured", 1, 0),
    ("modelscan/t.pkl.json", "measured", 0, 0),
    ("picklescan/a_good.pt.txt", "measured", 0, 0),
    ("picklescan/a2_fullmodule.pt.txt", "measured", 0, 6),
    ("picklescan/b_good.safetensors.txt", "not_measured", None, 0),
    ("picklescan/broken.pkl.txt", "not_measured", None, 0),
    ("picklescan/d.pkl.txt", "measured", 1, 0),
    ("picklescan/t.pkl.txt", "measured", 1, 0),
    ("fickling/a_good.pt.txt", "not_measured", None, 0),
    ("fickling/broken.pkl.json", "not_measured", None, 0),
    ("fickling/d.pkl.json", "measured", 1, 0),
    ("fickling/t.pkl.json", "measured", 1, 0),
]


@pytest.mark.parametrize(("name", "status", "value", "suspicions"), SCANS, ids=[row[0] for row in SCANS])
def test_what_a_scanner_did_not_look_at_is_not_assessed(name, status, value, suspicions):
    report = read(sample(name))
    tool = name.partition("/")[0]
    (flag,) = by_id(report, f"scan.{tool}")
    assert (flag.status, flag.value) == (status, value)
    assert flag.reason.startswith("not assessed") is (status == "not_measured")
    assert sum(int(one.value) for one in by_id(report, f"scan.{tool}.suspicions")) == suspicions


AUDITED = [("t.pkl", 1), ("nothing.txt", None), ("broken.pkl", None), ("b_good.safetensors", 0)]


def digests_of(data):
    files = json.loads(data)["file_metadata"].values()
    found = {one["file_hashes"]["sha256"] for one in files if "file_hashes" in one}
    return [f"sha256:{one}" for one in found] or ["sha256:" + "0" * 64]


@pytest.mark.parametrize(("name", "value"), AUDITED, ids=[row[0] for row in AUDITED])
def test_modelaudit_is_read_for_the_file_that_it_hashed(name, value):
    data = sample(f"modelaudit/{name}.json")
    (flag,) = by_id(read(data, component_sha256=digests_of(data)), "scan.modelaudit")
    assert flag.value == value


def test_modelaudit_of_another_file_is_refused():
    with pytest.raises(BadInput, match="which the binding does not name"):
        read(sample("modelaudit/t.pkl.json"), component_sha256=["sha256:" + "0" * 64])


def test_a_scan_whose_counts_contradict_its_list_is_unsafe():
    summary = json.loads(sample("modelscan/a_good.pt.json"))["summary"] | {"total_issues": 3}
    (flag,) = by_id(read(edited("modelscan/a_good.pt.json", summary=summary)), "scan.modelscan")
    assert (flag.value, flag.bound_note) == (1, "3 issues are counted and none is listed")


def test_without_any_date_the_age_cannot_be_judged():
    with pytest.raises(BadInput, match="when it was measured"):
        read(as_bytes(leakpro()), measured_at=None)


def test_the_earlier_of_two_dates_counts():
    data = sample("modelscan/a_good.pt.json")
    assert read(data, measured_at="2026-12-01T00:00:00Z").date.isoformat().startswith("2026-11-23T22:06:20")
    assert read(data, measured_at="2026-11-01T00:00:00Z").date.isoformat().startswith("2026-11-01")


def test_the_area_of_one_point_per_score_is_that_of_the_ranks():
    tied = np.round(SCORES, 1)
    report = read(privacy_meter(scores=tied, auc=roc_auc_score(LABELS, tied), one_tenth_fpr=0.0, zero_fpr=0.0))
    assert float(by_id(report, "mia.auc")[0].value) == pytest.approx(roc_auc_score(LABELS, tied), abs=1e-9)
