"""One entry of the catalogue: what this person may have, why not the rest, and how to ask."""

import streamlit as st

from components.catalogue_entry import (
    choose_entry,
    show_answer,
    show_comparison,
    show_exposure,
    show_holdings,
    show_story,
    show_utility,
)
from components.feedback import or_stop
from components.session import actor, desk

checkpoint_id = str(st.query_params.get("checkpoint", ""))[:80]
who = or_stop(actor)
if not checkpoint_id:
    choose_entry()
    st.stop()

entry = or_stop(lambda: desk().catalogue.entry(who, checkpoint_id))
show_answer(entry)
show_holdings(entry)
show_exposure(entry)
show_utility(entry)
show_story(entry.manifest)

siblings = or_stop(lambda: desk().catalogue.siblings(who, checkpoint_id))
if siblings:
    st.header("Compare within the lineage", anchor=False)
    other = st.selectbox(
        "Compare with",
        ["", *siblings],
        key="with",
        bind="query-params",
        format_func=lambda one: one or "nothing",
        width=360,
    )
    if other:
        show_comparison(entry, or_stop(lambda: desk().catalogue.entry(who, other)))
