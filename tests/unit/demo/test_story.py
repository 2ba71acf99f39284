"""The story plays through the real services; nothing of its outcome is written down anywhere but here."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exeat.cli.demo import load
from exeat.demo.people import load_people
from exeat.demo.story import moment_of, read_story
from exeat.desk import open_desk
from exeat.errors import BadInput
from exeat.policy.finding import Barrier
from exeat.review.lifecycle import State
from exeat.settings import load_settings

ROOT = Path(__file__).resolve().parents[3]
ENDS = {
    "digits-mlp-v2-t3": State.WITHDRAWN,
    "digits-mlp-v3-t1": State.SUSPENDED,
    "digits-mlp-v3-t3": State.REFERRED,
    "digits-mlp-v4-t2": State.IN_REVIEW,
    "digits-mlp-v5-t3": State.DRAFT,
    "glyco-mlp-v1-t2": State.REJECTED,
    "glyco-mlp-v2-t1": State.REFERRED,
    "glyco-mlp-v3-t0": State.APPROVED,
    "glyco-mlp-v3-t2": State.IN_REVIEW,
    "glyco-mlp-v4-t3": State.SUBMITTED,
    "glyco-mlp-v5-t3": State.SUBMITTED,
    "onco-mlp-v1-t3": State.REVOKED,
    "onco-mlp-v2-t1": State.EXPIRED,
    "onco-mlp-v2-t2": State.SUPERSEDED,
    "onco-mlp-v3-t3": State.RETURNED,
    "onco-mlp-v4-t1": State.SUBMITTED,
    "onco-mlp-v4-t2": State.ACTIVE,
    "onco-mlp-v5-t2": State.SUBMITTED,
}


def loaded(home, now):
    settings = load_settings(home=home, demo=True, ledger_url="", evidence_url="", log_key="")
    load(settings, now=now)
    return open_desk(settings, clock=lambda: now)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = loaded(tmp_path_factory.mktemp("demo"), datetime.now(UTC).replace(hour=17))
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def steward():
    return next(p for p in load_people() if p.person_id == "steward-3")


def barred(view):
    return [[f.check for f in view.assessment.barred_by(b)] for b in (Barrier.BLOCKING, Barrier.CONDITIONAL)]


@pytest.mark.slow
def test_a_release_stands_in_every_state(desk, steward):
    found = {
        entry.case.removeprefix("release:") for entry in desk.ledger.entries() if entry.case.startswith("release:")
    }
    assert {release: desk.review.case(steward, release).now for release in found} == ENDS
    assert set(ENDS.values()) == set(State)


@pytest.mark.slow
def test_what_waits_shows_every_kind_of_assessment(desk, steward):
    views = {name: desk.review.case(steward, name) for name, state in ENDS.items() if state is State.SUBMITTED}
    assert barred(views["onco-mlp-v5-t2"]) == [[], ["R3"]]
    assert barred(views["glyco-mlp-v4-t3"])[0] == ["E2"]
    assert barred(views["glyco-mlp-v5-t3"]) == [[], ["R3"]]
    assert views["onco-mlp-v4-t1"].assessment.passes
    assert "board" in (views["onco-mlp-v4-t1"].cannot_approve["weights"] or "")
    assert barred(desk.review.case(steward, "digits-mlp-v4-t2")) == [[], ["M2", "R3"]]


@pytest.mark.slow
def test_reviews_stand_as_told(desk, steward):
    one_in = desk.review.case(steward, "digits-mlp-v4-t2")
    assert (one_in.reviews_in, one_in.reviewers_needed, one_in.state.opened) == (1, 2, False)
    open_ = desk.review.case(steward, "glyco-mlp-v3-t2")
    assert (open_.reviews_in, open_.state.round, open_.state.opened) == (2, 2, True)
    waiting = desk.review.case(steward, "onco-mlp-v5-t2")
    assert not waiting.state.seats
    assert waiting.why_not["start_review"] is None


@pytest.mark.slow
def test_nothing_was_refused_and_the_log_verifies(desk, steward):
    assert desk.evidence.rejects(steward) == []
    assert desk.ledger.verify().ok
    assert {e.authenticated for e in desk.ledger.entries()} <= {"demo", "system"}
    moments = [e.ts for e in desk.ledger.entries()]
    assert moments == sorted(moments)


@pytest.mark.slow
def test_no_demo_name_stands_on_the_ledger(desk):
    log = b"\n".join(desk.ledger.export())
    assert [p.name for p in load_people() if p.name.encode() in log] == []


@pytest.mark.slow
def test_simulated_access_events_reach_the_warehouse(desk):
    row = desk.warehouse.frame("SELECT count(*) AS n, bool_and(simulated) AS labelled FROM access_event").iloc[0]
    assert row["n"] > 5_000
    assert row["labelled"]


@pytest.mark.slow
def test_it_loads_as_well_in_two_years(tmp_path, steward):
    desk = loaded(tmp_path / "home", datetime.now(UTC).replace(hour=17) + timedelta(days=730))
    try:
        assert {name: desk.review.case(steward, name).now for name in ENDS} == ENDS
        assert barred(desk.review.case(steward, "onco-mlp-v5-t2")) == [[], ["R3"]]
    finally:
        desk.close()


def test_loading_never_imports_torch():
    code = "import sys, exeat.cli.demo, exeat.demo.story, exeat.desk; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60).returncode == 0


def test_the_steps_are_told_in_the_order_of_time():
    today = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
    moments = [moment_of(step["at"], today) for step in read_story(ROOT / "data" / "story.toml")]
    assert moments == sorted(moments)


@pytest.mark.parametrize("at", ["yesterday", "-3d", "9d 10:00", "-3d 10:00 "])
def test_a_time_that_is_none_is_refused(at):
    with pytest.raises(BadInput, match="not a time"):
        moment_of(at, datetime.now(UTC))
