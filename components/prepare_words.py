"""Words, keys and saving for the parts of the page on which a release is prepared."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import streamlit as st

from components.text import one_line, plain
from exeat.errors import ExeatError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("exeat.app")
_HARMLESS = re.compile(r"(?:[\w\s.,;?!()/%…–’“”°+]|(?<=\w)-(?=\w)|:(?=\s|\d))*")
_STILL_READ = re.compile(r"(?i)www\.|(?<!\w)_|_(?!\w)|:\d+:|\\")


def place_of(draft_id: str) -> str:
    """Return where outcomes of a draft are shown."""
    return f"draft:{draft_id}"


def spoken(label: str, limit: int = 300) -> str:
    """Return the label of a control without backslashes where it needs none.

    Streamlit gives the label as written to screen readers: what ``plain`` escapes, they would read out.
    """
    text = one_line(label, limit)
    return text if _HARMLESS.fullmatch(text) and not _STILL_READ.search(text) else plain(text, limit)


def key_for(draft_id: str, name: str) -> str:
    """Return the key of a widget; it changes when something else than the widget itself changed the value."""
    return f"draft:{draft_id}:{st.session_state.get(f'draft-turn:{draft_id}', 0)}:{name}"


def renew(draft_id: str) -> None:
    """Let every widget of the draft start again from what is saved."""
    st.session_state[f"draft-turn:{draft_id}"] = st.session_state.get(f"draft-turn:{draft_id}", 0) + 1


def save(key: str, change: Callable[[], object]) -> bool:
    """Save one change inside a callback; why it was refused is kept for ``show_refusal(key)``."""
    st.session_state.pop(f"{key}:refused", None)
    try:
        change()
    except ExeatError as error:
        st.session_state[f"{key}:refused"] = str(error)
        return False
    except Exception:
        log.exception("unexpected error while saving a draft")
        st.session_state[f"{key}:refused"] = "Something unexpected went wrong; it was not saved. Reload the page."
        return False
    return True


def show_refusal(key: str) -> None:
    """Show beside a widget why its value was not saved."""
    refused = st.session_state.get(f"{key}:refused")
    if refused:
        st.error(plain(refused, 600), icon=":material/error:")
