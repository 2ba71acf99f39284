"""Collect what one source says: facts with their origin, and notes about what has no place or does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.evidence.partial import Fact, Origin, Partial
from exeat.evidence.readers.yaml_text import Unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.evidence.readers.shape import Bundle

MAX_FACTS = 20_000
MAX_NOTES = 200
MAX_NOTE = 500


class Saying:
    """The facts and notes of one source while it is being read."""

    def __init__(self, reader: str, bundle: Bundle) -> None:
        self.reader = reader
        self.bundle = bundle
        self.facts: list[Fact] = []
        self.notes: list[str] = []
        self._said: dict[str, Any] = {}
        self._unsaid = 0

    def says(self, path: str, value: Any, place: str, *, file: str = "") -> None:
        """Add a fact; None says nothing. ``file`` is a member that says it instead of the bundle's own file."""
        if value is None:
            return
        if len(self.facts) >= MAX_FACTS:
            self._unsaid += 1
            return
        self._said.setdefault(path, value)
        self.facts.append(Fact(path, value, Origin(self.reader, file or self.bundle.name, place[:MAX_NOTE])))

    def takes(self, path: str, raw: Any, place: str, convert: Callable[[Any], Any]) -> bool:
        """Add a fact from a foreign value; one that does not fit becomes a note. Return whether it fitted."""
        if raw is None or raw in ("", [], {}):
            return False
        value = None if isinstance(raw, Unread) else convert(raw)
        if value is None:
            shown = f"a Python object ({raw.tag})" if isinstance(raw, Unread) else repr(brief(raw))
            self.note(f"{place}: {shown} does not fit {path} and is left out.")
            return False
        said = self._said.get(path)
        if said is None or said == value or convert(said) != value:  # else the same, with its spaces, stands above
            self.says(path, value, place)
        return True

    def note(self, sentence: str) -> None:
        """Add a note."""
        if len(self.notes) <= MAX_NOTES:
            self.notes.append((sentence[:-1] if sentence.endswith("..") else sentence)[:MAX_NOTE])

    def partial(self) -> Partial:
        """Return everything that was said."""
        notes = list(dict.fromkeys(self.notes[:MAX_NOTES]))
        if len(self.notes) > MAX_NOTES:
            notes.append("There is more that has no place in the manifest; these are the first notes.")
        if self._unsaid:
            notes.append(f"{self._unsaid:,} more facts are left out; the limit is {MAX_FACTS:,} for one file.")
        return Partial(self.reader, self.bundle.name, self.bundle.sha256, tuple(self.facts), tuple(notes))


def brief(value: Any, count: int = 60) -> str:
    """Return the beginning of a value for a note, printable."""
    if isinstance(value, dict | list | tuple):
        return f"{len(value):,} entries"
    if isinstance(value, int) and value.bit_length() > 4 * count:
        return "a very large number"
    shown = str(value)[:count].encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else " " for c in shown) + ("…" if len(str(value)) > count else "")
