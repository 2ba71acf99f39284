"""The one place that shows an error, a success with its ledger entry, or why a control is off."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import streamlit as st

from components.session import desk
from components.text import plain
from exeat.errors import ExeatError, Stale

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.ledger.statement import Entry

T = TypeVar("T")
_OUTCOME = "outcome"
log = logging.getLogger("exeat.app")


class DoneLike(Protocol):
    """What every use case returns: the entry and one sentence."""

    @property
    def entry(self) -> Entry:
        """Return the ledger entry."""
        ...

    @property
    def sentence(self) -> str:
        """Return what was done, in one sentence."""
        ...


def show_error(error: ExeatError) -> None:
    """Show what happened and what to do next."""
    _error(error.headline, error.what_to_do, error.newer if isinstance(error, Stale) else ())


def _error(headline: str, what_to_do: str, newer: tuple[str, ...] | list[str] = ()) -> None:
    lines = [f"**{plain(headline)}**", *(f"- {plain(line)}" for line in newer)]
    st.error("\n".join(lines) + (f"\n\n{plain(what_to_do)}" if what_to_do else ""), icon=":material/error:")


def or_stop(load: Callable[[], T]) -> T:
    """Return what ``load`` returns; when it is refused, show why and end the page there."""
    try:
        return load()
    except ExeatError as error:
        show_error(error)
        st.stop()


def done(result: DoneLike) -> None:
    """Show what was done, its ledger entry number and the receipt to download."""
    _done(result.sentence, result.entry.seq)


def _done(sentence: str, seq: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(f"**{plain(sentence)}** Ledger entry {seq:,}.", icon=":material/task_alt:")
        receipt_button(seq)


def receipt_button(seq: int, *, key: str = "receipt") -> None:
    """Offer the offline proof of one ledger entry; it is made when asked for."""
    st.download_button(
        f"Receipt of entry {seq:,}",
        data=lambda: desk().ledger.receipt(seq),
        file_name=f"exeat-{seq}.tlog-proof",
        mime="text/plain",
        icon=":material/receipt_long:",
        on_click="ignore",
        key=f"{key}-{seq}",
    )


def attempt(action: Callable[[], DoneLike], *, place: str) -> bool:
    """Run a use case inside a callback and keep its outcome for ``show_outcome(place)``; return whether it was done.

    Anything that is not our own error is logged and shown as one calm sentence: a callback has no other net.
    """
    try:
        result = action()
    except ExeatError as error:
        newer = list(error.newer) if isinstance(error, Stale) else []
        _keep(place, error=[error.headline, error.what_to_do, newer])
        return False
    except Exception:
        log.exception("unexpected error in %s", place)
        _keep(place, error=["Something unexpected went wrong.", "Reload the page to see whether it was written.", []])
        return False
    _keep(place, done=[result.sentence, result.entry.seq])
    return True


def _keep(place: str, **outcome: list[Any]) -> None:
    st.session_state[_OUTCOME] = {"place": place, **outcome}


def forget_outcome() -> None:
    """Drop the last outcome: something new begins."""
    st.session_state.pop(_OUTCOME, None)


def show_outcome(place: str) -> None:
    """Show what the last action at this place led to; an outcome of another place is dropped."""
    outcome = st.session_state.get(_OUTCOME)
    if not outcome:
        return
    if outcome["place"] != place:
        del st.session_state[_OUTCOME]
    elif "done" in outcome:
        _done(*outcome["done"])
    else:
        _error(*outcome["error"])


def gate_button(
    label: str,
    reason: str | None,
    *,
    key: str,
    on_click: Callable[..., Any] | None = None,
    args: tuple[Any, ...] = (),
    type: Literal["primary", "secondary", "tertiary"] = "secondary",  # noqa: A002 Streamlit's own word
    icon: str | None = None,
    shortcut: str | None = None,
) -> bool:
    """Draw a button; when ``reason`` is given it is off and the reason stands beneath it in words."""
    off = reason is not None
    clicked = st.button(
        label, key=key, disabled=off, type=type, icon=icon, shortcut=shortcut, on_click=on_click, args=args
    )
    if reason is not None:
        st.caption(f":material/lock: {plain(reason)}")
    return clicked
