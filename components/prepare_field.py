"""One field of the manifest as a form control: drawn by its kind, saved when it changes, validated as a file is."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from components.prepare_words import key_for, renew, save, show_refusal, spoken, watch
from components.session import actor, desk
from components.text import plain
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.prepare.form import Field
    from exeat.prepare.suggestions import Suggestion

LONG_KINDS = frozenset({"text", "lines", "map", "list"})
"""Controls that take the whole width."""
MOMENT, DAY = "2026-11-20T09:14:03Z", "2029-06-30"
"""Examples. Dates are typed: the parts of Streamlit's date field are smaller than WCAG 2.2 wants a target to be."""
HEIGHT = 110
"""Of a text area, in pixels."""
_WHOLE = re.compile(r"-?\d{1,15}")
_YES_NO = {True: "Yes", False: "No"}


def ask(draft_id: str, field: Field, value: Any, wrong: str, suggestion: Suggestion | None) -> None:
    """Draw the control of a field with its question; ``wrong`` says what does not fit."""
    key = key_for(draft_id, field.path)
    control(field, value, key, _changed, draft_id, field)
    show_refusal(key)
    if wrong and wrong != field.question:
        st.caption(f":material/error: {plain(wrong)}")
    if suggestion is not None and value is None:
        st.button(
            f"Use “{plain(suggestion.value, 80)}” ({plain(suggestion.source, 80)})",
            key=f"{key}:use",
            on_click=_use,
            args=(draft_id, field, key, suggestion.value),
        )


def control(field: Field, value: Any, key: str, saver: Callable[..., object], *args: Any) -> None:
    """Draw the control that fits the kind of the field, its question as the label; ``saver(*args, raw)`` saves it."""
    stop = "" if field.label.endswith("?") else "."
    label = spoken(f"{field.label}{stop} {field.question}" if field.question else field.label)
    _CONTROLS[field.kind](Drawn(field, label, value, key, saver, args))


def _use(draft_id: str, field: Field, key: str, value: Any) -> None:
    if save(key, lambda: desk().prepare.answer(actor(), draft_id, {field.path: value})):
        renew(draft_id)


def _changed(draft_id: str, field: Field, raw: Any) -> None:
    """Save what was typed; an emptied control forgets the answer."""
    value = typed(field, raw)
    if value is None:
        desk().prepare.take_back(actor(), draft_id, field.path)
    else:
        desk().prepare.answer(actor(), draft_id, {field.path: value})


def typed(field: Field, raw: Any) -> Any:
    """Return what a control holds as the value of the field; None when it is empty; raise BadInput."""
    if isinstance(raw, str):
        raw = raw.strip()
    if raw is None or raw == "":
        return None
    if field.kind in ("lines", "map"):
        lines = [line.strip() for line in str(raw).splitlines() if line.strip()]
        return lines if field.kind == "lines" else dict(_pair(line) for line in lines)
    if field.kind == "date" and day_of(raw) is None:
        raise BadInput(f"“{str(raw)[:40]}” is no date.", f"Write year, month and day: {DAY}")
    return raw


def _pair(line: str) -> tuple[str, Any]:
    name, sign, value = line.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise BadInput(f"“{line[:60]}” is no pair.", "Write one per line: learning_rate = 0.001")
    return name.strip(), plain_value(value.strip())


def plain_value(text: str) -> str | int | bool:
    """Return a whole number or a truth value as such; every other value stays text, as exact as it was typed."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if _WHOLE.fullmatch(text) else text


class Drawn(NamedTuple):
    """What a control is drawn from."""

    field: Field
    label: str
    value: Any
    key: str
    saver: Callable[..., object]
    args: tuple[Any, ...]

    def starts(self, start: Any) -> str:
        """Watch the control from the value with which it is drawn; return its key."""
        watch(self.key, start, self.saver, *self.args)
        return self.key


def _line(one: Drawn) -> None:
    hint = {"moment": MOMENT, "date": DAY}.get(one.field.kind)
    shown = "" if one.value is None else str(one.value)
    st.text_input(one.label, shown, max_chars=one.field.most or 300, placeholder=hint, key=one.starts(shown))


def _text(one: Drawn) -> None:
    shown = "" if one.value is None else str(one.value)
    st.text_area(one.label, shown, max_chars=one.field.most or None, height=HEIGHT, key=one.starts(shown))


def _several(one: Drawn) -> None:
    if one.field.kind == "map":
        shown = [f"{name} = {value}" for name, value in one.value.items()] if isinstance(one.value, dict) else []
        hint = "one per line: learning_rate = 0.001"
    else:
        shown, hint = list(map(str, one.value)) if isinstance(one.value, list | tuple) else [], "one per line"
    text = "\n".join(shown)
    st.text_area(one.label, text, height=HEIGHT, placeholder=hint, key=one.starts(text))


def _count(one: Drawn) -> None:
    start = one.value if isinstance(one.value, int) and not isinstance(one.value, bool) else None
    most = one.field.most or None
    start = start if start is not None and 0 <= start <= (most or start) else None
    st.number_input(
        one.label, value=start, min_value=0, max_value=most, step=1, placeholder="a whole number", key=one.starts(start)
    )


def _choice(one: Drawn) -> None:
    options = one.field.choices
    index = options.index(one.value) if one.value in options else None
    st.selectbox(
        one.label,
        options,
        index=index,
        format_func=said,
        placeholder="Choose",
        key=one.starts(None if index is None else options[index]),
    )


def _level(one: Drawn) -> None:
    options = list(range(one.field.most + 1))
    index = options.index(one.value) if one.value in options else None
    st.selectbox(one.label, options, index=index, format_func=str, placeholder="Choose", key=one.starts(index))


def _choices(one: Drawn) -> None:
    options = one.field.choices
    start = [value for value in one.value if value in options] if isinstance(one.value, list | tuple) else []
    st.multiselect(one.label, options, default=start, format_func=said, placeholder="Choose", key=one.starts(start))


def _flag(one: Drawn) -> None:
    index = [True, False].index(one.value) if isinstance(one.value, bool) else None
    st.radio(
        one.label,
        (True, False),
        index=index,
        format_func=_YES_NO.__getitem__,
        horizontal=True,
        key=one.starts(one.value if isinstance(one.value, bool) else None),
    )


def _list(one: Drawn) -> None:
    st.markdown(one.label)


def day_of(value: Any) -> date | None:
    """Return the date that a text holds, None when it holds none."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def said(word: str) -> str:
    """Return a value of an enumeration as people say it."""
    return word.replace("_", " ")


_CONTROLS: dict[str, Callable[[Drawn], None]] = {
    "line": _line,
    "moment": _line,
    "number": _line,
    "text": _text,
    "lines": _several,
    "map": _several,
    "count": _count,
    "choice": _choice,
    "choices": _choices,
    "flag": _flag,
    "level": _level,
    "date": _line,
    "list": _list,
}
