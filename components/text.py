"""Imported text on screen: never Markdown, never HTML, never a formula, an icon or a link."""

from __future__ import annotations

import re
import unicodedata

from exeat.policy.measured.regimes import ACCESS

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$&=^:\"'/@])")
_JOINER = "\u2060"
"""Word joiner: invisible, and it breaks what Streamlit still replaces after Markdown is parsed."""
_AFTER_PARSING = re.compile(
    r"(?i):(?=[\w+\-/:]+:)|(?<=http):|(?<=https):|(?<=ftp):|(?<=mailto):|(?<=xmpp):|(?<=www)(?=\.)|@|[-<>~](?=[-=>])"
)
_BLANK = re.compile(r"\s+")


def one_line(value: object, limit: int = 500) -> str:
    """Return the text on one line without control, bidirectional and invisible characters, cut at ``limit``."""
    text = _BLANK.sub(" ", str(value))
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co")).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain(value: object, limit: int = 500) -> str:
    """Return the text so that Streamlit's Markdown shows exactly these characters, on one line.

    Backslashes switch off Markdown, HTML, formulas and directives. Emoji shortcodes, icons and bare links are
    replaced after parsing, where no backslash is left to see; a word joiner breaks those.
    """
    broken = _AFTER_PARSING.sub(lambda found: found[0] + _JOINER, one_line(value, limit))
    return _PUNCTUATION.sub(r"\\\1", broken)


def paragraphs(value: object, limit: int = 20_000) -> tuple[str, ...]:
    """Return the lines of a longer text, each escaped; empty lines are dropped."""
    return tuple(plain(line, limit) for line in str(value)[:limit].splitlines() if line.strip())


def adversary(access: str) -> str:
    """Return what the attacker sees of the model, in words: ``sees confidences`` for ``api_conf``."""
    return ACCESS.get(access, access.replace("_", " "))
