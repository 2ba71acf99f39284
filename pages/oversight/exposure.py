"""Exposure: which figures of all checkpoints cross their limit, by lineage and over time."""

import streamlit as st

from components.exposure_view import (
    as_of,
    ask_view,
    choose_checkpoint,
    show_aged,
    show_by_lineage,
    show_checkpoint,
    show_over_time,
)
from components.feedback import or_stop
from components.page import page_title
from components.session import actor, desk

who = or_stop(actor)
exposure = desk().exposure
head = st.container()
lineage, over_time = ask_view(or_stop(lambda: exposure.lineages(who)))
overview = or_stop(lambda: exposure.overview(who, lineage))
with head:
    page_title("Exposure", overview.sentence)

caption = as_of(overview, desk().clock().date())
points = or_stop(lambda: exposure.points(who, lineage))
if over_time:
    show_over_time(or_stop(lambda: exposure.months(who, lineage)), caption)
else:
    show_by_lineage(points, caption)

chosen = choose_checkpoint(points)
if chosen:
    show_checkpoint(or_stop(lambda: exposure.checkpoint(who, chosen)))
show_aged(or_stop(lambda: exposure.aged(who)))
