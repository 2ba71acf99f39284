"""Intake: what came in, what was refused and why, and the upload."""

import streamlit as st

from components.feedback import or_stop
from components.oversight_intake import (
    PAGE_ROWS,
    SHEET,
    answer,
    ask_kind,
    show_arrivals,
    show_damage,
    show_rejects,
    show_upload,
)
from components.oversight_policy import show_policies
from components.page import page_title
from components.paging import page_number
from components.session import actor, desk

who = or_stop(actor)
view = desk().intake_view
kinds = or_stop(lambda: view.kinds(who))
rejects = or_stop(lambda: desk().evidence.rejects(who))
page_title("Intake", answer(kinds, rejects))
show_upload(who)
show_damage(or_stop(lambda: view.unreadable(who)))

st.header("Came in", anchor=False)
kind = ask_kind(kinds)
show_arrivals(or_stop(lambda: view.page(who, kind=kind, page=page_number(SHEET), size=PAGE_ROWS)))
show_rejects(rejects)
show_policies(or_stop(lambda: desk().evidence.policies(who)))
