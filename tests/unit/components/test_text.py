from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.text import one_line, paragraphs, plain

ACTIVE = "\\`*_{}[]()#+-.!|~<>$&=^:\"'/@"


def shown(escaped: str) -> str:
    """What a CommonMark reader shows: backslash escapes resolved; joiners are invisible."""
    return re.sub(rf"\\([{re.escape(string.punctuation)}])", r"\1", escaped).replace("\u2060", "")


def unescaped(escaped: str) -> str:
    """What is left once every escaped character is gone."""
    return re.sub(rf"\\[{re.escape(string.punctuation)}]", "", escaped)


@given(st.text())
def test_shows_exactly_the_characters_of_the_line(value):
    assert shown(plain(value)) == one_line(value)


@given(st.text(alphabet=st.sampled_from(ACTIVE + "ab1 \n")))
def test_leaves_no_active_punctuation(value):
    assert not set(unescaped(plain(value))) & set(ACTIVE)


@given(st.text(alphabet=st.sampled_from(":abz_+-1 /.")))
def test_no_shortcode_or_icon_survives_the_parser(value):
    """Streamlit replaces these in the parsed text, after backslashes are resolved."""
    text = re.sub(r"\\(.)", r"\1", plain(value)).replace(":material/", ":material_")
    assert not re.search(r":[\w+-]+:", text)


@pytest.mark.parametrize(
    "hostile",
    [
        ":material/home:",
        ":material_home:",
        ":streamlit:",
        ":+1:",
        ":smile:",
        "::smile::",
        ":a:b:",
        "see https://evil.example/x",
        "HTTP://evil.example",
        "mailto:someone",
        "www.evil.example",
        "WWW.evil.example",
        "someone@evil.example",
    ],
)
def test_what_is_replaced_after_parsing_is_broken_by_a_joiner(hostile):
    text = re.sub(r"\\(.)", r"\1", plain(hostile))
    assert not re.search(r"(?i)(https?://|mailto:\w|www\.|\w@\w|:[\w+/-]+:)", text)


def test_keeps_ordinary_words_readable():
    assert plain("cancer mlp v7, 48 of 898") == "cancer mlp v7, 48 of 898"


def test_drops_control_and_bidirectional_characters():
    assert one_line("a\u202eb\x00c\u200bd") == "abcd"


def test_cuts_long_text():
    assert len(one_line("x" * 10**6)) == 500
    assert one_line("x" * 501).endswith("…")


def test_paragraphs_are_lines():
    assert paragraphs("one\n\n# two\r\n") == ("one", r"\# two")
