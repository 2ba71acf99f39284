"""From the queue to the receipt, as two stewards live it; and all the ways in which it must not go."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from exeat.errors import ExeatError
from exeat.policy.finding import Barrier
from exeat.review.inputs import ReviewInput
from exeat.review.lifecycle import State
from tests.browser.cases import a_case_for, opened, person, state_of, stewards
from tests.browser.seeing import (
    answer_all,
    button,
    confirm,
    fill,
    no_accessibility_violation,
    no_exception,
    open_as,
    override_all,
    press,
    settle,
    take_seat,
    vote_on_all,
)
from tests.running import ROOT, command, demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.running import Server


@pytest.fixture
def home(loaded_home: Path, tmp_path: Path) -> Path:
    """A home of its own for each story: they all write."""
    return shutil.copytree(loaded_home, tmp_path / "home")


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    with demo(home) as running:
        yield running
    assert "Traceback" not in running.text(), running.text()[-4000:]


REASON = "The recipients sign for one year and the pilot showed no harm; see the minutes of 3 November."


def approve_everything(page: Page) -> int:
    """Fill the form; return how many overrides were asked for."""
    vote_on_all(page, "Approve")
    answer_all(page)
    expect(button(page, "Record my review…").first).to_be_disabled()
    overridden = override_all(page, REASON, "Moderate")
    no_accessibility_violation(page)
    fill(page, re.compile("^Rationale"), "Looked at every finding.")
    confirm(page, "Record my review")
    return overridden


@pytest.mark.slow
def test_two_stewards_approve_in_spite_of_a_finding_and_the_receipt_verifies(
    server: Server, home: Path, new_page, tmp_path: Path
):
    one, two = stewards()
    with opened(home) as desk:
        case = a_case_for(desk, one, two, Barrier.CONDITIONAL)
        title = desk.review.case(one, case).proposal.title

    first = new_page()
    open_as(first, server, one.person_id, "queue")
    expect(first.get_by_text(title).first).to_be_attached()
    open_as(first, server, one.person_id, "release", release=case)
    expect(first.get_by_role("heading", level=1)).to_contain_text(title)
    take_seat(first)
    assert approve_everything(first) > 0
    expect(first.get_by_text(re.compile("^Review recorded"))).to_be_visible()
    expect(first.get_by_text(re.compile(r"Ledger entry \d+")).first).to_be_visible()

    second = new_page()
    open_as(second, server, two.person_id, "release", release=case)
    expect(second.get_by_text(REASON)).to_have_count(0)
    take_seat(second)
    assert approve_everything(second) > 0
    expect(second.get_by_text("All reviews agree: approved.")).to_be_visible()
    said = second.get_by_text(re.compile(r"Ledger entry [\d,]+")).first.inner_text()
    with second.expect_download() as download:
        button(second, "Receipt of entry").first.click()
    receipt = tmp_path / "decision.tlog-proof"
    download.value.save_as(receipt)
    no_exception(second)

    after = state_of(home, case)
    assert after.state.state is State.APPROVED
    assert after.state.decision is not None
    assert all(risk == "moderate" for risk in after.state.decision.overrides.values())
    assert re.search(r"[\d,]+", said.split("entry")[1]) is not None
    verifies_alone(home, receipt)


def verifies_alone(home: Path, receipt: Path) -> None:
    """The receipt checks with the stand-alone verifier and the public key, and fails after one changed letter."""
    with opened(home) as desk:
        key = desk.ledger.vkey
    run = [sys.executable, "tools/verify_ledger.py", "receipt", str(receipt), key]
    good = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert good.returncode == 0, good.stdout + good.stderr
    text = receipt.read_text()
    extra = next(line for line in text.splitlines() if line.startswith("extra "))
    entry = base64.b64decode(extra.removeprefix("extra "))
    assert b'"kind":"decision.approved"' in entry
    forged = base64.b64encode(entry.replace(b"decision.approved", b"decision.rejected")).decode()
    receipt.write_text(text.replace(extra, f"extra {forged}"))
    bad = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert bad.returncode == 1
    assert command("ledger", "verify", home=home).returncode == 0


def test_a_blocking_finding_offers_referral_and_never_approval(server, home, new_page):
    one, two = stewards()
    with opened(home) as desk:
        case = a_case_for(desk, one, two, Barrier.BLOCKING)
    page = new_page()
    open_as(page, server, one.person_id, "release", release=case)
    take_seat(page)
    controls = page.get_by_test_id("stButtonGroup").filter(has_text=re.compile("asked for as"))
    expect(controls.first).to_be_visible()
    offered = [controls.nth(i).get_by_text("Approve", exact=True).count() for i in range(controls.count())]
    assert 0 in offered, "a component with a blocking finding must not offer approval"
    expect(page.get_by_text(re.compile("Approving is not offered")).first).to_be_visible()
    page.get_by_text("Refer to the board", exact=True).first.click()
    settle(page)
    fill(page, "Reason: refer to the board", "A gate blocks; the board should look at it.")
    confirm(page, "Refer to the board")
    expect(page.get_by_text("Referred to the board.").first).to_be_visible()
    assert state_of(home, case).state.state is State.REFERRED


def test_the_submitter_cannot_approve_by_button_address_or_direct_call(server, home, new_page):
    one, two = stewards()
    with opened(home) as desk:
        case = a_case_for(desk, one, two, Barrier.BLOCKING)
        view = desk.review.case(one, case)
        submitter = person(view.state.submitter)
        size = desk.ledger.size()
        said = ReviewInput(votes=dict.fromkeys(view.dossier.components, "approve"), basis=view.basis)
        for act in (
            lambda: desk.review.start_review(submitter, case, conflict="none", seen=view.version, key="x"),
            lambda: desk.review.record_review(submitter, case, said, seen=view.version, key="y"),
        ):
            with pytest.raises(ExeatError):
                act()
        assert desk.ledger.size() == size
    page = new_page()
    open_as(page, server, submitter.person_id, "release", release=case)
    no_exception(page)
    for label in ("Take a reviewer's seat", "Record my review"):
        for i in range(button(page, label).count()):
            expect(button(page, label).nth(i)).to_be_disabled()
    decide = button(page, "Decide")
    if decide.count():
        expect(decide.first).to_be_disabled()
    for url in ("item", "docket", "ledger", "intake"):
        open_as(page, server, submitter.person_id, url, release=case)
        expect(button(page, "Record my review")).to_have_count(0)
        expect(button(page, "Record the decision")).to_have_count(0)


def test_a_double_click_writes_once(server, home, new_page):
    one, two = stewards()
    with opened(home) as desk:
        case = a_case_for(desk, one, two, Barrier.BLOCKING)
        before = len(desk.ledger.case(f"release:{case}"))
    page = new_page()
    open_as(page, server, one.person_id, "release", release=case)
    page.get_by_text("I have no conflict of interest", exact=True).click()
    settle(page)
    press(page, "Take a reviewer's seat…")
    button(page, "Yes, take a reviewer's seat").first.dblclick()
    settle(page)
    with opened(home) as desk:
        added = [entry.kind for entry in desk.ledger.case(f"release:{case}")[before:]]
    assert added.count("review.started") == 1


def test_a_stale_screen_is_refused_with_what_changed(server, home, new_page):
    one, two = stewards()
    with opened(home) as desk:
        case = a_case_for(desk, one, two, Barrier.BLOCKING)
    here, there = new_page(), new_page()
    open_as(here, server, one.person_id, "release", release=case)
    take_seat(here)
    here.get_by_text("Return to the submitter", exact=True).first.click()
    settle(here)
    fill(here, "Reason: return to the submitter", "Please say more on retention.")
    press(here, "Return to the submitter…")

    open_as(there, server, two.person_id, "release", release=case)
    there.get_by_text("Refer to the board", exact=True).first.click()
    settle(there)
    fill(there, "Reason: refer to the board", "I think the board should see it.")
    confirm(there, "Refer to the board")

    press(here, "Yes, return to the submitter")
    expect(
        here.get_by_test_id("stAlert").filter(has_text=re.compile("changed|board|referred", re.IGNORECASE)).first
    ).to_be_visible()
    no_exception(here)
    assert state_of(home, case).state.state is State.REFERRED


def test_two_reviewers_at_once_both_get_their_seat(server, home, new_page):
    one, two = stewards()
    with opened(home) as desk:
        case = a_case_for(desk, one, two, Barrier.BLOCKING)
    pages = [new_page(), new_page()]
    for page, who in zip(pages, (one, two), strict=True):
        open_as(page, server, who.person_id, "release", release=case)
        page.get_by_text("I have no conflict of interest", exact=True).click()
        settle(page)
        press(page, "Take a reviewer's seat…")
    for page in pages:
        button(page, "Yes, take a reviewer's seat").first.click()
    for page in pages:
        settle(page)
        expect(page.get_by_text("You have a seat in this review.")).to_be_visible()
    seats = {seat.reviewer for seat in state_of(home, case).state.seats}
    assert {one.person_id, two.person_id} <= seats
