"""Access: who touched which checkpoint when, how much, and what was denied."""

import streamlit as st

from components.access_view import (
    ask_principal,
    ask_window,
    show_denied,
    show_flow,
    show_hours,
    show_matrix,
    show_sources,
    show_state,
    show_volume,
)
from components.feedback import or_stop
from components.page import empty, page_title
from components.session import actor, desk

who = or_stop(actor)
patterns = desk().patterns
head = st.container()
window = ask_window(or_stop(lambda: patterns.span(who)))
summary = or_stop(lambda: patterns.summary(who, window))
with head:
    page_title("Access", summary.sentence)
    show_state(summary)
if not summary.events:
    empty("There is nothing to draw.", "Choose more days, or ingest access events: exeat ingest FILE.")
    st.stop()

simulated = summary.simulated
principals = patterns.principals(who, window)
principal = ask_principal(principals)
hours = patterns.hours(who, window, shown=principal)
show_hours(hours, principal, principals.get(principal, ""), simulated=simulated)
show_matrix(patterns.matrix(who, window), simulated=simulated)
left, right = st.columns(2, gap="large")
with left:
    show_flow(patterns.flow(who, window), simulated=simulated)
with right:
    show_volume(patterns.volume(who, window), simulated=simulated)
show_denied(patterns.denied(who, window), simulated=simulated)
show_sources(patterns.sources(who, window))
