"""What a recogniser is: a pattern that finds candidates in one pass, and a reader that accepts or refuses each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exeat.model.inspection import Channel


class Hit(NamedTuple):
    """Something found: its channel, where it stands in the text, and how it may be shown."""

    channel: Channel
    start: int
    end: int
    masked: str


class Recogniser(NamedTuple):
    """``pattern`` must take linear time; ``triggers`` are texts of which one must occur before it is tried at all."""

    name: str
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Iterator[Hit]]
    triggers: tuple[str, ...] = ()
    wanted: Callable[[re.Match[str]], bool] | None = None
    """Says cheaply whether a candidate is worth reading."""


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in which words and digits are ASCII."""
    return re.compile(pattern, re.ASCII)


def initial(text: str) -> str:
    """Return the first character of a word: ``a…``."""
    return f"{text[:1]}…" if text else ""
