"""What a person does at the screen: open a page as somebody, wait until it is still, read, press, choose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.running import Server


TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
NOT_OURS = {("presentation-role-conflict", "stFileUploaderDropzone")}
"""Streamlit 1.67 gives its own upload zone a presentation role and a label; minor, and out of our reach."""


def settle(page: Page) -> None:
    """Wait until the script has run and nothing is being replaced."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)
    page.wait_for_timeout(250)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)


def open_as(page: Page, server: Server, person: str, url: str, **query: str) -> None:
    """Open a page of the demo as the person."""
    page.goto(f"{server.url}/{url}?{urlencode({'as': person, **query})}")
    page.get_by_test_id("stSidebar").get_by_text("Acting as").wait_for(state="attached", timeout=60_000)
    settle(page)


def button(page: Page | Locator, name: str) -> Locator:
    """The button with this label; icons and shortcuts stand in the accessible name too."""
    named = page.get_by_role("button", name=re.compile(rf"(^|\s){re.escape(name)}"))
    return named.and_(page.locator("[data-testid^=stBaseButton]"))


def press(page: Page, name: str) -> None:
    button(page, name).first.click()
    settle(page)


def confirm(page: Page, label: str) -> None:
    """Press, read what will happen, agree."""
    press(page, f"{label}…")
    press(page, f"Yes, {label[0].lower()}{label[1:]}")


def choose(page: Page, group: str | re.Pattern[str], option: str) -> None:
    """Choose an option of the segmented control whose label matches."""
    control = page.get_by_test_id("stButtonGroup").filter(has_text=group).first
    control.get_by_text(option, exact=True).click()
    settle(page)


def fill(page: Page, label: str | re.Pattern[str], text: str) -> None:
    """Type into the text field and leave it, as one does by pressing Tab."""
    field = page.get_by_label(label).first
    field.fill(text)
    field.press("Tab")
    settle(page)


def take_seat(page: Page) -> None:
    page.get_by_text("I have no conflict of interest", exact=True).click()
    settle(page)
    confirm(page, "Take a reviewer's seat")
    expect(page.get_by_text("You have a seat in this review.")).to_be_visible()


def vote_on_all(page: Page, vote: str) -> None:
    """Vote the same on each component."""
    controls = page.get_by_test_id("stButtonGroup").filter(has_text=re.compile("asked for as"))
    for i in range(controls.count()):
        controls.nth(i).get_by_text(vote, exact=True).click()
        settle(page)


def answer_all(page: Page) -> None:
    """Answer each human question with yes."""
    controls = page.get_by_test_id("stButtonGroup").filter(
        has_text=re.compile("blocks approval|needs an override|advisory")
    )
    for i in range(controls.count()):
        controls.nth(i).get_by_text("Yes", exact=True).click()
        settle(page)


def override_all(page: Page, reason: str, risk: str) -> int:
    """Give each override a reason and a class; return how many were asked for."""
    fields = page.get_by_label(re.compile("^Why the risk is acceptable"))
    count = fields.count()
    for i in range(count):
        fields.nth(i).fill(reason)
        fields.nth(i).press("Tab")
        settle(page)
        controls = page.get_by_test_id("stButtonGroup").filter(has_text=re.compile("Residual risk"))
        controls.nth(i).get_by_text(risk, exact=True).click()
        settle(page)
    return count


def no_exception(page: Page) -> None:
    """No bare traceback on the screen."""
    expect(page.get_by_test_id("stException")).to_have_count(0)


def no_accessibility_violation(page: Page) -> None:
    """What axe finds on the screen as it is, beside what only Streamlit itself could change."""
    results = Axe().run(page, options={"runOnly": TAGS, "resultTypes": ["violations"]})
    found = [(rule["id"], node["html"]) for rule in results.response["violations"] for node in rule["nodes"]]
    ours = [(rule, html) for rule, html in found if not any(rule == r and part in html for r, part in NOT_OURS)]
    assert ours == [], results.generate_report()
