"""Turning pages: the number stands in the address, and anything odd there means the first page."""

from __future__ import annotations

import streamlit as st

_LONGEST = 6


def page_number() -> int:
    """Return which page the address or the widget asks for."""
    asked = str(st.session_state.get("page") or st.query_params.get("page", "1"))
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= _LONGEST else 1


def turn_pages(total: int, rows: int) -> None:
    """Offer the other pages when there are any."""
    pages = -(-total // rows)
    if pages > 1:
        st.pagination(pages, key="page", bind="query-params")
