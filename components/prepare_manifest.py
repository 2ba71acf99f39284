"""Step 2 of preparing a release: what the files say and where, what they disagree about, and what is still open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from components.numbers import counted
from components.prepare_field import LONG_KINDS, ask
from components.prepare_lists import ask_list
from components.prepare_many import ask_together, split
from components.prepare_words import key_for, renew, save, show_refusal, spoken, watch
from components.session import actor, desk
from components.table import table
from components.text import one_line, paragraphs, plain
from exeat.errors import BadInput
from exeat.prepare.form import GROUPS, addable, field_of, label_of
from exeat.prepare.proposal import belongs_to_the_wish
from exeat.prepare.suggestions import suggestions_for

if TYPE_CHECKING:
    from exeat.evidence.partial import Contradiction
    from exeat.prepare.form import Field
    from exeat.prepare.views import Prepared

SHOWN = 400
_BLANK = "choose a field"


def show_manifest(view: Prepared) -> None:
    """Draw the description: contradictions first, then the questions, then everything that is known."""
    st.header("2 Description", anchor="description")
    st.write(_sentence(view))
    for found in view.merged.contradictions:
        _contradiction(view, found)
    by_group: dict[str, list[Field]] = {name: [] for name in GROUPS}
    for path in view.asked:
        field = _field(view, path)
        if field is not None and field not in by_group[field.group]:
            by_group[field.group].append(field)
    for group, fields in by_group.items():
        if fields:
            st.subheader(group, anchor=False)
            _fields(view, fields)
    _one_more(view)
    _known(view)


def _sentence(view: Prepared) -> str:
    known = sum(1 for path in view.merged.paths if view.merged.facts_of(path)[0].origin.file)
    gaps = sum(1 for gap in view.merged.gaps if not belongs_to_the_wish(gap.path))
    open_ones = f"{counted(gaps, 'question is', 'questions are')} open" if gaps else "no question is open"
    return (
        f"{counted(known, 'field comes', 'fields come')} from the files; {open_ones}. What you type is saved at once."
    )


def _field(view: Prepared, path: str) -> Field | None:
    try:
        return field_of(path)
    except BadInput:
        st.error(plain(view.fits.get(path, f"{path} does not fit.")), icon=":material/error:")
        return None


def _quiet(path: str) -> Field | None:
    try:
        return field_of(path)
    except BadInput:
        return None


def _fields(view: Prepared, fields: list[Field]) -> None:
    """Draw short fields in pairs, long ones over the whole width, in their order."""
    fields, together = split(fields)
    for name, found in together.items():
        ask_together(view, name, found)
    pair: list[Any] = []
    hints = suggestions_for(view.found.merged)
    for field in fields:
        if field.kind in LONG_KINDS:
            pair = []
            _ask(view, field, hints)
            continue
        if not pair:
            pair = list(st.columns(2, gap="medium"))
        with pair.pop(0):
            _ask(view, field, hints)


def _ask(view: Prepared, field: Field, hints: Any) -> None:
    wrong = view.fits.get(field.path, "")
    given = view.draft.answers.get(field.path, view.merged.value(field.path))
    ask(view.draft.id, field, given, wrong, hints.get(field.path))
    if field.kind == "list":
        ask_list(view, field.path)


def _contradiction(view: Prepared, found: Contradiction) -> None:
    """Let the person say which file is right; the others stay on show."""
    key = key_for(view.draft.id, f"which:{found.path}")
    values = list(dict.fromkeys(str(fact.value) for fact in found.facts))
    chosen = str(found.settled.value) if found.settled else None
    sources = {value: [f for f in found.facts if str(f.value) == value] for value in values}
    told = {str(fact.value): fact.value for fact in found.facts}
    watch(key, chosen if chosen in values else None, _settle, view.draft.id, found.path, told)
    with st.container(border=True):
        st.radio(
            spoken(f"{label_of(found.path)}. The files disagree. Which is right?"),
            values,
            index=values.index(chosen) if chosen in values else None,
            format_func=lambda value: (
                f"{plain(value, 200)} — "
                + "; ".join(plain(f"{f.origin.file}, {f.origin.place}") for f in sources[value])
            ),
            key=key,
        )
        show_refusal(key)


def _settle(draft_id: str, path: str, values: dict[str, Any], chosen: str | None) -> None:
    if chosen in values:
        desk().prepare.answer(actor(), draft_id, {path: values[chosen]})


def _one_more(view: Prepared) -> None:
    """Offer every field of the schema: to add what no question asks, or to correct what a file says."""
    with st.expander("Add a field, or change what a file says", icon=":material/edit_note:"):
        document = view.merged.document()
        known = [field for field in map(_quiet, view.asked) if field is not None]
        alone = {field.path for field in split(known)[0]}
        paths = [path for path in addable(document) if not belongs_to_the_wish(path) and path not in alone]
        key = key_for(view.draft.id, "one-more")
        path = st.selectbox("Field", [_BLANK, *paths], format_func=lambda p: p if p == _BLANK else label_of(p), key=key)
        field = _field(view, str(path)) if path != _BLANK else None
        if field is not None:
            _ask(view, field, {})
            if view.merged.facts_of(field.path) and field.optional:
                st.button(
                    "Leave this field out", key=f"{key}:out", on_click=_leave_out, args=(view.draft.id, key, path)
                )


def _leave_out(draft_id: str, key: str, path: str) -> None:
    if save(key, lambda: desk().prepare.answer(actor(), draft_id, {path: None})):
        renew(draft_id)


def known_table(view: Prepared) -> pd.DataFrame:
    """Return every field with its value and where it comes from."""
    rows = []
    for path in view.merged.paths[:SHOWN]:
        fact = view.merged.facts_of(path)[0]
        origin = fact.origin
        settled = view.merged.value(path)
        rows.append(
            {
                "Field": label_of(path),
                "Value": "the files disagree" if settled is None and fact.value is not None else _said(settled),
                "File": one_line(origin.file, 120) if origin.file else "you",
                "Place": one_line(origin.place, 160),
            }
        )
    return pd.DataFrame(rows)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "left out"
    if isinstance(value, list | tuple | dict):
        return one_line(", ".join(map(str, value)), 200) or "none"
    return one_line(value, 200)


def _known(view: Prepared) -> None:
    paths = view.merged.paths
    if paths:
        title = f"Everything that is known ({len(paths):,}), with file and place"
        with st.expander(title, icon=":material/fact_check:"):
            table(known_table(view), "Fields of the manifest, their values, and where each comes from")
            if len(paths) > SHOWN:
                st.caption(f"The first {SHOWN} of {len(paths):,} are shown.")
    if view.merged.notes:
        with st.expander(
            f"Noted, but the manifest has no place for it ({len(view.merged.notes)})", icon=":material/notes:"
        ):
            for file, note in view.merged.notes[:SHOWN]:
                for line in paragraphs(f"{file}: {note}", 400):
                    st.markdown(f"- {line}")
