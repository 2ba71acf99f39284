"""Every attack of SACRO-ML 2.0.1 as the tool itself wrote it, and through the intake.

The reports were made by its attacks on small scikit-learn models of the Wisconsin breast-cancer data (random forests of
20 trees; one nearest neighbour for the instance-based attack); only ``output_dir`` was shortened.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from exeat.evidence.binding import BoundFile, parse_binding
from exeat.evidence.recognise import recognise
from exeat.evidence.sacroml import ATTACKS, read
from tests.unit.evidence.factories_evidence import as_bytes, binding, manifest, sha
from tests.unit.evidence.factories_reports import MEASURED

DATA = Path(__file__).parents[2] / "data" / "evidence"
FILES = {
    "lira attack": "sacroml_lira/report.json",
    "worstcase attack": "sacroml_worstcase/report.json",
    "qmia attack": "sacroml_qmia/report.json",
    "meta attack": "sacroml_meta/report.json",
    "structural attack": "sacroml_structural/report.json",
    "attribute inference attack": "sacroml_attribute/report.json",
    "instance-based model attack": "sacroml_instance/report.json",
}


def report_of(name):
    data = (DATA / FILES[name]).read_bytes()
    bound = BoundFile("r", parse_binding(as_bytes(binding(files={"r": sha(data)}, access="trace"))), sha("binding"))
    (report,) = read(data, bound=bound, sha256=sha(data))
    return report


def one(report, indicator_id):
    return next(indicator for indicator in report.indicators if indicator.indicator_id == indicator_id)


def test_each_attack_that_is_read_has_a_report_of_the_tool():
    assert set(FILES) == set(ATTACKS)


@pytest.mark.parametrize("name", FILES)
def test_each_is_recognised_read_and_taken_in(home, name):
    data = (DATA / FILES[name]).read_bytes()
    assert recognise(data) == "sacroml/2"
    assert report_of(name).tool.version == "2.0.1"
    bindings = as_bytes(binding(files={"r": sha(data)}, measured_at=MEASURED, access="trace"))
    result = home.ingest(m=as_bytes(manifest()), r=data, b=bindings)
    assert result.rejected == []
    assert home.kinds().count("report.attached") == 1


def test_attribute_inference_stands_against_guessing_the_most_frequent_value():
    found = one(report_of("attribute inference attack"), "attr.adv_over_imputation")
    right, guessed = Decimal(187) / Decimal(205), Decimal("36.971830985915496") / 100
    assert float(found.value) == pytest.approx(float(right - guessed))
    assert found.ci_low < found.value < found.ci_high


def test_a_nearest_neighbour_model_stores_every_record():
    report = report_of("instance-based model attack")
    assert [(i.indicator_id, i.value) for i in report.indicators] == [
        ("struct.instance_based", 1), ("struct.stored_fraction", Decimal("1.0")),
    ]  # fmt: skip


def test_arrays_that_the_instance_attack_wrote_are_named_when_a_binding_lists_them():
    data = (DATA / "sacroml_instance/report_with_rows.json").read_bytes()
    files = {"r": sha(data), "report_arrays_0ff2f191_instance_0.npz": sha("arrays")}
    bound = BoundFile("r", parse_binding(as_bytes(binding(files=files, access="trace"))), sha("binding"))
    (report,) = read(data, bound=bound, sha256=sha(data))
    assert report.worst_records.withheld_sha256 == sha("arrays")
    assert [(ref.sha256, ref.sensitivity) for ref in report.evidence][1:] == [(sha("arrays"), 4)]


def test_the_worst_case_attack_stands_with_its_strongest_repetition():
    area = one(report_of("worstcase attack"), "mia.worstcase.auc")
    assert (area.value, area.n_in, area.n_out) == (Decimal("0.64050477"), 57, 57)
    assert "Strongest of 2 repetitions (instance_1)" in area.bound_note
    rates = [i for i in report_of("worstcase attack").indicators if i.indicator_id.endswith("tpr_at_fpr")]
    assert {i.status for i in rates} == {"not_measured"}


def test_quantile_regression_has_its_area_and_the_one_rate_that_285_records_resolve():
    report = report_of("qmia attack")
    area = one(report, "mia.qmia.auc")
    assert (area.value, area.n_in, area.n_out) == (Decimal("0.58896714"), 284, 285)
    measured = [i for i in report.indicators if i.indicator_id == "mia.qmia.tpr_at_fpr" and i.status == "measured"]
    assert [i.fpr for i in measured] == [Decimal("0.005")]
