"""One answer for many files: a sharded model has a hundred, and nobody answers the same question a hundred times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from components.numbers import counted
from components.prepare_field import control, typed
from components.prepare_words import key_for, show_refusal
from components.session import actor, desk
from components.text import one_line, plain

if TYPE_CHECKING:
    from exeat.prepare.form import Field
    from exeat.prepare.views import Prepared

FEW = 8
"""Up to here each file is asked about on its own."""
NAMES = 6


def split(fields: list[Field]) -> tuple[list[Field], dict[str, list[Field]]]:
    """Return the fields to ask one by one, and field name -> those of many files to ask together."""
    by_name: dict[str, list[Field]] = {}
    for field in fields:
        if field.path.startswith("components["):
            by_name.setdefault(field.path.rpartition("].")[2], []).append(field)
    together = {name: found for name, found in by_name.items() if len(found) > FEW}
    paths = {field.path for found in together.values() for field in found}
    return [field for field in fields if field.path not in paths], together


def ask_together(view: Prepared, name: str, fields: list[Field]) -> None:
    """Draw one control that answers for all these files."""
    key = key_for(view.draft.id, f"all:{name}")
    first = fields[0]
    values = [view.draft.answers.get(field.path, view.merged.value(field.path)) for field in fields]
    same = values[0] if all(value == values[0] for value in values) else None
    whole = first._replace(label=f"{name.replace('_', ' ').capitalize()} of {counted(len(fields), 'file')}")
    control(whole, same, key, _save, view.draft.id, first, tuple(field.path for field in fields))
    ids = [field.path.removeprefix("components[").partition("]")[0] for field in fields]
    more = f" and {len(ids) - NAMES} more" if len(ids) > NAMES else ""
    st.caption(plain(f"{', '.join(one_line(one, 60) for one in ids[:NAMES])}{more}", 600))
    show_refusal(key)


def _save(draft_id: str, field: Field, paths: tuple[str, ...], raw: Any) -> None:
    value = typed(field, raw)
    if value is not None:
        desk().prepare.answer(actor(), draft_id, dict.fromkeys(paths, value))
