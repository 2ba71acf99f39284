"""Split a Markdown file into front matter and sections, line by line."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_SECTIONS = 500
PLACEHOLDER = "[more information needed]"
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.{0,300})")


class Section(NamedTuple):
    """One heading and the text below it, up to the next heading."""

    level: int
    title: str
    text: str


def front_matter(text: str) -> tuple[str, str] | None:
    """Return the YAML between the ``---`` lines and the body after it; None when there is none."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None
    for i, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:i]), "\n".join(lines[i + 1 :])
    return None


def sections(body: str) -> list[Section]:
    """Return the sections; headings inside code fences are text, comments are dropped, placeholders are empty."""
    found: list[tuple[int, str, list[str]]] = [(0, "", [])]
    fenced = False
    for line in without_comments(body).split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        heading = None if fenced or len(found) > MAX_SECTIONS else _HEADING.match(line)
        if heading:
            found.append((len(heading[1]), heading[2].strip(" #\t"), []))
        elif line.strip().lower() != PLACEHOLDER:
            found[-1][2].append(line)
    return [Section(level, title, "\n".join(lines).strip()) for level, title, lines in found]


def without_comments(body: str) -> str:
    """Drop ``<!-- … -->``; one that never ends is text."""
    kept = []
    start = 0
    while (opened := body.find("<!--", start)) >= 0:
        closed = body.find("-->", opened + 4)
        if closed < 0:
            break
        kept.append(body[start:opened])
        start = closed + 3
    return "".join([*kept, body[start:]])
