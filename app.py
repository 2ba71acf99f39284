"""Identity and navigation, nothing else."""

import streamlit as st

from components.navigation import first_url, places_for
from components.page import frame, no_pages, sign_in
from components.session import person

st.set_page_config(page_title="Exeat", page_icon="🗝️", layout="wide")

who = person()
if who is None:
    sign_in()
    st.stop()

sections: dict[str, list[object]] = {}
start = first_url(who)
for place in places_for(who):
    page = st.Page(place.path, title=place.title, icon=place.icon, url_path=place.url, default=place.url == start)
    sections.setdefault(place.section, []).append(page)

if not sections:
    no_pages(who)
    st.stop()

chosen = st.navigation(sections, position="sidebar")
frame(who)
chosen.run()
