"""Exposure of the people behind the data: sentences in people, the interval strip, and what was not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.charts.interval_strip import (
    chosen,
    heads,
    interval_strip,
    strip_alt,
    strip_table,
    urgent,
)
from components.figure import draw
from components.indicator_cards import show_cards
from components.numbers import counted
from components.table import twin
from components.text import plain
from exeat.policy.finding import Verdict

if TYPE_CHECKING:
    from exeat.policy.finding import Assessment, Reading

ROWS = 24
"""So many more figures are drawn at most; the table has all."""
REST_WORDS = {Verdict.NOT_APPLICABLE: "without a limit or not applicable"}


def readings_of(assessment: Assessment) -> tuple[Reading, ...]:
    """Return every figure of the assessment once, under its worst verdict."""
    verdicts: dict[tuple[object, ...], Reading] = {}
    for finding in assessment.findings:
        for reading in finding.readings:
            verdicts.setdefault(_same(reading), reading)
            if _worse(reading, verdicts[_same(reading)]):
                verdicts[_same(reading)] = reading
    return tuple(verdicts.values())


def _same(reading: Reading) -> tuple[object, ...]:
    return reading.indicator_id, reading.label, reading.fpr, reading.subgroup, reading.report_sha256, reading.value


def _worse(one: Reading, other: Reading) -> bool:
    ranks = list(type(one.verdict))
    return ranks.index(one.verdict) < ranks.index(other.verdict)


def nothing_measured(assessment: Assessment) -> str:
    """Say why there is no figure: none applies to what leaves, or none was measured."""
    if any(finding.verdict is Verdict.NOT_MEASURED for finding in assessment.findings):
        return "Nothing was measured. Not measured never passes."
    return "No exposure figure applies to what would leave; the findings say why."


def show_exposure(assessment: Assessment) -> None:
    """Draw every indicator as value with interval against its limit; the bad end of the interval decides."""
    st.header("Exposure", anchor=False)
    readings = readings_of(assessment)
    if not readings:
        st.info(plain(nothing_measured(assessment)), icon=":material/help:")
        return
    show_cards(readings)
    st.caption(
        f"As of {assessment.as_of}. Dot: value. Line: interval; its bad end decides. Dotted line: limit, with the side "
        "beyond it shaded; the word says whether that fails or only warns. Hollow diamond: not measured. Dash: not "
        "applicable."
    )
    first = heads(urgent(readings))
    if first:
        _strip(first, assessment, "exposure-strip")
    else:
        st.write("Nothing fails, warns or is missing.")
    _rest(readings, first, assessment)
    twin(strip_table(readings), f"{counted(len(readings), 'indicator')}, subgroups included", grid=True)


def rest_of(readings: tuple[Reading, ...], first: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Return what no row of the first strip shows, the worst first; what was not measured is in the table alone."""
    shown = {_figure(reading) for reading in first}
    rest = chosen([one for one in readings if one.verdict is not Verdict.NOT_MEASURED])
    return tuple(one for one in rest if _figure(one) not in shown)


def _figure(reading: Reading) -> tuple[object, ...]:
    """Return what makes it this figure, whatever its label adds."""
    return reading.indicator_id, reading.fpr, reading.subgroup, reading.report_sha256, reading.value, reading.ci_low


def rest_words(rest: tuple[Reading, ...]) -> str:
    """Return ``12 more figures: 5 fail, 7 pass``."""
    verdicts = [one.verdict for one in rest]
    said = [f"{verdicts.count(one)} {REST_WORDS.get(one, one.title)}" for one in Verdict if one in verdicts]
    return f"{counted(len(rest), 'more figure')}: {', '.join(said)}"


def _rest(readings: tuple[Reading, ...], first: tuple[Reading, ...], assessment: Assessment) -> None:
    rest = rest_of(readings, first)
    if not rest:
        return
    with st.expander(plain(rest_words(rest)), icon=":material/tune:"):
        _strip(rest[:ROWS], assessment, "exposure-rest")
        if len(rest) > ROWS:
            st.caption(f"The {ROWS} worst are drawn; the others are in the table.")


def _strip(readings: tuple[Reading, ...], assessment: Assessment, key: str) -> None:
    draw(interval_strip(readings), key=key, alt=strip_alt(readings, assessment.as_of))
