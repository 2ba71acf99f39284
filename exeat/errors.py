"""The one error tree: every error says what happened and what to do next.

``headline`` is one sentence for a person; ``what_to_do`` is the next step. The app shows both in one
place (components/feedback.py) and the command line prints both to stderr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExeatError(Exception):
    """Base of every error that a person may see."""

    exit_code = 1

    def __init__(self, headline: str, what_to_do: str = "") -> None:
        super().__init__(headline)
        self.headline = headline
        self.what_to_do = what_to_do

    def __str__(self) -> str:
        return f"{self.headline} {self.what_to_do}".strip()


class BadInput(ExeatError):
    """A file, form or log line is not what it should be; ``place`` says where (JSON path, line)."""

    exit_code = 3

    def __init__(self, headline: str, what_to_do: str = "", *, place: str = "") -> None:
        super().__init__(headline, what_to_do)
        self.place = place


class Unsafe(BadInput):
    """A checkpoint file would run code when loaded, or readers see different things in it."""

    exit_code = 4


class NotPermitted(ExeatError):
    """This person may not do this (who): role, conflict of interest, independence."""


class NotNow(ExeatError):
    """The case is not in a state that allows this (when)."""


class Incomplete(ExeatError):
    """Something the action needs is missing: a reason, an answer, a residual-risk class."""


class Stale(ExeatError):
    """The case changed since the person opened it; ``newer`` holds one sentence per change."""

    def __init__(self, headline: str, what_to_do: str = "", *, newer: Sequence[str] = ()) -> None:
        super().__init__(headline, what_to_do)
        self.newer = tuple(newer)


class NotFound(ExeatError):
    """No such release, checkpoint, entry or document (or this person may not know of it)."""


class Tampered(ExeatError):
    """The stored log does not verify; ``seq`` is the first entry at fault where known."""

    exit_code = 5

    def __init__(self, headline: str, what_to_do: str = "", *, seq: int | None = None) -> None:
        super().__init__(headline, what_to_do)
        self.seq = seq


class BadSettings(ExeatError):
    """The configuration cannot work."""

    exit_code = 2
