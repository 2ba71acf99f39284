"""Recognise identifiers, places, times and secrets in text: narrow rules, check digits, linear time, masked samples.

Why our own: docs/adr/0006-own-narrow-recognisers.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.hostile_text import clean
from exeat.evidence.inspection.recognisers import people, places, secrets, times
from exeat.evidence.inspection.recognisers.labelled import LABELLED, rule_of
from exeat.evidence.inspection.recognisers.pool import Pool

if TYPE_CHECKING:
    from exeat.evidence.inspection.recognisers.shape import Hit, Recogniser

RECOGNISERS = (*secrets.RECOGNISERS, *places.RECOGNISERS, LABELLED, *people.RECOGNISERS, *times.RECOGNISERS)
"""In the order in which they claim characters: where a number could be two things, the first wins."""
MAX_HITS = 20_000
"""Hits kept for each recogniser."""
STEPS, READ = 600_000, 8
"""Work of each recogniser: a candidate is one step, reading it costs some more; texts that take more are made to."""
_ONE_NUMBER = {"nhs_number", "record_number", "iban", "phone", "date", "timestamp", "secret"}
"""Channels of which one piece of text can be only one."""


class Scan(NamedTuple):
    """What was found, in the order of the text, and the recognisers that stopped early."""

    hits: list[Hit]
    stopped: list[str]


def scan(text: str, recognisers: tuple[Recogniser, ...] = RECOGNISERS) -> Scan:
    """Find everything in one text; work is bounded however the text is made."""
    hits: list[Hit] = []
    stopped: list[str] = []
    for recogniser in recognisers:
        if recogniser.triggers and not any(trigger in text for trigger in recogniser.triggers):
            continue
        if not _find(text, recogniser, hits):
            stopped.append(recogniser.name)
    return Scan(_claimed(hits), stopped)


def _find(text: str, recogniser: Recogniser, hits: list[Hit]) -> bool:
    """Add the hits of one recogniser; return whether the whole text was read."""
    most, left = len(hits) + MAX_HITS, STEPS
    for candidate in recogniser.pattern.finditer(text):
        if recogniser.wanted is None or recogniser.wanted(candidate):
            hits.extend(recogniser.read(candidate))
            left -= READ
        left -= 1
        if len(hits) >= most or left < 0:
            return False
    return True


def _claimed(hits: list[Hit]) -> list[Hit]:
    """Leave out what another hit of its channel, or of a number's other reading, covers already."""
    order = sorted(range(len(hits)), key=lambda at: (hits[at].start, at))
    kept: list[Hit] = []
    ends: dict[str, int] = {}
    for at in order:
        hit = hits[at]
        group = "number" if hit.channel.value in _ONE_NUMBER else hit.channel.value
        if hit.start >= ends.get(group, 0):
            kept.append(hit)
            ends[group] = hit.end
    return kept


def masked(text: str) -> str:
    """Return a text with everything recognised in it replaced by its masked form."""
    found = scan(text).hits
    if not found:
        return text
    out, at = [], 0
    for hit in sorted(found, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= at:
            out += [text[at : hit.start], hit.masked]
            at = hit.end
    return "".join([*out, text[at:]])


def masked_place(place: tuple[str, ...], limit: int) -> str:
    """Return a place with its keys joined by dots and every identifier in them masked."""
    return clean(".".join(masked(piece[:limit]) for piece in place), limit)


__all__ = ["MAX_HITS", "RECOGNISERS", "Pool", "Scan", "masked", "masked_place", "rule_of", "scan"]
