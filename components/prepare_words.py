"""Words, keys and saving for the parts of the page on which a release is prepared."""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from components.text import one_line, plain
from exeat.errors import ExeatError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("exeat.app")
RENEW = "renew"
_WATCHED = "draft-watched"
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


class Watched(NamedTuple):
    """A control whose value is saved when it differs from ``seen``: by ``saver(*args, value)``."""

    seen: Any
    saver: Callable[..., object]
    args: tuple[Any, ...]


def watch(key: str, start: Any, saver: Callable[..., object], *args: Any) -> None:
    """Have a control saved at the start of the next run in which its value is another than ``start``; call it first.

    Not by a callback: a newer change stops the run that works on an older one, its callbacks with it, and Streamlit
    does not call them again. What was typed in one field while another was being saved would be lost.
    """
    watched = st.session_state.setdefault(_WATCHED, {})
    seen = watched[key].seen if key in watched else start
    watched[key] = Watched(seen, saver, args)


def flush(draft_id: str) -> None:
    """Save every control of the draft whose value changed; a saver that returns RENEW lets all start again."""
    watched: dict[str, Watched] = st.session_state.get(_WATCHED, {})
    again = False
    for key, one in list(watched.items()):
        if not key.startswith(key_for(draft_id, "")):
            watched.pop(key, None)
        elif key in st.session_state and (now := st.session_state[key]) != one.seen:
            outcome: list[object] = []
            saved = save(key, partial(_outcome, outcome, one, now))
            watched[key] = one._replace(seen=now)
            again |= saved and outcome[-1] == RENEW
    if again:
        _bump(draft_id)


def _outcome(outcome: list[object], one: Watched, now: object) -> None:
    outcome.append(one.saver(*one.args, now))


def renew(draft_id: str) -> None:
    """Save what is open, then let every widget of the draft start again from what is saved."""
    flush(draft_id)
    _bump(draft_id)


def _bump(draft_id: str) -> None:
    st.session_state[f"draft-turn:{draft_id}"] = st.session_state.get(f"draft-turn:{draft_id}", 0) + 1


def save(key: str, change: Callable[[], object]) -> bool:
    """Save one change; why it was refused is kept for ``show_refusal(key)``."""
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
