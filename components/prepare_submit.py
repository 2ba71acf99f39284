"""Step 5 of preparing a release: submit, named and confirmed; and what a submitted draft says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.confirm import confirmed
from components.consequence import what_receivers_get
from components.feedback import attempt, receipt_button
from components.numbers import counted
from components.prepare_words import flush, place_of
from components.session import actor, desk
from components.text import plain
from exeat.errors import ExeatError
from exeat.prepare.views import FILES, LEAVES, MANIFEST, REPORTS, against, counts

if TYPE_CHECKING:
    from exeat.prepare.views import Prepared

SHOWN = 12
STEPS = (
    ("Files", "files", FILES),
    ("Description", "description", MANIFEST),
    ("What leaves", "leaves", LEAVES),
    ("What reviewers will see", "preview", REPORTS),
    ("Submit", "submit", ""),
)
"""The steps of the page, their anchors, and whose missing things they count."""


def show_submit(view: Prepared) -> None:
    """Draw what is missing and the button, with its reason while it is off."""
    st.header("5 Submit", anchor="submit")
    if view.missing:
        st.write("Still missing:")
        for one in view.missing[:SHOWN]:
            st.markdown(f"- {plain(one.sentence)}")
        if len(view.missing) > SHOWN:
            st.markdown(f"- and {counted(len(view.missing) - SHOWN, 'more thing', 'more things')}")
    confirmed(
        "Submit for review",
        consequence(view),
        view.why_not_submit,
        key=f"submit:{view.draft.id}",
        icon=":material/send:",
        on_yes=_submit,
        args=(view.draft.id, view.draft.version),
    )


def show_steps(view: Prepared) -> None:
    """Draw the way through the page, pinned: each step with what is missing in it."""
    left = counts(view.missing)
    said = [f"[{name}](#{anchor})" + (f" ({left[step]})" if left.get(step) else "") for name, anchor, step in STEPS]
    st.markdown(" · ".join(said))


def consequence(view: Prepared) -> str:
    """Name the release, what would leave to whom, and what the click writes."""
    if view.proposal is None or view.described is None:
        return ""
    leaving = tuple(part.component_id for part in view.proposal.components)
    gets = what_receivers_get(view.proposal, view.described.manifest, leaving)
    return (
        f"You submit “{view.proposal.title}” as the release {view.release_id}. The description, the reports and the "
        f"model files become evidence; reviewers see all of it. {against(view)} If they approve: {gets} "
        "What is submitted cannot be deleted."
    )


def _submit(draft_id: str, seen: int) -> None:
    flush(draft_id)  # what was typed after the question was read makes the screen stale, and says so
    attempt(lambda: desk().prepare.submit(actor(), draft_id, seen=seen), place=place_of(draft_id))


def show_sent(view: Prepared) -> None:
    """Say whose turn it is now, with a way to the release and the receipt; the title has named the entry."""
    sent = view.draft.sent
    if sent is None:
        return
    st.write(plain(turn_of(sent.release_id)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "pages/review/release.py",
            label="Open the release",
            icon=":material/fact_check:",
            query_params={"release": sent.release_id},
        )
        receipt_button(sent.seq, key="sent-receipt")
    st.caption("This draft does not change any more. Delete it when you like: the release does not need it.")


def turn_of(release_id: str) -> str:
    """Return whose turn the release is."""
    try:
        return desk().review.case(actor(), release_id).turn
    except ExeatError as error:
        return str(error)
