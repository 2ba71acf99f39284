"""Prepare a release: upload what there is, answer what is open, see the reviewers' findings, submit."""

import streamlit as st

from components.feedback import or_stop, show_outcome
from components.page import page_title
from components.prepare_files import show_files
from components.prepare_leaves import show_leaves_form
from components.prepare_list import show_drafts
from components.prepare_manifest import show_manifest
from components.prepare_preview import show_preview
from components.prepare_submit import show_sent, show_steps, show_submit
from components.prepare_words import flush, place_of
from components.session import actor, desk

draft_id = str(st.query_params.get("draft", ""))[:40]
who = or_stop(actor)
if not draft_id:
    show_drafts(who)
    st.stop()

flush(draft_id)
view = or_stop(lambda: desk().prepare.open(who, draft_id))
page_title(view.title, view.answer)
with st.bottom:  # pinned, so that it is in view wherever the button was
    show_outcome(place_of(draft_id))
    if not view.draft.sent:
        show_steps(view)
if view.draft.sent:
    show_sent(view)
    st.stop()
show_files(view)
show_manifest(view)
show_leaves_form(view)
show_preview(view)
show_submit(view)
