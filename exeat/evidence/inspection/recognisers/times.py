"""Dates and points in time; a date in a version or model name is neither."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exeat.evidence.inspection.recognisers.checks import is_day
from exeat.evidence.inspection.recognisers.pool import label_before
from exeat.evidence.inspection.recognisers.shape import Hit, Recogniser, compiled
from exeat.model.inspection import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION = {
    "version",
    "release",
    "revision",
    "model",
    "tag",
    "api",
    "schema",
    "spec",
    "build",
    "license",
    "licence",
    "dtype",
}
_MADE = {
    *("created", "saved", "timestamp", "time", "started", "finished", "start", "end", "updated", "modified", "trained"),
    *("exported", "wall", "mtime", "now", "at", "stamp", "logged", "train", "run"),
}
"""Words of labels under which a date says when the work was done."""
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_MONTHS = {name: number for number, name in enumerate(_MONTH.split("|"), 1)}
_LIFE = ("birth", "dob", "death", "admission", "discharge", "visit", "diagnos", "appointment", "surgery", "scan")
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:[.,]0+)?)?\S{0,6}")
FIRST_EPOCH, LAST_EPOCH = 1_000_000_000, 4_102_444_800
"""2001 to 2100 in seconds: ten digits."""


def words_of(label: str) -> set[str]:
    """Return the words of a label."""
    return set(re.split(r"[_.\-]", label))


def is_version(label: str) -> bool:
    """Return whether a label says that its value names a version."""
    return not words_of(label).isdisjoint(_VERSION)


def day(text: str, start: int, label: str, *, timed: bool = False) -> Hit:
    """Return the hit of a date: a date of somebody's life, unless the label or a time of day says otherwise."""
    life = any(word in label for word in _LIFE)
    made = timed or not words_of(label).isdisjoint(_MADE)
    channel = Channel.TIMESTAMP if made and not life else Channel.DATE
    return Hit(channel, start, start + len(text), re.sub(r"\d", "•", text[:40]))


def epoch(text: str, start: int) -> Hit | None:
    """Return the hit of seconds, or thousandths, millionths, billionths of them, since 1970."""
    whole = text.partition(".")[0]
    scale = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}.get(len(whole))
    if scale is None or not whole.isdigit() or not FIRST_EPOCH <= int(whole) // scale <= LAST_EPOCH:
        return None
    return Hit(Channel.TIMESTAMP, start, start + len(text), f"{whole[:2]}…")


def _year_first(found: re.Match[str]) -> Iterator[Hit]:
    dashed = found[2] is not None
    parts = (found[2], found[3]) if dashed else (found[5], found[6])
    if is_day(int(found[1]), int(parts[0]), int(parts[1])):
        yield from _iso(found) if dashed else _compact(found)


def _iso(found: re.Match[str]) -> Iterator[Hit]:
    before = found.string[found.start() - 1 : found.start()]
    label = label_before(found.string, found.start())
    if is_version(label) or before.isalpha() or before in ("-", "+", "."):
        return
    timed = found[4] is not None and not _MIDNIGHT.fullmatch(found[4])
    yield day(found[0], found.start(), label, timed=timed)


def _compact(found: re.Match[str]) -> Iterator[Hit]:
    yield Hit(Channel.TIMESTAMP, found.start(), found.end(), re.sub(r"\d", "•", found[0]))


def _day_first(found: re.Match[str]) -> Iterator[Hit]:
    one, mark, two, year = int(found[1]), found[2], int(found[3]), int(found[4])
    if mark == "." and len(found[1]) + len(found[3]) < 4:  # noqa: PLR2004 1.2.2003 is a version too
        return
    label = label_before(found.string, found.start())
    if not is_version(label) and (is_day(year, two, one) or is_day(year, one, two)):
        yield day(found[0], found.start(), label)


def _in_words(found: re.Match[str]) -> Iterator[Hit]:
    number, month, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
    label = label_before(found.string, found.start())
    if not is_version(label) and is_day(int(year), _MONTHS[month], int(number)):
        yield day(found[0], found.start(), label)


RECOGNISERS = (
    Recogniser(
        "date, year first",
        compiled(
            r"([12](?<!\d[12])[09]\d\d)(?:-([01]\d)-([0-3]\d)"
            r"([T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![A-Za-z0-9-]|\.\d)"
            r"|([01]\d)([0-3]\d)(?:[_T-](?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?|(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)(?!\d))"
        ),
        _year_first,
    ),
    Recogniser(
        "date, day or month first",
        compiled(r"(\d(?<![\w./\-]\d)\d?)([./-])(\d{1,2})\2((?:19|20)\d\d)(?![\w/-]|\.\d)"),
        _day_first,
    ),
    Recogniser(
        "date in words",
        compiled(
            rf"(?:\b(\d{{1,2}})(?:st|nd|rd|th)? ({_MONTH})[a-z]{{0,6}},? ((?:19|20)\d\d)\b)"
            rf"|(?:\b({_MONTH})[a-z]{{0,6}} (\d{{1,2}}),? ((?:19|20)\d\d)\b)"
        ),
        _in_words,
        tuple(_MONTHS),
    ),
)
