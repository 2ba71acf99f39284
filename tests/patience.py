"""A guard against work that never ends, wide enough for the busiest machine.

How fast something ends is no question for a test: bench/ measures it (bench_bombs.py has the two seconds of a bomb).
"""

from __future__ import annotations

import time
from contextlib import contextmanager

HANG = 60
"""Processor seconds; without the limits that the tests are about, the same inputs take many minutes or the memory."""


@contextmanager
def ends():
    began = time.process_time()
    yield
    assert time.process_time() - began < HANG
