"""The board: a referred item, the chair's record with votes and reasons, and the second signature."""

from __future__ import annotations

import contextlib
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import TimeoutError, expect  # noqa: A004 that is its name

from exeat.model.person import Role
from exeat.policy.finding import Barrier
from exeat.review.lifecycle import State
from tests.browser.cases import cases, opened, people, state_of, stewards
from tests.browser.seeing import (
    answer_all,
    choose,
    confirm,
    fill,
    no_accessibility_violation,
    no_exception,
    open_as,
    press,
    settle,
)
from tests.running import demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from exeat.desk import Desk
    from tests.running import Server

REASON = "The study ends in March and the sandbox keeps everything inside; see the minutes."


@pytest.fixture
def home(loaded_home: Path, tmp_path: Path) -> Path:
    return shutil.copytree(loaded_home, tmp_path / "home")


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    with demo(home) as running:
        yield running
    assert "Traceback" not in running.text(), running.text()[-4000:]


def referred(desk: Desk) -> str:
    """An item before the board that something blocks and that waits for the chair."""
    for case in cases(desk, stewards()[0]):
        waits = case.state.state is State.REFERRED and case.state.board is None
        if waits and case.assessment.barred_by(Barrier.BLOCKING):
            return case.release_id
    raise AssertionError("the sample organisation has no referred release with a blocking finding")


def pick_all(page: Page) -> None:
    """Choose every option of the list; one that a late rerun has closed is opened again."""
    every = page.get_by_role("option").filter(has_text="Select all")
    for _ in range(4):
        page.get_by_test_id("stMultiSelect").locator("input").first.click()
        with contextlib.suppress(TimeoutError):
            every.click(timeout=5_000)
            return
        page.keyboard.press("Escape")
    raise AssertionError("the list of members did not stay open")


def seat(page: Page, members: list[str]) -> None:
    """All members are at the item; everyone but the last votes for, the last one abstains."""
    pick_all(page)
    settle(page)
    page.keyboard.press("Escape")
    for member in members:
        choose(page, f"Vote of {member}", "Abstained" if member == members[-1] else "For")


def override_for_the_board(page: Page) -> None:
    fields = page.get_by_label(re.compile("^Why the board overrides"))
    assert fields.count() > 0
    for i in range(fields.count()):
        fields.nth(i).fill(REASON)
        fields.nth(i).press("Tab")
        settle(page)
        risks = page.get_by_test_id("stButtonGroup").filter(has_text=re.compile("Residual risk"))
        risks.nth(i).get_by_text("High", exact=True).click()
        settle(page)


@pytest.mark.slow
def test_the_chair_records_and_a_second_member_signs(server, home, new_page):
    chair, other = people(Role.BOARD_CHAIR)[0], people(Role.BOARD_MEMBER)[0]
    members = [chair.person_id, *[who.person_id for who in people(Role.BOARD_MEMBER)]]
    with opened(home) as desk:
        case = referred(desk)
    page = new_page()
    open_as(page, server, chair.person_id, "docket")
    expect(page.get_by_text(re.compile(r"waits? for the board")).first).to_be_visible()
    open_as(page, server, chair.person_id, "item", release=case)
    seat(page, members)
    choose(page, "Outcome; the motion is to approve", "Approve with conditions")
    fill(page, "Conditions, one on each line", "Delete all copies by the end date.")
    answer_all(page)
    override_for_the_board(page)
    no_accessibility_violation(page)
    fill(page, re.compile("^Minutes"), "Discussed the small sample and the safeguards; the board accepts the risk.")
    confirm(page, "Record the decision")
    expect(page.get_by_text(re.compile(r"Ledger entry [\d,]+")).first).to_be_visible()
    no_exception(page)
    assert state_of(home, case).state.state is State.REFERRED, "one signature must not be enough"

    second = new_page()
    open_as(second, server, other.person_id, "item", release=case)
    confirm(second, "Co-sign the approval")
    expect(second.get_by_text("Signed: the decision takes effect.")).to_be_visible()
    after = state_of(home, case).state
    assert after.state is State.APPROVED
    assert after.decision is not None
    assert set(after.decision.overrides.values()) == {"high"}


def test_the_projected_item_names_nobody(server, home, new_page):
    with opened(home) as desk:
        case = referred(desk)
        names = {who.name for role in Role for who in people(role)} - {people(Role.BOARD_CHAIR)[0].name}
    page = new_page()
    open_as(page, server, people(Role.BOARD_CHAIR)[0].person_id, "item", release=case)
    shown = page.get_by_test_id("stMain").inner_text()
    assert [name for name in names if name in shown] == []


def test_a_member_who_is_not_the_chair_cannot_record(server, home, new_page):
    with opened(home) as desk:
        case = referred(desk)
    page = new_page()
    open_as(page, server, people(Role.BOARD_MEMBER)[0].person_id, "item", release=case)
    record = page.get_by_role("button", name=re.compile("Record the decision"))
    for i in range(record.count()):
        expect(record.nth(i)).to_be_disabled()


def test_the_researcher_finds_what_they_may_have_and_no_exact_figure(server, home, new_page):
    who = people(Role.RESEARCHER)[0]
    page = new_page()
    open_as(page, server, who.person_id, "catalogue")
    expect(page.get_by_text(re.compile(r"checkpoints? match")).first).to_be_visible()
    press(page, "Open")
    page.wait_for_url("**/entry?**")
    settle(page)
    expect(page.get_by_text(re.compile(r"available to you", re.IGNORECASE)).first).to_be_visible()
    no_exception(page)
    for url in ("queue", "ledger", "exposure", "intake", "docket"):
        open_as(page, server, who.person_id, url)
        expect(page.get_by_role("heading", level=1)).to_have_text("Not open to you")
