"""The catalogue: what exists, and what this person may have of it."""

import streamlit as st

from components.catalogue_list import PAGE_ROWS, SHEET, answer, ask_filters, show_rows
from components.feedback import or_stop
from components.page import page_title
from components.paging import page_number
from components.session import actor, desk
from exeat.access.catalogue import Filters

who = or_stop(actor)
head = st.container()
filters = ask_filters(or_stop(lambda: desk().catalogue.facets(who, Filters())))
number = page_number(SHEET)
found = or_stop(lambda: desk().catalogue.browse(who, filters, page=number, size=PAGE_ROWS))
with head:
    page_title("Catalogue", answer(found, who))
show_rows(found, who)
