"""The strongest indicators as cards: the sentence in people first, the figure with interval and limit beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.charts.interval_strip import bad_end, chosen, row_label, verdict_text
from components.charts.palette import sign_of
from components.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.policy.finding import Reading


def said_in_people(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings that can be said in people, one for each sentence: over a limit first, then strongest."""
    found: dict[str, Reading] = {}
    for reading in sorted(chosen(readings), key=_judged_first):
        if reading.in_people:
            found.setdefault(reading.in_people, reading)
    return list(found.values())


def _judged_first(reading: Reading) -> tuple[bool, int, float]:
    verdicts = list(type(reading.verdict))
    return reading.limit is None, verdicts.index(reading.verdict), -bad_end(reading)


def show_cards(readings: Sequence[Reading], limit: int = 3) -> None:
    """Draw the strongest sentences in people, each with its figure."""
    for reading in said_in_people(readings)[:limit]:
        mark = sign_of(reading)
        st.markdown(f":{mark.badge}-badge[{mark.icon} {mark.word}] {plain(reading.in_people)}")
        st.caption(f"{plain(row_label(reading))}: {plain(verdict_text(reading))}")
