"""Foreign reports through the intake; per-record values end neither in the warehouse nor in the ledger or a report."""

from __future__ import annotations

import json
import math
import struct
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from exeat.storage.warehouse import Warehouse
from exeat.storage.warehouse_schema import TABLES, VIEWS
from tests.unit.evidence.factories_evidence import as_bytes, binding, manifest, sha
from tests.unit.evidence.factories_reports import DATA, MEASURED, leakpro, privacy_meter, sample

META = (DATA / "sacroml_meta" / "report.json").read_bytes()
MATRIX = (DATA / "sacroml_meta" / "vulnerability_matrix.csv").read_bytes()
ARRAYS = (DATA / "sacroml_lira" / "report_arrays_bf13ff00_instance_0.npz").read_bytes()
LIRA = (DATA / "sacroml_lira" / "report.json").read_bytes()
RNG = np.random.default_rng(5)


def instance(document):
    return next(iter(document.values()))["attack_experiment_logger"]["attack_instance_logger"]["instance_0"]


def planted():
    """The Meta report as SACRO-ML 2.0.1 wrote it, its scores replaced by numbers that stand nowhere else."""
    document = json.loads(META)
    rows = instance(document)["individual"]
    rows |= {name: RNG.random(569).tolist() for name in ("qmia_mean", "qmia_std", "mia_mean", "mia_gmean")}
    rows["struct_k"] = [n + 0.5 for n in range(100_000, 100_569)]
    return as_bytes(document)


PLANTED = planted()
REPORTS = {
    "meta": (META, instance(json.loads(META))["individual"]),
    "planted": (PLANTED, instance(json.loads(PLANTED))["individual"]),
    "leakpro": (as_bytes(leakpro()), {k: leakpro()[k] for k in ("signal_values", "true_labels")}),
    "meter": (privacy_meter(), {"scores": leakpro()["signal_values"], "memberships": leakpro()["true_labels"]}),
}


def bind(**data):
    files = {f"{name}.bin": sha(one) for name, one in data.items()}
    return as_bytes(binding(files=files, measured_at=MEASURED, access="trace"))


@pytest.fixture
def warehouse(home):
    found = Warehouse(home.ledger, home.desk, home.access.glob(), lambda: date(2026, 11, 24))
    yield found
    found.close()


def warehouse_bytes(warehouse):
    """Everything that the warehouse has on disk, checkpointed and not."""
    folder = Path(
        warehouse._root.execute("SELECT path FROM duckdb_databases() WHERE NOT internal").fetchone()[0]
    ).parent
    before = b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
    warehouse._root.execute("CHECKPOINT")
    return before + b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def shown(warehouse):
    return set(warehouse.frame("SELECT value FROM measurement WHERE value IS NOT NULL")["value"])


def numbers(value):
    """Every number of a JSON value."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return {number for part in parts for number in numbers(part)}
    return {float(value)} if isinstance(value, int | float) else set()


def summary(data):
    """The numbers of a SACRO-ML report outside its rows: figures that may be shown."""
    if not data.startswith(b'{"Meta'):
        return set()
    document = json.loads(data)
    del instance(document)["individual"]
    return numbers(document)


def telling(name):
    """Per-record values that say something: no zero, one or flag, and none that stands in the summary as well."""
    data, rows = REPORTS[name]
    values = {float(v) for name, column in rows.items() if "member" not in name for v in column if v is not None}
    return {v for v in values if v not in {0.0, 1.0} and not v.is_integer()} - summary(data)


def spellings(value):
    return {struct.pack("<d", value), struct.pack("<f", value), repr(value).encode()}


def label_runs(rows):
    """The membership labels in every form in which a table might hold them."""
    labels = next(column for name, column in rows.items() if name in {"is_member", "true_labels", "memberships"})
    head = labels[190:322] if len(labels) < 1000 else labels[300:500]
    forms = [np.array(head, kind).tobytes() for kind in ("i1", "<i2", "<i4", "<i8", "<f4", "<f8")]
    forms += [np.packbits(head).tobytes(), np.packbits(head, bitorder="little").tobytes()]
    return [*forms, *(sep.join(map(str, head)).encode() for sep in ("", ",", ", ", "\n"))]


@pytest.mark.parametrize("name", REPORTS)
def test_no_per_record_value_or_label_reaches_warehouse_ledger_or_report(home, warehouse, name, tmp_path):
    data, rows = REPORTS[name]
    result = home.ingest(m=as_bytes(manifest()), r=data, b=bind(r=data))
    assert result.rejected == []
    warehouse.catch_up()
    assert len(shown(warehouse)) >= 3
    report = next(e for e in home.ledger.entries() if e.kind == "report.attached").subject["report"]
    places = {
        "warehouse": warehouse_bytes(warehouse),
        "ledger": b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*")),
        "report": home.desk.raw(report),
    }
    secret = telling(name)
    assert len(secret) > 100 or name == "meta"
    for where, content in places.items():
        assert [v for v in secret if any(form in content for form in spellings(v) if len(form) > 4)] == [], where
        assert [run for run in label_runs(rows) if run in content] == [], where
        assert not [column for column in rows if len(column) > 7 and column.encode() in content], where


@pytest.mark.parametrize("name", REPORTS)
def test_no_frame_holds_a_per_record_value(home, warehouse, name):
    data, _ = REPORTS[name]
    home.ingest(m=as_bytes(manifest()), r=data, b=bind(r=data))
    secret = telling(name)
    held = 0
    for table in (*TABLES, *VIEWS):
        frame = warehouse.frame(f"SELECT * FROM {table}")  # noqa: S608 our own names
        held += len(frame)
        assert len(frame) < 100, table
        for cell in frame.select_dtypes("number").to_numpy().ravel():
            assert cell not in secret
        text = frame.select_dtypes(exclude="number").astype(str).to_json()
        assert not [v for v in secret if repr(v) in text]
    assert held > 10


def test_the_search_finds_what_is_there(home, warehouse):
    """The search is able to fail: a published name, and scores of a table that should not be there, are found."""
    home.ingest(m=as_bytes(manifest()), r=META, b=bind(r=META))
    assert 0.51763034 in shown(warehouse)
    warehouse._root.execute("CREATE TABLE leak AS SELECT unnest(?) AS score", [[0.123456789012345] * 3])
    warehouse._root.execute("INSERT INTO leak SELECT random() FROM range(3000)")
    content = warehouse_bytes(warehouse)
    assert struct.pack("<d", 0.123456789012345) in content
    assert b"mia.meta.auc" in content


def test_the_summary_is_shown_and_the_rows_are_a_finding_of_their_own(ready, warehouse):
    ready.ingest(m=as_bytes(manifest()), r=META, b=bind(r=META))
    frame = warehouse.frame("SELECT indicator_id, value, unit, n_in, n_out FROM indicator").set_index("indicator_id")
    area, rows = frame.loc["mia.meta.auc"], frame.loc["report.per_record"]
    assert (area["value"], area["n_in"], area["n_out"]) == (0.51763034, 284, 285)
    assert (rows["value"], rows["unit"]) == (569, "records")
    entry = next(e for e in ready.ledger.entries() if e.kind == "report.attached")
    report = ready.desk.report(entry.subject["report"])
    assert (report.worst_records.n_records, report.evidence[0].sensitivity) == (569, 4)
    assert ready.desk.raw(entry.subject["source"]) == META


def kept(tmp_path, data):
    return [path for path in (tmp_path / "evidence").rglob("*") if path.is_file() and path.read_bytes() == data]


UNBOUND = {"meta": META, "leakpro": as_bytes(leakpro()), "meter": privacy_meter(), "matrix": MATRIX, "arrays": ARRAYS}


@pytest.mark.parametrize("name", UNBOUND)
def test_membership_data_without_a_binding_are_not_even_kept_as_a_reject(home, tmp_path, name):
    result = home.ingest(m=as_bytes(manifest()), r=UNBOUND[name])
    (record,) = result.rejected
    assert home.objects.reject_bytes(record.id) == b""
    assert kept(tmp_path, UNBOUND[name]) == []


def test_a_report_without_binding_says_what_to_do(home):
    data = sample("modelscan/a_good.pt.json")
    (record,) = home.ingest(m=as_bytes(manifest()), r=data).rejected
    assert "which model it is about" in record.reason
    assert sha(data) in record.what_to_do
    assert home.objects.reject_bytes(record.id) == data


def test_arrays_that_a_binding_lists_are_kept_as_the_most_sensitive_evidence(home, tmp_path):
    both = {"report": LIRA, "report_arrays_bf13ff00_instance_0": ARRAYS}
    files = {"report.json": sha(LIRA), "out/report_arrays_bf13ff00_instance_0.npz": sha(ARRAYS)}
    bindings = as_bytes(binding(files=files))
    result = home.ingest(m=as_bytes(manifest()), b=bindings, **both)
    assert result.rejected == []
    assert "sensitivity 4" in next(item.note for item in result.accepted if item.kind == "record-arrays")
    report = home.desk.report(list(home.ledger.entries())[-1].subject["report"])
    assert {(one.sha256, one.sensitivity) for one in report.evidence} == {(sha(LIRA), 1), (sha(ARRAYS), 4)}
    assert home.desk.raw(sha(ARRAYS)) == ARRAYS
    assert home.ingest().counts == {"accepted": 0, "known": 4, "rejected": 0, "skipped": 0}


NAMES = (
    "privacyguard/lira_analysis_node_output.json",
    "privacyguard/fdp_output.json",
    "dp-accounting/epsilon_rows.json",
    "modelscan/a_good.pt.json",
    "picklescan/d.pkl.txt",
    "fickling/t.pkl.json",
)


def test_each_format_comes_in_once_and_is_known_the_second_time(home):
    data = {name.replace("/", "-"): sample(name) for name in NAMES}
    data |= {"leakpro": as_bytes(leakpro()), "meter": privacy_meter()}
    result = home.ingest(m=as_bytes(manifest()), zz=bind(**data), **data)
    assert result.counts == {"accepted": 10, "known": 0, "rejected": 0, "skipped": 0}
    assert home.ingest().counts == {"accepted": 0, "known": 10, "rejected": 0, "skipped": 0}
    assert home.kinds().count("report.attached") == 8


def test_a_binding_to_other_files_is_refused(home):
    data = as_bytes(leakpro())
    wrong = as_bytes(binding(files={"r": sha(data)}, weights="others", measured_at=MEASURED))
    result = home.ingest(m=as_bytes(manifest()), r=data, b=wrong)
    assert len(result.rejected) == 2
    assert home.kinds() == ["checkpoint.registered"]


@pytest.mark.parametrize("head", [b"\x80\x04\x95", b"\x80\x02c", b"c", b"("], ids=["p4", "p2", "p0", "mark"])
def test_a_pickled_report_is_refused_with_the_next_step(home, head):
    pickled = (
        head + b"tensorflow_privacy.privacy.privacy_tests.membership_inference_attack.data_structures\nAttackResults"
    )
    (record,) = home.ingest(m=as_bytes(manifest()), r=pickled).rejected
    assert "run whatever code is in it" in record.reason
    assert "calculate_pd_dataframe()" in record.what_to_do


def test_a_listed_component_that_looks_like_a_report_is_still_a_component(home):
    data = privacy_meter()
    result = home.ingest(m=as_bytes(manifest(weights=data)), r=data)
    assert [item.kind for item in result.accepted] == ["exeat-manifest/1", "checkpoint-file"]


def test_nothing_of_an_eps_cap_is_a_number_in_the_warehouse(home, warehouse):
    data = sample("privacyguard/lira_analysis_node_output.json")
    home.ingest(m=as_bytes(manifest()), r=data, b=bind(r=data))
    frame = warehouse.frame("SELECT value, status FROM measurement WHERE indicator_id = 'x_privacyguard.eps'")
    assert frame["status"].tolist() == ["not_measured"]
    assert math.log(898) not in shown(warehouse)
