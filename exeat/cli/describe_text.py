"""A description of a checkpoint as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.evidence.partial import PERSON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exeat.evidence.describe import Described
    from exeat.evidence.partial import Fact, Merged

WIDTH = 100
"""Longest value shown on a line; ``--json`` shows all of it."""


def as_text(described: Described, *, done: bool) -> str:
    """Return every field with its origin, then what disagrees, what is missing, and what has no place."""
    merged = described.merged
    blocks = [
        ("Read", [f"{name}: {title}" for name, title in described.read]),
        ("Evidence set aside", [f"{file.name}: {kind}" for file, kind in described.reports]),
        ("Not read", [f"{one.name}: {one.sentence} {one.what_to_do}" for one in described.unread]),
        ("Fields", list(_fields(merged))),
        ("The sources disagree", list(_contradictions(merged))),
        ("Missing", [f"{gap.path}: {gap.sentence}" for gap in merged.gaps]),
        ("Without a place in the manifest", [f"{file}: {note}" for file, note in merged.notes]),
    ]
    shown = ["\n  ".join([f"{title}:", *map(_printable, lines)]) for title, lines in blocks if lines]
    return "\n\n".join([*shown, _outcome(described, done=done)])


def _fields(merged: Merged) -> Iterator[str]:
    disputed = {one.path for one in merged.unsettled}
    for path in merged.paths:
        if path not in disputed:
            facts = merged.facts_of(path)
            yield f"{path} = {_short(merged.value(path))}"
            yield from (f"    {_origin(fact)}" for fact in facts)


def _contradictions(merged: Merged) -> Iterator[str]:
    for one in merged.contradictions:
        yield f"{one.path}" + (f" (settled: {_short(one.settled.value)})" if one.settled else "")
        yield from (f"    {_short(fact.value)}    {_origin(fact)}" for fact in one.facts)


def _origin(fact: Fact) -> str:
    origin = fact.origin
    return "said on the command line" if origin.reader == PERSON else f"{origin.file}, {origin.place}"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"


def _printable(line: str) -> str:
    """Return the line without what could steer a terminal; a file may hold anything."""
    return "".join(c if c.isprintable() else "�" for c in line)


def _outcome(described: Described, *, done: bool) -> str:
    merged = described.merged
    if not described.read:
        return "Nothing here describes a checkpoint."
    if done:
        return "The manifest is complete."
    settle, fill = len(merged.unsettled), len(merged.gaps)
    return f"{fill} fields are missing and {settle} are in dispute. Answer with --set PATH=VALUE or add a source."
