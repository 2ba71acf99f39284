"""One item of the docket, for the projector: no names, no per-record data; below it the chair's record."""

import streamlit as st

from components.board_decision import show_decision
from components.board_item import place_of, show_item, show_record
from components.feedback import or_stop, show_outcome
from components.page import page_title
from components.session import actor, desk
from components.text import plain

st.set_page_config(initial_sidebar_state="collapsed")  # it names who is signed in; the projector should not
release_id = str(st.query_params.get("release", ""))[:80]
who = or_stop(actor)
if not release_id:
    page_title("Board item", "No item is chosen.")
    st.page_link("pages/board/docket.py", label="Choose one from the docket", icon=":material/event_note:")
    st.stop()

item = or_stop(lambda: desk().board.item(who, release_id))
or_stop(lambda: desk().review.view(who, release_id))

show_item(item)
with st.bottom:  # pinned, so that it is in view wherever the button was
    show_outcome(place_of(release_id))
st.write(plain(item.turn))
show_record(item)
show_decision(item)
st.page_link("pages/board/docket.py", label="Back to the docket", icon=":material/event_note:")
