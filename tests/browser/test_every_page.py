"""Each page in a real browser: no accessibility violation, no sideways scrolling, nothing from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from components.navigation import PLACES
from exeat.model.person import Role
from tests.browser.cases import people
from tests.browser.places import View, views
from tests.browser.seeing import no_accessibility_violation, no_exception, open_as, settle

if TYPE_CHECKING:
    from pathlib import Path

URLS = [place.url for place in PLACES]


@pytest.fixture(scope="module")
def seen(home: Path) -> dict[str, View]:
    return {view.name: view for view in views(home)}


def drawn(page):
    """Wait for the charts too: they come after the script has ended."""
    settle(page)
    page.wait_for_timeout(1500)
    settle(page)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_heading_and_no_accessibility_violation(server, seen, new_page, url, scheme):
    page = new_page(color_scheme=scheme, reduced_motion="reduce")
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text) if message.type == "error" else None)
    view = seen[url]
    open_as(page, server, view.person, view.url, **view.query)
    drawn(page)
    no_exception(page)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_text("Demo: anyone may act as anyone.").first).to_be_visible()
    assert [line for line in console if "Content Security Policy" in line] == []
    no_accessibility_violation(page)


@pytest.mark.parametrize("url", URLS)
def test_a_narrow_screen_does_not_scroll_sideways(server, seen, new_page, url):
    page = new_page(width=400, height=850)
    view = seen[url]
    open_as(page, server, view.person, view.url, **view.query)
    drawn(page)
    wide = page.evaluate(
        """() => [document.scrollingElement, document.querySelector('[data-testid=stMain]')]
                 .filter(Boolean).map(e => e.scrollWidth - e.clientWidth)"""
    )
    assert max(wide) <= 0


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
def test_each_role_sees_only_its_pages(server, new_page, role):
    who = people(role)[0]
    page = new_page()
    for place in PLACES:
        open_as(page, server, who.person_id, place.url)
        no_exception(page)
        shut = page.get_by_text(f"The page “{place.title}” is not open to you as {role.title}.")
        expect(shut).to_have_count(0 if who.can(place.permission) else 1)
        if not who.can(place.permission):
            expect(page.get_by_test_id("stMain").get_by_role("link")).to_have_count(1)


def test_an_address_that_leads_nowhere_is_said_once(server, new_page):
    page = new_page()
    open_as(page, server, people(Role.STEWARD)[0].person_id, "nowhere")
    no_exception(page)
    page.keyboard.press("Escape")  # Streamlit's own words about it
    expect(page.get_by_text("There is no page at the address you opened.")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Catalogue").click()
    settle(page)
    expect(page.get_by_text("There is no page at the address you opened.")).to_have_count(0)


def test_each_person_of_the_demo_can_be_chosen_on_screen(server, new_page):
    page = new_page()
    page.goto(server.url)
    settle(page)
    expect(page.get_by_test_id("stSidebar").get_by_text("Acting as")).to_be_visible()
