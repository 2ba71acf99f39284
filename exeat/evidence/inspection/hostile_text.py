"""Texts out of a file on their way into a document: pickles may hold halves of characters that no UTF-8 can write."""

from __future__ import annotations


def clean(text: str, limit: int) -> str:
    """Return a text that can be written as UTF-8, cut to a length."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return whole if len(whole) <= limit else whole[: limit - 1] + "…"
