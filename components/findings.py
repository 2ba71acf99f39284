"""Findings, blocking first: what is wrong, why it matters, on what evidence, and what would remedy it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.charts.interval_strip import strip_table
from components.charts.palette import sign
from components.numbers import counted
from components.table import table
from components.text import paragraphs, plain
from exeat.policy.finding import Barrier, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from exeat.policy.finding import Assessment, Finding

BARRIER_WORDS = {
    Barrier.BLOCKING: "blocks approval; only the board can override it",
    Barrier.CONDITIONAL: "blocks approval unless overridden with a reason and a residual risk",
    Barrier.NONE: "does not block approval",
}
SAID = 3
"""So many sentences in people at most; readings come worst first."""
_ORDER = list(Barrier)
_SHOWN = (Verdict.FAIL, Verdict.NOT_MEASURED, Verdict.WARN)


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings: blocking, then conditional, then by verdict, then by name."""
    verdicts = list(Verdict)
    return sorted(findings, key=lambda f: (_ORDER.index(f.barrier), verdicts.index(f.verdict), f.check))


def count_sentence(assessment: Assessment) -> str:
    """Return ``2 fail · 1 not measured · 3 warn · 31 pass``; what did not occur is left out."""
    counts = [(verdict, assessment.count(verdict)) for verdict in Verdict]
    return " · ".join(f"{count} {verdict.title}" for verdict, count in counts if count) or "nothing was checked"


def show_findings(assessment: Assessment) -> None:
    """Draw all findings: those that stand in the way one by one, the rest behind one click."""
    st.header("Findings", anchor=False)
    st.write(f"{plain(count_sentence(assessment))}, as of {assessment.as_of}.")
    ordered = in_order(assessment.findings)
    open_ones = [finding for finding in ordered if finding.barrier is not Barrier.NONE]
    noted = [f for f in ordered if f.barrier is Barrier.NONE and f.verdict in _SHOWN]
    for finding in [*open_ones, *noted]:
        show_finding(finding, expanded=finding.barrier is Barrier.BLOCKING)
    rest = [finding for finding in ordered if finding not in open_ones and finding not in noted]
    if rest:
        with st.expander(f"{counted(len(rest), 'other check')}", icon=":material/checklist:"):
            for finding in rest:
                mark = sign(finding.verdict)
                st.markdown(
                    f"{mark.icon} **{mark.word} {plain(finding.check)}** {plain(finding.question)} — "
                    f"{plain(finding.headline)}"
                )


def show_finding(finding: Finding, *, expanded: bool = False) -> None:
    """Draw one finding with its reason, figures, evidence and remedy."""
    mark = sign(finding.verdict)
    label = f"**:{mark.badge}[{mark.word}] {plain(finding.check)}** {plain(finding.headline, 200)}"
    with st.expander(label, expanded=expanded, icon=mark.icon):
        st.markdown(f"**Question.** {plain(finding.question)} This {BARRIER_WORDS[finding.barrier]}.")
        for heading, text in (("Why it matters", finding.why), ("What would remedy it", finding.remedy)):
            for number, line in enumerate(paragraphs(text)):
                st.markdown(f"**{heading}.** {line}" if not number else line)
        if finding.components:
            st.markdown(f"**Concerns.** {plain(', '.join(finding.components))}")
        _in_people(finding)
        if finding.readings:  # the grid: rows of one line, and a narrow column scrolls by keyboard
            table(_figures_first(finding), f"Figures behind {finding.check}", grid=True)
        _evidence(finding)


def _figures_first(finding: Finding) -> pd.DataFrame:
    """Return the readings as rows; what a narrow column shows first must tell them apart."""
    frame = strip_table(finding.readings)
    first = [name for name in ("Verdict", "Value", "Interval") if name in frame]
    return frame[[*first, *(name for name in frame if name not in first)]]


def _in_people(finding: Finding) -> None:
    """Say the worst figures in people; one finding may rest on a hundred of them."""
    said = list(dict.fromkeys((r.in_people, r.note) for r in finding.readings if r.in_people))
    for sentence, note in said[:SAID]:
        st.markdown(f"**In people.** {plain(sentence)} {plain(note, 1000)}".rstrip())
    if len(said) > SAID:
        st.markdown(f"The figures of {counted(len(said) - SAID, 'more sentence')} are in the table.")


def _evidence(finding: Finding) -> None:
    digests = dict.fromkeys(r.report_sha256 for r in finding.readings if r.report_sha256)
    lines = [*finding.evidence, *(f"risk report {digest[:19]}…" for digest in digests)]
    if lines:
        st.caption("Evidence: " + plain("; ".join(lines), 2000))
