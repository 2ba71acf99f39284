"""The dossier of one release: everything a decision stands on, on one page, and the decision itself."""

import streamlit as st

from components.decision_form import show_decide
from components.dossier_exposure import show_exposure
from components.dossier_header import show_header
from components.dossier_history import lineage_of, show_history
from components.dossier_inspection import show_contents
from components.dossier_leaves import show_leaves
from components.dossier_measured import show_measured
from components.dossier_reviews import show_reviews
from components.dossier_story import show_story
from components.dossier_utility import show_utility
from components.feedback import or_stop, show_outcome
from components.findings import show_findings
from components.page import choose_release
from components.release_actions import place_of, show_actions
from components.session import actor, desk

release_id = str(st.query_params.get("release", ""))[:80]
who = or_stop(actor)
if not release_id:
    choose_release()
    st.stop()

case = or_stop(lambda: desk().review.case(who, release_id))
or_stop(lambda: desk().review.view(who, release_id))
lineage = or_stop(lambda: lineage_of(case))

show_header(case)
with st.bottom:  # pinned, so that it is in view wherever the button was
    show_outcome(place_of(release_id))
left, right = st.columns(2, gap="large")
with left:
    show_leaves(case.proposal, case.manifest, case.policy)
    show_findings(case.assessment)
with right:
    show_exposure(case.assessment)
show_measured(case)
show_contents(case)
show_utility(case, lineage.versions if lineage else ())
show_history(case, lineage)
show_story(case.proposal, case.manifest)
show_reviews(case)
show_decide(case)
show_actions(case)
