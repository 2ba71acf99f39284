"""The warehouse over a real ledger, real evidence and real Parquet: derived, current, rebuildable."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from exeat.storage.access_store import AccessStore
from exeat.storage.warehouse import Warehouse
from exeat.storage.warehouse_schema import TABLES, VIEWS
from tests.factories import (
    CUSTODIAN,
    STELLA,
    SUBMITTER,
    indicator,
    manifest_document,
    policy_document,
    report_document,
)
from tests.unit.access.events import MONDAY, event
from tests.unit.review.desks import RELEASE, draft, office_in

EVERYTHING = (*TABLES, *VIEWS)


@pytest.fixture
def office(tmp_path):
    with office_in(tmp_path) as found:
        yield found


@contextmanager
def warehouse_of(office, home=Path("/nonexistent")):
    found = Warehouse(
        office.ledger, office.evidence, AccessStore(home / "access").glob(), lambda: office.clock().date()
    )
    try:
        yield found
    finally:
        found.close()


@pytest.fixture
def warehouse(office, tmp_path):
    with warehouse_of(office, tmp_path) as found:
        yield found


def release(warehouse, release_id=RELEASE):
    return warehouse.frame("SELECT * FROM release WHERE release_id = ?", [release_id]).to_dict("records")[0]


def everything(warehouse):
    return {name: warehouse.frame(f"SELECT * FROM {name} ORDER BY ALL") for name in EVERYTHING}  # noqa: S608


def approved(office):
    office.submitted().seated().reviewed()
    office.review.activate(CUSTODIAN, RELEASE, **office.now())
    return office


def test_each_step_of_a_release_shows_at_once(office, warehouse):
    draft(office)
    assert (release(warehouse)["state"], release(warehouse)["turn"]) == ("draft", "submitter")
    office.review.submit(SUBMITTER, RELEASE, **office.now())
    assert release(warehouse)["state"] == "submitted"
    assert release(warehouse)["risk"] in {"low", "medium", "high"}
    office.seated()
    found = release(warehouse)
    assert (found["state"], sorted(found["reviewers"]), found["reviews_in"]) == ("in_review", ["stan", "stella"], 0)
    assert found["reviewers_needed"] == 2
    assert found["due_at"] == found["submitted_at"] + timedelta(days=20)
    office.reviewed(STELLA)
    assert (release(warehouse)["reviews_in"], list(release(warehouse)["reviewed_by"])) == (1, ["stella"])


def test_a_decision_brings_components_and_their_end(office, warehouse):
    approved(office)
    found = release(warehouse)
    assert (found["state"], bool(found["live"]), found["until"].date()) == ("active", True, date(2027, 6, 30))
    parts = warehouse.frame("SELECT * FROM release_component ORDER BY component_id").to_dict("records")
    assert [(p["component_id"], p["kind"], p["decided"]) for p in parts] == [
        ("log", "diagnostic_log", "masked"),
        ("weights", "weights", "allowed"),
    ]
    assert {p["bytes"] for p in parts} == {1024}
    assert office.ledger.entry(int(found["decision_seq"])).kind == "decision.approved"


def test_expiry_shows_the_day_after_the_end(office, warehouse):
    approved(office)
    office.clock.now = office.clock.now.replace(year=2027, month=6, day=30)
    assert release(warehouse)["state"] == "active"
    office.clock.pass_days(1)
    assert (release(warehouse)["state"], bool(release(warehouse)["live"])) == ("expired", False)


def test_two_warehouses_see_each_other_s_decisions(tmp_path):
    with (
        office_in(tmp_path) as one,
        office_in(tmp_path) as two,
        warehouse_of(one) as ours,
        warehouse_of(two) as theirs,
    ):
        one.submitted()
        assert release(theirs)["state"] == "submitted"
        two.seated()
        assert release(ours)["state"] == "in_review"
        one.reviewed()
        assert release(theirs)["state"] == "approved"
        for name, frame in everything(ours).items():
            pd.testing.assert_frame_equal(frame, everything(theirs)[name])


def test_catching_up_step_by_step_equals_a_rebuild(office, warehouse, tmp_path):
    draft(office)
    warehouse.catch_up()
    AccessStore(tmp_path / "access").add([event(1), event(2, ts=MONDAY + timedelta(days=1))])
    warehouse.catch_up()
    office.review.submit(SUBMITTER, RELEASE, **office.now())
    office.seated()
    warehouse.catch_up()
    office.take(manifest_document(title="A better title", metrics=[]))
    office.reviewed()
    warehouse.catch_up()
    office.clock.pass_days(3)
    office.take(policy_document(version="2"))
    warehouse.catch_up()
    stepwise = everything(warehouse)
    counts = warehouse.rebuild()
    assert counts == {name: len(frame) for name, frame in stepwise.items()}
    assert counts["access_event"] == 2
    for name, frame in everything(warehouse).items():
        pd.testing.assert_frame_equal(frame, stepwise[name])


def test_a_new_manifest_replaces_what_the_old_one_said(office, warehouse):
    draft(office)
    assert len(warehouse.frame("SELECT * FROM metric")) == 1
    newer = office.take(manifest_document(title="A better title", metrics=[]))
    found = warehouse.frame("SELECT title, manifest_sha256 FROM checkpoint").to_dict("records")
    assert found == [{"title": "A better title", "manifest_sha256": newer}]
    assert warehouse.frame("SELECT * FROM metric").empty


def test_changed_evidence_takes_a_review_back_out_of_the_count(office, warehouse):
    office.submitted().seated().reviewed(STELLA)
    assert release(warehouse)["reviews_in"] == 1
    office.take(report_document(report_id="r-new", indicators=[indicator(value="0.57")]))
    assert release(warehouse)["reviews_in"] == 0


def test_sealed_reviews_and_their_reasons_never_come_in(office, warehouse):
    office.submitted().seated().reviewed(STELLA, rationale="A secret rationale.")
    text = "\n".join(frame.to_csv() for frame in everything(warehouse).values())
    assert "A secret rationale" not in text
    assert "approve" not in text


def test_scores_of_single_records_never_come_in(office, warehouse):
    draft(office)
    office.take(report_document(report_id="r-9", worst_records={"quantiles": {"q99.9": "0.98765"}, "n_records": 4321}))
    text = "\n".join(frame.to_csv() for frame in everything(warehouse).values())
    assert "r-9" in text
    assert "98765" not in text
    assert "4321" not in text


def test_a_lost_document_is_named_and_stops_nothing(office, warehouse, tmp_path):
    office.submitted()
    lost = warehouse.frame("SELECT manifest_sha256 FROM checkpoint")["manifest_sha256"].iloc[0]
    hexes = lost.removeprefix("sha256:")
    (tmp_path / "evidence" / "sha256" / hexes[:2] / hexes).unlink()
    with office_in(tmp_path) as fresh, warehouse_of(fresh) as found:
        named = found.frame("SELECT kind, sha256, headline FROM unreadable").to_dict("records")
        assert {row["sha256"] for row in named} == {lost}
        assert release(found)["state"] == "submitted"


def test_access_events_come_and_go_with_their_files(office, warehouse, tmp_path):
    store = AccessStore(tmp_path / "access")
    store.add([event(1), event(2, tier=None, bytes=None, outcome="denied")])
    warehouse.catch_up()
    found = warehouse.frame("SELECT * FROM access_event ORDER BY source_event_id").to_dict("records")
    assert [row["outcome"] for row in found] == ["ok", "denied"]
    assert found[0]["ts"] == MONDAY.replace(tzinfo=None)
    assert found[0]["day"].date() == MONDAY.date()
    assert pd.isna(found[1]["tier"])
    for path in (tmp_path / "access").glob("day=*/part-*.parquet"):
        path.unlink()
    warehouse.catch_up()
    assert warehouse.frame("SELECT * FROM access_event").empty


def test_a_shorter_log_in_this_place_is_loaded_anew(office, warehouse, tmp_path):
    office.submitted()
    assert warehouse.counts()["release"] == 1
    other = tmp_path / "other"
    other.mkdir()
    with office_in(other) as empty:
        warehouse._ledger, warehouse._evidence = empty.ledger, empty.evidence
        assert warehouse.counts()["release"] == 0
        assert warehouse.counts()["statement"] == empty.ledger.size()


def test_a_failed_load_leaves_everything_as_it_was(office, warehouse, monkeypatch):
    draft(office)
    before = everything(warehouse)
    office.review.submit(SUBMITTER, RELEASE, **office.now())
    with monkeypatch.context() as patch:
        patch.setattr("exeat.storage.warehouse.load_parts", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            warehouse.catch_up()
    assert len(before["release"]) == 1
    assert release(warehouse)["state"] == "submitted"
    assert len(warehouse.frame("SELECT * FROM statement")) == office.ledger.size()


def test_the_file_is_deleted_at_close(office):
    with warehouse_of(office) as found:
        path = Path(found.frame("SELECT path FROM duckdb_databases() WHERE NOT internal")["path"].iloc[0])
        assert path.exists()
        assert path.parent.stat().st_mode & 0o077 == 0
    assert not path.parent.exists()
