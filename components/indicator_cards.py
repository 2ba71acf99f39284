"""The worst indicators as cards: the sentence in people first; figure, interval, limit and note beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.charts.interval_strip import chosen, kind, row_label, verdict_text, worst_first
from components.charts.palette import sign_of
from components.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.policy.finding import Reading


def said_in_people(readings: Sequence[Reading]) -> list[Reading]:
    """Return the worst reading of each kind that can be said in people: with a limit first; no sentence twice."""
    found: dict[tuple[object, ...], Reading] = {}
    for reading in sorted(chosen(readings), key=_judged_first):
        if reading.in_people and reading.in_people not in {one.in_people for one in found.values()}:
            found.setdefault(kind(reading), reading)
    return list(found.values())


def _judged_first(reading: Reading) -> tuple[object, ...]:
    return reading.limit is None, *worst_first(reading)


def show_cards(readings: Sequence[Reading], limit: int = 3) -> None:
    """Draw the worst sentences in people, each with its figure and what it may not be taken for."""
    for reading in said_in_people(readings)[:limit]:
        mark = sign_of(reading)
        st.markdown(f":{mark.badge}-badge[{mark.icon} {mark.word}] {plain(reading.in_people)}")
        note = f". {plain(reading.note, 1000)}" if reading.note else ""
        st.caption(f"{plain(row_label(reading))}: {plain(verdict_text(reading))}{note}")
