"""Turning pages: the number stands in the address, and anything odd there means the first page."""

from __future__ import annotations

import streamlit as st

_LONGEST = 6


def page_number(key: str) -> int:
    """Return which page the address or the widget asks for; ``key`` is the name in the address."""
    asked = str(st.session_state.get(key) or st.query_params.get(key, "1"))
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= _LONGEST else 1


def turn_pages(key: str, total: int, rows: int) -> None:
    """Offer the other pages when there are any."""
    pages = -(-total // rows)
    if pages > 1:
        st.pagination(pages, key=key, bind="query-params")
