"""The docket of the board: what waits, and what will come."""

import streamlit as st

from components.board_docket import docket_answer, show_docket
from components.feedback import or_stop
from components.page import page_title
from components.session import actor, desk

who = or_stop(actor)
with st.spinner("Reading the docket…"):
    rows = or_stop(lambda: desk().board.docket(who))
page_title("Docket", docket_answer(rows))
show_docket(rows, desk().clock().date())
