"""A list of the manifest in the form: none, or entries that the person names one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.numbers import counted
from components.prepare_words import RENEW, key_for, renew, save, show_refusal, spoken, watch
from components.session import actor, desk
from exeat.errors import Incomplete
from exeat.evidence.manifest_path import LISTS, item
from exeat.prepare.form import entry_word
from exeat.prepare.suggestions import channels_from

if TYPE_CHECKING:
    from exeat.prepare.views import Prepared

NONE_WORDS = {
    "seeds": "No seed was used",
    "safeguards": "No protection was applied",
    "masked": "Nothing is masked",
    "metrics": "Nothing was measured",
    "reproducibility": "I say nothing about reproducing it",
    "leakage_channels": "None was looked at",
}
"""What an empty list says; the others need an entry."""


def ask_list(view: Prepared, path: str) -> None:
    """Offer that there are none, and a field to name an entry; its own fields appear as soon as it has a name."""
    draft_id, word = view.draft.id, entry_word(path)
    key = key_for(draft_id, f"{path}:new")
    none = view.draft.answers.get(path) == []
    for entry in view.entries(path):
        st.button(
            spoken(f"Remove {word} {entry}", 100), key=f"{key}:drop:{entry}", icon=":material/delete:",
            on_click=_drop, args=(draft_id, key, item(path, entry)),
        )  # fmt: skip
    if path in NONE_WORDS and not view.entries(path):
        watch(f"{key}:none", none, _none, draft_id, path)
        st.checkbox(NONE_WORDS[path], value=none, key=f"{key}:none")
    hints = channels_from(view.contents) if path == "leakage_channels" and not none else {}
    new = {one: entry for one, entry in hints.items() if one not in view.draft.answers}
    if new:
        st.button(
            f"List {counted(len(new), 'channel')} that the inspection found", key=f"{key}:found",
            on_click=_found, args=(draft_id, key, new),
        )  # fmt: skip
    if not none:
        what = LISTS[path] if LISTS[path] != "id" else "short name"
        watch(key, "", _add, draft_id, path)
        st.text_input(f"Add a {word}: its {what}", key=key)
    show_refusal(key)


def _none(draft_id: str, path: str, ticked: bool) -> None:
    if ticked:
        desk().prepare.answer(actor(), draft_id, {path: []})
    else:
        desk().prepare.take_back(actor(), draft_id, path)


def _add(draft_id: str, path: str, name: str) -> str:
    if not name.strip():
        raise Incomplete("The entry needs a name.", "Type one.")
    desk().prepare.answer(actor(), draft_id, {item(path, name.strip()): {}})
    return RENEW


def _found(draft_id: str, key: str, entries: dict[str, dict[str, str]]) -> None:
    if save(key, lambda: desk().prepare.answer(actor(), draft_id, entries)):
        renew(draft_id)


def _drop(draft_id: str, key: str, path: str) -> None:
    if save(key, lambda: desk().prepare.take_back(actor(), draft_id, path)):
        renew(draft_id)
