"""How far an audit is and how long it will still take: one line to stderr now and then."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EVERY = 2.0
"""Seconds between two lines of the same stage."""
FOUND = 0.1
"""Work that took less than this share of the time it should take was found on disk."""


def to_stderr(line: str) -> None:
    """Print one line for people."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@dataclass(slots=True)
class Progress:
    """``weights`` are the estimated seconds of each stage; the rest follows from them and from the pace so far.

    What was found on disk does not count for the pace, so that a resumed run does not promise too much.
    """

    weights: Mapping[str, float]
    say: Callable[[str], None] = to_stderr
    clock: Callable[[], float] = time.monotonic
    done: float = 0.0
    worked: float = 0.0
    seconds: float = 0.0
    _stage: str = ""
    _share: float = 0.0
    _since: float = 0.0
    _last: float = field(default=float("-inf"))

    def start(self, stage: str) -> None:
        """Begin a stage."""
        self._stage, self._share, self._since = stage, 0.0, self.clock()
        if self.weights.get(stage, EVERY) >= EVERY or self._since - self._last >= EVERY:
            self._tell(stage)

    def part(self, done: int, total: int) -> None:
        """Say that so much of the stage is done; it fits the callback of ``train_shadows``."""
        self._move(done / total if total else 1.0)
        if self.clock() - self._last >= EVERY:
            self._tell(f"{self._stage}, {100 * self._share:.0f} % of them")

    def finish(self) -> None:
        """End the stage."""
        self._move(1.0)

    def end(self) -> None:
        """Say that everything is done."""
        self.done = sum(self.weights.values())
        self._tell("done")

    def _move(self, share: float) -> None:
        now = self.clock()
        elapsed, work = now - self._since, self.weights.get(self._stage, 0.0) * (share - self._share)
        self._since, self._share, self.done = now, share, self.done + work
        if elapsed >= FOUND * work:
            self.worked += work
            self.seconds += elapsed

    def _tell(self, text: str) -> None:
        self._last = self.clock()
        total = sum(self.weights.values())
        share = min(self.done / total, 1.0) if total else 0.0
        self.say(f"[{100 * share:3.0f} %] {text}{self._left(total)}")

    def _left(self, total: float) -> str:
        rest = total - self.done
        if rest <= 0:
            return ""
        pace = self.seconds / self.worked if self.worked else 1.0
        return f", about {duration(rest * pace)} left"


def duration(seconds: float) -> str:
    """Return ``45 s``, ``3 min``, ``2 h 10 min``."""
    whole = max(round(seconds), 0)
    if whole < 90:  # noqa: PLR2004 a minute and a half
        return f"{whole} s"
    minutes = -(-whole // 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 the same
