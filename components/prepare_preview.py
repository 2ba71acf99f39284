"""Step 4 of preparing a release: the findings that reviewers will see, before anything is submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.findings import show_findings
from components.numbers import counted
from components.prepare_contents import show_draft_contents
from components.prepare_reports import show_reports
from components.table import table
from components.text import plain
from exeat.policy.finding import Barrier
from exeat.policy.sentence import answer
from exeat.prepare.views import FILES, LEAVES, MANIFEST

if TYPE_CHECKING:
    from exeat.prepare.views import Prepared


def show_preview(view: Prepared) -> None:
    """Draw the reviewers' assessment of the draft, or what it still waits for."""
    st.header("4 What reviewers will see", anchor="preview")
    show_reports(view)
    show_draft_contents(view)
    if view.preview is None:
        st.info(plain(waits_for(view)), icon=":material/hourglass_empty:")
        return
    st.write(
        f"{plain(answer(view.preview.assessment))} This is the assessment that reviewers see, under the policy in "
        "force. Findings do not stop you: reviewers weigh them. Each says what would remedy it."
    )
    if view.preview.tiers:
        with st.expander("The same evidence at other tiers", icon=":material/compare_arrows:"):
            table(tiers_table(view), "What each tier would say of this release")
    show_findings(view.preview.assessment)


def waits_for(view: Prepared) -> str:
    """Return what the findings wait for."""
    steps = {one.step for one in view.missing}
    if FILES in steps:
        return "The findings appear here once there is a model file."
    if MANIFEST in steps:
        left = sum(1 for one in view.missing if one.step == MANIFEST)
        lacks = counted(left, "answer is", "answers are")
        return f"The findings appear here once the description is complete: {lacks} missing."
    if LEAVES in steps:
        return "The findings appear here once it is said to which tier, and in what form, each file goes."
    return "The findings appear here once nothing is missing."


def tiers_table(view: Prepared) -> pd.DataFrame:
    """Return for each tier what leaves there and what stands against it."""
    rows = []
    for outcome in view.preview.tiers if view.preview else ():
        found = outcome.assessment
        forms = ", ".join(f"{part.component_id}: {part.disposition.title}" for part in outcome.forms)
        rows.append(
            {
                "Tier": f"{outcome.tier} {outcome.tier.title}",
                "Form there": forms if outcome.leaves else "nothing leaves",
                "Block": len(found.barred_by(Barrier.BLOCKING)),
                "Need a reason": len(found.barred_by(Barrier.CONDITIONAL)),
            }
        )
    return pd.DataFrame(rows)
