"""A reviewer's seat without touching the mouse: from the queue to the ledger entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from exeat.policy.finding import Barrier
from tests.browser.cases import a_case_for, opened, state_of, stewards
from tests.browser.seeing import open_as, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOCUSED = """() => { const e = document.activeElement; if (!e || !e.matches('button, input, a, summary')) return '';
  const label = e.closest('label');
  return [e.getAttribute('aria-label'), e.innerText, label && label.innerText].filter(Boolean).join(' '); }"""


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focus is on something with these words; a person would give up at some point too."""
    for _ in range(250):
        page.keyboard.press("Tab")
        if words in page.evaluate(FOCUSED):
            return
    raise AssertionError(f"Tab never reached {words!r}")


def focus_is_visible(page: Page) -> bool:
    return page.evaluate(
        """() => { const s = getComputedStyle(document.activeElement);
           return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; }"""
    )


def test_a_seat_by_keyboard_alone(server, home, new_page):
    one, two = stewards()
    with opened(home) as desk:
        case = a_case_for(desk, one, two, Barrier.BLOCKING)
        title = desk.review.case(one, case).proposal.title
    page = new_page()
    open_as(page, server, one.person_id, "queue", q=title)
    page.keyboard.press("Alt+o")
    page.wait_for_url("**/release?**")
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    tab_to(page, "I have no conflict of interest")
    page.keyboard.press("Space")
    settle(page)
    tab_to(page, "Take a reviewer's seat…")
    assert focus_is_visible(page)
    page.keyboard.press("Enter")
    settle(page)
    tab_to(page, "Yes, take a reviewer's seat")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_text("You have a seat in this review.")).to_be_visible()
    assert state_of(home, case).state.seat_of(one.person_id) is not None
