"""The drafts of a submitter: open one, delete one, start a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.confirm import confirmed
from components.feedback import gate_button, or_stop
from components.numbers import counted, day, size
from components.page import empty, page_title
from components.prepare_words import save, show_refusal
from components.session import actor, desk
from components.text import plain
from exeat.prepare.rules import reason_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.model.draft import Draft
    from exeat.model.person import Person

PAGE = "pages/submit/prepare.py"
_NEW, _STARTED = "draft-new", "draft-started"


def answer(drafts: Sequence[Draft]) -> str:
    """Return the sentence that opens the list."""
    open_ones = sum(draft.sent is None for draft in drafts)
    if not drafts:
        return "You have no draft. Start one with the model file and whatever describes it."
    sent = len(drafts) - open_ones
    return f"{counted(open_ones, 'draft waits', 'drafts wait')} for you; {counted(sent, 'is', 'are')} submitted."


def show_drafts(who: Person) -> None:
    """Draw the list, the last changed first."""
    started = st.session_state.pop(_STARTED, None)
    if started:
        st.switch_page(PAGE, query_params={"draft": started})
    drafts = or_stop(lambda: desk().prepare.drafts(who))
    page_title("Prepare a release", answer(drafts))
    st.write(
        "You upload what you have, answer what it leaves open, and see the reviewers' findings before you submit. "
        "Nobody but you sees a draft."
    )
    gate_button(
        "Start a new draft",
        reason_start(who, len(drafts)),
        key=_NEW,
        icon=":material/add:",
        on_click=_start,
    )
    show_refusal(_NEW)
    show_refusal("draft-deleted")
    if not drafts:
        empty("No drafts yet.", "Drafts stay here until you delete them.")
    for draft in drafts:
        _row(draft)


def _start() -> None:
    def start() -> None:
        st.session_state[_STARTED] = desk().prepare.start(actor()).id

    save(_NEW, start)


def _row(draft: Draft) -> None:
    title = or_stop(lambda: desk().prepare.title(actor(), draft))
    with st.container(border=True):
        st.markdown(f"**{plain(title, 160)}**")
        state = f"submitted as {draft.sent.release_id}" if draft.sent else "not submitted"
        files = f"{counted(len(draft.files), 'file')}, {size(draft.bytes)}" if draft.files else "no files yet"
        st.caption(plain(f"{state} · {files} · last changed {day(draft.updated_at)}", 300))
        st.page_link(
            PAGE, label=f"Open {plain(title, 80)}", icon=":material/edit_document:", query_params={"draft": draft.id}
        )
        kept = " The release stays on the record." if draft.sent else " What you typed and uploaded is gone then."
        confirmed(
            "Delete this draft",
            f"You delete the draft “{title}” with {counted(len(draft.files), 'file')}.{kept}",
            None,
            key=f"delete:{draft.id}",
            icon=":material/delete:",
            on_yes=_delete,
            args=(draft.id,),
        )


def _delete(draft_id: str) -> None:
    save("draft-deleted", lambda: desk().prepare.delete(actor(), draft_id))
