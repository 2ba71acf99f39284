"""Exposure of the people behind the data: sentences in people, the interval strip, and what was not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.charts.interval_strip import interval_strip, strip_alt, strip_table, urgent
from components.figure import draw
from components.indicator_cards import show_cards
from components.numbers import counted
from components.table import twin
from components.text import plain
from exeat.policy.finding import Verdict

if TYPE_CHECKING:
    from exeat.policy.finding import Assessment, Reading


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
    first = urgent(readings)
    rest = tuple(reading for reading in readings if reading not in first)
    if first:
        _strip(first, assessment, "exposure-strip")
    else:
        st.write("Nothing fails, warns or is missing.")
    if rest:
        with st.expander(
            f"{counted(len(rest), 'more indicator')}: passing, or without a limit", icon=":material/tune:"
        ):
            _strip(rest, assessment, "exposure-rest")
    twin(strip_table(readings), f"{counted(len(readings), 'indicator')}, subgroups included", grid=True)


def _strip(readings: tuple[Reading, ...], assessment: Assessment, key: str) -> None:
    draw(interval_strip(readings), key=key, alt=strip_alt(readings, assessment.as_of))
