"""The figures behind the exposure, each with one plain sentence; what nobody measured is said once, not drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from components.charts.palette import QUIET, inked
from components.measured import Panel, missing, panels
from components.numbers import listed
from components.table import table, twin
from components.text import plain
from exeat.policy.sentence import noun_for

if TYPE_CHECKING:
    from exeat.review.dossier import Dossier
    from exeat.review.views import CaseView


class Drawn(NamedTuple):
    """What one body of evidence gives: panels, what nobody measured, what is simulated."""

    panels: tuple[Panel, ...]
    missing: tuple[str, ...]
    simulated: tuple[str, ...]


def show_measured(case: CaseView) -> None:
    """Draw what the reports hold beside single figures, two beside each other; then what is missing, in one line."""
    st.header("How it was measured", anchor=False)
    found = _drawn((case.release_id, case.basis, st.context.theme.type or "light"), case.dossier)
    for what in found.simulated:
        st.warning(f"Simulated, not measured: {plain(what, 300)}.", icon=":material/science:")
    pictures = [panel for panel in found.panels if panel.chart is not None]
    for first in range(0, len(pictures), 2):
        for column, panel in zip(st.columns(2, gap="large"), pictures[first : first + 2], strict=False):
            with column:
                _show(panel)
        for panel in pictures[first : first + 2]:  # across both columns: a table that scrolls has no way in by keyboard
            twin(panel.frame, f"{panel.title[0].lower()}{panel.title[1:]}, {panel.caption}")
    for panel in found.panels:
        if panel.chart is None:
            _show(panel)
    if not found.panels:
        st.caption(plain(nothing(case)))
    elif found.missing:
        st.caption(plain(f"Not measured, which is not zero: {listed(found.missing)}.", 900))


def _show(panel: Panel) -> None:
    st.subheader(panel.title, anchor=False)
    if panel.badge:
        hue, icon, word = panel.badge
        st.markdown(f":{hue}-badge[{icon} {word}]")
    st.markdown(plain(panel.sentence, 1200))
    if panel.chart is None:
        table(panel.frame, panel.caption)
        st.caption(plain(panel.reading, 2000))
        return
    st.plotly_chart(panel.chart, key=f"measured-{panel.key}", alt=panel.alt, config=QUIET)
    st.caption(plain(panel.reading, 2000))


def nothing(case: CaseView) -> str:
    """Say why there is no figure, and what to do."""
    if not case.reports:
        return "No report measures these files. Next step: run exeat audit where the data are and ingest its report."
    if not case.assessment.report_sha256s:
        return "No report is about what would leave."
    return (
        "The reports hold nothing to draw. Curves, bounds on ε and subgroups come from exeat audit, protections tried "
        "on copies from exeat pilot, a training trace from exeat.audit.Recorder. Not measured is not zero."
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _drawn(
    key: tuple[str, str, str],
    _dossier: Dossier,
) -> Drawn:
    """Return the figures of this evidence in the ink of the theme, kept as they are and never changed again.

    The key names release, evidence and theme. Whoever may open the case, which was asked just before, sees the same.
    """
    found = _dossier.measured()
    made = panels(found, noun_for(_dossier.manifest.data_sources))
    for panel in made:
        if panel.chart is not None:
            inked(panel.chart, key[-1])
    return Drawn(made, missing(found), found.simulated)
