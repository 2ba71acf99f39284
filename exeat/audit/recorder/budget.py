"""How much the recorder may cost: a share of the processor time that training itself has taken so far."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PARTS: Mapping[str, float] = {"look": 0.5, "gradients": 0.35, "file": 0.1, "epsilon": 0.05}
"""How the allowance is shared: losses with the weights they belong to, gradients, the Parquet file, the accountant."""
FINISH = 0.02
"""Seconds set aside for what ``finish`` takes on a small model."""
FIRST_GUESS = 0.005
"""Seconds that a task is taken to cost before it ran once."""


class Budget:
    """Processor time of this process, own work against training; seconds.

    A task is affordable when its part of the allowance (``share`` of the training so far, less what setting up took
    and what finishing will take) covers what it has cost plus one more time. The clock counts every thread of the
    process, not the workers of a DataLoader and not the GPU.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.process_time) -> None:
        if not 0 < share <= 1:
            raise BadInput(f"A share of {share:g} cannot be kept.", "Give a share of the training above 0, at most 1.")
        self._share, self._clock, self._start = share, clock, clock()
        self._spent: dict[str, float] = {}
        self._last: dict[str, float] = {}

    @contextmanager
    def own(self, task: str) -> Iterator[None]:
        """Count what happens inside as our work; a task inside another counts for itself alone."""
        start, inside = self._clock(), self.spent
        try:
            yield
        finally:
            took = self._clock() - start - (self.spent - inside)
            before = self._last.get(task)
            self._last[task] = took if before is None else min(took, (took + before) / 2)
            self._spent[task] = self._spent.get(task, 0.0) + took

    @property
    def spent(self) -> float:
        """Return the seconds that we took."""
        return sum(self._spent.values())

    @property
    def training(self) -> float:
        """Return the seconds that everything else took since we were made."""
        return self._clock() - self._start - self.spent

    def affords(self, task: str) -> bool:
        """Return whether the task may run once more now."""
        fixed = sum(took for name, took in self._spent.items() if name not in PARTS)
        allowance = self._share * self.training - fixed - FINISH
        return self._spent.get(task, 0.0) + self._last.get(task, FIRST_GUESS) <= PARTS[task] * allowance
