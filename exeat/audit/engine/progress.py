"""How far an audit is and how long it will still take: one line to stderr now and then."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 2.0
"""Seconds between two lines of the same stage."""


def to_stderr(line: str) -> None:
    """Print one line for people."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Progress:
    """Counts units of work (1 is one training of the recipe) and says what share is done and what remains.

    What was found on disk is counted as done without time, so that a resumed run does not promise too much.
    """

    total: float
    say: Callable[[str], None] = to_stderr
    clock: Callable[[], float] = time.monotonic
    done: float = 0.0
    worked: float = 0.0
    seconds: float = 0.0
    _last: float = field(default=float("-inf"))
    _since: float = field(default=0.0)

    def start(self, text: str) -> None:
        """Begin a stage."""
        self._since = self.clock()
        self._tell(text)

    def advance(self, units: float, text: str, *, found: bool = False) -> None:
        """Count work as done; ``found`` says that it was on disk already."""
        now = self.clock()
        self.done += units
        if not found:
            self.worked += units
            self.seconds += now - self._since
        self._since = now
        if now - self._last >= EVERY or self.done >= self.total:
            self._tell(text)

    def _tell(self, text: str) -> None:
        self._last = self.clock()
        share = min(self.done / self.total, 1.0) if self.total else 1.0
        self.say(f"[{100 * share:3.0f} %] {text}{self._left()}")

    def _left(self) -> str:
        rest = self.total - self.done
        if not self.worked or rest <= 0:
            return ""
        return f", about {duration(rest * self.seconds / self.worked)} left"


def duration(seconds: float) -> str:
    """Return ``45 s``, ``3 min``, ``2 h 10 min``."""
    whole = max(round(seconds), 0)
    if whole < 90:  # noqa: PLR2004 a minute and a half
        return f"{whole} s"
    minutes = -(-whole // 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 the same
