"""Identity and navigation, nothing else."""

import streamlit as st

from components.navigation import PLACES, first_url, places_for
from components.page import closed, frame, lost_way, menu, no_pages, sign_in
from components.session import person

st.set_page_config(page_title="Exeat", page_icon="🗝️", layout="wide")

who = person()
if who is None:
    sign_in()
    st.stop()

places = places_for(who)
if not places:
    no_pages(who)
    st.stop()

pages = {
    place.url: st.Page(
        place.path,
        title=place.title,
        icon=place.icon or None,
        url_path=place.url,
        visibility="visible" if place.listed else "hidden",
    )
    for place in places
}
home = first_url(who)


def start() -> None:
    """Go to the person's first page; a page of one's own keeps the address of every other page stable."""
    lost_way()
    st.switch_page(pages[home])


sections: dict[str, list[st.Page]] = {"": [st.Page(start, title="Exeat", default=True, visibility="hidden")]}
for place in places:
    sections.setdefault(place.section, []).append(pages[place.url])
for place in PLACES:
    if place not in places:
        shut = st.Page(closed(who, place, pages[home]), title=place.title, url_path=place.url, visibility="hidden")
        sections[""].append(shut)

chosen = st.navigation(sections, position="hidden")
menu(sections)
frame(who)
chosen.run()
