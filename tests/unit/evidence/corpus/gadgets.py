"""Functions that run what a pickle tells them, as published against picklescan, fickling, modelscan and torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.evidence.corpus.gadgets_commands import COMMANDS
from tests.unit.evidence.corpus.gadgets_dormant import DORMANT
from tests.unit.evidence.corpus.gadgets_libraries import LIBRARIES
from tests.unit.evidence.corpus.opcodes import stream
from tests.unit.evidence.corpus.shape import Mark, Unsafe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def pickled(expression: Any, protocol: int = 4) -> Callable[[Path, Mark], None]:
    """Return a writer of one expression as a bare pickle."""

    def write(path: Path, mark: Mark) -> None:
        path.write_bytes(stream(expression(mark), protocol))

    return write


def cases() -> list[Unsafe]:
    """Return one bare pickle for each gadget."""
    run = [Unsafe(f"{name}.pkl", family, source, pickled(make)) for name, family, source, make in COMMANDS + LIBRARIES]
    rest = [
        Unsafe(f"{name}.pkl", family, source, pickled(make), "" if why else "pickle", why)
        for name, family, source, why, make in DORMANT
    ]
    return run + rest
