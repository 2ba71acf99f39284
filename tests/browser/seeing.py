"""What a person does at the screen: open a page as somebody, wait until it is still, read, press."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.running import Server


def settle(page: Page) -> None:
    """Wait until the script has run and nothing is being replaced."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=30_000)
    page.wait_for_timeout(250)
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=30_000)


def open_as(page: Page, server: Server, person: str, url: str, **query: str) -> None:
    """Open a page of the demo as the person."""
    page.goto(f"{server.url}/{url}?{urlencode({'as': person, **query})}")
    settle(page)


def button(page: Page | Locator, name: str) -> Locator:
    """The button with this label; icons and shortcuts stand in the accessible name too."""
    return page.get_by_role("button", name=re.compile(rf"(^|\s){re.escape(name)}"))


def press(page: Page, name: str) -> None:
    button(page, name).first.click()
    settle(page)


def no_exception(page: Page) -> None:
    """No bare traceback on the screen."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
