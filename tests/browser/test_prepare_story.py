"""A new submitter with a checkpoint and a model card, and nothing else, reaches a submitted release on screen."""

from __future__ import annotations

import contextlib
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import TimeoutError, expect  # noqa: A004 that is its name

from exeat.model.base import digest_of
from exeat.model.person import Role
from exeat.review.lifecycle import State
from tests.browser.cases import opened, people, stewards
from tests.browser.seeing import (
    button,
    confirm,
    fill,
    no_accessibility_violation,
    no_exception,
    open_as,
    press,
    settle,
)
from tests.browser.test_keyboard import tab_to
from tests.factories import as_bytes, component, manifest_document
from tests.running import ROOT, demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from exeat.model.person import Person
    from tests.running import Server

SAMPLES = ROOT / "tests" / "data" / "evidence"
CARD, CKPT = SAMPLES / "manifests" / "README.md", SAMPLES / "checkpoints" / "c_lightning.ckpt"
TYPED = {
    "Run id.": "run-2026-11",
    "Version (lineage).": "1",
    "Created at.": "2026-11-20T09:14:03Z",
    "Created by.": "ICU modelling team",
    "Organisation.": "North hospital",
    "Contact.": "Model office",
    "Family (model).": "recurrent",
    "Architecture (model).": "GRU, one layer",
    "Framework version (training).": "2.13",
    "Version (data source": "5f1c0c2",
    "Number of records (metric": "1200",
    "Who gets it?": "The sepsis research group",
}
"""What the person knows and no file says, by the words on screen."""
TICKED = ("No protection was applied", "I say nothing about reproducing it", "None was looked at")


@pytest.fixture
def home(loaded_home: Path, tmp_path: Path) -> Path:
    """A home of its own for each story: they all write."""
    return shutil.copytree(loaded_home, tmp_path / "home")


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    with demo(home) as running:
        yield running
    assert "Traceback" not in running.text(), running.text()[-4000:]


def start(page: Page, server: Server, who: str, *files: Path) -> None:
    """Reach a new draft through the menu, as somebody who was told nothing, and upload the files."""
    open_as(page, server, who, "queue")
    page.get_by_role("link", name="Prepare a release").click()
    settle(page)
    press(page, "Start a new draft")
    expect(page.get_by_role("heading", name="1 Files")).to_be_visible()
    if files:
        upload(page, *files)


def upload(page: Page, *files: Path | dict[str, object]) -> None:
    page.locator("input[type=file]").first.set_input_files(list(files))
    name = files[-1]["name"] if isinstance(files[-1], dict) else files[-1].name
    expect(page.get_by_text(str(name)).first).to_be_visible(timeout=30_000)
    settle(page)


def pick(page: Page, label: str, option: str) -> None:
    """Choose in a select box by keyboard alone: focus, type, take; one that a late rerun has closed is opened again."""
    box = page.get_by_role("combobox", name=re.compile(re.escape(label))).first
    for _ in range(4):
        settle(page)
        box.focus()
        page.keyboard.type(option)
        with contextlib.suppress(TimeoutError):
            page.get_by_role("option", name=re.compile(re.escape(option))).first.wait_for(timeout=5_000)
            page.keyboard.press("Enter")
            settle(page)
            return
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
    raise AssertionError(f"the list of {label} did not stay open")


def answer_everything(page: Page) -> None:
    """Answer what the page asks, in its own words."""
    for _ in range(2):
        press(page, "Use “sepsis-gru-dp-e30”")
    for label, text in TYPED.items():
        fill(page, re.compile(re.escape(label)), text)
    for label in TICKED:
        page.get_by_text(label, exact=True).click()
        settle(page)
    for name in ("c_lightning.ckpt", "c_lightning.safetensors"):
        pick(page, f"Sensitivity (component {name})", "3")
    fill(page, re.compile("^No safeguards reason"), "A baseline for the study of protections.")
    fill(page, re.compile("^Retain until"), "2029-06-30")
    pick(page, "To which tier?", "T3")
    pick(page, "c_lightning.safetensors (weights", "sandbox")
    fill(page, re.compile("^Until when"), "2027-10-01")
    press(page, "Start from the purpose")


@pytest.mark.slow
def test_from_a_checkpoint_and_a_card_to_a_submitted_release(server: Server, home: Path, new_page):
    who = people(Role.SUBMITTER)[0].person_id
    page = new_page()
    start(page, server, who, CARD, CKPT)
    expect(page.get_by_text("a Hugging Face model card")).to_be_visible()
    expect(button(page, "Submit for review…").first).to_be_disabled()
    expect(page.get_by_text(re.compile("It is your turn")).first).to_be_visible()
    press(page, "Attach the minimised file of c_lightning.ckpt")
    expect(page.get_by_text("c_lightning.safetensors").first).to_be_visible(timeout=30_000)
    answer_everything(page)
    expect(page.get_by_text(re.compile("^Nothing is missing"))).to_be_visible()
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()
    expect(page.get_by_text("What would remedy it").first).to_be_attached()
    no_exception(page)
    no_accessibility_violation(page)

    press(page, "Submit for review…")
    expect(page.get_by_text(re.compile("You submit “sepsis-gru-dp-e30” as the release"))).to_be_visible()
    button(page, "Yes, submit for review").first.dblclick()
    settle(page)
    expect(page.get_by_text(re.compile("^Submitted as sepsis-gru-dp-e30-t3, ledger entry")).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"Ledger entry [\d,]+")).first).to_be_visible()
    no_accessibility_violation(page)
    page.get_by_role("link", name="Open the release").click()
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("sepsis-gru-dp-e30")

    with opened(home) as desk:
        case = desk.review.case(stewards()[0], "sepsis-gru-dp-e30-t3")
        kinds = [entry.kind for entry in desk.ledger.case("release:sepsis-gru-dp-e30-t3")]
    assert case.now is State.SUBMITTED
    assert kinds.count("release.submitted") == 1
    assert [part.component_id for part in case.proposal.components] == ["c_lightning.safetensors"]
    assert CKPT.name in {part.path for part in case.manifest.components}
    assert case.contents.inspections["c_lightning.safetensors"].channels == ()

    steward = new_page()
    open_as(steward, server, stewards()[0].person_id, "queue")
    expect(steward.get_by_text("sepsis-gru-dp-e30").first).to_be_attached()


def ready_draft(home: Path, who: Person) -> str:
    """A draft that lacks nothing, as our own manifest and its file make it."""
    weights = b"weights of a small model"
    parts = [component(sha256=digest_of(weights), path="weights.bin", bytes=len(weights))]
    document = manifest_document(checkpoint_id="keyboard-v1", title="Keyboard model", components=parts)
    with opened(home) as desk:
        draft = desk.prepare.start(who)
        files = [("manifest.json", as_bytes(document)), ("weights.bin", weights)]
        desk.prepare.add_files(who, draft.id, files)
        desk.prepare.propose(who, draft.id, tier="T2", recipients="Partners", until="2027-06-30", purpose="Why. " * 10)
    return draft.id


def test_change_and_submit_by_keyboard_alone(server, home, new_page):
    who = people(Role.SUBMITTER)[0]
    draft = ready_draft(home, who)
    page = new_page()
    open_as(page, server, who.person_id, "prepare", draft=draft)
    tab_to(page, "Who gets it?")
    page.keyboard.press("Control+a")
    page.keyboard.type("Two partner hospitals")
    page.keyboard.press("Tab")
    settle(page)
    tab_to(page, "Submit for review…")
    page.keyboard.press("Enter")
    settle(page)
    tab_to(page, "Yes, submit for review")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_text(re.compile("^Submitted as keyboard-v1-t2, ledger entry"))).to_be_visible()
    with opened(home) as desk:
        assert desk.review.case(who, "keyboard-v1-t2").proposal.recipients == "Two partner hospitals"


def test_hostile_uploads_are_named_and_nothing_else_is_lost(server, new_page):
    page = new_page()
    start(page, server, people(Role.SUBMITTER)[0].person_id, CARD)
    fill(page, re.compile(r"^Run id"), "run-7")
    levels = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    bomb = f"---\nlicense: x\na0: &a0 [x]\n{levels}---\n# Card\n"
    upload(
        page,
        {"name": "bomb.md", "mimeType": "text/markdown", "buffer": bomb.encode()},
        {"name": "<img src=x onerror=alert(1)>.json", "mimeType": "application/json", "buffer": b"[" * 100_000},
    )
    expect(page.get_by_text(re.compile("is not used")).first).to_be_visible()
    expect(page.get_by_text("a Hugging Face model card")).to_be_visible()
    expect(page.get_by_label(re.compile(r"^Run id")).first).to_have_value("run-7")
    assert page.locator("img[src=x]").count() == 0
    no_exception(page)
    no_accessibility_violation(page)


def test_a_draft_survives_a_second_server_and_is_nobody_elses(server, home, new_page):
    one, two = people(Role.SUBMITTER)[:2]
    page = new_page()
    start(page, server, one.person_id, CARD)
    fill(page, re.compile(r"^Run id"), "run-7")
    draft = re.search(r"draft=([0-9a-f]{16})", page.url)[1]
    with demo(home) as other:
        again = new_page()
        open_as(again, other, one.person_id, "prepare", draft=draft)
        expect(again.get_by_label(re.compile(r"^Run id")).first).to_have_value("run-7")
        foreign = new_page()
        open_as(foreign, other, two.person_id, "prepare", draft=draft)
        expect(foreign.get_by_text("There is no such draft.")).to_be_visible()
        expect(foreign.get_by_text("README.md")).to_have_count(0)
        open_as(again, other, one.person_id, "prepare")
        confirm(again, "Delete this draft")
        expect(again.get_by_text("No drafts yet.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_filled_page_does_not_scroll_sideways(server, new_page, scheme):
    page = new_page(width=400, height=850, color_scheme=scheme, reduced_motion="reduce")
    who = people(Role.SUBMITTER)[0].person_id
    open_as(page, server, who, "prepare")
    press(page, "Start a new draft")
    upload(page, CARD, CKPT)
    wide = page.evaluate(
        """() => [document.scrollingElement, document.querySelector('[data-testid=stMain]')]
                 .filter(Boolean).map(e => e.scrollWidth - e.clientWidth)"""
    )
    assert max(wide) <= 0
    no_accessibility_violation(page)
