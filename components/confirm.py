"""Two steps to anything that is written: say what will happen, then do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from components.feedback import forget_outcome, gate_button
from components.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable


def confirmed(
    label: str,
    consequence: str,
    reason: str | None,
    *,
    key: str,
    on_yes: Callable[..., Any],
    args: tuple[Any, ...] = (),
    icon: str | None = None,
) -> None:
    """Draw a button that first names the object and the consequence, and calls ``on_yes(*args)`` when that is agreed.

    ``args`` are those of the moment of drawing: the version that the person saw goes in there.
    """
    asked = f"{key}:asked"
    # The first button stays: it keeps the focus, and the next Tab leads into what it opened.
    gate_button(f"{label}…", reason, key=key, icon=icon, on_click=_ask, args=(asked,))
    if not st.session_state.get(asked) or reason is not None:
        st.session_state.pop(asked, None)
        return
    with st.container(border=True):
        st.markdown(f"**{plain(consequence, 1500)}**")
        with st.container(horizontal=True):
            st.button(
                f"Yes, {label[0].lower()}{label[1:]}", key=f"{key}:yes", icon=icon,
                on_click=_yes, args=(asked, on_yes, args),
            )  # fmt: skip
            st.button("Back", key=f"{key}:back", on_click=_back, args=(asked,))


def _ask(asked: str) -> None:
    forget_outcome()
    st.session_state[asked] = True


def _back(asked: str) -> None:
    st.session_state.pop(asked, None)


def _yes(asked: str, on_yes: Callable[..., Any], args: tuple[Any, ...]) -> None:
    st.session_state.pop(asked, None)
    on_yes(*args)
