"""The releases: what waits for me, ordered by risk and age."""

import streamlit as st

from components.feedback import or_stop
from components.page import page_title
from components.queue_view import answer, ask_filters, has_turns, page_number, show_rows
from components.session import actor, desk

who = or_stop(actor)
head = st.container()
filters = ask_filters(who)
number = page_number()
page = or_stop(lambda: desk().review.queue(who, filters, number))
with head:
    page_title("Releases" if has_turns(who) else "My releases", answer(page, who))
show_rows(page)
