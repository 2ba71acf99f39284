"""Read untrusted YAML from its events: no tag is ever constructed; size, depth, count and aliases are bounded."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 2**20
MAX_EVENTS = 100_000
"""Most nodes of a document, those repeated by aliases counted each time."""
MAX_DEPTH = 40
MAX_DIGITS = 40
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class Unread(NamedTuple):
    """A node with a tag of its own (``!!python/object/apply:…``): named, never built."""

    tag: str


class _Anchored(NamedTuple):
    """A node that aliases may repeat, and how many events that costs each time."""

    value: Any
    cost: int


class _Open:
    """A mapping or list that is being read."""

    def __init__(self, *, mapping: bool, tag: str | None, anchor: str | None, start: int) -> None:
        self.value: dict[str, Any] | list[Any] = {} if mapping else []
        self.tag, self.anchor, self.start = tag, anchor, start
        self.key: str | None = None

    def add(self, value: Any) -> None:
        """Take the next node: an entry, a key, or the value of the key before."""
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is None:
            self.key = _key(value)
            if self.key in self.value:
                raise BadInput(f"The key {self.key[:60]!r} stands twice in one mapping.", "Keep one of the two.")
        else:
            self.value[self.key] = value
            self.key = None


def parse_yaml(text: str) -> Any:
    """Return plain values: dict, list, str, bool, int, None, Decimal for fractions, Unread for foreign tags.

    Raises BadInput with the line for anything that is not one bounded YAML document.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise BadInput(f"The YAML has more than {MAX_BYTES:,} bytes.", "No known format needs this.")
    try:
        return _Builder().build(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = str(getattr(exc, "problem", None) or "a character is not allowed")[:120]
        where = f" at {place}" if place else ""
        raise BadInput(f"The file is not valid YAML: {what}{where}.", "Correct it.", place=place) from exc
    except (UnicodeError, ValueError, RecursionError) as exc:
        raise BadInput("The file is not valid YAML.", "Export it again.") from exc


class _Builder:
    """Build values from events with a stack of its own, so that depth costs no recursion."""

    def __init__(self) -> None:
        self.stack: list[_Open] = []
        self.anchors: dict[str, _Anchored] = {}
        self.count = 0
        self.result: Any = None

    def build(self, events: Iterator[Any]) -> Any:
        """Return the value of the only document."""
        documents = 0
        for event in events:
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise BadInput("The file holds several YAML documents.", "Give each a file of its own.")
            self._spend(1)
            self._take(event)
        return self.result

    def _spend(self, cost: int) -> None:
        self.count += cost
        if self.count > MAX_EVENTS:
            raise BadInput(f"The YAML has more than {MAX_EVENTS:,} nodes.", "Aliases count each time; write less.")

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.CollectionStartEvent):
            if len(self.stack) >= MAX_DEPTH:
                raise BadInput(f"The YAML is nested deeper than {MAX_DEPTH} levels.", "Flatten it.")
            mapping = isinstance(event, yaml.MappingStartEvent)
            self.stack.append(_Open(mapping=mapping, tag=event.tag, anchor=event.anchor, start=self.count))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.stack.pop()
            self._place(_foreign(done.tag) or done.value, done.anchor, self.count - done.start)
        elif isinstance(event, yaml.ScalarEvent):
            self._place(_foreign(event.tag) or _scalar(event), event.anchor, 1)
        elif isinstance(event, yaml.AliasEvent):
            self._repeat(str(event.anchor))

    def _repeat(self, anchor: str) -> None:
        known = self.anchors.get(anchor)
        if known is None:
            raise BadInput(f"The alias *{anchor[:40]} has no anchor before it.", "Write the value out.")
        self._spend(known.cost)
        self._place(known.value, None, known.cost)

    def _place(self, value: Any, anchor: str | None, cost: int) -> None:
        if anchor:
            self.anchors[anchor] = _Anchored(value, cost)
        if self.stack:
            self.stack[-1].add(value)
        else:
            self.result = value


def _foreign(tag: str | None) -> Unread | None:
    if tag is None or tag in ("!", ""):
        return None
    known = {f"{_CORE}{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp")}
    return None if tag in known else Unread(tag.removeprefix(_CORE)[:120])


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style in ("'", '"', "|", ">") or event.tag == f"{_CORE}str":
        return text
    word = text.lower()
    if word in _WORDS:
        return _WORDS[word]
    if len(text) > MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text)
    return Decimal(text) if _FLOAT.fullmatch(text) else text


def _key(value: Any) -> str:
    if isinstance(value, dict | list | Unread):
        raise BadInput("A key of the YAML is not plain text.", "Write plain keys.")
    return str(value)
